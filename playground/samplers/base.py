"""What a sampler is: a frozen value that holds its own numbers and applies itself.

- ``Sampler.apply`` takes a ``Distribution`` and returns another; it never writes to what it was given.
- ``Knob`` declares one number of a sampler beside the number itself: the slider, its help, its range error and its JSON
  are all made from it.
- ``StepContext`` is all that a sampler may know beside the logits.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

from playground.errors import SettingError, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.numerics import Distribution

Number = float | int | bool


@dataclass(frozen=True, slots=True)
class StepContext:
    """Where in a run a step stands.

    Attributes:
        history: all token ids before this step, the prompt first.
        prompt_length: how many of them are the prompt.
        position: number of tokens written before this step.
        seed: the run's seed, 0 … 2³²−1.
    """

    history: tuple[int, ...] = ()
    prompt_length: int = 0
    position: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Knob:
    """One number of a sampler.

    Attributes:
        label: the name on the page.
        kind: ``float``, ``int`` or ``bool``.
        minimum, maximum: the range that is accepted, both ends included.
        neutral: the value at which this number does nothing.
        usual: a value that people start from.
        step: one step of the slider.
        slider_maximum: where the slider ends when ``maximum`` is far beyond what one drags to.
        off: what the neutral value is called ("0 turns it off").
    """

    label: str
    kind: type[Number]
    minimum: float
    maximum: float
    neutral: Number
    usual: Number
    step: float
    slider_maximum: float
    off: str = ""

    def check(self, name: str, value: object) -> Number:
        """Return ``value`` in the knob's own type, or raise a SettingError that names value, range and what to do."""
        if self.kind is bool:
            if isinstance(value, bool):
                return value
            raise self._refusal(name, value, "it must be true or false.")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refusal(name, value, "it must be a number.")
        if isinstance(value, float) and not math.isfinite(value):
            raise self._refusal(name, value, "it must be a finite number.")
        if self.kind is int and value != int(value):
            raise self._refusal(name, value, "it must be a whole number.")
        if not self.minimum <= value <= self.maximum:
            raise self._refusal(name, value, f"it must lie in {self.range_text}.")
        return self.kind(value)

    @property
    def range_text(self) -> str:
        """The accepted range as text: ``[0, 1]``."""
        return f"[{self.minimum:,g}, {self.maximum:,.10g}]"

    def _refusal(self, name: str, value: object, rule: str) -> SettingError:
        return SettingError(f"{self.label} is {shown(value) or 'empty'}; {rule}", hint=self.off, field=name)


def knob(spec: Knob) -> Any:  # noqa: ANN401 (a dataclass field stands for any value)
    """Declare a sampler's number together with its Knob."""
    return field(default=spec.neutral, metadata={"knob": spec})


@dataclass(frozen=True, slots=True)
class Sampler(ABC):
    """One step of the chain. Subclasses are frozen dataclasses whose fields are all knobs, the main one first."""

    key: ClassVar[str]
    label: ClassVar[str]

    def __post_init__(self) -> None:
        """Check every number against its knob.

        Raises:
            SettingError: a number is of the wrong type or outside its range.
        """
        for name, spec in self.knobs().items():
            path = self.key if name == self.main_knob() else f"{self.key}.{name}"
            object.__setattr__(self, name, spec.check(path, getattr(self, name)))

    @classmethod
    def knobs(cls) -> dict[str, Knob]:
        """Knobs by field name, in order."""
        return {item.name: item.metadata["knob"] for item in fields(cls)}

    @classmethod
    def main_knob(cls) -> str:
        """Name of the knob that a bare number sets."""
        return next(iter(cls.knobs()))

    @classmethod
    def from_value(cls, value: object) -> Self:
        """Build from the flat form: a number for the main knob, or an object with several.

        Raises:
            SettingError: unknown keys, wrong types or values outside their range.
        """
        if not isinstance(value, dict):
            return cls(**{cls.main_knob(): value})
        unknown = [key for key in value if key not in cls.knobs()]
        if unknown:
            raise SettingError(
                f"{cls.label} has no setting “{shown(unknown[0])}”.",
                hint=f"It has {', '.join(cls.knobs())}.",
                field=cls.key,
            )
        return cls(**value)

    def to_value(self) -> Number | Mapping[str, Number]:
        """Return the flat form: a number where only the main knob differs from neutral, else an object."""
        values = {name: getattr(self, name) for name in self.knobs()}
        main = self.main_knob()
        others_neutral = all(values[name] == spec.neutral for name, spec in self.knobs().items() if name != main)
        value: Number = values[main]
        return value if others_neutral else values

    @property
    def is_neutral(self) -> bool:
        """Whether this setting changes nothing at all."""
        main = self.main_knob()
        return bool(getattr(self, main) == self.knobs()[main].neutral)

    @abstractmethod
    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:
        """Return the distribution after this step; the same object where nothing changes."""
