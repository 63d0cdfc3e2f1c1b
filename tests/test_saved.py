"""A run as a file reads back to an equal run; a file that was changed is refused in a sentence that says where."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground import Playground, saved
from playground.chain import Draw, trace_chain
from playground.errors import PromptError, SavedRunError
from playground.records import Run, SamplingParams, StopReason, Timing, TokenStep
from playground.saved import from_dict, read_run, to_dict, to_text
from playground.scripts import as_code
from playground.store import MAX_TOKENS, Store
from playground.tables import distribution_rows, distribution_table, steps_table
from playground.ui.controls import to_json
from playground.ui.explore import recorded_place
from playground.ui.picture import picture
from playground.ui.save import settings_lines
from playground.ui.strip import strip_message
from playground.ui.text import ENGLISH
from playground.views.curves import curves_spec
from tests.models import CATALOG, SMOLLM
from tests.settings_drawn import CHAINS, LETTERS, LOGITS, NOWHERE, VOCAB, contexts

if TYPE_CHECKING:
    from playground.numerics import FloatArray
    from playground.samplers.base import Sampler, StepContext

PIECES = (b"<img src=x onerror=alert(1)>", b"${alert(1)}", b"\xf0\x9f", b'"\\\n\x00')
PARAMS = SamplingParams.from_dict({"temperature": 0.7, "top_p": 0.9, "seed": 42, "stop": ["\n"]})
OTHER = SamplingParams.from_dict({"dry": {"multiplier": 0.8, "breakers": ["<b>"]}, "seed": 7, "order": "llama.cpp"})


def drawn(place: int, *, chosen: bool = False) -> TokenStep:
    """Return a step on four tokens."""
    trace = trace_chain(np.log([0.5, 0.25, 0.125, 0.125]), PARAMS.chain, NOWHERE, piece=PIECES.__getitem__)
    return Draw(trace, place, 0.25, 0, chosen).record()


def a_run(steps: int = 4) -> Run:
    """Return a run of which the first two tokens are kept of another, and one was chosen."""
    return Run(
        run_id="secret",
        model="toy",
        params=PARAMS,
        prompt_ids=(1, 5),
        prompt_pieces=(PIECES[2], PIECES[3]),
        steps=tuple(drawn(place, chosen=place == 2) for place in range(steps)),
        notes=("Cut to 7 tokens.",),
        build="toy 1",
        exact_batch=8,
        stop_reason=StopReason.LENGTH,
        timing=Timing(0.5, 0.75, 2.0, 4.0),
        error="It stopped.",
        kept_params=(OTHER, OTHER),
    )


def said(body: bytes) -> str:
    """Return the sentences with which a file is refused."""
    with pytest.raises(SavedRunError) as caught:
        read_run(body)
    return str(caught.value)


def changed(*path: str | int, to: object) -> bytes:
    """Return a good file with one value changed."""
    flat: Any = to_dict(a_run())
    part = flat
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = to
    return json.dumps(flat).encode()


# --- there and back ---


def test_a_run_reads_back_to_an_equal_one() -> None:
    """All of it, under an id that the file does not hold; and the second file is the first."""
    run = a_run()
    text = to_text(run)
    again = read_run(text.encode(), run_id="secret")
    assert (again, again.error) == (run, run.error)
    assert to_text(again) == text
    assert "secret" not in text
    assert len(text.splitlines()) == 4 + 2  # a line per step, for people who look inside


@given(logits=LOGITS, chain=CHAINS, context=contexts(), luck=st.floats(0, 1, exclude_max=True), data=st.data())
def test_every_record_reads_back(
    logits: FloatArray, chain: tuple[Sampler, ...], context: StepContext, luck: float, data: st.DataObject
) -> None:
    """Whatever the samplers made of whatever logits."""
    full = np.concatenate([logits, np.full(VOCAB - logits.size, -np.inf, np.float32)])[:VOCAB]
    trace = trace_chain(full, chain, replace(context, final_probs=()), piece=LETTERS.piece)
    token = data.draw(st.sampled_from(trace.final.token_ids.tolist()))
    steps = tuple(Draw(trace, place, luck, token, data.draw(st.booleans())).record() for place in range(2))
    params = SamplingParams(chain, "llama.cpp", seed=0)
    run = replace(a_run(), steps=steps, params=params, kept_params=())
    assert read_run(to_text(run).encode(), run_id="secret") == run


@pytest.mark.parametrize("model", ["toy", SMOLLM])
def test_a_written_run_reads_back(model: str) -> None:
    """With the settings of a sampler that is told the vocabulary, and a token that ends the text."""
    with Playground() as playground:
        run = playground.generate(model, "Then the cat", seed=1, temperature=1.5, min_p=0.02, max_new_tokens=24)
    assert read_run(to_text(run).encode(), run_id=run.run_id) == run


def test_a_run_that_grows_or_never_began_reads_back() -> None:
    """Neither has an end, a timing or tokens."""
    for run in (replace(a_run(), stop_reason=None, timing=None), Run("", "toy", PARAMS)):
        assert read_run(to_text(run).encode(), run_id=run.run_id) == run


# --- refusals ---


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "The file is no JSON."),
        (b"\x89PNG\r\n", "The file is no JSON."),
        (b"\xff\xfe\xff", "The file is no JSON."),
        (b"[" * 100_000, "The file is no JSON."),
        (to_text(a_run()).encode()[:-40], "The file is no JSON."),
        (b'{"format": ' + b"9" * 5_000 + b"}", "The file is no JSON."),
        (b"null", "The file is no saved run."),
        (b"[]", "The file is no saved run."),
        (b"{}", "The file is no saved run."),
        (b'{"model": "toy", "mode": "completion", "settings": {}}', "The file is no saved run."),
        (b'{"format": "x", "format": "y"}', "The file holds “format” twice"),
        (b'{"format": NaN}', "The file holds NaN, which is no finite number."),
        (b'{"format": [-Infinity]}', "The file holds -Infinity"),
        (changed("version", to=2), "The file is of version 2; this page reads version 1."),
        (changed("version", to="__import__('os')"), "The file is of version __import__('os'); this page"),
        (b" " * (saved.MAX_FILE_BYTES + 1), "The file is larger than 32 MB"),
    ],
)
def test_a_file_of_something_else_is_refused(body: bytes, words: str) -> None:
    """What it is not, and what to choose instead."""
    assert words in said(body)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("spy",), 1, "In the file, the run holds “spy”, which no saved run has."),
        (("model",), "", "model is ; it must be a text of 1 to 200 characters."),
        (("model",), ["toy"], "model is ['toy']; it must be a text"),
        (("model",), "\ud800", "model is \\ud800; it must be a text"),
        (("model",), "=1+1", "model is =1+1; it must be a text that does not begin with =,"),
        (("build",), "@SUM(1)", "build is @SUM(1); it must be a text that does not begin with =,"),
        (("build",), "x" * 1_001, "it must be a text of 0 to 1,000 characters."),
        (("exact_batch",), 0, "exact_batch is 0; it must be a whole number in [1,"),
        (("exact_batch",), True, "exact_batch is True; it must be a whole number"),
        (("notes",), "note", "notes is note; it must be a list of 0 to 16."),
        (("notes", 0), 7, "notes[0] is 7; it must be a text"),
        (("stop_reason",), "bored", "stop_reason is bored; it must be one of eos, length,"),
        (("timing",), {}, "timing lacks prefill_s."),
        (("timing", "total_s"), -1, "timing.total_s is -1; it must be a number in [0,"),
        (("timing", "total_s"), 1e999, "Infinity, which is no finite number."),
        (("error",), None, "error is None; it must be a text"),
        (("params",), None, "params are refused: Settings are None"),
        (("params", "top_p"), 7, "params are refused: Top-p is 7; it must lie in [0, 1]."),
        (("params", "topp"), 0.5, "There is no setting “topp”. The nearest is top_p."),
        (("params", "seed"), None, "params have no seed."),
        (("kept_params", 0), [3, PARAMS.to_dict()], ""),
        (("kept_params", 0), [5, PARAMS.to_dict()], "there are settings for 5 kept tokens, but 4 steps."),
        (("kept_params", 0), [1], "kept_params[0] is [1]; it must be a list of 2."),
        (("kept_params", 0, 0), 10**12, "kept_params[0][0] is 1000000000000; it must be a whole number in [1, 30,000]"),
        (("prompt", 1), [5], "prompt[1] is [5]; it must be a list of 2."),
        (("prompt", 1, 0), -1, "prompt[1][0] is -1; it must be a whole number in [0, 10,000,000]."),
        (("prompt", 1, 1), "xy", "prompt[1][1] is xy; it must be at most 1,000 bytes as pairs of the digits 0 to f."),
        (("prompt", 1, 1), "abc", "prompt[1][1] is abc"),
        (("prompt", 1, 1), "00" * 1_001, "it must be at most 1,000 bytes"),
        (("steps",), {"0": {}}, "steps is {'0': {}}; it must be a list"),
        (("steps", 2), None, "steps[2] is None; it must be an object."),
        (("steps", 2, "spy"), 1, "steps[2] holds “spy”, which no saved run has."),
        (("steps", 2, "luck"), 1, "steps[2].luck is 1; it must be a number in [0, 1)."),
        (("steps", 2, "luck"), "0.5", "steps[2].luck is 0.5; it must be a number in [0, 1)."),
        (("steps", 2, "model_prob"), 1.5, "steps[2].model_prob is 1.5; it must be a number in [0, 1]."),
        (("steps", 2, "final_prob"), False, "steps[2].final_prob is False; it must be a number"),
        (("steps", 2, "rank"), 1.0, "steps[2].rank is 1.0; it must be a whole number in [1,"),
        (("steps", 2, "chosen"), 0, "steps[2].chosen is 0; it must be true or false."),
        (("steps", 2, "snapshot"), [], "steps[2].snapshot is []; it must be an object."),
        (("steps", 2, "snapshot", "tail_count"), 1, "steps[2].snapshot has 5 tokens of a vocabulary of 4."),
        (("steps", 2, "snapshot", "support"), 0.5, "steps[2].snapshot.support is 0.5"),
        (("steps", 2, "snapshot", "final_entropy_bits"), 65, "_entropy_bits is 65; it must be a number in [0, 64]"),
        (("steps", 2, "snapshot", "links", 0, 0), "top_q", "links[0][0] is top_q; it must be one of logit_bias,"),
        (("steps", 2, "snapshot", "candidates", 3, 5), 9, "steps[2].snapshot.candidates[3][5] is 9; it must be one of"),
        (("steps", 2, "snapshot", "candidates"), [], "steps[2].snapshot.candidates is []; it must be a list of 1 to"),
        (("steps", 2, "snapshot", "candidates"), [None] * 257, "it must be a list of 1 to 256."),
    ],
)  # fmt: skip
def test_a_changed_file_is_refused_with_the_place(path: tuple[str | int, ...], value: object, words: str) -> None:
    """One sentence says what stands where and what must; the hint says how that may have come."""
    body = changed(*path, to=value)
    if not words:
        assert read_run(body).kept_params == (PARAMS,) * 3
        return
    sentence = said(body)
    assert words in sentence
    assert "\n" not in sentence
    assert sentence.endswith("The file was changed, or cut off, after it was saved.")


@pytest.mark.parametrize("name", sorted(to_dict(a_run())))
def test_every_part_is_needed(name: str) -> None:
    """A file that lacks one is refused by its name."""
    flat = to_dict(a_run())
    del flat[name]
    refusals = {"format": "The file is no saved run.", "version": "The file is of version None"}
    assert refusals.get(name, f"lacks {name}.") in said(json.dumps(flat).encode())


def test_more_tokens_than_are_kept_are_refused() -> None:
    """The limit is that of the store."""
    with pytest.raises(SavedRunError, match="prompt and text have 30,001 tokens; at most 30,000 are kept"):
        from_dict(to_dict(a_run()) | {"prompt": [[1, ""]] * (MAX_TOKENS - 3)})


def test_a_file_that_asks_for_millions_is_refused_before_they_are_laid_out() -> None:
    """A row of 80 bytes may say 30,000 tokens; all of these would take 24 MB as places in a tuple."""
    flat = to_dict(a_run()) | {"kept_params": [[MAX_TOKENS, PARAMS.to_dict()]] * 100}
    tracemalloc.start()
    try:
        with pytest.raises(SavedRunError, match="there are settings for 3,000,000 kept tokens, but 4 steps"):
            from_dict(flat)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_a_run_that_there_is_no_room_for_is_refused() -> None:
    """It would be forgotten as soon as it is there; the largest that there is room for stays."""
    prompt, pieces = (1,) * (MAX_TOKENS - 5), (b"",) * (MAX_TOKENS - 5)
    largest = replace(a_run(), prompt_ids=prompt, prompt_pieces=pieces)
    store = Store()
    kept = store.opened(largest, "")
    assert store.get(kept.run_id) is kept
    with pytest.raises(SavedRunError, match="takes the room of 30,001 tokens; at most 30,000 are kept"):
        store.opened(replace(largest, prompt_ids=(1, *prompt), prompt_pieces=(b"", *pieces)), "")
    assert store.get(kept.run_id) is kept


NUMBERS = st.integers() | st.integers(0, 30) | st.floats() | st.floats(0, 1)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text() | st.text("0123456789abcdef"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(value=JSON, place=st.integers(0, 10_000))
def test_whatever_stands_anywhere_is_read_or_refused(value: object, place: int) -> None:
    """A value in the place of any other makes a run or a refusal, and never anything else."""
    flat = to_dict(a_run(2))
    places = list(walk(flat))
    part, name = places[place % len(places)]
    part[name] = value
    try:
        run = from_dict(flat)
    except SavedRunError as error:
        assert error.hint  # noqa: PT017 (either is fine)
        return
    show(run)


def show(run: Run) -> None:
    """Make everything of an opened run that the page shows; plain JSON, or it would not be sent."""
    live = Store().opened(run, "mine.json")
    shown = [strip_message(live, 0, ENGLISH), curves_spec(live.steps, ENGLISH), settings_lines(live, ENGLISH)]
    for place, step in enumerate(live.steps):
        shown.append(picture(step, recorded_place(live, place), ENGLISH))
        distribution_table(distribution_rows(step.snapshot, step.token_id, {}), live.model, {})
    steps_table(live.record())
    assert to_json(shown)


def walk(part: Any) -> Any:  # noqa: ANN401 (plain values of JSON)
    """Yield each place of a value: what holds it, and its name or number there."""
    for name in list(part) if isinstance(part, dict) else range(len(part)):
        yield part, name
        if isinstance(part[name], dict | list):
            yield from walk(part[name])


# --- in the store ---


def test_an_opened_run_is_the_run_again() -> None:
    """Under an id of its own, ended, with the settings that drew each token, and with the name of its file."""
    live = Store().opened(a_run(), "mine.json")
    assert live.record() == replace(a_run(), run_id=live.run_id)
    assert to_text(live.record()) == to_text(a_run())
    assert (live.run_id == "secret", live.file) == (False, "mine.json")
    assert [live.params_at(place) for place in range(4)] == [OTHER, OTHER, PARAMS, PARAMS]
    assert len(live.shown) == 4


def test_the_settings_of_a_picture_of_a_text_are_those_of_each_token() -> None:
    """One line where they are the same, else one for each stretch."""
    ours = "toy · temperature 0.7 · top-p 0.9 · order transformers · stops at “⏎” · seed 42"
    theirs = 'toy · dry 0.8, breakers ["<b>"] · order llama.cpp · seed 7'
    assert settings_lines(Store().opened(replace(a_run(), kept_params=()), ""), ENGLISH) == [ours]
    lines = settings_lines(Store().opened(a_run(), ""), ENGLISH)
    assert lines == [f"tokens 1–2: {theirs}", f"tokens 3–4: {ours}"]


def test_a_run_that_was_saved_as_it_grew_is_opened_as_stopped() -> None:
    """Nobody writes on at it."""
    assert Store().opened(replace(a_run(), stop_reason=None), "").stop_reason is StopReason.STOPPED


def test_large_records_take_more_room() -> None:
    """Else a file of a few steps could hold any number of bytes."""
    store = Store()
    plain = store.opened(a_run(), "").weight
    large = tuple(replace(step, packed=bytes(10 * 16 * 1024)) for step in a_run().steps)
    assert (plain, Store().opened(replace(a_run(), steps=large), "").weight) == (1 + 2 + 4, 1 + 2 + 4 * 11)


def test_an_opened_run_leaves_as_code_only_where_luck_alone_wrote_it() -> None:
    """As the run that was saved; the prompt is the one that the model read."""
    luck = replace(a_run(), kept_params=(), steps=(drawn(0),))
    script = as_code("llama-cpp-python", CATALOG.get(SMOLLM), Store().opened(luck, "").prompt, luck.params)
    assert "PROMPT_IDS = [1, 5]" in script
    for run in (a_run(), replace(a_run(), kept_params=()), replace(a_run(), steps=(drawn(0),), kept_params=(OTHER,))):
        with pytest.raises(PromptError, match="continued by hand"):
            as_code("llama-cpp-python", CATALOG.get(SMOLLM), Store().opened(run, "").prompt, PARAMS)
