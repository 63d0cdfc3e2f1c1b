"""Frozen values that everything shown is computed from.

- ``SamplingParams`` is the settings: a chain of samplers, an order, a seed, a length; ``from_dict`` is the one gate.
- ``Snapshot`` is one next-token distribution, before and after, cut to a shortlist for display and nothing else.
- ``TokenStep`` is a snapshot with the token that was drawn; ``Run`` is a prompt and its steps.

All turn into plain dicts of numbers, strings and bytes and back.
"""

from __future__ import annotations

import difflib
import secrets
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Self, cast

import msgpack

from playground.errors import SettingError, shown
from playground.samplers import ORDERS, all_samplers, in_order
from playground.samplers.base import Sampler
from playground.tokens import TextStream, visible

MAX_SEED = 2**32 - 1
MAX_NEW_TOKENS = 1_000_000
MAX_STOPS, MAX_STOP_CHARS = 16, 200
FLAT_KEYS = ("order", "seed", "max_new_tokens", "stop")


@dataclass(frozen=True)
class SamplingParams:
    """The settings of one run.

    Attributes:
        samplers: one of each kind at most.
        order: name of an order, or the keys in the order wanted.
        seed: 0 … 2³²−1, or None: the app picks one and shows it.
        max_new_tokens: tokens to write at most; cut to the context with a note.
        stop: texts that end the run.
    """

    samplers: tuple[Sampler, ...] = ()
    order: str | tuple[str, ...] = "transformers"
    seed: int | None = None
    max_new_tokens: int = 256
    stop: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, flat: object) -> Self:
        """Read the flat form; nothing is ignored and nothing is clamped.

        Raises:
            SettingError: an unknown key (with the nearest), a wrong type, or a value outside its range.
        """
        if not isinstance(flat, dict):
            raise SettingError(f"Settings are {shown(flat)}; they must be an object such as {{“temperature”: 0.7}}.")
        known = all_samplers()
        for key in flat:
            if key not in known and key not in FLAT_KEYS:
                raise _unknown_key(str(key), (*known, *FLAT_KEYS))
        samplers = tuple(known[key].from_value(value) for key, value in flat.items() if key in known)
        return cls(
            samplers=samplers,
            order=_order(flat.get("order", cls.order), tuple(item.key for item in samplers)),
            seed=_seed(flat.get("seed")),
            max_new_tokens=_whole("max_new_tokens", flat.get("max_new_tokens", cls.max_new_tokens), 1, MAX_NEW_TOKENS),
            stop=_stops(flat.get("stop", ())),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the flat form that ``from_dict`` reads back to an equal value."""
        flat: dict[str, Any] = {item.key: item.to_value() for item in self.samplers}
        order = self.order if isinstance(self.order, str) else list(self.order)
        return flat | {"order": order, "seed": self.seed, "max_new_tokens": self.max_new_tokens, "stop": list(self.stop)}

    @cached_property
    def chain(self) -> tuple[Sampler, ...]:
        """The samplers in the order in which they act."""
        order = ORDERS[self.order] if isinstance(self.order, str) else self.order
        by_key = {item.key: item for item in self.samplers}
        return tuple(by_key[key] for key in in_order(tuple(by_key), order))

    def with_some_seed(self) -> Self:
        """Return settings that have a seed: the same ones, or with a seed picked at random."""
        return self if self.seed is not None else replace(self, seed=secrets.randbelow(MAX_SEED + 1))


def _unknown_key(key: str, known: tuple[str, ...]) -> SettingError:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"The nearest is {near[0]}." if near else f"Known: {', '.join(known)}."
    return SettingError(f"There is no setting “{shown(key)}”.", hint=hint, field=key)


def _order(value: object, keys: tuple[str, ...]) -> str | tuple[str, ...]:
    if isinstance(value, str) and value in ORDERS:
        return value
    if not isinstance(value, list | tuple) or not all(isinstance(key, str) for key in value):
        names = ", ".join(ORDERS)
        raise SettingError(f"Order is {shown(value)}; it must be one of {names}, or a list of keys.", field="order")
    for key in value:
        if key not in all_samplers():
            raise _unknown_key(key, tuple(all_samplers()))
    if len(set(value)) < len(value) or not set(keys) <= set(value):
        raise SettingError(
            f"Order {shown(list(value))} must name each sampler that is set exactly once.",
            hint=f"Set here: {', '.join(keys)}.",
            field="order",
        )
    return tuple(value)


def _seed(value: object) -> int | None:
    if value is None or value in ("", -1):
        return None
    return _whole("seed", value, 0, MAX_SEED, hint="Leave it empty and the app picks one and shows it.")


def _whole(name: str, value: object, low: int, high: int, *, hint: str = "") -> int:
    label = name.replace("_", " ").capitalize()
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    if not whole or not low <= value <= high:  # type: ignore[operator]
        raise SettingError(f"{label} is {shown(value)}; it must be a whole number in [{low:,}, {high:,}].", hint=hint, field=name)
    return int(value)  # type: ignore[call-overload,no-any-return]


def _stops(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise SettingError(f"Stop is {shown(value)}; it must be a list of texts.", field="stop")
    if len(value) > MAX_STOPS or any(not 0 < len(item) <= MAX_STOP_CHARS for item in value):
        raise SettingError(
            f"Stop holds {len(value)} texts; at most {MAX_STOPS} of 1 to {MAX_STOP_CHARS} characters are allowed.",
            field="stop",
        )
    return tuple(value)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model reads: a text, or the turns of a chat, or token ids.

    Attributes:
        messages: pairs of role and content; a chat where there are any.
        ids: exact token ids; they win over text and messages.
        written: how many of the ids, at the end, were written by the model.
    """

    text: str = ""
    messages: tuple[tuple[str, str], ...] = ()
    ids: tuple[int, ...] = ()
    written: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """One token of a shortlist.

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
        rows = [[getattr(item, name) for name in Candidate.__slots__] for item in self.candidates]
        links = [[getattr(link, name) for name in LinkNote.__slots__] for link in self.links]
        numbers = [getattr(self, item.name) for item in fields(self)[2:]]
        return cast("bytes", msgpack.packb([rows, links, *numbers]))

    @classmethod
    def unpack(cls, packed: bytes) -> Self:
        """Read what ``pack`` wrote."""
        rows, links, *numbers = msgpack.unpackb(packed)
        return cls(tuple(Candidate(*row) for row in rows), tuple(LinkNote(*link) for link in links), *numbers)


def shallow(record: Any) -> dict[str, Any]:  # noqa: ANN401 (any dataclass instance)
    """Return a dataclass's fields by name without copying what they hold."""
    return {item.name: getattr(record, item.name) for item in fields(record)}


@dataclass(frozen=True, slots=True)
class TokenStep:
    """One token and the distribution that it was drawn from.

    Attributes:
        position: 0 for the first token written.
        luck: the number in [0, 1) that chose it.
        model_prob, final_prob, rank: of the drawn token.
        packed: the snapshot as msgpack, 2 kB where its objects take 16.
    """

    position: int
    token_id: int
    piece: bytes
    luck: float
    model_prob: float
    final_prob: float
    rank: int
    packed: bytes

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
        stop_reason, timing, error: None, None and "" while it runs.
    """

    run_id: str
    model: str
    params: SamplingParams
    prompt_ids: tuple[int, ...] = ()
    prompt_pieces: tuple[bytes, ...] = ()
    steps: tuple[TokenStep, ...] = ()
    notes: tuple[str, ...] = ()
    stop_reason: StopReason | None = None
    timing: Timing | None = None
    error: str = field(default="", compare=False)

    @property
    def text(self) -> str:
        """The written text; the token that ended it is not part of it."""
        steps = self.steps[:-1] if self.stop_reason is StopReason.EOS else self.steps
        stream = TextStream()
        return "".join(stream.feed(step.piece) for step in steps) + stream.finish()

    def ids_before(self, position: int) -> tuple[int, ...]:
        """Token ids that the step at ``position`` saw: the prompt and what was written before it."""
        return self.prompt_ids + tuple(step.token_id for step in self.steps[:position])
