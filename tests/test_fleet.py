"""Many models at once: one loads at a time, those that nobody uses make room, and what is stuck is ended.

``Blocked`` is a toy whose table is a FIFO: its load waits in the operating system until somebody writes the table.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from playground import pool as pool_module
from playground import process as process_module
from playground import worker
from playground.errors import CatalogError, ModelBusy, ModelCrashed, ModelError, ModelNotReady, PlaygroundError
from playground.memory import stamp
from playground.records import Prompt, StopReason
from playground.status import State
from tests.models import (
    ANSWER_S,
    CAT,
    CATALOG,
    ENDLESS,
    GGUF,
    PROMPTS,
    ROOT,
    SMOLLM,
    answers,
    ended,
    ids_of,
    settings,
    suspend,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from playground.catalog import ModelSpec
    from playground.memory import Files
    from playground.pool import Pool
    from playground.process import ModelProcess
    from playground.stream import Stream

TABLE = '{"": {" la": 1.0}}'
WORKS = settings(2, temperature=0)
LATER_S = 1000.0  # longer than any watchdog waits


@pytest.fixture
def fifo(pool: Pool, tmp_path: Path) -> Path:
    """Add ``blocked`` to the pool, a model that loads when its table is written into this FIFO."""
    path = tmp_path / "blocked.json"
    os.mkfifo(path)
    add(pool, "blocked", "Blocked", path)
    return path


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the watchdog look only when the test says so; otherwise it may look between two lines of it."""
    monkeypatch.setattr(pool_module, "WATCH_S", 10 * ANSWER_S)


def add(pool: Pool, key: str, title: str, file: Path | None = None) -> None:
    """Add a toy to the pool."""
    spec = replace(CATALOG.get("toy"), key=key, title=title, file=file)
    pool.catalog = replace(pool.catalog, models=(*pool.catalog.models, spec))


def works(pool: Pool, key: str) -> bool:
    """Whether a model writes two tokens."""
    return len(ids_of(write(pool, key, CAT, WORKS))) == 2


def endless(pool: Pool) -> Stream:
    """Return a run that goes on until it is stopped."""
    stream = pool.open("write", "endless", CAT, ENDLESS)
    answers(stream, 3)
    return stream


def process_of(pool: Pool, key: str) -> ModelProcess:
    """Return the process that requests go to."""
    return pool._fleet.running[key]


def gone(process: ModelProcess) -> bool:
    """Whether a process ends, be it by being awaited."""
    return process._process.wait(ANSWER_S) is not None and process.memory_mb == 0


def heard(act: Callable[[], object]) -> Callable[[], PlaygroundError]:
    """Do something in a thread; return a function that waits for the failure that it ends with."""
    found: list[PlaygroundError] = []

    def run() -> None:
        try:
            act()
        except PlaygroundError as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def result() -> PlaygroundError:
        thread.join(ANSWER_S)
        return found[0]

    return result


def test_models_load_one_at_a_time(pool: Pool, fifo: Path) -> None:
    """The second says for whom it waits and has no process; when the first is up, it loads."""
    first, second = pool.start("blocked"), pool.start("toy")
    assert (first.launched, second.launched) == (True, False)
    status = pool.status("toy")
    assert (status.state, status.waits_for, pool.status("blocked").waits_for) == (State.LOADING, "Blocked", "")
    fifo.write_text(TABLE, encoding="utf-8")
    assert works(pool, "toy")
    assert works(pool, "blocked")


def test_a_canceled_load_makes_way_for_the_next(pool: Pool, fifo: Path) -> None:
    """Whoever waits hears it, its process is gone, the next model loads, and the same one may be loaded again."""
    first, waiting = pool.start("blocked"), heard(lambda: pool.wait("blocked"))
    pool.start("toy")
    pool.cancel("blocked")
    error = waiting()
    assert isinstance(error, ModelNotReady)
    assert str(error) == "The load of Blocked was canceled. It loads again with the next run."
    assert gone(first)
    assert pool.status("blocked").state is State.DOWN
    assert works(pool, "toy")
    pool.start("blocked")
    fifo.write_text(TABLE, encoding="utf-8")
    assert works(pool, "blocked")


def test_a_load_is_canceled_in_the_line_too(pool: Pool, fifo: Path) -> None:
    """It never has a process, and the others load in their order."""
    pool.start("blocked")
    canceled = pool.start("endless")
    pool.start("toy")
    pool.cancel("endless")
    fifo.write_text(TABLE, encoding="utf-8")
    assert works(pool, "toy")
    assert not canceled.launched
    assert works(pool, "endless")


@pytest.mark.usefixtures("fifo")
def test_only_a_load_can_be_canceled(pool: Pool) -> None:
    """A model that is up, or down, is not loading, and stays what it is; one that loads is not up."""
    pool.wait("toy")
    for key in ("toy", "endless"):
        with pytest.raises(ModelError, match="is not loading"):
            pool.cancel(key)
    pool.start("blocked")
    for key in ("blocked", "endless"):
        with pytest.raises(ModelError, match="is not up"):
            pool.unload(key)
    assert pool.status("toy").state is State.UP


def full(pool: Pool) -> None:
    """Leave as much of the budget as a toy needs less one."""
    pool._fleet.memory_mb = sum(process.memory_mb for process in pool._fleet.all()) + 39


def test_a_disk_that_does_not_answer_keeps_nobody_else_waiting(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the system looks for one model's file, others start, and the page hears where all of them stand."""
    asked, found = threading.Event(), threading.Event()

    def slow(spec: ModelSpec) -> Files:
        if spec.key == "endless":
            asked.set()
            assert found.wait(ANSWER_S)
        return stamp(spec)

    monkeypatch.setattr(pool_module, "stamp", slow)
    thread = threading.Thread(target=lambda: pool.start("endless"))
    thread.start()
    assert asked.wait(ANSWER_S)
    assert works(pool, "toy")
    assert pool.status("endless").state is State.DOWN
    found.set()
    thread.join(ANSWER_S)
    assert works(pool, "endless")


def test_the_least_recently_used_model_makes_room(pool: Pool, clock: list[float]) -> None:
    """Of two that nobody uses, the one that was used longer ago ends; the one that was loaded earlier stays."""
    for key in ("toy", "endless", "toy"):
        clock[0] += 1
        assert works(pool, key)
    toy, old = process_of(pool, "toy"), process_of(pool, "endless")
    full(pool)
    add(pool, "third", "Third")
    assert works(pool, "third")
    assert gone(old)
    assert pool.status("endless").state is State.DOWN
    assert process_of(pool, "toy") is toy
    assert works(pool, "toy")


def test_a_model_in_use_is_never_unloaded(pool: Pool) -> None:
    """Who does not fit hears who is in use; the run goes on, and when it has ended the same request works."""
    stream = endless(pool)
    full(pool)
    sentence = r"needs about 40 MB; the budget of all models is .*, and Endless \(.*\) is in use\."
    with pytest.raises(ModelBusy, match=sentence):
        pool.wait("toy")
    assert pool.status("toy").state is State.DOWN
    answers(stream, 3)
    stream.stop()
    assert ended(answers(stream)) is StopReason.STOPPED
    assert works(pool, "toy")
    assert pool.status("endless").state is State.DOWN


def test_a_model_that_can_never_fit_unloads_nobody(pool: Pool) -> None:
    """It is refused with both sizes, and the next request for another model works."""
    toy = pool.wait("toy")
    pool._fleet.memory_mb = 300
    with pytest.raises(ModelError, match=r"needs about 493 MB; the budget of all models is 300 MB\."):
        pool.wait(SMOLLM)
    assert works(pool, "toy")
    assert process_of(pool, "toy") is toy


def test_numbers_that_cannot_fit_leave_the_model_up(pool: Pool) -> None:
    """They are refused with both sizes before anything ends, and again once the model is down."""
    pool.wait(SMOLLM)
    process = process_of(pool, SMOLLM)
    pool._fleet.memory_mb = 1000
    with pytest.raises(ModelError, match=r"needs about 160\.2 GB; the budget of all models is 1\.0 GB"):
        pool.load(SMOLLM, {"context_tokens": 1_048_576})
    assert process_of(pool, SMOLLM) is process
    assert works(pool, SMOLLM)
    pool.unload(SMOLLM)
    with pytest.raises(ModelError, match=r"needs about 160\.2 GB"):
        pool.load(SMOLLM, {"context_tokens": 1_048_576})
    assert works(pool, SMOLLM)


def test_a_model_of_the_same_file_is_the_last_to_make_room(pool: Pool, tmp_path: Path, clock: list[float]) -> None:
    """Its memory is shared with the one that loads, so another one ends, though that was used later."""
    table = tmp_path / "table.json"
    table.write_text(TABLE, encoding="utf-8")
    add(pool, "twin", "Twin", table)
    add(pool, "new", "New", table)
    for key in ("twin", "toy"):
        clock[0] += 1
        assert works(pool, key)
    twin, toy = process_of(pool, "twin"), process_of(pool, "toy")
    pool._fleet.memory_mb = sum(process.memory_mb for process in pool._fleet.all()) + 5
    assert works(pool, "new")
    assert gone(toy)
    assert process_of(pool, "twin") is twin


def test_what_a_model_took_is_what_it_needs_the_next_time(pool: Pool) -> None:
    """After a first load its estimate is what was measured, be it more than the guess."""
    pool.wait("toy")
    pool._fleet.loaded_mb[pool.spec("toy")] = 290
    pool.unload("toy")
    pool._fleet.memory_mb = 280
    with pytest.raises(ModelError, match="needs about 290 MB"):
        pool.wait("toy")
    assert works(pool, "endless")


def test_unloading_gives_the_memory_back(pool: Pool) -> None:
    """After a run SmolLM2's process is gone, and with it all that this process's children hold; it loads again."""
    assert works(pool, SMOLLM)
    process, before = process_of(pool, SMOLLM), pool.status(SMOLLM).memory_mb
    pool.unload(SMOLLM)
    assert before > 250
    assert (psutil.pid_exists(process.pid), process.memory_mb) == (False, 0)
    assert process.pid not in {child.pid for child in psutil.Process().children(recursive=True)}
    assert pool.status(SMOLLM) == replace(pool.status(SMOLLM), state=State.DOWN, pid=0)
    assert works(pool, SMOLLM)


def test_a_model_in_use_is_not_unloaded_by_hand_either(pool: Pool) -> None:
    """The sentence says how many use it; they go on."""
    streams = [endless(pool), endless(pool)]
    with pytest.raises(ModelBusy, match=r"Endless is in use: 2 open requests\. Stop them, or wait"):
        pool.unload("endless")
    for stream in streams:
        stream.stop()
        assert ended(answers(stream)) is StopReason.STOPPED
    pool.unload("endless")
    assert pool.status("endless").state is State.DOWN
    assert works(pool, "endless")


def reloadable(tmp_path: Path, pool: Pool, **models: Mapping[str, object]) -> None:
    """Write a models.yaml for the pool and have it read."""
    path = tmp_path / "models.yaml"
    path.write_text(json.dumps({"models": models}), encoding="utf-8")
    pool.catalog = replace(pool.catalog, path=path)
    pool.reload()


def repeating(folder: Path) -> dict[str, object]:
    """Return an entry for a toy that repeats one word and never ends by itself."""
    (folder / "table.json").write_text(TABLE, encoding="utf-8")
    return {"backend": "toy", "source": "path:table.json", "context_tokens": 1_048_576}


def test_a_reload_ends_what_changed_and_nothing_else(pool: Pool, tmp_path: Path) -> None:
    """A new title changes no process; a new context or a removed entry ends one; a new entry is there."""
    toy = {"backend": "toy"}
    reloadable(tmp_path, pool, same=toy, other=toy, removed=toy)
    same, other, removed = (pool.wait(key) for key in ("same", "other", "removed"))
    reloadable(tmp_path, pool, same=toy | {"title": "New"}, other=toy | {"context_tokens": 256}, added=toy)
    assert gone(other)
    assert gone(removed)
    assert process_of(pool, "same") is same
    assert same.spec.title == "New"
    assert pool.wait("other").status.context_tokens == 256
    assert works(pool, "added")
    with pytest.raises(CatalogError, match="no model “removed”"):
        pool.wait("removed")


def test_a_run_outlives_the_entry_of_its_model(pool: Pool, tmp_path: Path) -> None:
    """It goes on in the old process, new requests go to a new one, and the old one ends with its last request."""
    la = repeating(tmp_path)
    reloadable(tmp_path, pool, la=la)
    stream = pool.open("write", "la", CAT, ENDLESS)
    answers(stream, 3)
    old = process_of(pool, "la")
    reloadable(tmp_path, pool, la=la | {"context_tokens": 512})
    pool.watch()
    assert pool.wait("la").status.context_tokens == 512
    assert len(ids_of(answers(stream, 3))) >= 3
    stream.stop()
    assert ended(answers(stream)) is StopReason.STOPPED
    pool.watch()
    assert gone(old)


@pytest.mark.usefixtures("by_hand")
def test_an_old_process_makes_room_as_itself(pool: Pool, tmp_path: Path, clock: list[float]) -> None:
    """What ends is the process that a reload has left behind, not the new one of the same model."""
    toy, la = {"backend": "toy"}, repeating(tmp_path)
    reloadable(tmp_path, pool, one=la, two=toy)
    stream = pool.open("write", "one", CAT, ENDLESS)
    answers(stream, 1)
    old = process_of(pool, "one")
    reloadable(tmp_path, pool, one=la | {"context_tokens": 512}, two=toy)
    clock[0] = 1.0
    new = pool.wait("one")
    stream.close()
    full(pool)
    assert works(pool, "two")
    assert gone(old)
    assert process_of(pool, "one") is new
    assert works(pool, "one")


def test_a_reload_that_fails_changes_nothing(pool: Pool, tmp_path: Path) -> None:
    """The old models stay, with their processes; the sentence says where the fault is."""
    reloadable(tmp_path, pool, toy={"backend": "toy"})
    toy, catalog = pool.wait("toy"), pool.catalog
    for text in ("models:\n  toy: [", ""):
        catalog.path.write_text(text, encoding="utf-8")
        with pytest.raises(CatalogError, match=r"^models\.yaml "):
            pool.reload()
    catalog.path.unlink()
    with pytest.raises(CatalogError, match="is not a file"):
        pool.reload()
    assert (pool.catalog is catalog, process_of(pool, "toy") is toy, works(pool, "toy")) == (True, True, True)


@pytest.mark.usefixtures("fifo")
def test_a_reload_gives_up_loads_of_what_changed(pool: Pool, tmp_path: Path) -> None:
    """Whoever waits for such a load hears why, be it under way or in the line."""
    loading, waiting = pool.start("blocked"), pool.start("endless")
    both = [heard(lambda key=key: pool.wait(key)) for key in ("blocked", "endless")]  # type: ignore[misc]
    reloadable(tmp_path, pool, toy={"backend": "toy"})
    assert all("its entry in models.yaml has changed" in str(result()) for result in both)
    assert gone(loading)
    assert not waiting.launched
    assert works(pool, "toy")


def later(pool: Pool, clock: list[float]) -> None:
    """Let a watchdog's time pass and have it look."""
    clock[0] += LATER_S
    pool.watch()


def test_a_load_that_stands_still_is_ended(pool: Pool, fifo: Path, clock: list[float]) -> None:
    """Whoever waits hears how long it stood still; it is no crash, and the next try works."""
    process, waiting = pool.start("blocked"), heard(lambda: pool.wait("blocked"))
    while not process.settled.wait(0.05):
        later(pool, clock)
    assert str(waiting()) == (
        "The load of Blocked made no progress for 120 s and was ended. It loads again with the next run."
    )
    assert gone(process)
    assert works(pool, "toy")
    pool.start("blocked")
    fifo.write_text(TABLE, encoding="utf-8")
    assert works(pool, "blocked")


def faulty(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str) -> None:
    """Have every Python that starts from now on run this first."""
    (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))


STUCK_DECODE = """
import threading
from playground.backends.toy import ToyModel
decode = ToyModel.decode
def stuck(self, sequences, ids):
    if sequences[0].length > 20:
        threading.Event().wait()
    return decode(self, sequences, ids)
ToyModel.decode = stuck
"""


@pytest.mark.usefixtures("fifo")
def test_the_watchdog_looks_by_itself(pool: Pool, clock: list[float]) -> None:
    """Once a second, from the first load on: nobody has to ask for it."""
    process = pool.start("blocked")
    while not process.settled.wait(0.05):
        clock[0] += LATER_S
    assert gone(process)
    assert works(pool, "toy")


@pytest.mark.parametrize("fault", ["stopped by a signal", "stuck in a call"])
def test_a_process_that_does_not_move_is_found_out(
    pool: Pool, clock: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Though it lives, and though other threads of it may still answer: its run hears why, and the next one works."""
    if fault == "stuck in a call":
        faulty(monkeypatch, tmp_path, STUCK_DECODE)
    process = pool.wait("endless")
    stream = pool.open("write", "endless", CAT, ENDLESS)
    found = answers(stream, 3)
    if fault == "stopped by a signal":
        suspend(process.pid)
    while not found or found[-1]["event"] != "error":
        later(pool, clock)
        found += stream.ready(0.05)
    assert found[-1]["text"][0] == "The model's process made no progress for 60 s and was ended."
    assert gone(process)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert works(pool, "endless")


@pytest.mark.usefixtures("by_hand")
def test_a_process_that_moves_is_left_alone(pool: Pool, clock: list[float]) -> None:
    """However long a run takes, while it takes turns; and however long nobody asks anything."""
    process, stream = pool.wait("endless"), endless(pool)
    pool.watch()
    for _ in range(2):
        before = process.beats
        while process.beats == before:
            answers(stream, 1)
        later(pool, clock)
    stream.stop()
    assert ended(answers(stream)) is StopReason.STOPPED
    later(pool, clock)
    later(pool, clock)
    assert works(pool, "endless")
    assert process_of(pool, "endless") is process


HOLDS_THE_LOCK = """
import ctypes
from playground.backends import toy
toy.load = lambda *_: ctypes.PyDLL(None).pause()  # unlike CDLL, it keeps the interpreter's lock
"""


@pytest.mark.parametrize(("fault", "code"), [("none", 0), ("deaf", -signal.SIGTERM), ("stopped", -signal.SIGKILL)])
def test_a_process_is_asked_then_terminated_then_killed(
    pool: Pool, fifo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, code: int
) -> None:
    """A sound one goes when asked; one whose every thread is stuck takes a signal; a stopped one must be killed."""
    monkeypatch.setattr(process_module, "END_TIMEOUT_S", 2.0 if fault == "none" else 0.3)
    if fault == "deaf":
        faulty(monkeypatch, tmp_path, HOLDS_THE_LOCK)
    process = pool.start("blocked")
    while process.status.stage != "reading":  # it runs Python by then, and the next thing is the model's load
        assert not process.settled.wait(0.01)
    if fault == "stopped":
        suspend(process.pid)
    pool.cancel("blocked")
    assert process._process.wait(ANSWER_S) == code
    monkeypatch.delenv("PYTHONPATH", raising=False)
    pool.start("blocked")
    fifo.write_text(TABLE, encoding="utf-8")
    assert works(pool, "blocked")


REPORTS = """
import os, sys
from playground.frames import receive, send
if sys.argv[:1] == ["-m"]:
    receive(sys.stdin.buffer)
    for part in (None, 0.25):
        send(sys.stdout.buffer, {"id": 0, "event": "loading", "stage": "converting", "part": part})
    receive(sys.stdin.buffer)
    os._exit(0)
"""


@pytest.mark.usefixtures("by_hand")
def test_progress_of_a_load_is_told_and_counts(
    pool: Pool, clock: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stage and part are in the status; a part that grows keeps the watchdog quiet, one that does not wakes it."""
    faulty(monkeypatch, tmp_path, REPORTS)
    process = pool.start("toy")
    while pool.status("toy").part is None:
        assert not process.settled.wait(0.01)
    assert (pool.status("toy").state, pool.status("toy").stage, pool.status("toy").part) == (
        State.LOADING, "converting", 0.25,
    )  # fmt: skip
    pool.watch()
    process._hear({"event": "loading", "stage": "converting", "part": 0.5})
    later(pool, clock)
    assert pool.status("toy").part == 0.5
    while not process.settled.wait(0.05):
        later(pool, clock)
    with pytest.raises(ModelNotReady, match="made no progress"):
        pool._settled(process, 0.0)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert works(pool, "toy")


PARENT = """
import sys
from dataclasses import replace
from pathlib import Path
from playground.catalog import read_catalog
from playground.pool import Pool

catalog = read_catalog(Path("models.yaml"))
blocked = replace(catalog.get("toy"), key="blocked", file=Path(sys.argv[1]))
process = Pool(replace(catalog, models=(blocked,))).start("blocked")
while process.status.stage != "reading":
    assert not process.settled.wait(0.01)
print(process.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("fault", ["none", "deaf", "stopped"])
def test_a_process_that_still_loads_ends_with_the_one_that_started_it(
    fifo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """When the page is killed, no load outlives it: neither one that waits, nor one in which no thread can run."""
    if fault == "deaf":
        faulty(monkeypatch, tmp_path, HOLDS_THE_LOCK)
    command, pipe = [sys.executable, "-c", PARENT, str(fifo)], subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        if fault == "stopped":
            child.suspend()
        parent.kill()
        child.wait(ANSWER_S)


@pytest.fixture
def copied(pool: Pool, tmp_path: Path) -> Path:
    """Add ``copy`` to the pool, SmolLM2 in a file of its own."""
    assert GGUF
    path = tmp_path / "copy.gguf"
    path.write_bytes(GGUF.read_bytes())
    spec = replace(CATALOG.get(SMOLLM), key="copy", title="Copy", file=path)
    pool.catalog = replace(pool.catalog, models=(*pool.catalog.models, spec))
    return path


def test_a_file_that_is_cut_while_it_is_used_is_named(pool: Pool, copied: Path) -> None:
    """The run that reads beyond its end hears what happened; others go on; mended, the model works again."""
    pool.wait("copy")
    other = endless(pool)
    os.truncate(copied, 1_000_000)
    with pytest.raises(ModelCrashed) as caught:
        pool.ask("look", "copy", Prompt(text=PROMPTS[0]), settings())
    assert caught.value.message == (
        "The model's process stopped (signal 7, SIGBUS), since the model's file changed on disk while it was in use."
    )
    with pytest.raises(ModelError, match="Copy cannot run here: copy cannot be loaded"):
        pool.wait("copy")
    answers(other, 3)
    other.close()
    assert works(pool, SMOLLM)


@pytest.mark.parametrize(
    ("limit_mb", "reason"), [(300, "mmap failed: Cannot allocate memory"), (450, "has no room for")]
)
def test_a_load_that_gets_too_little_memory_is_a_sentence(pool: Pool, limit_mb: int, reason: str) -> None:
    """A limit of the system, be it struck by the weights or by the cache, ends that load alone; then others work."""
    other = endless(pool)
    process = pool.start(SMOLLM)
    psutil.Process(process.pid).rlimit(psutil.RLIMIT_AS, (limit_mb * 2**20,) * 2)
    with pytest.raises(ModelError, match=f"SmolLM2 .* cannot run here: .*{reason}"):
        pool.wait(SMOLLM)
    answers(other, 3)
    other.close()
    assert works(pool, "toy")


def test_linux_ends_a_model_before_it_ends_the_page(pool: Pool) -> None:
    """Where memory runs out, the process with the higher number goes first; models have raised theirs."""
    pids = ("self", pool.wait("toy").pid)
    page, model = (int(Path(f"/proc/{pid}/oom_score_adj").read_text(encoding="ascii")) for pid in pids)
    assert (page < model, model) == (True, worker.OOM_SCORE)
