"""What a first visitor sees before anything runs: a text that the real program recorded, opened like any saved run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground.errors import RunNotFound
from playground.saved import read_run
from playground.ui.strip import strip_message
from playground.ui.theme import ASSETS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from playground.store import LiveRun, Store

NAME = "recorded-*.json"  # the day stands where the star is; tests/record.py writes it


@dataclass
class Recorded:
    """The recorded text in a store, one for all visitors; it is read again when the store has forgotten it."""

    store: Store
    run_id: str = ""

    def shown(self, texts: Mapping[str, str]) -> dict[str, Any]:
        """Return its strip, and a sentence that says what it is.

        Raises:
            FileNotFoundError: the file is not among the assets.
            SavedRunError: it is no saved run.
        """
        live = self._live()
        day = live.file.removesuffix(".json").partition("-")[2]
        said = texts["first_recorded"].format(model=live.model, day=day, build=live.build)
        return {"strip": strip_message(live, 0, texts), "said": said}

    def _live(self) -> LiveRun:
        try:
            return self.store.get(self.run_id)
        except RunNotFound:
            path = latest()
            live = self.store.opened(read_run(path.read_bytes()), path.name)
            self.run_id = live.run_id
            return live


def latest() -> Path:
    """Return the file of the last day.

    Raises:
        FileNotFoundError: there is none.
    """
    found = sorted(ASSETS.glob(NAME))
    if not found:
        raise FileNotFoundError(NAME)
    return found[-1]
