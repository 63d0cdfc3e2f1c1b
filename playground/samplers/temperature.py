"""Temperature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from playground.errors import SettingError
from playground.samplers.base import Knob, Sampler, StepContext, knob

if TYPE_CHECKING:
    from playground.numerics import Distribution

SMALLEST = 0.001


@dataclass(frozen=True, slots=True)
class Temperature(Sampler):
    """Sharpens or flattens the whole distribution before a token is drawn.

    Below 1 the likely tokens gain and the text becomes more predictable; above 1 the unlikely ones gain and it becomes
    more surprising. At 0 only the most probable token stays: greedy decoding.

    Formula: p ∝ exp(logit / T). The order of the tokens never changes.
    Range 0, or 0.001 to 5, neutral 1, usual 0.7. transformers refuses 0 when sampling; llama.cpp reads it as greedy, as
    here.
    Reference: Ackley, Hinton, Sejnowski, A Learning Algorithm for Boltzmann Machines, 1985.

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

    def __post_init__(self) -> None:
        """Refuse temperatures so small that a logit divided by them is no number any more.

        Raises:
            SettingError: the temperature is outside its range.
        """
        Sampler.__post_init__(self)
        if 0 < self.temperature < SMALLEST:
            raise SettingError(
                f"Temperature is {self.temperature:g}; it must be 0 or lie in [{SMALLEST:g}, 5].",
                hint="0 keeps only the most probable token.",
                field=self.key,
            )

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:  # noqa: ARG002 (one signature for all)
        """Divide the logits; keep one token at 0."""
        if self.is_neutral:
            return distribution
        if self.temperature == 0:
            return distribution.best(1)
        return distribution.at_temperature(self.temperature)
