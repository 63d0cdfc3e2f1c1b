"""What a beam search says: each continuation that it considered, what became of it, and the texts that it ends with.

All are plain values, and the tree can be followed in them alone: a continuation names its parent among the beams before
it, and its own place among the beams after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from playground.tokens import TextStream

if TYPE_CHECKING:
    from collections.abc import Sequence


class Fate(StrEnum):
    """What becomes of a continuation at the step that considers it."""

    KEPT = "kept"
    PRUNED = "pruned"
    FINISHED = "finished"


class Ending(StrEnum):
    """How a text ended: with an end token, at ``max_new_tokens``, or because somebody pressed Stop."""

    EOS = "eos"
    LENGTH = "length"
    STOPPED = "stopped"


class SearchEnd(StrEnum):
    """Why a search ended.

    FULL: ``early_stopping`` is true, and as many texts are finished as there are beams.
    NO_BETTER: the best running text is no better than the worst finished one, as ``early_stopping`` compares them.
    LENGTH: ``max_new_tokens`` are written.
    NO_BEAM: nothing is left to go on with: each continuation has ended, or the model rules all of them out.
    STOPPED: somebody pressed Stop.
    """

    FULL = "full"
    NO_BETTER = "no_better"
    LENGTH = "length"
    NO_BEAM = "no_beam"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Continuation:
    """One token after one beam.

    Attributes:
        parent: place of the beam among those before this step, over all groups; 0 at the first, which is the prompt.
        group: the group of beams that considers it.
        piece: the token's bytes.
        logprob: the model's own, in nats.
        step: what is added to the parent's sum: the logprob as penalties and samplers leave it.
        total: the sum with it.
        score: ``total`` ÷ number of tokens ** length_penalty.
        ending: EOS where it is an end token, LENGTH where it is the last of ``max_new_tokens``, None otherwise.
        fate: FINISHED where it ends and joins the best finished texts of its group; PRUNED also where it ends and is
            too bad for that.
        beam: its place among the beams after this step, over all groups, where it is kept and its group has not ended.
    """

    parent: int
    group: int
    token_id: int
    piece: bytes
    logprob: float
    step: float
    total: float
    score: float
    ending: Ending | None
    fate: Fate
    beam: int | None = None


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One text as far as it was written.

    Attributes:
        token_ids: the written tokens, an end token included.
        pieces: their bytes.
        logprob: sum of the model's own logprobs, in nats.
        total: sum of the logprobs as penalties and samplers leave them.
        score: ``total`` ÷ number of tokens ** length_penalty.
        ending: why it goes no further.
        group: the group of beams that wrote it.
    """

    token_ids: tuple[int, ...]
    pieces: tuple[bytes, ...]
    logprob: float
    total: float
    score: float
    ending: Ending
    group: int = 0

    @property
    def text(self) -> str:
        """The written text, without the token that ended it."""
        stream = TextStream()
        pieces = self.pieces[:-1] if self.ending is Ending.EOS else self.pieces
        return "".join(map(stream.feed, pieces)) + stream.finish()


@dataclass(frozen=True, slots=True)
class BeamStep:
    """One step of all groups.

    Attributes:
        position: 0 for the first token written.
        continuations: group by group in the order in which each considered them: the best first, or as they were drawn.
            There are none in a last step that only says that somebody pressed Stop.
        end: None until the last step.
        hypotheses: the best first, in the last step; fewer than asked for where no more could be written.
    """

    position: int
    continuations: tuple[Continuation, ...] = ()
    end: SearchEnd | None = None
    hypotheses: tuple[Hypothesis, ...] = ()


def rows(texts: Sequence[Hypothesis]) -> list[dict[str, Any]]:
    """Return one row per text as plain values, in the order given; logprobs in nats, ``mean`` is that of the score."""
    return [
        {
            "rank": rank,
            "score": text.score,
            "total": text.total,
            "mean": text.total / len(text.token_ids),
            "logprob": text.logprob,
            "tokens": len(text.token_ids),
            "ending": text.ending.value,
            "group": text.group,
            "text": text.text,
            "token_ids": list(text.token_ids),
        }
        for rank, text in enumerate(texts, start=1)
    ]
