"""Requests inside the model's process: which of them are worked on, and who is next.

- A run needs a slot, a beam search one for each beam, a comparison one for each pane. All slots but one are for them,
  the last is for one look at a time; who needs more is refused at once.
- Nobody overtakes a run that waits for slots, or a search would wait for as long as others write.
- Among those who wait, a session that had the fewest runs lately is first, and then whoever came first; but whoever was
  overtaken ``PATIENCE`` times is before all.
- At most ``MAX_WAITING`` runs wait, and as many looks; each run is told its place and about how long it will be.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from playground.errors import ModelBusy, SettingError
from playground.records import Extras, SamplingParams
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playground.frames import Message
    from playground.messages import Said

MAX_WAITING = 32
RECENT = 32  # runs by which sessions are compared
DURATIONS = 16  # finished runs from which a wait is estimated
PATIENCE = 8


@dataclass(eq=False)
class Job:
    """One request that the main thread works on: its events, and whether somebody stopped it.

    Attributes:
        beat: called whenever the model asks whether to go on, which shows that it is not stuck.
        wanted: how many rows somebody waits for.
        stopped_panes: those of its texts that somebody stopped alone.
        place: where it stood in the line when it was last told, 0 before that.
        overtaken: how many runs that came later were admitted before it.
        started_s: when it was admitted; None where it was stopped before.
    """

    request: Message
    beat: Callable[[], None] = lambda: None
    stopped: threading.Event = field(default_factory=threading.Event)
    wanted: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    events: Iterator[Said | Message | None] = field(default_factory=lambda: iter(()))
    stopped_panes: set[int] = field(default_factory=set)
    place: int = 0
    overtaken: int = 0
    started_s: float | None = None

    @property
    def writes(self) -> bool:
        """Whether it keeps sequences for as long as a text grows, is gone through again, or is searched for."""
        return self.request["op"] in {"write", "replay", "rows", "beams", "compare"}

    @property
    def sequences(self) -> int:
        """How many it keeps at once."""
        match self.request["op"]:
            case "beams":
                return int(self.request["params"]["num_beams"])
            case "compare":
                return len(self.request["params"]["panes"])
            case _:
                return 1

    @property
    def session(self) -> str:
        """Whose it is; "" where nobody says."""
        return str(self.request.get("session", ""))

    @property
    def extras(self) -> Extras:
        """What a look is asked for beside the distribution."""
        return Extras(**self.request["extras"])

    @property
    def params(self) -> SamplingParams:
        """The settings."""
        return SamplingParams.from_dict(self.request["params"])

    def keep_going(self) -> bool:
        """Whether nobody pressed Stop."""
        self.beat()
        return not self.stopped.is_set()

    def pane_goes_on(self, pane: int) -> bool:
        """Whether nobody stopped everything, or this one of several texts."""
        return self.keep_going() and pane not in self.stopped_panes


@dataclass
class Line:
    """Jobs that wait and jobs that are worked on; owned by the main thread.

    Attributes:
        slots: sequences that the model can hold.
    """

    slots: int
    now: Callable[[], float] = time.monotonic
    active: list[Job] = field(default_factory=list)
    _waiting: list[Job] = field(default_factory=list)
    _recent: deque[str] = field(default_factory=lambda: deque(maxlen=RECENT))
    _durations: deque[float] = field(default_factory=lambda: deque(maxlen=DURATIONS))

    @property
    def room(self) -> int:
        """How many sequences runs may keep together."""
        return max(1, self.slots - 1)

    def join(self, job: Job) -> None:
        """Take a job into the line.

        Raises:
            SettingError: it needs more sequences than it can ever have.
            ModelBusy: too many runs, or looks, wait already.
        """
        if (need := job.sequences) > self.room:
            searches = job.request["op"] == "beams"
            what = Sentence("{need} beams", need=need) if searches else Sentence("{need} panes of one model", need=need)
            raise SettingError(
                Sentence(
                    "{what} need room for {need} texts at once; this model has room for {room}.",
                    what=what,
                    need=need,
                    room=self.room,
                ),
                hint=Sentence(
                    "Use at most {room}, or set its sequences in models.yaml to {least} or more.",
                    room=self.room,
                    least=need + 1,
                ),
                field="num_beams" if searches else "panes",
            )
        waiting = sum(other.writes == job.writes for other in self._waiting)
        if waiting >= MAX_WAITING:
            if not job.writes:
                looks = Sentence("{waiting} looks are waiting for this model;", waiting=waiting)
                raise ModelBusy(looks, hint="try again in a moment.")
            runs = Sentence("{waiting} runs are waiting for this model;", waiting=waiting)
            raise ModelBusy(runs, hint=self._advice(waiting + 1))
        self._waiting.append(job)

    def admit(self) -> list[Job]:
        """Start whoever fits, and return them; one that somebody stopped meanwhile needs no slot to say so."""
        taken: list[Job] = []
        blocked: list[Job] = []
        for job in self._order():
            if not job.stopped.is_set():
                if not self._fits(job, taken, blocked):
                    blocked.append(job)
                    continue
                self._recent.extend([job.session] * job.writes)
                job.started_s = self.now()
            for other in self._waiting[: self._waiting.index(job)]:
                other.overtaken += job.writes
            self._waiting.remove(job)
            taken.append(job)
        self.active += taken
        return taken

    def _fits(self, job: Job, taken: list[Job], blocked: list[Job]) -> bool:
        """Tell whether there is room for a job, with those just taken, that nobody before it waits for."""
        at_work = [other for other in (*self.active, *taken) if other.started_s is not None]
        writing = sum(other.sequences for other in at_work if other.writes)
        looking = any(not other.writes for other in at_work)
        if not job.writes:
            return not looking and writing < self.slots
        if any(other.writes for other in blocked):
            return False
        return writing + job.sequences <= self.room - (looking and self.slots == 1)

    def _order(self) -> list[Job]:
        """Return those who wait in the order in which they will be admitted."""
        if len(self._waiting) <= 1:  # as nearly always
            return self._waiting.copy()
        counts = Counter(self._recent)
        found = [job for job in self._waiting if job.overtaken >= PATIENCE]
        left = [job for job in self._waiting if job not in found]
        while left:
            job = min(left, key=lambda job: counts[job.session])  # the first of them on a tie
            left.remove(job)
            found.append(job)
            counts[job.session] += job.writes
        return found

    def leave(self, job: Job) -> None:
        """Take a job out that is over."""
        self.active.remove(job)
        if job.request["op"] in {"write", "beams", "compare"} and job.started_s is not None:
            self._durations.append((self.now() - job.started_s) * job.sequences)

    def news(self) -> Iterator[tuple[Job, Message]]:
        """Yield a message for each run whose place in the line has changed."""
        runs = [job for job in self._order() if job.writes]
        for place, job in enumerate(runs, start=1):
            if job.place != place:
                job.place = place
                yield job, {"event": "waiting", "position": place, "wait_s": self._wait_s(place)}

    def _wait_s(self, place: int) -> float | None:
        """Return about how long the one at this place waits; None before any run has ended."""
        if not self._durations:
            return None
        return place * sum(self._durations) / len(self._durations) / self.room

    def _advice(self, place: int) -> Sentence:
        if wait_s := self._wait_s(place):
            return Sentence("try again in about {seconds} s.", seconds=math.ceil(wait_s))
        return Sentence("try again when some of them have ended.")
