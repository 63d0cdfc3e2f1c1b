"""One contract for every backend: ids in, logits out, and no call disturbs what an earlier one gave."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground import backends
from playground.backends.base import LoadedModel, Message, PrefillStopped, own
from playground.backends.llamacpp.model import LlamaSequence
from playground.errors import ModelError, PromptError
from playground.scores import Scores
from tests.models import CATALOG, ROOT, SMOLLM, after, finished
from tests.tiny_models import KINDS, tiny

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Ids = tuple[int, ...]

STORY = "Then the cat sat and the bird sang a song. The dog saw the moon and"
SECOND = "A bird sang and the"
LONG = "Ada Lovelace wrote the first program for a machine that nobody had built. " * 9
TEXTS = [
    "Ж🙂 é",
    "кириллица и ещё",
    "👩\u200d👩\u200d👧",
    "\n\n a\r\n\tb",
    "nul \x00 inside",
    "\x00",
    "\u202eabc\u200b",
    " ",
    "<|end|><|im_end|>",
]

# Largest difference of a logit between reading a prefix at once and token by token. Measured on SmolLM2 with AVX-512:
# 0 up to 48 tokens; from 64 on another matrix kernel reads the prompt, and up to 256 tokens 0.86 was the most.
ROUNDING = {"toy": (0.0, 0.0), SMOLLM: (1e-3, 1.5)}  # up to 48 tokens, beyond
TINY_ROUNDING = (1e-5, 1e-5)
# The same of a text's scores, in nats and bits. Chunks of 48 tokens are read as single tokens are: 3e-15 was the most.
SCORE_ROUNDING = {"toy": 1e-13, SMOLLM: 1e-3}
TINY_SCORE_ROUNDING = 2e-5


@dataclass
class Patience:
    """A ``keep_going`` that says no from one ask on, and counts what it is asked."""

    limit: int
    asked: int = 0

    def __call__(self) -> bool:
        """Say yes ``limit`` times."""
        self.asked += 1
        return self.asked <= self.limit


@pytest.fixture(scope="module", params=["toy", SMOLLM, *KINDS])
def key(request: pytest.FixtureRequest) -> str:
    """Return the key of the model in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def model(key: str) -> Iterator[LoadedModel]:
    """Return the model in turn, in this process."""
    loaded = backends.load(tiny(key) if key in KINDS else replace(CATALOG.get(key), context_tokens=256))
    yield loaded
    loaded.close()


def test_logits_cover_the_vocabulary_and_can_be_drawn_from(model: LoadedModel) -> None:
    """Prefill gives one float32 for each token: no NaN, no +inf, and something finite."""
    (row,) = after(model, model.encode(STORY, special=True))
    assert row.dtype == np.float32
    assert row.shape == (model.vocab_size,)
    assert np.isfinite(row).any()
    assert not (np.isnan(row) | np.isposinf(row)).any()


def test_decode_gives_one_row_for_each_sequence(model: LoadedModel) -> None:
    """Decode gives float32 of shape (n, vocab), and every sequence is one token longer."""
    ids = model.encode(SECOND, special=True)
    sequences = [model.prefill(ids)[0] for _ in range(3)]
    rows = model.decode(sequences, ids[:3])
    assert rows.dtype == np.float32
    assert rows.shape == (3, model.vocab_size)
    assert [sequence.length for sequence in sequences] == [len(ids) + 1] * 3
    for sequence in sequences:
        model.drop(sequence)


def test_logits_are_the_callers_own(model: LoadedModel) -> None:
    """What prefill and decode gave is not overwritten by later calls, nor is it shared between them."""
    ids = model.encode(STORY, special=True)
    sequence, first = model.prefill(ids)
    second = model.decode([sequence], [ids[0]])
    kept = first.copy(), second.copy()
    after(model, model.encode(SECOND, special=True), ids[:3])
    model.decode([sequence], [ids[1]])
    model.drop(sequence)
    assert np.array_equal(first, kept[0])
    assert np.array_equal(second, kept[1])
    first[:] = 0.0
    assert np.array_equal(after(model, ids)[0], kept[0])


@pytest.mark.parametrize(("text", "long"), [(STORY, False), (LONG, True)], ids=["short", "long"])
def test_decoding_continues_what_prefill_began(model: LoadedModel, key: str, text: str, *, long: bool) -> None:
    """A prefix read at once and the same prefix continued token by token end at the same logits."""
    ids = model.encode(text, special=True)[:120]
    half = len(ids) - 12
    at_once, by_steps = after(model, ids)[-1], after(model, ids[:half], ids[half:])[-1]
    assert at_once.argmax() == by_steps.argmax()
    able = np.isfinite(at_once)
    assert np.array_equal(able, np.isfinite(by_steps))
    assert np.abs(at_once[able] - by_steps[able]).max() <= ROUNDING.get(key, TINY_ROUNDING)[long]


def test_a_prompt_read_in_pieces_gives_the_same_bits(model: LoadedModel) -> None:
    """Pieces of ``chunk_tokens``, as the engine reads them, and one call: the same logits to the last bit."""
    ids = model.encode(LONG, special=True)[: 2 * model.chunk_tokens + 5]
    assert len(ids) == 2 * model.chunk_tokens + 5
    sequence, row = model.prefill(ids[: model.chunk_tokens])
    for start in range(model.chunk_tokens, len(ids), model.chunk_tokens):
        sequence, row = model.prefill(ids[start : start + model.chunk_tokens], onto=sequence)
    assert sequence.length == len(ids)
    model.drop(sequence)
    assert np.array_equal(row, after(model, ids)[0])


def test_the_same_prefix_gives_the_same_bits(model: LoadedModel) -> None:
    """Reading a prompt again, after other prompts, gives bit-identical logits."""
    ids = model.encode(STORY, special=True)
    first = after(model, ids, ids[:2])
    after(model, model.encode(SECOND, special=True), ids[:4])
    assert np.array_equal(first, after(model, ids, ids[:2]))


def test_a_fork_and_its_origin_continue_alike(model: LoadedModel) -> None:
    """Both continue as the prefix alone would have, whichever goes first."""
    ids = model.encode(STORY, special=True)
    expected = after(model, ids, ids[:2])[1:]
    origin, _ = model.prefill(ids)
    fork = model.fork(origin)
    for sequence in (fork, origin):
        assert np.array_equal([model.decode([sequence], [token])[0] for token in ids[:2]], expected)
        model.drop(sequence)


def test_a_fork_goes_its_own_way(model: LoadedModel) -> None:
    """What is written to a fork, and that it is dropped, leaves the original as it was."""
    ids = model.encode(STORY, special=True)
    expected = after(model, ids, ids[:1])[1]
    origin, _ = model.prefill(ids)
    fork = model.fork(origin)
    for token in ids[2:6]:
        model.decode([fork], [token])
    model.drop(fork)
    assert (origin.length, fork.length) == (len(ids), len(ids) + 4)
    assert np.array_equal(model.decode([origin], [ids[0]])[0], expected)
    model.drop(origin)


def test_a_batch_of_two_gives_the_bits_of_each_alone(model: LoadedModel) -> None:
    """Two texts of different length, decoded in one batch, have the logits that each has alone (Q4_1 holds to that)."""
    first, second = (model.encode(text, special=True) for text in (STORY, SECOND))
    alone = after(model, first, first[:4])[1:], after(model, second, second[:4])[1:]
    sequences = [model.prefill(first)[0], model.prefill(second)[0]]
    together = [model.decode(sequences, [first[step], second[step]]) for step in range(4)]
    for sequence in sequences:
        model.drop(sequence)
    assert np.array_equal([row[0] for row in together], alone[0])
    assert np.array_equal([row[1] for row in together], alone[1])


def test_every_slot_holds_a_text_of_its_own(model: LoadedModel) -> None:
    """As many texts as the model has slots live side by side, and none reads another's."""
    ids = model.encode(STORY, special=True)
    prefixes = [ids[: 3 + number] for number in range(model.slots)]
    expected = [after(model, prefix, ids[:1])[1] for prefix in prefixes]
    sequences = [model.prefill(prefix)[0] for prefix in prefixes]
    found = [model.decode([sequence], ids[:1])[0] for sequence in reversed(sequences)]
    for sequence in sequences:
        model.drop(sequence)
    assert np.array_equal(found[::-1], expected)


def test_drop_gives_the_slot_back(model: LoadedModel) -> None:
    """More texts than there are slots can be read one after the other, forks included."""
    ids = model.encode(SECOND, special=True)
    expected = after(model, ids)[0]
    for _ in range(model.slots + 1):
        sequence, row = model.prefill(ids)
        model.drop(model.fork(sequence))
        model.drop(sequence)
        assert np.array_equal(row, expected)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("special", [False, True])
def test_the_pieces_of_a_text_join_to_the_text(model: LoadedModel, text: str, *, special: bool) -> None:
    """Encoding loses nothing: characters of several tokens, line ends, NUL and control tokens come back."""
    ids = model.encode(text, special=special)
    assert b"".join(map(model.piece, ids)) == text.encode()


# SmolLM2's vocabulary lacks seven control characters and the bytes that only unassigned characters begin with.
@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cn"]), max_size=40))
def test_the_pieces_of_any_text_join_to_it(model: LoadedModel, text: str) -> None:
    """The round trip holds for every assigned character."""
    assert b"".join(map(model.piece, model.encode(text, special=False))) == text.encode()


def test_every_id_has_a_piece(model: LoadedModel) -> None:
    """The vocabulary is as wide as the logits, and every token in it has bytes."""
    pieces = [model.piece(token) for token in range(model.vocab_size)]
    assert all(type(piece) is bytes for piece in pieces)
    assert len(set(pieces)) > 0.9 * model.vocab_size


def test_control_tokens_are_read_only_where_asked_for(model: LoadedModel) -> None:
    """A text that ends a turn is one control token with ``special`` and ordinary tokens without."""
    for end in model.eos_ids:
        text = model.piece(end).decode()
        plain = model.encode(text, special=False)
        assert model.encode(text, special=True) == (end,)
        assert len(plain) > 1
        assert model.eos_ids.isdisjoint(plain)


def test_the_chat_template_holds_the_messages_in_order(model: LoadedModel) -> None:
    """What was said stands in the prompt as it was said, and room for the answer at the end."""
    turns = [Message("system", "Be brief Ж."), Message("user", "Why is it {{blue}}?"), Message("assistant", "Light.")]
    rendered = model.render_chat(turns)
    places = [rendered.index(turn.content) for turn in turns]
    assert places == sorted(places)
    assert rendered[places[-1] + len("Light.") :].strip().endswith(("assistant", "assistant:"))


def test_a_stopped_prefill_leaves_nothing_behind(model: LoadedModel) -> None:
    """After ``keep_going`` said no, the next prefill gives the logits that it gave before, slot after slot."""
    ids = model.encode(STORY, special=True)
    expected = after(model, ids)[0]
    for _ in range(model.slots + 1):
        with pytest.raises(PrefillStopped):
            model.prefill(ids, keep_going=Patience(0))
    assert np.array_equal(after(model, ids)[0], expected)


@pytest.mark.parametrize("key", [SMOLLM], indirect=True, scope="module")
def test_prefill_stops_in_the_middle_of_a_chunk(model: LoadedModel) -> None:
    """A no is heard between two operations of one call into llama.cpp, and what that call had done is undone."""
    ids = model.encode(STORY, special=True)
    expected = after(model, ids)[0]
    for limit in (1, 40, 400):
        patience = Patience(limit)
        with pytest.raises(PrefillStopped):
            model.prefill(ids, keep_going=patience)
        assert patience.asked <= limit + 2
        assert np.array_equal(after(model, ids)[0], expected)


def scored_by_steps(model: LoadedModel, ids: Ids) -> Scores:
    """Return what ``score`` must find, from one decode for each token and plain sums over the whole vocabulary."""
    rows = np.array(after(model, ids[:1], ids[1:-1]), np.float64)  # (n − 1, vocab)
    shifted = rows - rows.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    terms = np.where(np.isfinite(log_probs), np.exp(log_probs) * np.maximum(log_probs, -1e9), 0.0)
    order = np.argsort(-rows, axis=1, kind="stable")  # on a tie the lower id first
    found = np.arange(len(ids) - 1)
    ranks = 1 + np.argmax(order == np.array(ids[1:])[:, None], axis=1)
    return Scores(log_probs[found, ids[1:]], ranks, -terms.sum(axis=1) / np.log(2))


@pytest.mark.parametrize("text", [STORY, LONG], ids=["short", "long"])
def test_a_score_is_what_single_steps_give(model: LoadedModel, key: str, text: str) -> None:
    """One pass over a text finds logprob, rank and entropy that decoding it token by token finds, chunk after chunk."""
    ids = model.encode(text, special=True)[: 2 * model.chunk_tokens]
    found, expected = finished(model.score(ids)), scored_by_steps(model, ids)
    columns = (found.logprob, found.rank, found.entropy_bits)
    assert [str(column.dtype) for column in columns] == ["float64", "int64", "float64"]
    assert [column.shape for column in columns] == [(len(ids) - 1,)] * 3
    atol = SCORE_ROUNDING.get(key, TINY_SCORE_ROUNDING)
    assert np.allclose(found.logprob, expected.logprob, rtol=0, atol=atol)
    assert np.allclose(found.entropy_bits, expected.entropy_bits, rtol=0, atol=atol)
    assert np.array_equal(found.rank, expected.rank)
    assert found.perplexity == pytest.approx(np.exp(-expected.logprob.sum() / (len(ids) - 1)), rel=1e-4)


def test_a_greedy_text_has_rank_1_throughout(model: LoadedModel) -> None:
    """What the most probable tokens wrote scores rank 1 at each of them."""
    ids = list(model.encode(SECOND, special=True))
    sequence, row = model.prefill(ids)
    start = len(ids)
    for _ in range(10):
        ids.append(int(row.argmax()))
        [row] = model.decode([sequence], ids[-1:])
    model.drop(sequence)
    assert finished(model.score(ids)).rank[start - 1 :].tolist() == [1] * 10


def test_scoring_leaves_nothing_behind(model: LoadedModel) -> None:
    """After more scores and stopped scores than there are slots, each slot takes a text, with the same answers."""
    ids = model.encode(LONG, special=True)[: model.chunk_tokens + 5]
    expected, row = finished(model.score(ids)), after(model, ids)[0]
    for _ in range(model.slots + 1):
        with pytest.raises(PrefillStopped):
            finished(model.score(ids, keep_going=Patience(1)))
        left = model.score([*ids, *ids])  # of which a chunk is read, and then nobody asks any more
        next(left)
        left.close()
        assert np.array_equal(finished(model.score(ids)).logprob, expected.logprob)
    held = [model.prefill(ids) for _ in range(model.slots)]
    for sequence, again in held:
        model.drop(sequence)
        assert np.array_equal(again, row)


def test_a_score_reads_to_the_last_token_of_the_context(model: LoadedModel) -> None:
    """A text as long as the context is scored; one of another length than 2 to that is refused with the numbers."""
    ids = model.encode(LONG * 20, special=True)
    full = model.context_tokens
    assert finished(model.score(ids[:full])).logprob.size == full - 1
    assert finished(model.score(ids[:2])).logprob.size == 1
    for size in (0, 1, full + 1):
        with pytest.raises(PromptError, match=f"The text is {size} tokens; this model scores 2 to {full}"):
            finished(model.score(ids[:size]))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_score_refuses_what_is_no_token(model: LoadedModel, place: int) -> None:
    """An id beyond the vocabulary or below 0 is refused with the range, the last one of a text too."""
    ids = list(model.encode(SECOND, special=True)[:3])
    for wrong in (-1, model.vocab_size):
        ids[place] = wrong
        with pytest.raises(PromptError, match=f"Token id {wrong} is not in the vocabulary"):
            finished(model.score(ids))


def test_a_toy_scores_what_its_table_says() -> None:
    """“ the cat sat” has ln(0.99 × 0.5 + 0.01 / 14) + ln(0.99 × 0.45 + 0.01 / 14), both the best there are."""
    toy = backends.load(CATALOG.get("toy"))
    found = finished(toy.score(toy.encode(" the cat sat", special=False)))
    chances = [0.99 * 0.5 + 0.01 / 14, 0.99 * 0.45 + 0.01 / 14]
    assert found.logprob == pytest.approx(np.log(chances), rel=1e-6)
    assert found.rank.tolist() == [1, 1]
    assert found.perplexity == pytest.approx((chances[0] * chances[1]) ** -0.5, rel=1e-6)


def test_a_token_that_cannot_be_is_scored_too() -> None:
    """A byte has probability 0 in the toy: its logprob is −inf, it ranks behind all words, the perplexity is inf."""
    toy = backends.load(CATALOG.get("toy"))
    words = toy.vocab_size - 256
    found = finished(toy.score([*toy.encode(" the", special=False), words + 2]))
    assert (found.logprob.tolist(), found.rank.tolist(), found.perplexity) == ([-np.inf], [words + 3], np.inf)


def test_a_library_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing, and what to do; the other backends work."""
    monkeypatch.setitem(sys.modules, "llama_cpp", None)  # as Python marks what cannot be imported
    for name in [name for name in sys.modules if name.startswith("playground.backends.llamacpp")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ModelError, match=r"llamacpp cannot be imported here: import of llama_cpp halted; .* requirem"):
        backends.load(CATALOG.get(SMOLLM))
    assert backends.load(CATALOG.get("toy")).vocab_size > 0


GOOD_THEN_BAD = """
import contextlib, gc, sys
from dataclasses import replace
from pathlib import Path
from playground import backends, catalog, errors

spec = replace(catalog.read_catalog(Path("models.yaml")).get(sys.argv[1]), context_tokens=256)
model = backends.load(spec)
with contextlib.suppress(errors.ModelError):
    backends.load(replace(spec, file=Path("models.yaml")))
gc.collect()
sequence, _ = model.prefill([1])
sequence.length += 1  # a gap, of which llama.cpp writes to its log
for _ in range(20):
    with contextlib.suppress(errors.ModelError):
        model.decode([sequence], [1])
model.drop(sequence)
print(model.prefill([1])[1].shape == (model.vocab_size,))
"""


def test_a_model_outlives_the_failed_load_of_another() -> None:
    """In one process, a GGUF that cannot be loaded and what llama.cpp logs later do not end a model that is up."""
    command = [sys.executable, "-c", GOOD_THEN_BAD, SMOLLM]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.splitlines()) == (0, ["True"]), done.stderr


def test_without_flash_attention_a_model_answers_much_the_same() -> None:
    """The same best token, logits that differ in what is rounded, and a build that says so."""
    spec = replace(CATALOG.get(SMOLLM), context_tokens=256)
    usual, plain = backends.load(spec), backends.load(replace(spec, flash_attention=False))
    ids = plain.encode(LONG, special=True)[:100]
    [ours], [theirs] = after(usual, ids), after(plain, ids)
    assert plain.build == f"{usual.build}, without flash attention"
    assert (int(ours.argmax()), bool((ours != theirs).any())) == (int(theirs.argmax()), True)
    assert ours == pytest.approx(theirs, abs=ROUNDING[SMOLLM][1])


def test_layers_for_a_gpu_that_is_not_there_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """llama.cpp would ignore them in silence; where there is a GPU nothing is said."""
    spec = replace(CATALOG.get(SMOLLM), context_tokens=256, gpu_layers=3)
    for there, said in ((False, ", without a GPU, so that gpu_layers does nothing"), (True, "")):
        monkeypatch.setattr("llama_cpp.llama_supports_gpu_offload", lambda there=there: there)
        model = backends.load(spec)
        assert model.build == f"llama-cpp-python {version('llama-cpp-python')}{said}"
        model.close()


def test_a_toy_reads_the_table_of_its_file(tmp_path: Path) -> None:
    """A table of two words gives their probabilities, 1 % of them spread evenly over the three words."""
    table = tmp_path / "table.json"
    table.write_text('{"": {" yes": 0.75, " no": 0.25}}', encoding="utf-8")
    toy = backends.load(replace(CATALOG.get("toy"), file=table))
    row = np.exp(toy.prefill(toy.encode("?", special=True))[1].astype(np.float64))
    shares = dict(zip((b"<|end|>", b" yes", b" no"), row[:3], strict=True))
    assert shares == pytest.approx({b"<|end|>": 0.01 / 3, b" yes": 0.7425 + 0.01 / 3, b" no": 0.2475 + 0.01 / 3})
    assert [toy.piece(token) for token in range(3)] == list(shares)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{" a": {" a": 1.0}}', "no row “”"),
        ('{"": {" a": 0.5}}', "row “” of the table does not add up to 1"),
        ('{"": {" a": "much"}}', "row “”"),
        ('{"": {" a": -1, " b": 2}}', "row “”"),
        ("{", "table.json"),
        ("", "table.json"),
    ],
)
def test_a_toy_refuses_a_table_that_makes_no_sense(tmp_path: Path, text: str, named: str) -> None:
    """The failure is a sentence about the table."""
    table = tmp_path / "table.json"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=named):
        backends.load(replace(CATALOG.get("toy"), file=table))


def test_a_file_must_be_the_one_that_models_yaml_names(tmp_path: Path) -> None:
    """With a sha256 the file is read and compared; another file is refused with its own."""
    table = tmp_path / "table.json"
    table.write_text('{"": {" la": 1.0}}', encoding="utf-8")
    right = hashlib.sha256(table.read_bytes()).hexdigest()
    spec = replace(CATALOG.get("toy"), file=table)
    assert backends.load(replace(spec, sha256=right)).vocab_size == 2 + 256
    with pytest.raises(ModelError, match=f"is another file than models.yaml says: its sha256 is {right}"):
        backends.load(replace(spec, sha256="0" * 64))


@pytest.mark.parametrize(
    "option", [{"adapter": "path:x"}, {"dtype": "float32"}, {"threads": 2}, {"flash_attention": False}]
)
def test_what_a_backend_does_not_have_is_refused(option: dict[str, Any]) -> None:
    """A key of models.yaml that only another backend reads is not ignored."""
    with pytest.raises(ModelError, match=f"toy sets {next(iter(option))}, which the backend toy does not have"):
        backends.load(replace(CATALOG.get("toy"), **option))
    with pytest.raises(ModelError, match="sets gpu_layers, which the backend hf does not have"):
        backends.load(replace(tiny("llama"), gpu_layers=3))


def test_llamacpp_decodes_in_one_batch_whatever_was_dropped_before() -> None:
    """The lowest free slots come first, and rows in their order: llama.cpp splits what does not follow one another."""
    model = backends.load(replace(CATALOG.get(SMOLLM), context_tokens=256))
    ids = model.encode("One two three four five", special=True)
    held = [model.prefill(ids[:1])[0] for _ in range(4)]
    for place in (2, 0, 3, 1):
        model.drop(held[place])
    first, _ = model.prefill(ids)
    sequences = [first, *(model.fork(first) for _ in range(3))]
    slots = [own(sequence, LlamaSequence).slot for sequence in sequences]
    assert slots == sorted(slots)
    assert slots[-1] - slots[0] == 3
    forward = model.decode(sequences, ids[:4])
    for sequence in sequences:
        model.drop(sequence)
    first, _ = model.prefill(ids)
    sequences = [first, *(model.fork(first) for _ in range(3))]
    backward = model.decode(sequences[::-1], ids[:4][::-1])
    assert forward.tobytes() == backward[::-1].tobytes()
    model.close()
