"""Temperature."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from playground.errors import SettingError
from playground.samplers.base import Knob, Rule, Sampler, StepContext, knob
from playground.samplers.plain import Name, Plain, entropy, only_these
from playground.sentences import Sentence

if TYPE_CHECKING:
    from playground.numerics import Distribution, FloatArray

SMALLEST = 0.001


@dataclass(frozen=True, slots=True)
class Temperature(Sampler):
    """Sharpens or flattens the whole distribution before a token is drawn.

    Below 1 the likely tokens gain and the text becomes more predictable; above 1 the unlikely ones gain and it becomes
    more surprising. At 0 only the most probable token stays: greedy decoding.

    With a ``range`` it follows the model (dynamic temperature): near temperature − range where the model is sure, up
    to temperature + range where every token is equally likely. An ``exponent`` above 1 keeps it low for longer.

    Formula: p ∝ exp(logit / T). The order of the tokens never changes. With a range, T = low + (high − low) × (H ÷ ln
    n)^exponent: H is the entropy in nats, n the number of tokens in play, low never below 0; a T below 0.001 is greedy.
    Temperature 0, or 0.001 to 5, neutral 1, usual 0.7. Range 0 to 5, neutral 0. Exponent 0 to 10, neutral 1.
    transformers refuses 0 when sampling and has no range; llama.cpp reads 0 as greedy, and the range as here.
    Reference: Ackley, Hinton, Sejnowski, A Learning Algorithm for Boltzmann Machines, 1985; kalomaze, dynamic
    temperature, llama.cpp pull request 4972, 2024.

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> four = Distribution.of_logits(np.log([0.5, 0.25, 0.15, 0.1]))
    >>> Temperature(0.5).apply(four, StepContext()).probs.round(3).tolist()
    [0.725, 0.181, 0.065, 0.029]
    """

    key: ClassVar[str] = "temperature"
    label: ClassVar[str] = "Temperature"

    temperature: float = knob(
        Knob("Temperature", float, 0, 5, neutral=1.0, usual=0.7, step=0.05, slider_maximum=2, off="1 turns it off.")
    )
    range: float = knob(
        Knob(
            "Temperature range",
            float,
            0,
            5,
            neutral=0.0,
            usual=0.5,
            step=0.05,
            slider_maximum=2,
            off="0 keeps the temperature fixed.",
        )
    )
    exponent: float = knob(
        Knob(
            "Range exponent",
            float,
            0,
            10,
            neutral=1.0,
            usual=1.0,
            step=0.1,
            slider_maximum=4,
            off="1 is a straight line.",
        )
    )

    def __post_init__(self) -> None:
        """Refuse temperatures so small that a logit divided by them is no number any more.

        Raises:
            SettingError: the temperature is outside its range.
        """
        Sampler.__post_init__(self)
        if 0 < self.temperature < SMALLEST:
            raise SettingError(
                Sentence(
                    "Temperature is {value:g}; it must be 0 or lie in [{smallest:g}, 5].",
                    value=self.temperature,
                    smallest=SMALLEST,
                ),
                hint="0 keeps only the most probable token.",
                field=self.key,
            )

    @property
    def is_neutral(self) -> bool:
        """Whether the temperature is fixed at 1."""
        return self.temperature == 1 and self.range == 0

    @property
    def leaves_one(self) -> bool:
        """Greedy."""
        return self.temperature == 0 and self.range == 0

    def at(self, distribution: Distribution) -> float:
        """Return the temperature that acts on a distribution; 0 is greedy."""
        if self.range == 0 or distribution.size == 1:
            return self.temperature
        low, high = max(0.0, self.temperature - self.range), self.temperature + self.range
        evenness = min(1.0, distribution.entropy_nats / math.log(distribution.size))
        found: float = low + (high - low) * evenness**self.exponent
        return found if found >= SMALLEST else 0.0

    def plain(self) -> Plain:
        """Return the division, greedy decoding, or a division by what the entropy makes of a range."""
        if self.range:
            low, high = max(0.0, self.temperature - self.range), self.temperature + self.range
            return Plain(dynamic_temperature, (low, high, self.exponent))
        if self.temperature == 0:
            return Plain(greedy)
        divided = Name(f"logits / {self.temperature}")
        return Plain(divided, processor=f"TemperatureLogitsWarper({self.temperature})")

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:  # noqa: ARG002 (one signature for all)
        """Divide the logits; keep one token at 0."""
        temperature = self.at(distribution)
        if temperature == 1 or distribution.size == 1:
            return distribution
        if temperature == 0:
            return distribution.best(1)
        return distribution.at_temperature(temperature)

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:  # noqa: ARG002 (one signature for all)
        """Return the cut of greedy decoding, and the temperature where a range makes it."""
        temperature = self.at(before)
        if temperature == 0:
            return Rule("cut", 1, "T = 0")
        return Rule("shape", temperature, f"T ≈ {temperature:.3f}") if self.range else None


def greedy(logits: FloatArray) -> FloatArray:
    """Keep only the most probable token, the lowest id on a tie."""
    return only_these(logits, [int(logits.argmax())])


def dynamic_temperature(logits: FloatArray, low: float, high: float, exponent: float) -> FloatArray:
    """Divide by a temperature between low and high, the higher the more even the distribution is."""
    count = np.isfinite(logits).sum()
    if count == 1:
        return logits
    t = low + (high - low) * min(1, entropy(logits) / np.log(count)) ** exponent
    return greedy(logits) if t < SMALLEST else logits / t
