"""The text of each run under the model of each other one, after that one's own prompt.

- Raw logits count, before any sampler. An end token is not part of the text and not counted.
- A text goes over as token ids where the vocabularies are one and have each, else it is encoded anew, which its cell
  says: then the perplexities of two tokenizers are not comparable, bits a character are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playground.errors import PlaygroundError
from playground.measures import perplexity
from playground.numerics import BITS_PER_NAT
from playground.records import Prompt, SamplingParams
from playground.sentences import Sentence, as_one
from playground.vocabularies import agreement, pieces_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playground.asker import Models
    from playground.records import Run

UNKNOWN = Sentence("Encoded anew: the model that wrote it cannot be asked whether its tokenizer is the same one.")
BITS = Sentence("Compare bits per character, not perplexities.")
ENCODED = as_one(Sentence("Encoded anew: this model's tokenizer is another one."), BITS)


@dataclass(frozen=True, slots=True)
class Cell:
    """One text under one model.

    Attributes:
        tokens: how many the text is for this model.
        logprob: of the whole text, in nats; −inf where the model excludes a token; None where there is a ``problem``.
        perplexity: the exponential of −logprob ÷ tokens.
        bits_per_character: None for a text without a character.
        note: a sentence on how it was computed, often "".
        problem: why there is no number, "" where there is.
    """

    tokens: int = 0
    logprob: float | None = None
    perplexity: float | None = None
    bits_per_character: float | None = None
    note: str = ""
    problem: str = ""


def cross_score(pool: Models, runs: Sequence[Run]) -> tuple[tuple[Cell, ...], ...]:
    """Return a row for each run's text and in it a cell for each run's model, the runs' own on the diagonal."""
    pieces = {run.model: _pieces(pool, run.model) for run in runs}
    return tuple(_row(pool, text, runs, pieces) for text in runs)


def _row(pool: Models, text: Run, runs: Sequence[Run], pieces: Mapping[str, list[bytes]]) -> tuple[Cell, ...]:
    """Return the cells of a text; panes of one model and prompt share theirs."""
    readers = {(run.model, run.prompt_ids): run for run in runs}
    cells = {key: _cell(pool, text, run, pieces) for key, run in readers.items()}
    return tuple(cells[run.model, run.prompt_ids] for run in runs)


def _pieces(pool: Models, model: str) -> list[bytes]:
    """Return the pieces of a model, none where it cannot be asked: its cells will say why."""
    try:
        return pieces_of(pool, model)
    except PlaygroundError:
        return []


def _cell(pool: Models, text: Run, reader: Run, pieces: Mapping[str, list[bytes]]) -> Cell:
    try:
        ids, note = _ids(pool, text, reader, pieces)
        if not ids:
            return Cell(problem=Sentence("Nothing was written."))
        if not reader.prompt_ids:
            return Cell(problem=Sentence("This pane has no prompt that its model has read."))
        answer = pool.ask("score", reader.model, Prompt(ids=reader.prompt_ids + ids), SamplingParams())
    except PlaygroundError as error:
        return Cell(problem=error.said)
    logprobs = answer["logprobs"][-len(ids) :]
    total = math.fsum(logprobs) if min(logprobs) > -math.inf else -math.inf
    bits = -total * BITS_PER_NAT / len(text.text) if text.text else None
    return Cell(len(ids), total, perplexity(total / len(ids)), bits, note)


def _ids(pool: Models, text: Run, reader: Run, pieces: Mapping[str, list[bytes]]) -> tuple[tuple[int, ...], str]:
    """Return what a text is for a model, and a note where that is not what was written."""
    ids = tuple(step.token_id for step in text.text_steps)
    if text.model == reader.model:
        return ids, ""
    found = agreement(pieces[text.model], pieces[reader.model])
    strange = found.stranger(ids)
    if strange is None:
        return ids, found.note
    answer = pool.ask("encode", reader.model, Prompt(text=text.text), SamplingParams())
    if not found.width:
        return tuple(answer["ids"]), ENCODED if pieces[text.model] else UNKNOWN
    lacks = Sentence("Encoded anew: this model has no token {token:,}, which the text has.", token=strange)
    calls = Sentence(
        "Encoded anew: this model calls token {token:,}, which the text has, something else.", token=strange
    )
    return tuple(answer["ids"]), as_one(lacks if strange >= found.width else calls, BITS)
