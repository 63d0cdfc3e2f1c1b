"""Background work: so much at once and no more, whatever becomes of it."""

from __future__ import annotations

import threading

import pytest

from playground.errors import ModelBusy, SettingError
from playground.ui.drives import Drives


def test_no_more_begins_than_there_may_be() -> None:
    """The refusal says so, and nothing was made; when one has ended, the next begins."""
    drives, ends = Drives("searches", 2), [threading.Event(), threading.Event()]
    over = threading.Event()
    made: list[int] = []

    def make(number: int) -> int:
        made.append(number)
        return number

    def work(number: int) -> None:
        ends[number].wait(60)
        over.set()

    for number in range(2):
        assert drives.begin(lambda number=number: make(number), work) == number  # type: ignore[misc]
    with pytest.raises(ModelBusy, match=r"^2 searches run or wait; try again when some have ended\.$"):
        drives.begin(lambda: make(2), work)
    assert made == [0, 1]
    threads = [thread for thread in threading.enumerate() if thread.name.endswith("(_run)")]
    ends[0].set()
    assert over.wait(60)
    threads[0].join(60)
    assert drives.begin(lambda: make(1), work) == 1
    ends[1].set()


def test_what_cannot_be_made_takes_no_room() -> None:
    """A refused setting is the caller's to hear of."""
    drives = Drives("searches", 1)

    def refused() -> int:
        raise SettingError("It is wrong.")

    for _ in range(3):
        with pytest.raises(SettingError, match="It is wrong"):
            drives.begin(refused, print)
