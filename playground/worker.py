"""The model's process and the messages in and out of it.

- Run as ``python -m playground.worker``; frames come in on standard input and leave on what was standard output.
- A frame is a four-byte length and a msgpack map; every request has an ``id`` that its answers carry.
- The main thread owns the model and takes jobs in turn, one token or one piece of a prompt each; a second thread
  answers looks from the cache; a third turns draws into records and sends them while the main thread decodes.
- When standard input ends, its owner is gone and the process ends, whatever it is doing.

Requests: ``look``, ``logits``, ``encode``, ``encode_special``, ``write``, ``stop``. Answers: ``ready`` (once, id 0),
``look``, ``logits``, ``encoded``, ``started``, ``step``, ``ended``, ``error``.
"""

from __future__ import annotations

import logging
import os
import queue
import secrets
import struct
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import msgpack

from playground import backends
from playground.backends.base import PrefillStopped
from playground.catalog import ModelSpec
from playground.chain import Draw
from playground.engine import Ended, Engine, Event, Look, Started
from playground.errors import PlaygroundError
from playground.records import Extras, Prompt, SamplingParams, shallow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playground.backends.base import LoadedModel

Message = dict[str, Any]

LENGTH = struct.Struct(">I")
READY_ID = 0
LONE = "surrogatepass"  # half characters travel as they are; whoever reads them refuses them with a sentence


def send(pipe: BinaryIO, message: Message) -> None:
    """Write one frame."""
    body = msgpack.packb(message, unicode_errors=LONE)
    pipe.write(LENGTH.pack(len(body)) + body)
    pipe.flush()


def receive(pipe: BinaryIO) -> Message | None:
    """Read one frame; None where the other side is gone."""
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    size = LENGTH.unpack(head)[0]
    body = pipe.read(size)
    return msgpack.unpackb(body, strict_map_key=False, unicode_errors=LONE) if len(body) == size else None


def unpack_prompt(flat: Message) -> Prompt:
    """Read a prompt from a request."""
    turns = tuple((role, content) for role, content in flat["messages"])
    return Prompt(flat["text"], turns, tuple(flat["ids"]), flat["written"], tuple(flat["final_probs"]))


def answer(event: Event | Look) -> Message:
    """Return an engine's event as plain values."""
    match event:
        case Draw():
            return {"event": "step", **shallow(event.record())}
        case Look():
            orders = event.orders and shallow(event.orders)
            return {"event": "look", **shallow(event), "step": shallow(event.step), "orders": orders}
        case Started():
            return {"event": "started", **shallow(event)}
        case Ended():
            return {"event": "ended", "reason": event.reason.value, "timing": shallow(event.timing)}


def error_answer(error: Exception) -> Message:
    """Return a failure as plain values; what is not ours is logged under a short id."""
    if isinstance(error, PlaygroundError):
        return {"event": "error", "kind": type(error).__name__, "text": (error.message, error.hint, error.field)}
    log_id = secrets.token_hex(3)
    logging.getLogger(__name__).error("%s", log_id, exc_info=error)
    text = ("Something in the playground broke.", f"The log has it under {log_id}.", "")
    return {"event": "error", "kind": "ModelError", "text": text}


@dataclass
class Job:
    """One request that the main thread works on: its events, and whether somebody stopped it."""

    request: Message
    stopped: threading.Event = field(default_factory=threading.Event)
    events: Iterator[Event | Look | Message | None] = field(default_factory=lambda: iter(()))

    @property
    def writes(self) -> bool:
        """Whether it keeps a sequence for as long as a text grows."""
        return bool(self.request["op"] == "write")

    @property
    def extras(self) -> Extras:
        """What a look is asked for beside the distribution."""
        return Extras(**self.request["extras"])

    def keep_going(self) -> bool:
        """Whether nobody pressed Stop."""
        return not self.stopped.is_set()


class Worker:
    """The loop of the model's process."""

    def __init__(self, model: LoadedModel, requests: BinaryIO, answers: BinaryIO) -> None:
        """Own the model and both pipes."""
        self._engine = Engine(model)
        self._requests = requests
        self._answers = answers
        self._outbox: queue.Queue[tuple[int, Event | Look | Message]] = queue.Queue(maxsize=64)  # draws are large
        self._inbox: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._cached: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._jobs: dict[int, Job] = {}

    def run(self) -> None:
        """Serve until the process ends."""
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._answer_cached, daemon=True).start()
        threading.Thread(target=self._send_all, daemon=True).start()
        active: list[Job] = []
        waiting: list[Job] = []
        while True:
            while not active or not self._inbox.empty():
                waiting.append(self._inbox.get())
                active += self._admit(waiting, active)
            active = [job for job in active if self._advance(job)]
            active += self._admit(waiting, active)

    def _admit(self, waiting: list[Job], active: list[Job]) -> list[Job]:
        """Start waiting jobs in the order in which they came: one look, and runs while slots but one are free.

        A job that somebody stopped meanwhile needs no slot to say so.
        """
        writing = sum(job.writes for job in active)
        free = {True: self._engine.model.slots - 1 - writing, False: 1 - (len(active) - writing)}
        taken: list[Job] = []
        for job in waiting.copy():
            if free[job.writes] < 1 and not job.stopped.is_set():
                continue
            free[job.writes] -= 1
            waiting.remove(job)
            job.events = self._events(job)
            taken.append(job)
        return taken

    def _advance(self, job: Job) -> bool:
        """Send a job's next event; False where that was its last."""
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

    def _events(self, job: Job) -> Iterator[Event | Look | Message | None]:
        prompt = unpack_prompt(job.request["prompt"])
        try:
            match job.request["op"]:
                case "write":
                    yield from self._engine.write(prompt, self._params(job), job.keep_going)
                case "look":
                    yield (yield from self._engine.look(prompt, self._params(job), job.keep_going, job.extras))
                case "encode" | "encode_special" as op:
                    special = op == "encode_special"
                    yield {"event": "encoded", "ids": self._engine.model.encode(prompt.text, special=special)}
                case _:
                    ids, row = yield from self._engine.logits(prompt, job.keep_going)
                    model = self._engine.model
                    pieces = [model.piece(token) for token in range(model.vocab_size)]
                    yield {"event": "logits", "ids": ids, "logits": row.tobytes(), "pieces": pieces}
        except PrefillStopped:
            yield {"event": "error", "kind": "PlaygroundError", "text": ("Stopped.", "", "")}

    @staticmethod
    def _params(job: Job) -> SamplingParams:
        return SamplingParams.from_dict(job.request["params"])

    def _send(self, job: Job, event: Event | Look | Message) -> None:
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

    def _read(self) -> None:
        """Take requests; end the process when nobody can send any more."""
        while (request := receive(self._requests)) is not None:
            if request["op"] == "stop":
                job = self._jobs.get(request["target"])
                if job:
                    job.stopped.set()
                continue
            job = self._jobs[request["id"]] = Job(request)
            (self._cached if request["op"] == "look" else self._inbox).put(job)
        os._exit(0)  # the main thread may be deep in native code

    def _answer_cached(self) -> None:
        """Answer looks whose logits are kept, while the main thread decodes; hand on the others."""
        while True:
            job = self._cached.get()
            try:
                prompt = unpack_prompt(job.request["prompt"])
                params = self._params(job)
                found = self._engine.look_cached(prompt.ids, prompt, params, job.extras) if prompt.ids else None
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
    """Say what the page needs to know of a model that is up."""
    return {
        "id": READY_ID,
        "event": "ready",
        "vocab_size": model.vocab_size,
        "context_tokens": model.context_tokens,
        "chat_problem": model.chat_problem,
        "build": model.build,
        "own_settings": model.own_settings,
        "load_s": load_s,
        "eos_ids": sorted(model.eos_ids),
    }


def take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Claim standard input and output for frames; what libraries print goes to standard error instead."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 (a file descriptor is what is needed)
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 (exists on Windows only)

        for pipe in (requests, answers):
            msvcrt.setmode(pipe.fileno(), os.O_BINARY)
    return requests, answers


def main() -> None:
    """Load the model that the first frame names, then serve."""
    requests, answers = take_pipes()
    first = receive(requests)
    if first is None:
        return
    start = time.perf_counter()
    try:
        model = backends.load(ModelSpec.from_dict(first["spec"]))
    except Exception as error:  # noqa: BLE001 (whatever it is, the page says it)
        send(answers, {"id": READY_ID, **error_answer(error)})
        return
    send(answers, ready_message(model, time.perf_counter() - start))
    with suppress(KeyboardInterrupt, BrokenPipeError):
        Worker(model, requests, answers).run()


if __name__ == "__main__":
    main()
