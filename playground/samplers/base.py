"""What a sampler is: a frozen value that holds its own numbers and applies itself.

- ``Sampler.apply`` takes a ``Distribution`` and returns another; it never writes to what it was given.
- Each field is declared with a ``Knob`` or a ``Listing``: control, help, range error and JSON are all made from it.
- ``StepContext`` is all that a sampler may know beside the logits.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np

from playground.errors import SettingError, shown
from playground.samplers.knobs import Knob, Listing, Number, knob
from playground.samplers.rules import Rule
from playground.sentences import Sentence, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.numerics import Distribution, IntArray
    from playground.samplers.plain import Plain

__all__ = [
    "INCLUDE_PROMPT",
    "WINDOW",
    "Knob",
    "Listing",
    "Number",
    "Rule",
    "Sampler",
    "Sized",
    "StepContext",
    "Vocabulary",
    "knob",
    "subtracted",
]


class Sized(Protocol):
    """Whatever knows how wide a vocabulary is: a model, a snapshot."""

    @property
    def vocab_size(self) -> int:
        """Width of the logits."""


@runtime_checkable
class Vocabulary(Sized, Hashable, Protocol):
    """The part of a LoadedModel that knows texts; it must be hashable, as what it says is remembered."""

    def encode(self, text: str, *, special: bool) -> Sequence[int]:
        """Turn text into ids; ``special`` reads ``<|im_start|>`` as a control token."""

    def piece(self, token_id: int) -> bytes:
        """Return the bytes of a token."""


@dataclass(frozen=True, slots=True)
class StepContext:
    """Where in a run a step stands.

    Attributes:
        history: all token ids before this step, the prompt first.
        prompt_length: how many of them are the prompt.
        position: number of tokens written before this step.
        seed: the run's seed, 0 … 2³²−1.
        final_probs: of each written token, its probability in the distribution that it was drawn from; 0 for one that a
            person chose although it was removed.
        vocabulary: what texts the ids stand for, where that is known.
    """

    history: tuple[int, ...] = ()
    prompt_length: int = 0
    position: int = 0
    seed: int = 0
    final_probs: tuple[float, ...] = ()
    vocabulary: Vocabulary | None = None

    def recent(self, window: int, *, include_prompt: bool = True) -> IntArray:
        """Return the last ``window`` token ids, 0 for all, with the prompt or without it, (n,)."""
        seen = self.history if include_prompt else self.history[self.prompt_length :]
        return np.array(seen[-window:] if window else seen, dtype=np.int64)


WINDOW = Knob("Penalty window", int, 0, 1_000_000, neutral=0, usual=64, step=1, slider_maximum=512, off="0 counts all.")


def subtracted(label: str, usual: float) -> Knob:
    """Return the knob of a penalty that is subtracted from logits."""
    return Knob(
        label,
        float,
        -100,
        100,
        neutral=0.0,
        usual=usual,
        step=0.05,
        slider_minimum=-2,
        slider_maximum=2,
        off="0 turns it off.",
    )


INCLUDE_PROMPT = Knob("Count the prompt", bool, 0, 1, neutral=True, usual=True, step=1, slider_maximum=1)


@dataclass(frozen=True, slots=True)
class Sampler(ABC):
    """One step of the chain. Subclasses are frozen dataclasses whose fields are all knobs, the main one first."""

    key: ClassVar[str]
    label: ClassVar[str]
    uses_luck: ClassVar[bool] = False  # the seed decides what it does, not only what is drawn

    def __post_init__(self) -> None:
        """Check every field against its knob.

        Raises:
            SettingError: a value is of the wrong type or outside its range.
        """
        for name, spec in self.knobs().items():
            object.__setattr__(self, name, spec.check(self.path(name), getattr(self, name)))

    @classmethod
    def knobs(cls) -> dict[str, Knob | Listing]:
        """Knobs by field name, in order."""
        return {item.name: item.metadata["knob"] for item in fields(cls)}

    @classmethod
    def main_knob(cls) -> str:
        """Name of the knob that a bare value sets."""
        return next(iter(cls.knobs()))

    @classmethod
    def path(cls, name: str) -> str:
        """Return the name under which an error speaks of a knob: ``top_p``, ``top_p.keep_crossing``."""
        return cls.key if name == cls.main_knob() else f"{cls.key}.{name}"

    @classmethod
    def from_value(cls, value: object) -> Self:
        """Build from the flat form: a value for the main knob, or an object with several.

        Raises:
            SettingError: unknown keys, wrong types or values outside their range.
        """
        if not isinstance(value, dict):
            return cls(**{cls.main_knob(): value})
        unknown = [key for key in value if key not in cls.knobs()]
        if unknown:
            raise SettingError(
                Sentence("{sampler} has no setting “{name}”.", sampler=sentence(cls.label), name=shown(unknown[0])),
                hint=Sentence("It has {names}.", names=tuple(cls.knobs())),
                field=cls.key,
            )
        return cls(**value)

    def to_value(self) -> Any:  # noqa: ANN401 (JSON)
        """Return the flat form: the main knob's value where no other differs from neutral, else an object."""
        knobs, main = self.knobs(), self.main_knob()
        if all(getattr(self, name) == spec.neutral for name, spec in knobs.items() if name != main):
            return knobs[main].plain(getattr(self, main))
        return {name: spec.plain(getattr(self, name)) for name, spec in knobs.items()}

    @property
    def summary(self) -> str:
        """The sampler in a few words: its main number, and each other one that is not neutral."""
        main, said = self.main_knob(), []
        for name, spec in self.knobs().items():
            value = getattr(self, name)
            if name == main or value != spec.neutral:
                plain = json.dumps(spec.plain(value), ensure_ascii=False)
                said.append(f"{self.label.lower() if name == main else name} {plain}")
        return ", ".join(said)

    @property
    def is_neutral(self) -> bool:
        """Whether this setting changes nothing at all."""
        main = self.main_knob()
        return bool(getattr(self, main) == self.knobs()[main].neutral)

    @property
    def leaves_one(self) -> bool:
        """Whether these numbers leave one token whatever reaches the sampler."""
        return False

    def note(self, vocabulary: Sized) -> Sentence | None:  # noqa: ARG002 (most samplers do not look)
        """Say in a sentence where a setting is harmless but does not do what one expects of it; mostly there is none.

        Raises:
            SettingError: the setting speaks of a token that this vocabulary does not have. A text is looked up only
                where ``vocabulary`` is a Vocabulary.
        """
        return None

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:  # noqa: ARG002 (one signature for all)
        """Return what decided which tokens of ``before`` stay; None where there is only a change of shape to see.

        It is asked only where ``apply`` changed something, and computes its numbers with the same code.
        """
        return None

    def plain(self) -> Plain | None:
        """Return the sampler as plain NumPy, for a script; None where nobody has written it, and then there is none.

        What it does is what ``apply`` does where the setting is not neutral.
        """
        return None

    @abstractmethod
    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:
        """Return the distribution after this step; the same object where nothing changes.

        Raises:
            SettingError: the setting cannot be carried out with this vocabulary or at this step.
        """
