"""The settings of a run: ``SamplingParams.from_dict`` is the one gate through which they all come.

Nothing is ignored and nothing is clamped: an unknown key, a wrong type or a value outside its range is refused.
"""

from __future__ import annotations

import difflib
import re
import secrets
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from playground.errors import SettingError, shown
from playground.samplers import ORDERS, all_samplers, in_order
from playground.sentences import NOTHING, Sentence

if TYPE_CHECKING:
    from playground.samplers.base import Sampler

MAX_SEED = 2**32 - 1
MAX_NEW_TOKENS = 1_000_000
HALF_PAIR = re.compile("[\ud800-\udfff]")
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
            raise SettingError(
                Sentence(
                    "Settings are {value}; they must be an object such as {{“temperature”: 0.7}}.", value=shown(flat)
                )
            )
        known = all_samplers()
        for key in flat:
            if key not in known and key not in FLAT_KEYS:
                raise unknown_key(str(key), (*known, *FLAT_KEYS))
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
        return flat | {
            "order": order,
            "seed": self.seed,
            "max_new_tokens": self.max_new_tokens,
            "stop": list(self.stop),
        }

    @cached_property
    def chain(self) -> tuple[Sampler, ...]:
        """The samplers in the order in which they act."""
        return self.chain_in(self.order)

    def chain_in(self, order: str | tuple[str, ...]) -> tuple[Sampler, ...]:
        """Return the samplers in another order: its name, or the keys."""
        order = ORDERS[order] if isinstance(order, str) else order
        by_key = {item.key: item for item in self.samplers}
        return tuple(by_key[key] for key in in_order(tuple(by_key), order))

    @property
    def without_effect(self) -> tuple[Sampler, tuple[Sampler, ...]] | None:
        """A sampler that always leaves one token, and those behind it, which change nothing; None without any."""
        for place, sampler in enumerate(self.chain):
            if sampler.leaves_one:
                behind = tuple(item for item in self.chain[place + 1 :] if not item.is_neutral)
                return (sampler, behind) if behind else None
        return None

    def with_some_seed(self) -> Self:
        """Return settings that have a seed: the same ones, or with a seed picked at random."""
        return self if self.seed is not None else replace(self, seed=secrets.randbelow(MAX_SEED + 1))


def unknown_key(key: str, known: tuple[str, ...]) -> SettingError:
    """Return the refusal of a key that is none of the known ones; it names the nearest."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    hint = Sentence("The nearest is {name}.", name=near[0]) if near else Sentence("Known: {names}.", names=known)
    return SettingError(Sentence("There is no setting “{name}”.", name=shown(key)), hint=hint, field=shown(key))


def _order(value: object, keys: tuple[str, ...]) -> str | tuple[str, ...]:
    if isinstance(value, str) and value in ORDERS:
        return value
    if not isinstance(value, list | tuple) or not all(isinstance(key, str) for key in value):
        said = Sentence(
            "Order is {value}; it must be one of {names}, or a list of keys.", value=shown(value), names=tuple(ORDERS)
        )
        raise SettingError(said, field="order")
    for key in value:
        if key not in all_samplers():
            raise unknown_key(key, tuple(all_samplers()))
    if len(set(value)) < len(value) or not set(keys) <= set(value):
        raise SettingError(
            Sentence("Order {value} must name each sampler that is set exactly once.", value=shown(list(value))),
            hint=Sentence("Set here: {names}.", names=keys or Sentence("none")),
            field="order",
        )
    return tuple(value)


def _seed(value: object) -> int | None:
    if value is None or value in ("", -1):
        return None
    hint = Sentence("Leave it empty and the app picks one and shows it.")
    return _whole("seed", value, 0, MAX_SEED, hint=hint)


def _whole(name: str, value: object, low: int, high: int, *, hint: Sentence = NOTHING) -> int:
    label = Sentence("Seed") if name == "seed" else Sentence("New tokens, at most,")
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    if not whole or not low <= value <= high:  # type: ignore[operator]
        said = Sentence(
            "{label} is {value}; it must be a whole number in [{low:,}, {high:,}].",
            label=label,
            value=Sentence("empty") if value is None else shown(value),
            low=low,
            high=high,
        )
        raise SettingError(said, hint=hint, field=name)
    return int(value)  # type: ignore[call-overload,no-any-return]


def _stops(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise SettingError(Sentence("Stop is {value}; it must be a list of texts.", value=shown(value)), field="stop")
    if any(HALF_PAIR.search(item) for item in value):
        raise SettingError("Stop holds half a character.", hint="Delete it.", field="stop")
    if len(value) > MAX_STOPS:
        many = Sentence("There are {count:,} stop texts; at most {most} are allowed.", count=len(value), most=MAX_STOPS)
        raise SettingError(many, field="stop")
    if wrong := next((item for item in value if len(item) > MAX_STOP_CHARS), None):
        long = Sentence(
            "Stop text {text} has {count:,} characters; it must have 1 to {most}.",
            text=shown(wrong),
            count=len(wrong),
            most=MAX_STOP_CHARS,
        )
        raise SettingError(long, field="stop")
    if "" in value:
        empty = Sentence("A stop text is empty; it must have 1 to {most} characters.", most=MAX_STOP_CHARS)
        raise SettingError(empty, field="stop")
    return tuple(value)
