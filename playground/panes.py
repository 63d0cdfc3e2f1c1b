"""What the process of one model is asked when it writes several texts at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground.records import shallow

if TYPE_CHECKING:
    from playground.records import Prompt, SamplingParams

MIN_PANES, MAX_PANES = 2, 4  # of one comparison; a model may have but one of them


@dataclass(frozen=True, slots=True)
class Pane:
    """One text: what is read and with which settings it is written; ``params.seed`` must be set."""

    prompt: Prompt
    params: SamplingParams


@dataclass(frozen=True, slots=True)
class Panes:
    """Texts of one model; ``fast`` decodes them together where that changes the last bits of their numbers, too."""

    panes: tuple[Pane, ...]
    fast: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as they go to the model's process."""
        panes = [{"prompt": shallow(pane.prompt), "params": pane.params.to_dict()} for pane in self.panes]
        return {"panes": panes, "fast": self.fast}
