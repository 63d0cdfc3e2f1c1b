"""The stages of a chain tell what each sampler did and why, and the waterfall shows their numbers."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.chain import Trace, trace_chain
from playground.samplers.base import Rule, Sampler, StepContext
from playground.samplers.dry import Dry
from playground.samplers.epsilon_cutoff import EpsilonCutoff
from playground.samplers.eta_cutoff import EtaCutoff
from playground.samplers.frequency_penalty import FrequencyPenalty
from playground.samplers.logit_bias import LogitBias
from playground.samplers.min_p import MinP
from playground.samplers.mirostat import Mirostat
from playground.samplers.no_repeat_ngram import NoRepeatNgram
from playground.samplers.presence_penalty import PresencePenalty
from playground.samplers.repetition_penalty import RepetitionPenalty
from playground.samplers.temperature import Temperature
from playground.samplers.top_h import TopH
from playground.samplers.top_k import TopK
from playground.samplers.top_n_sigma import TopNSigma
from playground.samplers.top_p import TopP
from playground.samplers.typical_p import TypicalP
from playground.samplers.xtc import Xtc
from playground.stages import FINAL, MODEL, Bar, Stage, pack, stages, unpack
from playground.tokens import visible
from playground.ui.text import ENGLISH
from playground.views.base import AFTER, percent
from playground.views.panel import MAX_NAME, decades
from playground.views.waterfall import waterfall, waterfall_spec
from tests.settings_drawn import CHAINS, LOGITS, contexts
from tests.test_views import HOSTILE, PLOTLY_TAG, on_screen

if TYPE_CHECKING:
    from playground.numerics import FloatArray

FOUR = [0.5, 0.25, 0.15, 0.1]  # 1, 2, 2.737 and 3.322 bits; entropy 0.5 + 0.5 + 0.4105 + 0.3322 = 1.7427 bits
HUNDRED = [1 / place for place in range(1, 101)]
LN2 = math.log(2)


def traced(probs: list[float], *chain: Sampler, context: StepContext | None = None, names: str = "t{}") -> Trace:
    """Run a chain over tokens named t0, t1, …, or otherwise."""
    piece = lambda token: names.replace("{}", str(token)).encode()  # noqa: E731 (a name would only repeat it)
    return trace_chain(np.log(probs), chain, context or StepContext(), piece=piece)


def rule_of(sampler: Sampler, *, context: StepContext | None = None) -> Rule:
    """Return the rule by which a sampler went over the four tokens."""
    rule = stages(traced(FOUR, sampler, context=context))[1].rule
    assert rule is not None
    return rule


def figure_of(trace: Trace, *, columns: int = 2, count: int = 24) -> dict[str, Any]:
    """Return the figure as the page gets it; ``panels`` holds its traces by the number of the panel and by name."""
    figure = json.loads(json.dumps(waterfall_spec(stages(trace, count), ENGLISH, columns=columns), allow_nan=False))
    panels: list[dict[str, Any]] = []
    for item in figure["data"]:
        number = int(item["xaxis"][1:] or 1) - 1
        panels += [{}] * (number == len(panels))
        panels[number] = panels[number] | {item["name"]: item}
    return {"layout": figure["layout"], "panels": panels}


def drawn_on(figure: dict[str, Any], panel: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the shapes and the labels of a panel; the first panel is 1."""
    axis = f"x{panel}"
    shapes, labels = (
        [item for item in figure["layout"][kind] if item["xref"] == axis] for kind in ("shapes", "annotations")
    )
    return shapes, labels


def heads(figure: dict[str, Any]) -> list[list[str]]:
    """Return the lines of text over each panel."""
    found = [item["text"] for item in figure["layout"]["annotations"] if item["xref"] == "paper"]
    return [[on_screen(line) for line in text.split("<br>")] for text in found]


# --- stages ---


def test_stages_begin_with_the_model_and_end_with_what_is_drawn_from() -> None:
    """In between stands each sampler that changed something, with its numbers in words."""
    found = stages(traced(FOUR, Temperature(0.5), TopK(3), MinP(), TopP(0.99)))

    # Squares 0.25, 0.0625, 0.0225, 0.01 over 0.345; three of them over 0.335: 0.746, 0.187, 0.067: p = 0.99 keeps all.
    assert [stage.key for stage in found] == [MODEL, "temperature", "top_k", FINAL]
    assert [stage.summary for stage in found] == ["", "temperature 0.5", "top-k 3", ""]
    assert found[-1].idle == ("top-p 0.99",)
    assert [bar.before for bar in found[-1].bars] == pytest.approx([0.25 / 0.335, 0.0625 / 0.335, 0.0225 / 0.335])
    assert [bar.before for bar in found[0].bars] == pytest.approx(FOUR)


def test_a_stage_tells_what_reached_the_sampler_and_what_left_it() -> None:
    """Bars stand in rank order with the probabilities on both sides; entropy and support are those of all tokens."""
    stage = stages(traced([0.1, 0.5, 0.15, 0.25], TopK(2)))[1]

    assert [(bar.token_id, bar.piece, bar.removed) for bar in stage.bars] == [
        (1, b"t1", False), (3, b"t3", False), (2, b"t2", True), (0, b"t0", True),
    ]  # fmt: skip
    assert [bar.before for bar in stage.bars] == pytest.approx(FOUR)
    assert [bar.after for bar in stage.bars] == pytest.approx([2 / 3, 1 / 3, 0, 0])
    assert (stage.support_before, stage.support_after, stage.removed) == (4, 2, 2)
    assert stage.removed_mass == pytest.approx(0.25)
    # Two thirds at 0.585 bits and one third at 1.585 bits.
    assert (stage.entropy_before_bits, stage.entropy_after_bits) == pytest.approx((1.7427, 0.9183), abs=1e-4)


def test_the_tail_holds_everything_without_a_bar() -> None:
    """Of 0.5, 0.25, 0.15, 0.1 top-k keeps three; with two bars, one of the tail's two tokens goes."""
    tail = stages(traced(FOUR, TopK(3)), count=2)[1].tail

    assert (tail.count, tail.removed, tail.kept) == (2, 1, 1)
    assert (tail.before, tail.after, tail.removed_mass) == pytest.approx((0.25, 0.15 / 0.9, 0.1))


def test_a_stage_without_a_tail_has_exactly_nothing_there() -> None:
    """Four bars of four tokens: no rounding error is shown as a mass."""
    assert {stage.tail.before for stage in stages(traced(FOUR, Temperature(0.7)))} == {0.0}


# --- rules, by hand ---


@pytest.mark.parametrize(
    ("sampler", "geometry", "at", "text"),
    [
        (TopK(2), "cut", 2, "k = 2"),
        (Temperature(0.0), "cut", 1, "T = 0"),
        (TopP(0.7), "staircase", 0.7, "p = 0.7"),
        (TopP(0.7, keep_crossing=False), "staircase_under", 0.7, "p = 0.7"),
        (MinP(0.4), "floor", 0.2, "0.4 × 50.0% ≈ 20.0%"),
        (EpsilonCutoff(0.2), "floor", 0.2, "ε = 20%"),
        (EtaCutoff(0.3), "floor", math.sqrt(0.3) * math.exp(-1.7427 * LN2), "η = √0.3 × e^−1.21 ≈ 16.4%"),
        (Mirostat(1.0), "floor", 0.25, "2^−μ = 2^−2.00 ≈ 25.0%"),
        (Xtc(1.0, threshold=0.2), "ceiling", 0.2, "threshold 20%"),
        (TopH(0.6), "budget", 0.6 * 1.7427, "0.6 × 1.74 ≈ 1.05 bits"),
        (TypicalP(0.3), "distance", 1.7427 - 1, "p = 0.3: surprisal ≈ 1.74 ± 0.74 bits"),
    ],
)
def test_a_rule_is_its_definition(sampler: Sampler, geometry: str, at: float, text: str) -> None:
    """Threshold, mass or distance over 0.5, 0.25, 0.15, 0.1, computed by hand."""
    rule = rule_of(sampler)

    assert [rule.geometry, rule.text] == [geometry, text]
    assert rule.at == pytest.approx(at, abs=1e-4)


def test_eta_is_epsilon_where_the_model_is_sure() -> None:
    """One token with 0.97: H = 0.2194 bits; √0.02 × e^−0.152 = 0.12 is more than ε = 0.02."""
    rule = stages(traced([0.97, 0.02999, 0.00001], EtaCutoff(0.02)))[1].rule

    assert rule == Rule("floor", 0.02, "η = ε = 2%")


def test_the_distance_hangs_on_the_entropy() -> None:
    """Its center is H = 1.7427 bits."""
    assert rule_of(TypicalP(0.3)).center == pytest.approx(1.7427, abs=1e-4)


def test_top_n_sigma_is_a_floor_of_logits() -> None:
    """Logits 4, 3, 1, 0: σ = √2.5 = 1.5811, cut 2.4189; e^2.4189 ÷ (e⁴ + e³ + e + 1) = 11.233 ÷ 78.402 = 0.14328."""
    rule = stages(trace_chain(np.array([4.0, 3.0, 1.0, 0.0]), (TopNSigma(1.0),), StepContext()))[1].rule

    assert rule is not None
    assert (rule.geometry, rule.text) == ("floor", "logit 4.00 − 1 × 1.58 ≈ 2.42, p ≈ 14.3%")
    assert rule.at == pytest.approx(0.14328, abs=1e-5)


def test_mirostat_below_zero_lets_nothing_but_the_best_through() -> None:
    """A token of 2^−60 among those written: μ = 2 − 0.1 × (60 − 1) = −3.9, and no probability is 2^3.9."""
    rule = rule_of(Mirostat(1.0), context=StepContext(position=1, final_probs=(2.0**-60,)))

    assert rule == Rule("floor", 1.0, "μ ≈ −3.90 bits")


@pytest.mark.parametrize(
    ("sampler", "named", "text"),
    [
        (RepetitionPenalty(1.5), (0, 1, 3), "logit above 0 ÷ 1.5, below 0 × 1.5"),
        (RepetitionPenalty(1.5, window=2), (0, 3), "logit above 0 ÷ 1.5, below 0 × 1.5"),
        (FrequencyPenalty(0.3), (0, 1, 3), "logit − 0.3 × count"),
        (PresencePenalty(-0.5), (0, 1, 3), "logit + 0.5"),
        (NoRepeatNgram(2), (1,), "n = 2"),
        (Dry(1.0, base=2.0, allowed_length=1), (1,), "logit − 1 × 2^(echo − 1)"),
        (LogitBias(((0, -math.inf), (2, 1.0))), (0, 2), "logit + bias"),
    ],
)
def test_a_penalty_names_its_tokens(sampler: Sampler, named: tuple[int, ...], text: str) -> None:
    """After 3 1 0 3 the tokens 0, 1 and 3 have appeared, and 3 1 would come a second time; token 9 is not in play."""
    rule = rule_of(sampler, context=StepContext(history=(9, 3, 1, 0, 3)))

    assert rule == Rule("named", len(named), text, token_ids=named)


def test_a_rule_counts_all_tokens_and_names_those_shown() -> None:
    """Of the three in the window, one has a bar."""
    context = StepContext(history=(3, 1, 0, 3))
    rule = stages(traced(FOUR, PresencePenalty(0.5), context=context), count=1)[1].rule

    assert rule is not None
    assert (rule.at, rule.token_ids) == (3, (0,))


def test_temperature_has_a_rule_only_where_it_is_not_what_was_set() -> None:
    """Fixed there is the change of shape alone; with a range T = 0.5 + 1 × H ÷ ln 4 = 0.5 + 1.7427 ÷ 2."""
    assert stages(traced(FOUR, Temperature(0.7)))[1].rule is None
    rule = rule_of(Temperature(1.0, range=0.5))
    assert [rule.geometry, rule.text] == ["shape", "T ≈ 1.371"]
    assert rule.at == pytest.approx(1.37135, abs=1e-4)


# --- laws over every chain ---


@given(chain=CHAINS, logits=LOGITS, context=contexts(), count=st.sampled_from([1, 5, 64]))
@settings(max_examples=200)
def test_a_token_is_removed_in_the_stage_that_the_trace_names(
    chain: tuple[Sampler, ...], logits: FloatArray, context: StepContext, count: int
) -> None:
    """And in no other; with a bar for every token none is missed."""
    trace = trace_chain(logits, chain, context)
    found = stages(trace, count)
    gone = [(bar.token_id, stage.key) for stage in found for bar in stage.bars if bar.removed]
    stays = [(bar.token_id, stage.key) for stage in found for bar in stage.bars if not bar.removed]

    assert all(trace.removed_by(token) == key for token, key in gone)
    assert all(trace.removed_by(token) != key for token, key in stays)
    assert len(gone) + sum(stage.tail.removed for stage in found) == trace.model.size - trace.final.size
    if count >= trace.model.size:
        assert len(gone) == trace.model.size - trace.final.size


@given(chain=CHAINS, logits=LOGITS, context=contexts(), count=st.sampled_from([1, 5, 64]))
@settings(max_examples=200)
def test_masses_and_counts_of_a_stage_add_up(
    chain: tuple[Sampler, ...], logits: FloatArray, context: StepContext, count: int
) -> None:
    """Bars and tail are 1 before and 1 after, what is removed is the share removed, and bars stand in rank order."""
    for stage in stages(trace_chain(logits, chain, context), count):
        bars, tail = stage.bars, stage.tail
        removed = [bar.before for bar in bars if bar.removed]

        assert math.fsum([*(bar.before for bar in bars), tail.before]) == pytest.approx(1, abs=1e-9)
        assert math.fsum([*(bar.after for bar in bars), tail.after]) == pytest.approx(1, abs=1e-9)
        assert math.fsum([*removed, tail.removed_mass]) == pytest.approx(stage.removed_mass, abs=1e-9)
        assert len(bars) == min(count, stage.support_before)
        assert len(bars) + tail.count == stage.support_before
        assert len(removed) + tail.removed == stage.removed
        assert [bar.before for bar in bars] == sorted((bar.before for bar in bars), reverse=True)


@given(chain=CHAINS, logits=LOGITS, context=contexts())
@settings(max_examples=200)
def test_what_leaves_a_stage_reaches_the_next(
    chain: tuple[Sampler, ...], logits: FloatArray, context: StepContext
) -> None:
    """Token by token, from the model to the draw."""
    found = stages(trace_chain(logits, chain, context), 64)

    for one, following in pairwise(found):
        left = {bar.token_id: bar.after for bar in one.bars if not bar.removed}
        reached = {bar.token_id: bar.before for bar in following.bars}
        assert left.keys() == reached.keys()
        assert [left[token] for token in reached] == pytest.approx(list(reached.values()), abs=1e-12)
        assert one.support_after == following.support_before
        assert one.entropy_after_bits == following.entropy_before_bits


@given(chain=CHAINS, logits=LOGITS, context=contexts())
@settings(max_examples=300)
def test_the_rule_says_who_stays(chain: tuple[Sampler, ...], logits: FloatArray, context: StepContext) -> None:
    """What the drawn line, step or band says about a bar is what happened to it, but for ties and rounding."""
    for stage in stages(trace_chain(logits, chain, context), 64):
        running = 0.0
        for place, bar in enumerate(stage.bars):
            said = verdict(stage, place, bar, running)
            running += weight(stage, bar)
            assert said in {None, bar.removed}, (stage, bar)


@given(chain=CHAINS, logits=LOGITS, context=contexts())
@settings(max_examples=200)
def test_a_rule_that_names_tokens_names_all_that_change(
    chain: tuple[Sampler, ...], logits: FloatArray, context: StepContext
) -> None:
    """A penalty leaves every other token's logit where it was."""
    for link in trace_chain(logits, chain, context).links:
        rule = link.sampler.rule(link.before, context)
        if rule and rule.geometry == "named":
            entries, _ = link.before.locate(link.after.token_ids)
            changed = link.after.token_ids[link.before.logits[entries] != link.after.logits]
            assert set(changed.tolist()) <= set(rule.token_ids)


def weight(stage: Stage, bar: Bar) -> float:
    """Return what a bar adds to the pile of its rule."""
    budget = stage.rule is not None and stage.rule.geometry == "budget"
    return -bar.before * math.log2(bar.before) if budget and bar.before else bar.before


def verdict(stage: Stage, place: int, bar: Bar, running: float) -> bool | None:
    """Return whether a rule removes a bar; None where it is too close to tell, or the rule does not tell."""
    rule = stage.rule
    if rule is None or rule.geometry in {"shape", "named"}:
        return None if rule and bar.token_id in rule.token_ids else False
    if rule.geometry == "cut":
        return place >= rule.at
    excess = excess_of(stage, bar, running)
    slack = {"floor": 1e-9 * rule.at, "ceiling": 1e-9 * rule.at, "distance": 1e-6}.get(rule.geometry, 1e-9)
    if abs(excess) <= slack or (rule.geometry == "ceiling" and excess > 0):  # of what reaches it, one stays
        return None
    return excess > 0 and (place > 0 or rule.geometry == "distance")


def excess_of(stage: Stage, bar: Bar, running: float) -> float:
    """Return by how much a bar is on the wrong side of its rule; of a ceiling, the upper."""
    rule = stage.rule
    assert rule is not None
    match rule.geometry:
        case "floor":
            return rule.at - bar.before
        case "ceiling":
            return bar.before - rule.at
        case "staircase":
            return running - rule.at
        case "distance":
            return (abs(-math.log2(bar.before) - rule.center) if bar.before > 1e-300 else math.inf) - rule.at
        case _:
            return running + weight(stage, bar) - rule.at


@given(chain=CHAINS, logits=LOGITS, context=contexts(), count=st.sampled_from([1, 24]))
@settings(max_examples=100)
def test_stages_travel(chain: tuple[Sampler, ...], logits: FloatArray, context: StepContext, count: int) -> None:
    """Packed, sent as part of a message and unpacked they are equal; the picture of any of them is plain JSON."""
    found = stages(trace_chain(logits, chain, context, piece=lambda token: bytes([token, 0xFF])), count)

    message = msgpack.unpackb(msgpack.packb({"stages": pack(found)}))

    assert unpack(message["stages"]) == found
    json.dumps(waterfall_spec(found, ENGLISH), allow_nan=False)


# --- the picture ---


def test_top_p_is_a_staircase() -> None:
    """Each bar begins where the one before it ends; the line is at p and a dotted one behind the last that stays."""
    figure = figure_of(traced(FOUR, TopP(0.7)))
    panel, (shapes, labels) = figure["panels"][1], drawn_on(figure, 2)

    assert (panel["before"]["base"], panel["before"]["y"]) == ([0, pytest.approx(0.5)], pytest.approx([0.5, 0.25]))
    assert (panel["removed"]["base"], panel["removed"]["y"]) == (pytest.approx([0.75, 0.9]), pytest.approx([0.15, 0.1]))
    assert panel["removed"]["marker"]["pattern"]["shape"] == "/"
    assert [(line["y0"], line["y1"]) for line in shapes] == [(0.7, 0.7), (0, 1)]
    assert (shapes[1]["x0"], shapes[1]["x1"], shapes[1]["yref"]) == (
        pytest.approx(1.5),
        pytest.approx(1.5),
        "y2 domain",
    )
    assert [on_screen(item["text"]) for item in labels] == ["p = 0.7"]


def test_the_staircase_goes_on_through_the_tail() -> None:
    """Two bars of 0.5 and 0.25; of the tail 0.15 stays, from 0.75 up, and 0.1 goes, from 0.9 up to 1."""
    figure = figure_of(traced(FOUR, TopP(0.85)), count=2)
    panel = figure["panels"][1]

    assert panel["before"]["base"] == pytest.approx([0, 0.5, 0.75])
    assert panel["before"]["y"] == pytest.approx([0.5, 0.25, 0.15])
    assert (panel["removed"]["base"], panel["removed"]["y"]) == (pytest.approx([0.9]), pytest.approx([0.1]))
    assert figure["layout"]["yaxis2"]["range"][1] > 1


@pytest.mark.parametrize("count", [1, 2, 3, 24])
def test_the_budget_is_a_staircase_of_entropy(count: int) -> None:
    """0.5 + 0.5 = 1 bit stays below 0.6 × 1.7427 = 1.0456; all bars and the tail pile up to the entropy."""
    figure = figure_of(traced(FOUR, TopH(0.6)), count=count)
    kept, gone = figure["panels"][1]["before"], figure["panels"][1]["removed"]

    assert kept["base"][-1] + kept["y"][-1] == pytest.approx(1.0)
    assert gone["base"][0] == pytest.approx(1.0)
    assert gone["base"][-1] + gone["y"][-1] == pytest.approx(1.7427, abs=1e-4)
    assert drawn_on(figure, 2)[0][0]["y0"] == pytest.approx(1.0456, abs=1e-4)


def test_top_k_is_a_vertical_cut() -> None:
    """Among the bars, or, where all bars stay, in the tail: behind what stays of it and before what goes."""
    among, beyond = figure_of(traced(FOUR, TopK(3))), figure_of(traced(HUNDRED, TopK(30)))
    (line,), _ = drawn_on(among, 2)
    (late,), labels = drawn_on(beyond, 2)
    stays, goes = beyond["panels"][1]["before"], beyond["panels"][1]["removed"]

    assert (line["x0"], line["x1"]) == (pytest.approx(2.5), pytest.approx(2.5))
    assert stays["x"][-1] + stays["width"][-1] / 2 < late["x0"] < goes["x"][0] - goes["width"][0] / 2
    assert [on_screen(item["text"]).strip() for item in labels] == ["k = 30"]
    names = [on_screen(name.replace("<br>", " ")) for name in beyond["layout"]["xaxis2"]["ticktext"]]
    # Of the harmonic sum 5.18738 the ranks 25 to 30 hold 0.21903 and the ranks 31 to 100 1.19239.
    assert names[-2:] == ["+6 4.2%", "+70 23.0%"]


def test_a_floor_is_drawn_where_it_is() -> None:
    """Min-p 0.4 of 0.5: bars of what reached it, a line at 0.2 that ends with the tokens, and its number."""
    figure = figure_of(traced(FOUR, MinP(0.4)), count=3)
    panel, ((line,), (label,)) = figure["panels"][1], drawn_on(figure, 2)

    assert panel["before"]["y"] == pytest.approx([0.5, 0.25])
    assert panel["removed"]["y"] == pytest.approx([0.15, 0.1])
    assert (line["y0"], line["y1"], line["x1"]) == (pytest.approx(0.2), pytest.approx(0.2), 2.5)
    assert on_screen(label["text"]) == "≈ 20.0%"
    assert "type" not in figure["layout"]["yaxis2"]


def test_a_low_floor_has_a_logarithmic_axis_and_says_so() -> None:
    """5% of the best is 6 pixels of 120; plotly takes shapes as they are there, labels and ranges as powers of ten."""
    figure = figure_of(traced(HUNDRED, MinP(0.05)))
    (line,), (label,) = drawn_on(figure, 2)
    axis, floor = figure["layout"]["yaxis2"], 0.05 / 5.18738

    assert axis["type"] == "log"
    assert line["y0"] == pytest.approx(floor, rel=1e-5)
    assert axis["range"][0] < math.log10(floor) < label["y"] < axis["range"][1]
    assert ENGLISH["waterfall_log"].split()[0] in " ".join(heads(figure)[1])


@pytest.mark.parametrize("floor", [0.5, 0.9])
def test_a_floor_above_all_tokens_is_in_the_picture(floor: float) -> None:
    """Nothing reaches ε; the best stays all the same, and the panel says so."""
    figure = figure_of(traced([0.4, 0.3, 0.3], EpsilonCutoff(floor)))

    assert figure["layout"]["yaxis2"]["range"][1] > floor
    assert " ".join(heads(figure)[1]).endswith(ENGLISH["waterfall_best_stays"])


def test_xtc_takes_what_stands_above_its_threshold() -> None:
    """0.5 goes; 0.25, the last that reaches 0.2, stays."""
    figure = figure_of(traced(FOUR, Xtc(1.0, threshold=0.2)))
    panel = figure["panels"][1]

    assert (panel["removed"]["x"], panel["before"]["x"]) == ([0], [1, 2, 3])
    assert [line["y0"] for line in drawn_on(figure, 2)[0]] == [0.2]


def test_typical_p_hangs_the_bars_on_the_entropy() -> None:
    """From 1.7427 bits down to 1, up to 2, 2.737 and 3.322; the band ends 0.7427 above and below."""
    figure = figure_of(traced(FOUR, TypicalP(0.3)))
    panel, (shapes, _) = figure["panels"][1], drawn_on(figure, 2)
    tops = [
        base + y
        for name in ("before", "removed")
        for base, y in zip(*(panel[name][k] for k in ("base", "y")), strict=True)
    ]

    assert panel["before"]["base"] + panel["removed"]["base"] == pytest.approx([1.7427] * 4, abs=1e-4)
    assert tops == pytest.approx([1, 2, 2.737, 3.322], abs=1e-3)
    assert [(item["type"], item["y0"], item["y1"]) for item in shapes] == [
        ("rect", pytest.approx(1.0), pytest.approx(2 * 1.7427 - 1, abs=1e-4)),
        ("line", pytest.approx(1.7427, abs=1e-4), pytest.approx(1.7427, abs=1e-4)),
    ]


def test_a_band_ends_at_certainty() -> None:
    """Where the band is wider than the entropy, it begins at 0 bits: no token is more probable than 1."""
    trace = traced([0.97, 0.0299, 0.0001], TypicalP(0.98))  # H = 0.1951 bits; 0.0299, at 5.06 bits, is the last taken
    rule, figure = stages(trace)[1].rule, figure_of(trace)

    assert rule is not None
    assert rule.at == pytest.approx(5.0637 - 0.1951, abs=1e-3)
    assert drawn_on(figure, 2)[0][0]["y0"] == 0
    assert figure["layout"]["yaxis2"]["ticktext"] == ["0.0", "0.2", "5.1"]


def test_temperature_is_a_change_of_shape() -> None:
    """Before and after side by side, the tail too, and nothing drawn over them."""
    figure = figure_of(traced(FOUR, Temperature(0.5)), count=3)
    panel = figure["panels"][1]

    assert panel["before"]["y"][:3] == pytest.approx([0.5, 0.25, 0.15])
    assert panel["after"]["y"] == pytest.approx([0.25 / 0.345, 0.0625 / 0.345, 0.0225 / 0.345, 0.01 / 0.345])
    assert drawn_on(figure, 2) == ([], [])
    assert heads(figure)[1] == [
        "1 · temperature 0.5", ENGLISH["waterfall_sharper"].format(entropy="1.74 → 1.19 bits"),
    ]  # fmt: skip


def test_named_tokens_are_marked() -> None:
    """A mark over the bars of the tokens that have appeared, and over no other."""
    figure = figure_of(traced(FOUR, PresencePenalty(0.5), context=StepContext(history=(1, 3))))
    marks = figure["panels"][1]["named"]

    assert marks["x"] == [1, 3]
    assert marks["y"][0] > figure["panels"][1]["before"]["y"][1]
    assert heads(figure)[1][-1].endswith("for 2 tokens, marked ▼ where shown")


def test_the_text_over_a_panel_tells_what_the_sampler_did() -> None:
    """Number, name, what went, how much the rest grows, and the rule; one token is not “1 tokens”."""
    figure = figure_of(traced(FOUR, TopK(3), MinP(0.4), TypicalP(0.99)))

    assert heads(figure)[1] == [
        "1 · top-k 3",
        "removes 1 token, 10.0% of what reached it; rest × 1.11",
        "━ k = 3: what stands right of the line goes",
    ]  # fmt: skip
    # 0.15 of 0.9 goes.
    assert heads(figure)[2][1] == "removes 1 token, 16.7% of what reached it; rest × 1.20"
    assert heads(figure)[0][:2] == ["Model", "4 tokens, entropy 1.74 bits"]
    # Two thirds and one third: 0.918 bits.
    assert heads(figure)[3][0] == "Drawn from"
    assert " ".join(heads(figure)[3][1:]) == "2 tokens, entropy 0.92 bits · changed nothing here: typical-p 0.99"


def test_the_final_distribution_is_the_color_of_after() -> None:
    """What is drawn from stands last, with its own probabilities."""
    panel = figure_of(traced(FOUR, TopK(2)))["panels"][-1]

    assert panel["before"]["y"] == pytest.approx([2 / 3, 1 / 3])
    assert panel["before"]["marker"]["color"] == AFTER


def test_the_tip_of_a_bar_tells_before_and_after() -> None:
    """Text, id, what reached the sampler and what left it; in a staircase the pile, at a band the distance."""
    stays, *_ = figure_of(traced(FOUR, TopP(0.7)))["panels"][1]["before"]["hovertext"]
    _, far = figure_of(traced(FOUR, TypicalP(0.3)))["panels"][1]["removed"]["hovertext"]

    assert [on_screen(line) for line in stays.split("<br>")] == [
        "t0 · id 0", "reached it with 50.0%", "the pile up to here: 50.0%", "left it with 66.7%",
    ]  # fmt: skip
    assert [on_screen(line) for line in far.split("<br>")] == [
        "t3 · id 3", "reached it with 10.0%", "surprisal 3.32 bits, 1.58 from the entropy", "removed here",
    ]  # fmt: skip


def test_a_bar_that_is_taller_than_its_panel_says_so() -> None:
    """76 equal tokens of the tail are 19 times a bar: the axis ends above the bars, an arrow and the tip tell."""
    figure = figure_of(traced([0.01] * 100, Temperature(0.5), PresencePenalty(0.5), context=StepContext(history=(0,))))
    before, axis = figure["panels"][0]["before"], figure["layout"]["yaxis"]

    assert before["y"][-1] == axis["range"][1] < 0.76
    assert figure["layout"]["xaxis"]["ticktext"][-1].startswith("→ ")
    assert before["hovertext"][-1].endswith(ENGLISH["waterfall_taller"])
    assert not any(tip.endswith(ENGLISH["waterfall_taller"]) for tip in before["hovertext"][:-1])


@pytest.mark.parametrize("columns", [1, 2, 3, 4])
@pytest.mark.parametrize("count", range(2))
def test_panels_do_not_overlap(columns: int, count: int) -> None:
    """They stand left to right and top to bottom inside the figure, each under its own text."""
    chain = (Temperature(0.5), TopK(3), MinP(0.1))[: 3 * count]
    layout = figure_of(traced(FOUR, *chain), columns=columns)["layout"]
    places = [
        (*layout[f"yaxis{number or ''}"]["domain"], *layout[f"xaxis{number or ''}"]["domain"])
        for number in [0, *range(2, 3 + 3 * count)]
    ]
    texts = [item for item in layout["annotations"] if item["xref"] == "paper"]

    assert all(0 <= low < high <= 1 and 0 <= left < right <= 1 + 1e-9 for low, high, left, right in places)
    assert len(texts) == len(places)
    for number, (text, (low, high, left, _)) in enumerate(zip(texts, places, strict=True)):
        assert (text["x"], text["y"] > high) == (left, True)
        if number % columns:
            assert left > places[number - 1][3] - 1e-9
            assert low == pytest.approx(places[number - 1][0])
        elif number:
            assert text["y"] < places[number - 1][0]


def test_names_give_way_to_tips_in_narrow_panels() -> None:
    """Two columns name each bar; with three only the tail has its numbers."""
    trace = traced(HUNDRED, TopK(30))

    wide, narrow = (figure_of(trace, columns=columns)["layout"]["xaxis2"] for columns in (2, 3))
    assert [on_screen(name) for name in wide["ticktext"][:24]] == [f"t{token}" for token in range(24)]
    assert len(wide["ticktext"]) == 26
    assert [on_screen(name.partition("<br>")[0]) for name in narrow["ticktext"]] == ["+6", "+70"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_token_is_its_own_characters(text: str) -> None:
    """On the axis, in the tip and in the title a text that looks like markup or a formula acts as neither."""
    trace = traced([0.75, 0.25], TopK(1), names=text)
    figure = figure_of(trace)
    layout, first = figure["layout"], figure["panels"][0]
    shown = visible(text.encode())
    clipped = shown if len(shown) <= MAX_NAME else shown[: MAX_NAME - 1] + "…"

    assert [on_screen(name) for name in layout["xaxis"]["ticktext"]] == [clipped] * 2
    assert [on_screen(tip.split("<br>")[0]).partition(" · id ")[0] for tip in first["before"]["hovertext"]] == [
        shown
    ] * 2
    words = [*layout["xaxis"]["ticktext"], *layout["xaxis2"]["ticktext"], *first["before"]["hovertext"]]
    assert "$" not in "".join(words)
    assert {tag.partition(" ")[0].strip("<>/") for word in words for tag in PLOTLY_TAG.findall(word)} <= {
        "b",
        "br",
        "span",
    }


@pytest.mark.parametrize("text", ["<i>x</i>", "$x$", "&amp;"])
def test_a_hostile_setting_is_its_own_characters(text: str) -> None:
    """A token that somebody biases by its text stands in titles as it is."""
    model, cut, final = stages(traced(FOUR, TopK(2)))
    found = model, replace(cut, summary=f"bias {text}"), replace(final, idle=(f"bias {text}",))
    texts = [item["text"] for item in waterfall_spec(found, ENGLISH)["layout"]["annotations"]]

    assert on_screen(texts[1].split("<br>")[0]) == f"1 · bias {text}"
    assert on_screen(texts[-1].replace("<br>", " ")).endswith(f"bias {text}")


def test_the_figure_is_the_spec() -> None:
    """Plotly accepts every value of it."""
    found = stages(traced(HUNDRED, PresencePenalty(0.5), MinP(0.01), TopP(0.9), TypicalP(0.5)))

    figure = waterfall(found, ENGLISH, columns=3)
    spec = waterfall_spec(found, ENGLISH, columns=3)
    assert len(figure.data) == len(spec["data"]) == 4 * len(found)
    assert figure.layout.height == spec["layout"]["height"]


def test_a_long_logarithmic_axis_names_small_numbers_in_full() -> None:
    """Powers of ten as percentages; none of them reads as zero."""
    assert decades(3e-7, 0.9) == [1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1]
    assert [percent(mark) for mark in decades(3e-7, 0.9)][:3] == ["0.00010%", "0.0010%", "0.010%"]
