r"""A bigram model with known probabilities, for lessons and for tests.

- The next token depends on the last one alone; the table below says how.
- Tokens are whole words, plus one token per byte, so that every prompt can be read.
- ``source: path:table.json`` reads another table: ``{"last piece": {"next piece": probability}}``. A lone byte is
  written as JSON's ``\udcXX``.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from playground.backends.base import (
    KeepGoing,
    LoadedModel,
    Logits,
    Message,
    ModelSequence,
    PrefillStopped,
    Report,
    own,
    silent,
)
from playground.errors import ModelError, shown
from playground.scores import score_text
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playground.backends.base import Turns
    from playground.catalog import ModelSpec
    from playground.scores import Scores

Table = dict[str, dict[str, float]]

EOS_PIECE = "<|end|>"
ANYTHING = ""  # row for a last token that has no row of its own
LEAK = 0.01  # share of probability spread evenly over all words, so that every word can follow
TABLE: Table = {
    ANYTHING: {" the": 0.4, " a": 0.3, " and": 0.2, ".": 0.1},
    " the": {" cat": 0.5, " dog": 0.25, " bird": 0.15, " moon": 0.1},
    " a": {" dog": 0.4, " cat": 0.3, " bird": 0.2, " song": 0.1},
    " cat": {" sat": 0.45, " saw": 0.35, " and": 0.15, ".": 0.05},
    " dog": {" saw": 0.5, " sat": 0.2, " and": 0.2, ".": 0.1},
    " bird": {" sang": 0.6, " saw": 0.2, " and": 0.1, ".": 0.1},
    " moon": {" rose": 0.7, " and": 0.2, ".": 0.1},
    " song": {" and": 0.5, ".": 0.5},
    " sat": {".": 0.6, " and": 0.4},
    " saw": {" the": 0.6, " a": 0.4},
    " sang": {" a": 0.5, ".": 0.3, " and": 0.2},
    " rose": {".": 0.6, " and": 0.4},
    " and": {" the": 0.55, " a": 0.35, " sang": 0.1},
    ".": {EOS_PIECE: 0.5, " the": 0.3, " a": 0.2},
}


@dataclass
class ToySequence:
    """A prefix: its last token and its length."""

    last: int
    length: int


class ToyModel:
    """The table as a LoadedModel."""

    slots = 16
    chunk_tokens = 16
    chat_problem = ""
    build = "toy 1"
    bos_ids: tuple[int, ...] = ()

    def __init__(self, table: Table, context_tokens: int) -> None:
        """Give the words numbers in order of appearance behind the end token, then the 256 bytes."""
        words = [EOS_PIECE, *(word for last, row in table.items() for word in (last, *row) if word)]
        self._pieces = [word.encode("utf-8", "surrogateescape") for word in dict.fromkeys(words)]
        self._words = len(self._pieces)
        self._pieces += [bytes([byte]) for byte in range(256)]
        self._ids = {piece: token for token, piece in reversed(list(enumerate(self._pieces)))}
        self.vocab_size = len(self._pieces)
        self.own_settings: dict[str, Any] = {}
        self.context_tokens = context_tokens
        self.eos_ids = frozenset({0})
        self._rows = {self._row_key(last): self._row(row) for last, row in table.items()}

    def _row_key(self, last: str) -> int:
        return self._ids[last.encode("utf-8", "surrogateescape")] if last else -1

    def _row(self, row: Mapping[str, float]) -> Logits:
        probs = np.zeros(self.vocab_size)
        probs[: self._words] = LEAK / self._words
        for word, prob in row.items():
            probs[self._ids[word.encode("utf-8", "surrogateescape")]] += (1 - LEAK) * prob
        with np.errstate(divide="ignore"):
            return np.log(probs).astype(np.float32)  # (vocab,), −inf for the bytes

    def encode(self, text: str, *, special: bool) -> tuple[int, ...]:
        """Take the longest word at each place, a byte where none fits."""
        raw, ids = text.encode(), []
        longest = max(map(len, self._pieces))
        while raw:
            fits = (raw[:size] for size in range(min(longest, len(raw)), 0, -1))
            piece = next(part for part in fits if part in self._ids and (special or part != EOS_PIECE.encode()))
            ids.append(self._ids[piece])
            raw = raw[len(piece) :]
        return tuple(ids)

    def piece(self, token_id: int) -> bytes:
        """Return the word or byte."""
        return self._pieces[token_id]

    def render_chat(self, messages: Sequence[Message]) -> str:
        """Put one turn on a line: ``role: content``."""
        return "".join(f"{item.role}: {item.content}\n" for item in messages) + "assistant:"

    def _logits(self, last: int) -> Logits:
        return self._rows.get(last, self._rows[-1]).copy()

    def prefill(
        self, ids: Sequence[int], *, onto: ModelSequence | None = None, keep_going: KeepGoing = lambda: True
    ) -> tuple[ToySequence, Logits]:
        """Look at the last token."""
        if not keep_going():
            raise PrefillStopped
        before = onto.length if onto else 0
        return ToySequence(ids[-1], before + len(ids)), self._logits(ids[-1])

    def score(self, ids: Sequence[int], *, keep_going: KeepGoing = lambda: True) -> Turns[Scores]:
        """Look at each token."""

        def read(chunk: Sequence[int]) -> Logits:
            if not keep_going():
                raise PrefillStopped
            return np.stack([self._logits(token) for token in chunk])  # (m, vocab)

        return (
            yield from score_text(ids, read, vocab=self.vocab_size, context=self.context_tokens, rows=self.chunk_tokens)
        )

    def fork(self, sequence: ModelSequence) -> ToySequence:
        """Copy two numbers."""
        return ToySequence(own(sequence, ToySequence).last, sequence.length)

    def decode(self, sequences: Sequence[ModelSequence], ids: Sequence[int]) -> Logits:
        """Move each sequence on by one token."""
        for sequence, token in zip(sequences, ids, strict=True):
            own(sequence, ToySequence).last = token
            sequence.length += 1
        return np.stack([self._logits(token) for token in ids])  # (n, vocab)

    def drop(self, sequence: ModelSequence) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Nothing is held."""


def load(spec: ModelSpec, report: Report = silent) -> LoadedModel:  # noqa: ARG001 (there is nothing to wait for)
    """Build the shipped table, or the one in the model's file."""
    return ToyModel(TABLE if spec.file is None else _read(spec), spec.context_tokens)


def _read(spec: ModelSpec) -> Table:
    """Read a table from the model's file.

    Raises:
        ModelError: it is no JSON, lacks the row for other tokens, or holds a row that is no distribution.
    """
    try:
        table = json.loads(spec.file.read_bytes()) if spec.file else TABLE
    except ValueError as error:
        raise ModelError(
            Sentence(
                "{key}: {name} is not JSON: {reason}.",
                key=spec.key,
                name=spec.file.name if spec.file else "",
                reason=error,
            )
        ) from error
    if not isinstance(table, dict) or ANYTHING not in table:
        raise ModelError(
            Sentence("{key}: the table has no row “” for tokens without a row.", key=spec.key), hint="Add one."
        )
    for last, row in table.items():
        shares = list(row.values()) if isinstance(row, dict) else [row]
        if not _sound(shares):
            raise ModelError(
                Sentence(
                    "{key}: the row “{words}” of the table does not add up to 1.", key=spec.key, words=shown(last)
                ),
                hint="It must hold probabilities from 0 to 1.",
            )
    return table


def _sound(shares: list[object]) -> bool:
    """Tell whether these are probabilities that add up to 1."""
    numbers = [share for share in shares if isinstance(share, int | float) and share >= 0]
    return len(numbers) == len(shares) and math.isclose(sum(numbers), 1, abs_tol=1e-6)
