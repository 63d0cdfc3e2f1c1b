"""Along a common text the gaps between panes are those of a direct computation, and failures stay in their pane."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from playground import Playground
from playground.cross_score import cross_score
from playground.distances import SAME, Distance
from playground.lockstep import Lockstep
from playground.measures import measures
from playground.records import StopReason
from playground.store import Store
from playground.ui.strip import stats
from playground.ui.text import ENGLISH
from tests.models import CATALOG, SMOLLM
from tests.tiny_models import reader, tiny

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playground.records import Run


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """Return the shipped models, another toy, and two tiny models of one tokenizer."""
    folder: Path = tmp_path_factory.mktemp("models")
    table = folder / "other.json"
    table.write_text('{"": {" la": 0.75, " li": 0.25}}', encoding="utf-8")
    playground = Playground(CATALOG.path)
    wide = folder / "wide.json"  # the tokens of the other table, its bytes as words, and then one more
    letters = dict.fromkeys((bytes([byte]).decode("ascii", "surrogateescape") for byte in range(256)), 0.0)
    rows = {"": {" la": 0.75, " li": 0.25}, " li": letters | {" lo": 1.0}}
    wide.write_text(json.dumps(rows), encoding="utf-8")
    toys = [replace(CATALOG.get("toy"), key=file.stem, title=file.stem, file=file) for file in (table, wide)]
    models = (*CATALOG.models, *toys, tiny("qwen2"), tiny("omni"))
    playground.pool.catalog = replace(CATALOG, models=models)
    yield playground
    playground.close()


def written(play: Playground, model: str, prompt: str = "Then the cat", **flat: Any) -> Run:  # noqa: ANN401 (settings)
    """Write a short text."""
    return play.generate(model, prompt, **({"seed": 3, "max_new_tokens": 8} | flat))


@pytest.mark.parametrize("model", ["toy", SMOLLM])
def test_a_model_has_no_distance_to_itself(play: Playground, model: str) -> None:
    """Exactly 0 at every place of the text, before and after the same chain; another chain cuts another support."""
    same = [written(play, model, temperature=0.8, top_k=20) for _ in range(2)]
    for place in Lockstep.of(play.pool, same, 0).walk():
        assert [(gap.raw, gap.final, gap.ignored) for gap in place.gaps if gap] == [(SAME, SAME, 0.0)]


def test_rows_are_those_that_a_run_was_drawn_from(play: Playground) -> None:
    """The overlap of a chain that keeps one token with one that keeps all is that token's probability in the run."""
    run = written(play, SMOLLM)
    greedy = replace(run, params=written(play, SMOLLM, temperature=0).params)
    places = list(Lockstep.of(play.pool, (run, greedy), 0).walk())
    assert [place.token_id for place in places] == [step.token_id for step in run.steps]
    for place, step in zip(places, run.steps, strict=True):
        gap = place.gaps[0]
        assert gap
        assert gap.raw == SAME
        best = max(item.final_prob for item in step.snapshot.candidates)
        assert gap.final.overlap == pytest.approx(best, rel=1e-12)
        assert gap.final.kl_bits == float("inf")
        assert gap.final.reverse_kl_bits == pytest.approx(-np.log2(best), rel=1e-9)


def rows_of(kind: str, prompt: tuple[int, ...], text: tuple[int, ...]) -> Any:  # noqa: ANN401 (a tensor)
    """Return log-probabilities before each token of a text, in one pass of torch, (n, vocab) float64."""
    model = reader(kind).from_pretrained(tiny(kind).file, dtype=torch.float32).eval()
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([prompt + text])).logits[0]
    return logits[len(prompt) - 1 : -1].double().log_softmax(-1)


def test_omni_and_qwen_of_one_tokenizer_follow_torch(play: Playground) -> None:
    """KL in both directions, JS and overlap along the text; float32 in one pass and token by token agree so far."""
    runs = [written(play, "tiny-qwen2"), written(play, "tiny-omni")]
    text = tuple(step.token_id for step in runs[0].steps)
    log_p, log_q = (rows_of(kind, runs[0].prompt_ids, text) for kind in ("qwen2", "omni"))
    p, q = log_p.exp(), log_q.exp()
    log_m = ((p + q) / 2).log()
    bits = np.log2(np.e)
    walked = Lockstep.of(play.pool, runs, 0)
    assert walked.problems == {}
    places = list(walked.walk())
    assert len(places) == len(text)
    for row, place in enumerate(places):
        gap = place.gaps[0]
        assert gap
        kl = float((p * (log_p - log_q)).sum(-1)[row]) * bits
        reverse = float((q * (log_q - log_p)).sum(-1)[row]) * bits
        mixed = float(((p * (log_p - log_m)).sum(-1) + (q * (log_q - log_m)).sum(-1))[row]) * bits / 2
        expected = Distance(kl, reverse, mixed, float(torch.minimum(p, q).sum(-1)[row]))
        for name in Distance.__slots__:
            assert getattr(gap.raw, name) == pytest.approx(getattr(expected, name), rel=1e-3, abs=1e-4)


def test_another_tokenizer_is_told_and_the_others_go_on(play: Playground) -> None:
    """Its texts can still be scored, encoded anew, with a note."""
    runs = [written(play, "toy"), written(play, "other"), written(play, "toy", seed=4)]
    walked = Lockstep.of(play.pool, runs, 0)
    assert "The tokenizers differ, first in token" in walked.problems[1]
    assert [(pair.one, pair.other) for pair in walked.pairs] == [(0, 2)]
    assert [gap.raw for place in walked.walk() for gap in place.gaps if gap] == [SAME] * len(runs[0].steps)
    assert "The tokenizers differ" in Lockstep.of(play.pool, runs, 1).problems[2]
    matrix = cross_score(play.pool, runs)
    assert [cell.note[:13] for cell in matrix[0]] == ["", "Encoded anew:", ""]


def test_a_token_that_only_the_writer_has_is_named(play: Playground) -> None:
    """The tokenizers are one as far as the narrower one goes; a text within it goes over as ids."""
    beyond, within = (written(play, "wide", prompt, temperature=0, max_new_tokens=1) for prompt in (" li", " la"))
    reader = written(play, "other", " li")
    assert [step.token_id for step in (*beyond.steps, *within.steps)] == [259, 1]
    asked = cross_score(play.pool, (beyond, within, reader))
    assert asked[0][2].note.startswith("Encoded anew: this model has no token 259, which the text has. Compare bits")
    assert asked[1][2].note == "Token ids from 259 on, which only one of the models has, are left out (257)."
    walked = Lockstep.of(play.pool, (beyond, reader), 0)
    assert walked.problems == {1: "This model has no token 259, which the text has."}


def test_control_tokens_of_two_names_are_left_out_with_their_share(play: Playground, tmp_path: Path) -> None:
    """Two tables that differ in the name of one control token alone: all others are compared, exactly."""
    shares = {"": {" la": 0.5, " li": 0.25}, " la": {" la": 0.25}}
    for name in ("<|one|>", "<|two|>"):
        file = tmp_path / f"{name[2:5]}.json"
        file.write_text(json.dumps({last: row | {name: 1 - sum(row.values())} for last, row in shares.items()}))
        toy = replace(CATALOG.get("toy"), key=file.stem, title=file.stem, file=file)
        play.pool.catalog = replace(play.pool.catalog, models=(*play.pool.catalog.models, toy))
    runs = [written(play, name, " li", temperature=0, max_new_tokens=1) for name in ("one", "two")]
    walked = Lockstep.of(play.pool, runs, 0)
    assert walked.pairs[0].agreement.note.startswith("1 control token has two names and is left out: 3 (b'<|one|>'")
    [place] = walked.walk()
    [gap] = place.gaps
    assert gap
    assert gap.raw == gap.final == SAME
    assert gap.ignored == pytest.approx(0.25, abs=0.01)
    named = written(play, "one", " la", temperature=0, max_new_tokens=1)
    assert [step.token_id for step in named.steps] == [3]
    notes = [row[1].note for row in cross_score(play.pool, (runs[0], runs[1], named))]
    assert notes[0] == walked.pairs[0].agreement.note
    assert notes[2].startswith("Encoded anew: this model calls token 3, which the text has, something else.")
    said = "This model calls token 3, which the text has, something else."
    assert Lockstep.of(play.pool, (named, runs[1]), 0).problems == {1: said}


def test_the_diagonal_of_the_cross_score_is_each_text_under_its_own_model(play: Playground) -> None:
    """The perplexity that the table and the line under the text have, of one that ended and of one that was cut."""
    runs = [written(play, "toy", seed=3, max_new_tokens=count) for count in (3, 30)]
    assert [run.stop_reason for run in runs] == [StopReason.LENGTH, StopReason.EOS]
    matrix = cross_score(play.pool, runs)
    for place, run in enumerate(runs):
        steps = run.steps[:-1] if place else run.steps
        bits = [step.surprisal_bits for step in steps]
        cell, table = matrix[place][place], measures(run)
        assert (cell.logprob or 0) / cell.tokens == pytest.approx(table.mean_logprob, rel=1e-9)
        assert cell.perplexity == pytest.approx(table.perplexity, rel=1e-9)
        assert cell.perplexity == pytest.approx(2 ** (sum(bits) / len(bits)), rel=1e-9)
        assert cell.bits_per_character == pytest.approx(sum(bits) / len(run.text), rel=1e-9)
        assert ["perplexity", f"{cell.perplexity:.2f}"] in [
            item[:2] for item in stats(Store().opened(run, ""), ENGLISH)
        ]


def test_a_pane_whose_model_is_gone_has_a_sentence_in_its_cells(play: Playground) -> None:
    """The other cells have their numbers."""
    run = written(play, "toy")
    matrix = cross_score(play.pool, (run, replace(run, model="nowhere")))
    assert matrix[0][0].perplexity
    assert "nowhere" in matrix[0][1].problem
    walked = Lockstep.of(play.pool, (run, replace(run, model="nowhere")), 0)
    assert "nowhere" in walked.problems[1]
    turned = Lockstep.of(play.pool, (run, replace(run, model="nowhere")), 1)
    assert turned.problems[0] == "The model that wrote the text cannot be asked for its tokens."


def test_a_text_too_long_for_a_pane_is_told_on_that_pane(play: Playground) -> None:
    """A prompt that leaves the text no room; nothing is cut."""
    run = written(play, "toy")
    long = replace(run, prompt_ids=run.prompt_ids[:1] * 512)
    walked = Lockstep.of(play.pool, (run, long), 0)
    assert [place.gaps for place in walked.walk()] == [(None,)] * len(run.steps)
    assert "Compare a shorter text" in walked.problems[1]


def test_stopping_on_the_way_frees_the_model(play: Playground) -> None:
    """Whoever closes the walk leaves nothing behind that others would wait for."""
    runs = [written(play, "toy"), written(play, "toy", "Then the dog")]
    walk = Lockstep.of(play.pool, runs, 0).walk()
    assert next(walk).position == 0
    walk.close()
    assert written(play, "toy").text


def test_two_temperatures_of_one_model_differ_in_what_is_drawn_from_alone() -> None:
    """Along the first text: raw distributions are the same, final ones are not, and each model scores it alike."""
    common = {"model": "smollm2-135m-instruct", "max_new_tokens": 12, "seed": 3}  # some write an end, not counted
    panes = [common | {"temperature": value} for value in (0.3, 1.2)]
    with Playground() as playground:
        runs = playground.compare("The secret to a successful life is", panes)
        places = list(playground.gaps(runs))
        matrix = playground.cross_score(runs)
    assert runs[0].stop_reason is StopReason.LENGTH
    assert [place.token_id for place in places] == [step.token_id for step in runs[0].steps]
    gaps = [gap for place in places for gap in place.gaps if gap]
    assert len(gaps) == len(places)
    assert {(gap.raw.kl_bits, gap.raw.js_bits, gap.raw.overlap) for gap in gaps} == {(0.0, 0.0, 1.0)}
    assert all(gap.final.js_bits > 0 for gap in gaps)
    assert matrix[0][0] == matrix[0][1]
    nats = -sum(step.surprisal_bits for step in runs[0].steps) * math.log(2)
    assert matrix[0][0].logprob == pytest.approx(nats, rel=1e-3)


def test_a_reading_that_is_refused_is_not_left_behind() -> None:
    """Of a model with one sequence for texts, a second prompt is refused with a sentence and asked for no more."""
    spec = replace(CATALOG.get(SMOLLM), sequences=2)
    with Playground() as playground:
        playground.pool.catalog = replace(CATALOG, models=(spec,))
        runs = [
            playground.generate(SMOLLM, prompt, max_new_tokens=4, seed=1, temperature=0) for prompt in ("One", "Two")
        ]
        together = Lockstep.of(playground.pool, runs, 0)
        walk = together.walk()
        next(walk)
        assert "no second sequence free" in together.problems[1]
        assert playground.pool.start(SMOLLM).requests == 1
        walk.close()
        assert playground.pool.start(SMOLLM).requests == 0
