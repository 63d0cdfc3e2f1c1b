"""Several texts at once: each the same as alone, with one luck, stopped and failing one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from playground import Playground, backends
from playground.comparisons import LiveComparison, parting
from playground.engine import Engine
from playground.errors import SettingError
from playground.events import Ended, PaneSaid, Started
from playground.panes import Pane
from playground.records import Prompt, Run, StopReason, TokenStep
from playground.side_by_side import ONE_BY_ONE, together, write_all
from playground.store import LiveRun, Store
from tests.models import CATALOG, SMOLLM, settings
from tests.test_engine import Watched, toy

if TYPE_CHECKING:
    from collections.abc import Iterator

PROMPT = "The secret to a successful life is"
TEMPERATURES = (0.1, 0.4, 0.7, 1.0)


@pytest.fixture(scope="module")
def playground() -> Iterator[Playground]:
    """Return models in processes of their own."""
    with Playground() as found:
        yield found


def panes(model: str, **flat: Any) -> list[dict[str, Any]]:  # noqa: ANN401 (settings)
    """Return four temperatures of one model."""
    return [{"model": model, "temperature": number, "max_new_tokens": 12, **flat} for number in TEMPERATURES]


@pytest.mark.parametrize("model", ["toy", SMOLLM])
def test_a_pane_is_the_run_alone_bit_for_bit(playground: Playground, model: str) -> None:
    """Every token with every number of its distribution; the prompt is the same, too."""
    asked = panes(model, seed=7)
    found = playground.compare(PROMPT, asked)
    for run, flat in zip(found, asked, strict=True):
        alone = playground.generate(prompt=PROMPT, **flat)
        assert run.steps == alone.steps
        assert (run.prompt_ids, run.params, run.stop_reason) == (alone.prompt_ids, alone.params, alone.stop_reason)


def test_a_pane_says_how_it_was_decoded(playground: Playground) -> None:
    """In a batch as large as the probe found exact, or one by one."""
    for run in playground.compare(PROMPT, panes(SMOLLM, seed=1)):
        batch = together(4, run.exact_batch, fast=False)
        count = f"Decoded in batches of up to {batch} texts"
        assert len(run.notes) == 1
        assert run.notes[0].startswith(ONE_BY_ONE if batch == 1 else count)


def test_panes_without_a_seed_share_one(playground: Playground) -> None:
    """So equal settings write equal texts; one with its own keeps that."""
    asked = [{"model": "toy", "max_new_tokens": 5}] * 3 + [{"model": "toy", "max_new_tokens": 5, "seed": 3}]
    found = playground.compare("Then the cat", asked)
    assert len({run.params.seed for run in found[:3]}) == 1
    assert found[0].steps == found[1].steps == found[2].steps
    assert found[3].params.seed == 3


def test_panes_of_different_models_and_system_prompts(playground: Playground) -> None:
    """Each in its own process, in the order that was asked for."""
    chat = {"model": SMOLLM, "temperature": 0, "max_new_tokens": 4}
    found = playground.compare(PROMPT, [{**chat, "system": "Be brief."}, {**chat, "model": "toy"}, chat])
    assert [run.model for run in found] == [SMOLLM, "toy", SMOLLM]
    assert b"Be brief." in b"".join(found[0].prompt_pieces)
    assert b"".join(found[2].prompt_pieces).decode() == PROMPT
    assert all(len(run.steps) == 4 for run in found)


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"model": "toy", "temperature": -1}, "Temperature is -1"),
        ({"model": "toy", "temprature": 1}, "The nearest is temperature"),
        ({"model": "nothing"}, "nothing"),
        ({"temperature": 1}, "A pane has no model."),
        ({"model": "toy", "system": "cat " * 2000}, "Shorten the prompt."),
        ({"model": "toy", "logit_bias": [[99999, 1]]}, "99,999"),
    ],
)
def test_a_pane_that_fails_fails_alone(playground: Playground, broken: dict[str, Any], says: str) -> None:
    """With its sentence; the others are complete."""
    fine: dict[str, Any] = {"model": "toy", "max_new_tokens": 3, "seed": 1}
    first, failed, last = playground.compare("Then the cat", [fine, broken, fine])
    assert (failed.stop_reason, failed.steps) == (StopReason.FAILED, ())
    assert says in failed.error
    assert first.steps == last.steps == playground.generate(prompt="Then the cat", **fine).steps


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_comparison_has_two_to_four_panes(playground: Playground, count: int) -> None:
    """The sentence has the number."""
    with pytest.raises(SettingError, match=f"There are {count} panes to compare; it must be 2 to 4"):
        playground.compare(PROMPT, [{"model": "toy"}] * count)


def said(engine: Engine, temperatures: tuple[float, ...], stops: dict[int, int], *, fast: bool = False) -> list[Any]:
    """Return what panes say where the one of each number is stopped after so many tokens."""
    asked = [Pane(Prompt(text="Then the cat"), settings(6, temperature=number)) for number in temperatures]
    heard: list[PaneSaid] = []

    def goes_on(pane: int) -> bool:
        tokens = sum(one.pane == pane and not isinstance(one.said, (Started, Ended)) for one in heard)
        return tokens < stops.get(pane, 99)

    for item in write_all(engine, asked, goes_on, fast=fast):
        if item:
            heard.append(item)  # noqa: PERF401 (what was heard decides what comes)
    return heard


def test_an_equal_prompt_is_read_once_and_decoded_together() -> None:
    """One prefill for four; a decode for each place, not for each text; every slot is given back."""
    watched = Watched(toy())
    said(Engine(watched, 8), (1.0, 1.1, 1.2, 1.3), {})
    assert watched.calls.count("prefill") == 1
    assert watched.calls.count("decode") == 5
    assert watched.alive == 1 - 4  # it counts one prefill and four drops; three were forks, which it does not count


@pytest.mark.parametrize(("fast", "decodes"), [(False, 20), (True, 5)])
def test_where_a_batch_is_not_exact_somebody_has_to_choose_it(*, fast: bool, decodes: int) -> None:
    """Four texts of six tokens, one by one or together."""
    watched = Watched(toy())
    heard = said(Engine(watched, 1), (1.0, 1.1, 1.2, 1.3), {}, fast=fast)
    assert watched.calls.count("decode") == decodes
    assert all(("may differ" in one.said.notes[-1]) == fast for one in heard if isinstance(one.said, Started))


def test_one_pane_can_be_stopped() -> None:
    """It ends after the token it has; the other goes on to its end token."""
    ends = {
        one.pane: one.said.reason for one in said(Engine(toy(), 8), (1.0, 1.0), {1: 2}) if isinstance(one.said, Ended)
    }
    assert ends == {0: StopReason.EOS, 1: StopReason.STOPPED}


def test_a_stop_before_the_model_has_the_request_is_passed_on(playground: Playground) -> None:
    """One of two."""
    asked = [{"model": SMOLLM, "max_new_tokens": 30, "temperature": 0}] * 2
    live = LiveComparison.of(PROMPT, asked)
    live.stop(1)
    live.run(playground.pool)
    runs: list[Run] = [pane.record() for pane in live.panes]
    assert runs[0].stop_reason is StopReason.LENGTH
    assert runs[1].stop_reason is StopReason.STOPPED
    assert len(runs[1].steps) < 30


@pytest.mark.parametrize(("exact", "expected"), [(1, 1), (2, 2), (3, 3), (8, 4)])
def test_only_sizes_that_the_probe_has_seen_are_decoded_together(exact: int, expected: int) -> None:
    """Of four texts."""
    assert together(4, exact, fast=False) == expected


def test_a_model_without_room_says_so() -> None:
    """Before anything is read."""
    model = backends.load(CATALOG.get("toy"))
    model.slots = 2
    with pytest.raises(SettingError, match="3 panes need room for 3 texts at once; this model has room for 2"):
        list(write_all(Engine(model), [Pane(Prompt(text="cat"), settings())] * 3, lambda _: True))


def ended(model: str, *pieces: bytes, reason: StopReason = StopReason.LENGTH) -> LiveRun:
    """Return a text that has ended; a token's id is the length of its piece."""
    steps = tuple(TokenStep(place, len(piece), piece, 0.5, 0.5, 0.5, 1, b"") for place, piece in enumerate(pieces))
    return Store().opened(Run("run", model, settings(), steps=steps, stop_reason=reason), "")


def test_end_tokens_of_two_models_are_no_text() -> None:
    """Each model has its own; where one text goes on, the other's end token stands at that place."""
    one = ended("one", b"Paris", b".", b"</s>", reason=StopReason.EOS)
    assert parting([one, ended("other", b"Par", b"is.", b"<|end|>", reason=StopReason.EOS)]) is None
    assert parting([one, ended("other", b"Par", b"is.")]) is None
    assert parting([one, ended("other", b"Par", b"is.", b" It")]) == (2, 2)
    assert parting([one, ended("other", b"Par", b"is?")]) == (1, 1)


def test_a_pane_without_text_does_not_part_the_others() -> None:
    """It failed, or was stopped before its first token; its model does not count either."""
    texts = [ended("one", b"a", b"bc"), ended("one", b"a", b"bc")]
    assert parting([texts[0], ended("one", reason=StopReason.FAILED), texts[1]]) is None
    assert parting([texts[0], ended("one", b"a", b"b"), ended("gone", reason=StopReason.STOPPED)]) == (1, 1, None)
