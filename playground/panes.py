"""What the process of one model is asked when it writes several texts at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground.errors import SettingError
from playground.records import shallow
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.records import Prompt, SamplingParams

MIN_PANES, MAX_PANES = 2, 4  # of one comparison; a model may have but one of them


def panes_refused(count: int) -> SettingError:
    """Say how many panes there may be."""
    said = Sentence(
        "There are {count} panes to compare; it must be {least} to {most}.",
        count=count,
        least=MIN_PANES,
        most=MAX_PANES,
    )
    return SettingError(said, field="panes")


@dataclass(frozen=True, slots=True)
class Pane:
    """One text: what is read and with which settings it is written; ``params.seed`` must be set."""

    prompt: Prompt
    params: SamplingParams

    @property
    def settings(self) -> dict[str, Any]:
        """The flat form of what acts, in the order in which it does: no neutral sampler, but what a chat has before.

        ``order`` is a name, or the keys of those samplers; ``system`` and ``history``, pairs of role and content, are
        what stands before the last message.
        """
        flat, acting = self.params.to_dict(), [item.key for item in self.params.chain if not item.is_neutral]
        order = flat["order"] if isinstance(flat["order"], str) else acting
        found = {name: flat[name] for name in acting} | {"order": order}
        found |= {name: flat[name] for name in ("seed", "max_new_tokens", "stop")}
        system, messages = self.prompt.chat
        turns = [list(turn) for turn in messages[:-1]]
        return found | ({"system": system} if system else {}) | ({"history": turns} if turns else {})


@dataclass(frozen=True, slots=True)
class Panes:
    """Texts of one model; ``fast`` decodes them together where that changes the last bits of their numbers, too."""

    panes: tuple[Pane, ...]
    fast: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as they go to the model's process."""
        panes = [{"prompt": shallow(pane.prompt), "params": pane.params.to_dict()} for pane in self.panes]
        return {"panes": panes, "fast": self.fast}


def settings_that_differ(panes: Sequence[Pane]) -> list[dict[str, Any]]:
    """Return, for each pane, those of its settings that not all panes have; None for what a pane is without."""
    found = [pane.settings for pane in panes]
    names = dict.fromkeys(name for settings in found for name in settings)
    differ = [name for name in names if any(settings.get(name) != found[0].get(name) for settings in found)]
    return [{name: settings.get(name) for name in differ} for settings in found]
