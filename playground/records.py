"""Frozen values that everything shown is computed from.

- ``SamplingParams``, the settings, has a file of its own, ``settings.py``, and is known from here.
- ``Snapshot`` is one next-token distribution, before and after, cut to a shortlist for display and nothing else.
- ``TokenStep`` is a snapshot with the token that was drawn; ``Run`` is a prompt and its steps.

Settings and snapshots turn into plain values and back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

import msgpack

from playground.settings import SamplingParams
from playground.tokens import TextStream, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Candidate",
    "Extras",
    "LinkNote",
    "Prompt",
    "Run",
    "SamplingParams",
    "Snapshot",
    "StopReason",
    "Timing",
    "TokenStep",
]


TAIL_TOKENS = 24  # pieces before a place that go into its title


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model reads: a text, or the turns of a chat, or token ids.

    Attributes:
        messages: pairs of role and content; a chat where there are any.
        ids: exact token ids; they win over text and messages.
        written: how many of the ids, at the end, were written by the model.
        final_probs: the probability with which each of those was drawn, as far as it is known.
        chosen: ids that somebody chose to be written next, whatever luck would draw.
    """

    text: str = ""
    messages: tuple[tuple[str, str], ...] = ()
    ids: tuple[int, ...] = ()
    written: int = 0
    final_probs: tuple[float, ...] = ()
    chosen: tuple[int, ...] = ()

    @property
    def chat(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The system prompt of a chat, "" where it has none, and its other messages."""
        if self.messages and self.messages[0][0] == "system":
            return self.messages[0][1], self.messages[1:]
        return "", self.messages


@dataclass(frozen=True, slots=True)
class Extras:
    """What is asked for beside a distribution.

    Attributes:
        draws: a number of draws to count.
        stages: the stages of the chain.
        formula: the way of the tokens that are shown through it, in numbers.
        also: one more token for that.
        given: the token that stands there anyway, instead of one that luck draws.
        chains: settings in the flat form, along a text.
    """

    draws: int = 0
    stages: bool = False
    formula: bool = False
    also: int | None = None
    given: int | None = None
    chains: tuple[dict[str, Any], ...] = ()


class Candidate(NamedTuple):
    """One token of a shortlist; a tuple, as each step makes more than sixty.

    Attributes:
        piece: the token's bytes.
        model_prob: under the raw model.
        final_prob: under the distribution drawn from; 0 where removed.
        rank: place in the model's own order, 1 the best.
        removed_by: key of the sampler that removed it, or None.
    """

    token_id: int
    piece: bytes
    model_prob: float
    final_prob: float
    rank: int
    removed_by: str | None

    @property
    def text(self) -> str:
        """The piece as a label shows it."""
        return visible(self.piece)

    @property
    def in_play(self) -> bool:
        """Whether it can be drawn: nothing removed it, nor did the model exclude it, as it may a given token."""
        return self.removed_by is None and (self.model_prob > 0 or self.final_prob > 0)


@dataclass(frozen=True, slots=True)
class LinkNote:
    """What one sampler did: tokens removed, and with details the share of mass it removed and the entropy (bits)."""

    key: str
    removed: int
    removed_mass: float | None = None
    entropy_before_bits: float | None = None
    entropy_after_bits: float | None = None


@dataclass(frozen=True)
class Snapshot:
    """One next-token distribution, before and after the chain.

    Attributes:
        candidates: the best before and the best after, in the model's rank order.
        links: one note per sampler that acts, in chain order.
        vocab_size, support: tokens before and tokens that can still be drawn.
        removed_mass: share of the model's probability that lay on removed tokens.
        model_entropy_bits, final_entropy_bits: Shannon entropy before and after.
        tail_count, tail_model_mass, tail_final_mass: everything that ``candidates`` leaves out.
    """

    candidates: tuple[Candidate, ...]
    links: tuple[LinkNote, ...]
    vocab_size: int
    support: int
    removed_mass: float
    model_entropy_bits: float
    final_entropy_bits: float
    tail_count: int
    tail_model_mass: float
    tail_final_mass: float

    def pack(self) -> bytes:
        """Return the record as msgpack: rows of plain values in the order of the fields."""
        links = [[getattr(link, name) for name in LinkNote.__slots__] for link in self.links]
        numbers = [getattr(self, item.name) for item in fields(self)[2:]]
        return cast("bytes", msgpack.packb([self.candidates, links, *numbers]))

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Read what ``pack`` wrote."""
        rows, links, *numbers = msgpack.unpackb(packed)
        return cls(tuple(Candidate(*row) for row in rows), tuple(LinkNote(*link) for link in links), *numbers)


def shallow(record: Any) -> dict[str, Any]:  # noqa: ANN401 (any dataclass instance)
    """Return a dataclass's fields by name without copying what they hold."""
    return {item.name: getattr(record, item.name) for item in fields(record)}


@dataclass(frozen=True, slots=True)
class Orders:
    """What the same settings keep in each named order.

    Attributes:
        supports: pairs of an order's name and the number of tokens that it leaves.
        differ_count: tokens that one order keeps and another does not.
        differ: the pieces of the best few of them.
    """

    supports: tuple[tuple[str, int], ...]
    differ_count: int
    differ: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class TokenStep:
    """One token and the distribution that it was drawn from.

    Attributes:
        position: 0 for the first token written.
        luck: the number in [0, 1) that chose it, unless somebody did.
        model_prob, final_prob, rank: of the drawn token.
        packed: the snapshot as msgpack, 2 kB where its objects take 16.
        chosen: somebody chose it; its ``final_prob`` may be 0.
    """

    position: int
    token_id: int
    piece: bytes
    luck: float
    model_prob: float
    final_prob: float
    rank: int
    packed: bytes
    chosen: bool = False

    @property
    def surprisal_bits(self) -> float:
        """How unexpected the token was to the model: −log2 of its probability."""
        return -math.log2(self.model_prob) if self.model_prob > 0 else math.inf

    @property
    def snapshot(self) -> Snapshot:
        """The distribution, unpacked anew at each call."""
        return Snapshot.unpack(self.packed)


class StopReason(StrEnum):
    """Why a run ended."""

    EOS = "eos"
    LENGTH = "length"
    CONTEXT = "context"
    STOP_TEXT = "stop_text"
    STOPPED = "stopped"
    CRASHED = "crashed"
    FAILED = "failed"


def without_end(steps: Sequence[TokenStep], reason: StopReason | None) -> Sequence[TokenStep]:
    """Return the steps that are the text: a token that ended it is none of them."""
    return steps[:-1] if reason is StopReason.EOS else steps


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one run, measured in the model's process from taking up the request."""

    prefill_s: float
    time_to_first_token_s: float
    total_s: float
    tokens_per_s: float


@dataclass(frozen=True)
class Run:
    """A prompt and what was written after it.

    Attributes:
        run_id: unguessable; whoever knows it may read the run.
        prompt_ids, prompt_pieces: the prompt as the model read it, chat template and special tokens included.
        params: the settings as they acted, seed included.
        notes: sentences about what was adapted ("cut to 1,900 tokens").
        build: names and versions of what computed the logits; "" where the run never began.
        exact_batch: so many sequences decoded together get the bits that each gets alone, by the probe at load.
        stop_reason, timing, error: None, None and "" while it runs.
        kept_params: of the first tokens, where they are kept of another run: the settings under which each was drawn.
    """

    run_id: str
    model: str
    params: SamplingParams
    prompt_ids: tuple[int, ...] = ()
    prompt_pieces: tuple[bytes, ...] = ()
    steps: tuple[TokenStep, ...] = ()
    notes: tuple[str, ...] = ()
    build: str = ""
    exact_batch: int = 1
    stop_reason: StopReason | None = None
    timing: Timing | None = None
    error: str = field(default="", compare=False)
    kept_params: tuple[SamplingParams, ...] = ()

    @property
    def text(self) -> str:
        """The written text; the token that ended it is not part of it."""
        stream = TextStream()
        return "".join(stream.feed(step.piece) for step in self.text_steps) + stream.finish()

    @property
    def text_steps(self) -> Sequence[TokenStep]:
        """The steps that are the text."""
        return without_end(self.steps, self.stop_reason)

    def ids_before(self, position: int) -> tuple[int, ...]:
        """Token ids that the step at ``position`` saw: the prompt and what was written before it."""
        return self.prompt_ids + tuple(step.token_id for step in self.steps[:position])
