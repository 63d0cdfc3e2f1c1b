"""The model's process and the messages in and out of it.

- Run as ``python -m playground.worker``; frames come in on standard input and leave on what was standard output.
- Every request has an ``id`` that its answers carry.
- The main thread owns the model and takes jobs in turn, one token or one piece of a prompt each; a second thread
  answers looks from the cache; a third turns draws into records and sends them while the main thread decodes; a fourth
  says once a second whether the main thread moves.
- When standard input ends, its owner is gone and the process ends, whatever it is doing; loading is no exception.

Requests: ``look``, ``score``, ``logits``, ``encode``, ``encode_special``, ``pieces``, ``write``, ``replay``, ``rows``,
``beams``, ``compare``, ``more``, ``stop``. Answers: ``look``, ``scored``, ``logits``, ``encoded``, ``pieces``,
``waiting``, ``started``, ``step``, ``beam_step``, ``pane``, ``ended``, ``replayed``, ``row``, ``done``, ``error``. Of
the model itself: ``loading``, ``ready``, ``error`` where it could not be loaded, ``beat``.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from playground import backends, lifeline
from playground.backends.base import PrefillStopped
from playground.catalog import ModelSpec
from playground.engine import Engine
from playground.errors import PlaygroundError
from playground.events import Ended
from playground.failures import sent
from playground.frames import MODEL_ID, receive, send, take_pipes
from playground.jobs import Job, Line
from playground.messages import answer, error_answer, unpack_prompt
from playground.probe import exact_batch
from playground.records import SamplingParams, StopReason, Timing
from playground.replay import replay
from playground.rows import rows
from playground.sentences import packed, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playground.backends.base import LoadedModel
    from playground.frames import Message
    from playground.messages import Said
    from playground.records import Prompt

BEAT_S = 1.0
OOM_SCORE = 500  # of 1,000: where memory runs out, Linux ends a model and not the page


class Worker:
    """The loop of the model's process."""

    _engine: Engine  # once the model is loaded

    def __init__(self, requests: BinaryIO, answers: BinaryIO) -> None:
        """Own both pipes."""
        self._requests = requests
        self._answers = answers
        self._outbox: queue.Queue[tuple[int, Said | Message]] = queue.Queue(maxsize=64)  # draws are large
        self._inbox: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._cached: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._jobs: dict[int, Job] = {}
        self._beats = 0

    def start(self) -> None:
        """Listen and speak from now on, whatever the main thread does."""
        for act in (self._read, self._send_all, self._tell_beats):
            threading.Thread(target=act, daemon=True).start()

    def tell(self, message: Message) -> None:
        """Send a frame that answers no request."""
        self._outbox.put((MODEL_ID, message))

    def report(self, stage: str, part: float | None = None) -> None:
        """Say how far loading is: what is being done, and the share of it that is done where that is known.

        Returns when that is sent: what comes next may be native code that keeps all threads waiting.
        """
        self.tell({"event": "loading", "stage": stage, "part": part})
        self._outbox.join()

    def give_up(self, error: Exception) -> NoReturn:
        """Say why the model could not be loaded, and end the process."""
        self.tell(error_answer(error))
        self._outbox.join()
        os._exit(0)  # a thread still listens

    def run(self, model: LoadedModel, exact: int) -> None:
        """Serve until the process ends; ``exact`` is what the probe of batches found."""
        self._engine = Engine(model, exact)
        line = Line(model.slots)
        threading.Thread(target=self._answer_cached, daemon=True).start()
        while True:
            while not line.active or not self._inbox.empty():
                self._join(line, self._inbox.get())
            for job in line.active.copy():
                if not self._advance(job):
                    line.leave(job)
            self._admit(line)

    def _join(self, line: Line, job: Job) -> None:
        try:
            line.join(job)
        except PlaygroundError as error:
            self._jobs.pop(job.request["id"], None)
            self._send(job, error_answer(error))
        self._admit(line)

    def _admit(self, line: Line) -> None:
        """Start whoever fits, and tell the others where they stand."""
        for job in line.admit():
            job.events = self._events(job)
        for job, message in line.news():
            self._send(job, message)

    def _beat(self) -> None:
        self._beats += 1

    def _advance(self, job: Job) -> bool:
        """Send a job's next event; False where that was its last."""
        self._beat()
        try:
            event = next(job.events)
        except StopIteration:
            self._jobs.pop(job.request["id"], None)
            return False
        except Exception as error:  # noqa: BLE001 (whatever it is, the other runs go on)
            self._send(job, error_answer(error))
            self._jobs.pop(job.request["id"], None)
            return False
        if event is not None:
            self._send(job, event)
        return True

    def _events(self, job: Job) -> Iterator[Said | Message | None]:
        prompt = unpack_prompt(job.request["prompt"])
        if job.writes and job.started_s is None:  # stopped while it waited: it has no slot
            yield Ended(StopReason.STOPPED, Timing(0.0, 0.0, 0.0, 0.0))
            return
        try:
            match job.request["op"]:
                case "write":
                    yield from self._engine.write(prompt, job.params, job.keep_going)
                case "replay":
                    yield from replay(self._engine, prompt, job.params, job.keep_going)
                    yield {"event": "done"}
                case "beams":
                    yield from self._search(job, prompt)
                case "rows":
                    chains = tuple(map(SamplingParams.from_dict, job.request["extras"]["chains"]))
                    yield from rows(self._engine, prompt, chains, job.keep_going, job.wanted)
                    yield {"event": "done"}
                case "compare":
                    yield from self._compare(job)
                    yield {"event": "done"}
                case "look":
                    yield (yield from self._engine.look(prompt, job.params, job.keep_going, job.extras))
                case "score":
                    yield (yield from self._engine.score(prompt, job.keep_going))
                case _:
                    yield from self._words(job, prompt)
        except PrefillStopped:
            yield sent(PlaygroundError("Stopped."))

    def _words(self, job: Job, prompt: Prompt) -> Iterator[Message | None]:
        match job.request["op"]:
            case "pieces":
                yield {"event": "pieces", "pieces": self._pieces()}
            case "encode" | "encode_special" as op:
                special = op == "encode_special"
                yield {"event": "encoded", "ids": self._engine.model.encode(prompt.text, special=special)}
            case _:
                ids, row = yield from self._engine.logits(prompt, job.keep_going)
                yield {"event": "logits", "ids": ids, "logits": row.tobytes(), "pieces": self._pieces()}

    def _pieces(self) -> list[bytes]:
        model = self._engine.model
        return [model.piece(token) for token in range(model.vocab_size)]

    def _search(self, job: Job, prompt: Prompt) -> Iterator[Said | Message | None]:
        # Whoever never searches starts without these.
        from playground.beam_events import beam_events  # noqa: PLC0415
        from playground.beam_settings import BeamParams  # noqa: PLC0415

        return beam_events(self._engine, prompt, BeamParams.from_dict(job.request["params"]), job.keep_going)

    def _compare(self, job: Job) -> Iterator[Said | None]:
        from playground.side_by_side import Pane, write_all  # noqa: PLC0415 (as above)

        asked = job.request["params"]
        panes = [Pane(unpack_prompt(one["prompt"]), SamplingParams.from_dict(one["params"])) for one in asked["panes"]]
        return write_all(self._engine, panes, job.pane_goes_on, fast=asked["fast"])

    def _send(self, job: Job, event: Said | Message) -> None:
        self._outbox.put((job.request["id"], event))

    def _send_all(self) -> None:
        """Turn events into frames in the order in which they came."""
        while True:
            number, event = self._outbox.get()
            try:
                message = event if isinstance(event, dict) else answer(event)
            except Exception as error:  # noqa: BLE001 (a record that cannot be made ends one run, not all)
                message = error_answer(error)
            try:
                send(self._answers, {"id": number, **message})
            except OSError:
                os._exit(0)  # nobody reads any more
            self._outbox.task_done()

    def _tell_beats(self) -> None:
        """Say once a second that the main thread moves, if it does; whoever listens draws the conclusion."""
        told = 0
        while True:
            time.sleep(BEAT_S)
            if self._beats != told:
                told = self._beats
                self.tell({"event": "beat", "beats": told})

    def _read(self) -> None:
        """Take requests; end the process when nobody can send any more."""
        while (request := receive(self._requests)) is not None:
            if request["op"] in {"stop", "more"}:
                job = self._jobs.get(request["target"])
                if job and "pane" in request:
                    job.stopped_panes.add(request["pane"])
                elif job and request["op"] == "stop":
                    job.stopped.set()
                elif job:
                    job.wanted.release(request["count"])
                continue
            job = self._jobs[request["id"]] = Job(request, self._beat)
            (self._cached if request["op"] == "look" else self._inbox).put(job)
        os._exit(0)  # the main thread may be deep in native code

    def _answer_cached(self) -> None:
        """Answer looks whose logits are kept, while the main thread decodes; hand on the others."""
        while True:
            job = self._cached.get()
            try:
                prompt = unpack_prompt(job.request["prompt"])
                found = self._engine.look_cached(prompt.ids, prompt, job.params, job.extras) if prompt.ids else None
            except Exception as error:  # noqa: BLE001 (whatever it is, the next look is answered)
                self._jobs.pop(job.request["id"], None)
                self._send(job, error_answer(error))
                continue
            if found is None:
                self._inbox.put(job)
                continue
            self._jobs.pop(job.request["id"], None)
            self._send(job, found)


def ready_message(model: LoadedModel, load_s: float) -> Message:
    """Say what the page needs to know of a model that is up; its batches are probed for that."""
    return {
        "event": "ready",
        "vocab_size": model.vocab_size,
        "context_tokens": model.context_tokens,
        "chat_problem": model.chat_problem,
        "build": packed(sentence(model.build)),
        "own_settings": model.own_settings,
        "load_s": load_s,
        "eos_ids": sorted(model.eos_ids),
        "exact_batch": exact_batch(model),
    }


def main() -> None:
    """Load the model that the first frame names, then serve."""
    lifeline.take()
    requests, answers = take_pipes()
    with suppress(OSError):  # where there is no such thing
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE), encoding="ascii")
    first = receive(requests)
    if first is None:
        return
    worker = Worker(requests, answers)
    worker.start()
    worker.report("reading")
    start = time.perf_counter()
    try:
        model = backends.load(ModelSpec.from_dict(first["spec"]), worker.report)
        ready = ready_message(model, time.perf_counter() - start)
    except Exception as error:  # noqa: BLE001 (whatever it is, the page says it)
        worker.give_up(error)
    worker.tell(ready)
    with suppress(KeyboardInterrupt, BrokenPipeError):
        worker.run(model, ready["exact_batch"])


if __name__ == "__main__":
    main()
