"""Models in processes of their own: what ends one of them ends neither the page nor what another one writes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import psutil
import pytest

from playground import frames
from playground import process as process_module
from playground.errors import CatalogError, ModelCrashed, ModelError, ModelNotReady, PlaygroundError, PromptError
from playground.pool import Pool
from playground.records import Prompt, StopReason
from playground.rests import Rests
from playground.settings import SamplingParams
from playground.status import State, exit_text
from playground.store import LiveRun
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
    from collections.abc import Iterator

    from playground.catalog import Catalog
    from playground.process import Answer
    from playground.stream import Stream


@pytest.fixture(scope="module")
def smollm() -> Iterator[Pool]:
    """Return a pool in which SmolLM2 is up, and that loses no process."""
    shared = Pool(CATALOG)
    shared.wait(SMOLLM)
    yield shared
    shared.close()


def crash(pool: Pool, key: str = "endless") -> list[Answer]:
    """Kill a model's process in the middle of a run; return the answers, the crash as the last."""
    stream = pool.open("write", key, CAT, ENDLESS)
    found = answers(stream, 3)
    os.kill(pool.status(key).pid, signal.SIGKILL)
    return found + answers(stream)


def test_a_model_loads_looks_and_writes(smollm: Pool) -> None:
    """The real model says what it is, shows Paris for France, and writes as many tokens as asked for."""
    status = smollm.status(SMOLLM)
    assert (status.state, status.vocab_size, status.context_tokens, status.chat_problem) == (
        State.UP,
        49_152,
        2_048,
        "",
    )
    assert (status.pid != os.getpid(), status.memory_mb > 50, "llama" in status.build) == (True, True, True)
    look = smollm.ask("look", SMOLLM, Prompt(text=PROMPTS[2]), settings(temperature=0))
    assert (look["step"]["piece"], look["from_cache"]) == (b" Paris", False)
    started, *steps, last = write(smollm, SMOLLM, Prompt(text=PROMPTS[2]), settings(5, temperature=0))
    assert b"".join(started["prompt_pieces"]).decode() == PROMPTS[2]
    assert (started["build"], started["exact_batch"]) == (status.build, status.exact_batch)
    assert [step["position"] for step in steps] == list(range(5))
    assert (steps[0]["piece"], last["reason"]) == (b" Paris", "length")


def test_a_model_starts_when_it_is_first_asked(pool: Pool) -> None:
    """Nothing runs before; while it loads it says so, and afterwards it stays up."""
    assert pool.status("toy").state is State.DOWN
    process = pool.start("toy")
    with pytest.raises(ModelNotReady, match="is still loading"):
        pool.wait("toy", timeout_s=0.0)
    assert pool.wait("toy") is process
    assert pool.status("toy").state is State.UP


def test_many_who_ask_at_once_share_one_process(pool: Pool) -> None:
    """Eight threads that want the same model start it once."""
    gate, pids = threading.Barrier(8), set()

    def ask() -> None:
        gate.wait()
        pids.add(pool.wait("toy").status.pid)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(ANSWER_S)
    assert pids == {pool.status("toy").pid}


def test_runs_at_the_same_time_take_turns_and_keep_apart(smollm: Pool) -> None:
    """A long run does not hold up three short ones, and each writes the text that it writes alone."""
    alone = [ids_of(write(smollm, SMOLLM, Prompt(text=text), settings(temperature=0.9))) for text in PROMPTS]
    params = [settings(900, temperature=0.9), *[settings(temperature=0.9)] * 3]
    streams = [smollm.open("write", SMOLLM, Prompt(text=text), own) for text, own in zip(PROMPTS, params, strict=True)]
    short = [answers(stream) for stream in streams[1:]]
    streams[0].stop()
    long = answers(streams[0])
    assert [ids_of(found) for found in short] == alone[1:]
    assert ids_of(long)[:12] == alone[0]
    assert [ended(found) for found in [long, *short]] == [StopReason.STOPPED, *[StopReason.LENGTH] * 3]


def test_more_runs_than_the_model_has_slots_all_finish(smollm: Pool) -> None:
    """Seven runs on four slots: who comes later waits, nobody is refused, everybody gets their own text."""
    prompts = [Prompt(text=f"{text} {word}") for word in ("the", "now") for text in PROMPTS][:7]
    alone = [ids_of(write(smollm, SMOLLM, prompt, settings(3))) for prompt in prompts]
    streams = [smollm.open("write", SMOLLM, prompt, settings(3)) for prompt in prompts]
    assert [ids_of(answers(stream)) for stream in streams] == alone


def test_a_look_is_answered_while_a_text_is_written(smollm: Pool) -> None:
    """Both a prefix that the run has just seen and one that the model must read first; the run goes on meanwhile."""
    stream = smollm.open("write", SMOLLM, Prompt(text=PROMPTS[1]), settings(900, temperature=0))
    found = answers(stream, 4)
    seen = Prompt(ids=(*found[0]["prompt_ids"], found[1]["token_id"]), written=1)
    known = smollm.ask("look", SMOLLM, seen, settings(temperature=0))
    fresh = smollm.ask("look", SMOLLM, Prompt(text="Nobody has asked this"), settings())
    stream.stop()
    assert ended(answers(stream)) is StopReason.STOPPED
    assert (known["from_cache"], known["step"]["token_id"], known["step"]["position"]) == (
        True,
        found[2]["token_id"],
        1,
    )
    assert fresh["from_cache"] is False


@pytest.fixture
def busy(smollm: Pool) -> Iterator[list[Stream]]:
    """Return four runs on SmolLM2's four slots; three of them write, the last may have to wait for a look to fit in."""
    params = settings(150, temperature=0.9)
    streams = [smollm.open("write", SMOLLM, Prompt(text=text), params) for text in PROMPTS]
    for stream in streams[:3]:
        answers(stream, 2)
    yield streams
    for stream in streams:
        stream.close()


def test_a_look_is_answered_while_every_slot_writes(smollm: Pool, busy: list[Stream]) -> None:
    """A prefix that nobody has asked about is read between the tokens of the texts, not after one of them."""
    look = smollm.ask("look", SMOLLM, Prompt(text="Nobody has asked that either"), settings())
    for stream in busy:
        stream.stop()
    assert look["from_cache"] is False
    assert [ended(answers(stream)) for stream in busy] == [StopReason.STOPPED] * 4


def test_stop_is_heard_before_the_run_has_begun(smollm: Pool, busy: list[Stream]) -> None:
    """A run that waits for a slot ends when it is stopped, not when one of the others makes room."""
    waiting = smollm.open("write", SMOLLM, CAT, settings())
    waiting.stop()
    found = answers(waiting)
    for stream in busy:
        stream.stop()
    assert (ended(found), ids_of(found)) == (StopReason.STOPPED, [])
    assert [ended(answers(stream)) for stream in busy] == [StopReason.STOPPED] * 4


def test_stop_is_heard_while_a_long_prompt_is_read(smollm: Pool) -> None:
    """Stop right behind the request ends the run before its first token: nothing is written, and the run says why."""
    stream = smollm.open("write", SMOLLM, Prompt(text=" never again" * 900), settings())
    started = answers(stream, 1)
    stream.stop()
    rest = answers(stream)
    assert len(started[0]["prompt_ids"]) == 1_800
    assert ([message["event"] for message in rest], ended(rest)) == (["ended"], StopReason.STOPPED)


def test_a_long_prompt_lets_other_runs_go_on(smollm: Pool) -> None:
    """While 1,800 tokens are read, piece by piece, a run beside them writes a token for each piece."""
    running = smollm.open("write", SMOLLM, Prompt(text=PROMPTS[1]), settings(2_000, temperature=2))
    answers(running, 3)
    reading = smollm.open("write", SMOLLM, Prompt(text=" never again" * 900), settings(1))
    answers(reading, 1)
    before = len(ids_of(running.ready()))
    answers(reading, 1)
    assert len(ids_of(running.ready())) > 30, before
    running.close()
    reading.close()


def test_a_closed_request_gives_its_slot_back(pool: Pool) -> None:
    """Whoever leaves makes room: after as many endless runs as there are slots were closed, the next is served."""
    streams = [pool.open("write", "endless", CAT, ENDLESS) for _ in range(16)]
    for stream in streams:
        answers(stream, 2)
        stream.close()
    assert ended(write(pool, "endless", CAT, settings(4, temperature=0))) is StopReason.LENGTH


def test_nothing_is_kept_of_a_request_that_is_over(pool: Pool) -> None:
    """Neither an answered look, nor a run to its end, nor one that was closed waits any more."""
    pool.ask("look", "toy", CAT, settings())
    write(pool, "toy", CAT, settings())
    pool.open("write", "toy", CAT, settings()).close()
    with pytest.raises(PromptError):
        pool.ask("look", "toy", Prompt(text=""), settings())
    assert pool.wait("toy")._waiting == {}


def test_a_killed_process_ends_its_runs_and_keeps_what_they_wrote(pool: Pool) -> None:
    """Everybody who waits is told the signal; the tokens that had arrived stay with the run."""
    other = pool.open("write", "endless", CAT, ENDLESS)
    live = LiveRun("id", "endless", ENDLESS, 0.0)
    for message in crash(pool):
        live.take(message)
    with pytest.raises(ModelCrashed, match=r"The model's process stopped \(signal 9, SIGKILL\)"):
        list(other)
    run = live.record()
    assert (run.stop_reason, run.text) == (StopReason.CRASHED, " la" * len(run.steps))
    assert len(run.steps) >= 2
    assert run.error == "The model's process stopped (signal 9, SIGKILL). It starts again with the next run."
    assert pool.status("endless").state is State.DOWN


def test_the_next_run_after_a_crash_writes_the_same_text(pool: Pool) -> None:
    """The model starts again by itself; the same seed gives the text that the killed run had begun."""
    stream = pool.open("write", SMOLLM, Prompt(text=PROMPTS[1]), settings(900, temperature=0.9))
    begun = answers(stream, 6)
    first = pool.status(SMOLLM).pid
    os.kill(first, signal.SIGKILL)
    assert (begun + answers(stream))[-1]["kind"] == "ModelCrashed"
    again = ids_of(write(pool, SMOLLM, Prompt(text=PROMPTS[1]), settings(temperature=0.9)))
    assert again[:5] == ids_of(begun)[:5]
    assert len(again) == 12
    assert pool.status(SMOLLM).pid != first


def test_other_models_notice_nothing_of_a_crash(pool: Pool) -> None:
    """A run on one model goes on while another model's process is killed."""
    stream = pool.open("write", "endless", CAT, ENDLESS)
    answers(stream, 2)
    toy = pool.wait("toy")
    os.kill(toy.status.pid, signal.SIGKILL)
    assert toy._process.wait(ANSWER_S) == -signal.SIGKILL
    stream.stop()
    assert ended(answers(stream)) is StopReason.STOPPED


def test_a_process_that_dies_while_it_loads_is_a_crash(pool: Pool) -> None:
    """Whoever waits for the model is told, and may try again."""
    os.kill(pool.start("toy")._process.pid, signal.SIGKILL)
    with pytest.raises(ModelCrashed, match="signal 9, SIGKILL"):
        pool.wait("toy", ANSWER_S)
    assert pool.wait("toy").status.state is State.UP


def test_three_crashes_in_five_minutes_and_a_model_rests(pool: Pool, clock: list[float]) -> None:
    """It is not started until the first of the three is five minutes ago; other models work meanwhile."""
    for seconds in (0.0, 100.0, 200.0):
        clock[0] = seconds
        crash(pool)
    clock[0] = 299.0
    sentence = "Endless stopped 3 times in 5 minutes and rests. Try again in 1 s, or choose another model."
    with pytest.raises(ModelError) as caught:
        pool.open("write", "endless", CAT, ENDLESS)
    assert str(caught.value) == sentence
    assert (pool.status("endless").state, pool.status("endless").reason) == (
        State.FAILED,
        sentence.split(" Try", maxsplit=1)[0],
    )
    assert len(ids_of(write(pool, "toy", CAT, settings(1)))) == 1
    clock[0] = 300.0
    assert len(ids_of(write(pool, "endless", CAT, settings(4, temperature=0)))) == 4


def test_crashes_further_apart_do_not_add_up(pool: Pool, clock: list[float]) -> None:
    """Three crashes in more than five minutes leave a model in service."""
    for seconds in (0.0, 200.0, 301.0):
        clock[0] = seconds
        crash(pool)
    assert len(ids_of(write(pool, "endless", CAT, settings(4, temperature=0)))) == 4


PARENT = """
import sys
from pathlib import Path
from playground.catalog import read_catalog
from playground.pool import Pool
from playground.records import Prompt, SamplingParams

pool = Pool(read_catalog(Path("models.yaml")))
stream = pool.open("write", sys.argv[1], Prompt(text=" never again" * int(sys.argv[2])), SamplingParams(seed=1))
print(pool.status(sys.argv[1]).pid, next(iter(stream))["event"], flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("key", "repeats"), [("toy", 1), (SMOLLM, 900)], ids=["idle", "reading a prompt"])
def test_a_process_ends_with_the_one_that_started_it(key: str, repeats: int) -> None:
    """When the page is killed, a model's process ends too, even in the middle of a long prompt."""
    command = [sys.executable, "-c", PARENT, key, str(repeats)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as parent:
        assert parent.stdout
        pid, event = parent.stdout.readline().split()
        child = psutil.Process(int(pid))
        parent.kill()
        assert event == "started"
        child.wait(ANSWER_S)


BAD_FILES = {
    "empty": (b"", "the file is empty"),
    "pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 98362432\n",
        "git lfs pull",
    ),
    "noise": (bytes(range(256)) * 16, "GGUF"),
    "header": (b"GGUF", "header"),
    "newer": (b"GGUF\x63" + bytes(64), "version 99"),
}


@pytest.mark.parametrize("name", [*BAD_FILES, "cut"])
def test_a_file_that_is_no_model_is_refused_in_a_sentence(
    pool: Pool, name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The sentence gives the reason and neither a path nor a traceback; the other models work as before."""
    assert GGUF
    with GGUF.open("rb") as good:
        raw, reason = BAD_FILES.get(name, (good.read(3_000_000), "not within the file bounds"))
    (tmp_path / f"{name}.gguf").write_bytes(raw)
    bad = replace(CATALOG.get(SMOLLM), key=name, title=f"The {name} one", file=tmp_path / f"{name}.gguf")
    pool.catalog = replace(pool.catalog, models=(*pool.catalog.models, bad))
    with pytest.raises(ModelError, match=reason) as caught:
        pool.ask("look", name, CAT, settings())
    assert str(caught.value).startswith(f"The {name} one cannot run here: ")
    assert str(tmp_path) not in str(caught.value)
    assert pool.status(name).state is State.FAILED
    assert len(ids_of(write(pool, "toy", CAT, settings(1)))) == 1
    assert "Traceback" not in capfd.readouterr().err


def test_a_file_that_was_mended_loads_after_ten_seconds(pool: Pool, clock: list[float], tmp_path: Path) -> None:
    """Until then requests hear the same reason without another try; then the model is up."""
    table = tmp_path / "table.json"
    table.write_text("{", encoding="utf-8")
    mended = replace(CATALOG.get("toy"), key="mended", file=table)
    pool.catalog = replace(pool.catalog, models=(*pool.catalog.models, mended))
    for now in (0.0, 9.9):
        clock[0] = now
        with pytest.raises(ModelError, match="is not JSON"):
            pool.wait("mended")
        table.write_text('{"": {" la": 1.0}}', encoding="utf-8")
    clock[0] = 10.1
    assert pool.wait("mended").status.state is State.UP


def test_a_model_that_is_not_in_the_catalog_is_named(pool: Pool) -> None:
    """An unknown model is refused with the nearest name, a broken one with its problem, and nothing is started."""
    broken = replace(CATALOG.get("toy"), key="broken", title="Broken", problem="line 3: file not found.")
    pool.catalog = replace(pool.catalog, models=(*pool.catalog.models, broken))
    with pytest.raises(CatalogError, match="has no model “tou”; did you mean “toy”"):
        pool.open("look", "tou", CAT, settings())
    with pytest.raises(ModelError, match=r"Broken cannot run here: line 3: file not found\."):
        pool.open("look", "broken", CAT, settings())
    assert pool.status("broken").state is State.FAILED
    assert pool._fleet.running == {}


@pytest.mark.parametrize("wrong", [-1, 270])
def test_a_wrong_token_id_is_refused_on_the_other_side(pool: Pool, wrong: int) -> None:
    """The failure comes back as what it was, with its field, and the next request works."""
    with pytest.raises(PromptError, match=f"Token id {wrong} is not in the vocabulary") as caught:
        pool.ask("look", "toy", Prompt(ids=(wrong,)), settings())
    assert caught.value.field == "prompt"
    assert pool.ask("look", "toy", CAT, settings())["event"] == "look"


def test_half_a_character_survives_the_way_to_the_model(pool: Pool) -> None:
    """A lone surrogate in the prompt reaches the engine, which names it."""
    with pytest.raises(PromptError, match=r"half a character \(U\+D800\) at position 2"):
        pool.ask("look", "toy", Prompt(text="a\ud800"), settings())


def test_half_a_character_in_a_stop_text_keeps_nobody_waiting(pool: Pool) -> None:
    """Wherever it is noticed, whoever asked hears of it."""
    with suppress(PlaygroundError):
        stream = pool.open("write", "toy", CAT, SamplingParams(seed=1, max_new_tokens=2, stop=("\ud800",)))
        assert stream.ready(2.0)


def test_a_file_name_that_is_not_utf8_keeps_nobody_waiting(pool: Pool, tmp_path: Path) -> None:
    """A toy's table in a folder with a name from an older machine is read, or refused."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    (folder / "table.json").write_text('{"": {" la": 1.0}}', encoding="utf-8")
    odd = replace(CATALOG.get("toy"), key="odd", file=folder / "table.json")
    pool.catalog = replace(pool.catalog, models=(odd,))
    with suppress(PlaygroundError):
        assert pool.start("odd").settled.wait(2.0)


def test_close_ends_every_process(catalog: Catalog) -> None:
    """An idle one, a busy one and one that still loads are gone when the pool is closed."""
    closing = Pool(catalog)
    closing.wait("toy")
    answers(closing.open("write", "endless", CAT, ENDLESS), 2)
    closing.start(SMOLLM)
    children = [psutil.Process(process._process.pid) for process in closing._fleet.running.values()]
    closing.close()
    assert len(children) == 3
    assert psutil.wait_procs(children, timeout=ANSWER_S)[1] == []


def test_close_is_no_crash(pool: Pool) -> None:
    """Who waits is told, but a model that was closed is not counted as one that crashed."""
    stream = pool.open("write", "endless", CAT, ENDLESS)
    answers(stream, 2)
    pool.close()
    with pytest.raises(ModelCrashed):
        list(stream)
    assert pool._fleet.rests == Rests(pool._now)


def test_close_after_a_crash_ends_the_others(pool: Pool) -> None:
    """A process that is gone, with a word to it still unsent, does not keep the pool from ending the next one."""
    crashed, toy = pool.wait("endless"), pool.wait("toy")
    stream = pool.open("write", "endless", CAT, ENDLESS)
    os.kill(crashed.status.pid, signal.SIGKILL)
    with pytest.raises(ModelCrashed):
        list(stream)
    stream.stop()  # the person pressed Stop just then; nobody reads it
    pool.close()
    assert toy._process.wait(ANSWER_S) == 0


def test_a_process_that_hears_nothing_is_killed(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that neither reads its input nor takes the signal to end is ended all the same."""
    monkeypatch.setattr(process_module, "END_TIMEOUT_S", 0.1)
    child = psutil.Process(pool.wait("toy").status.pid)
    suspend(child.pid)
    pool.close()
    assert child.wait(ANSWER_S) in {-signal.SIGKILL, None}


def test_a_frozen_process_is_killed_though_somebody_writes_to_it(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that nobody takes, longer than the pipe holds, does not keep the pool from closing."""
    monkeypatch.setattr(process_module, "END_TIMEOUT_S", 0.1)
    child, writing, send = psutil.Process(pool.wait("toy").status.pid), threading.Event(), frames.send

    def watched_send(pipe: BinaryIO, message: Answer) -> None:
        writing.set()
        send(pipe, message)

    monkeypatch.setattr(frames, "send", watched_send)
    suspend(child.pid)
    long = Prompt(text="x" * 1_000_000)
    threads = [threading.Thread(target=act) for act in (lambda: pool.open("look", "toy", long, settings()), pool.close)]
    threads[0].start()
    assert writing.wait(ANSWER_S)
    threads[1].start()
    threads[1].join(5.0)
    closed = not threads[1].is_alive()
    with suppress(psutil.NoSuchProcess):
        child.kill()
    for thread in threads:
        thread.join(ANSWER_S)
    assert closed


def test_how_a_process_ended_is_named() -> None:
    """A signal by number and name, an exit by its code; a signal without a name by its number."""
    assert [exit_text(code) for code in (-9, -11, 0, 3)] == [
        "signal 9, SIGKILL", "signal 11, SIGSEGV", "exit code 0", "exit code 3",
    ]  # fmt: skip
    assert exit_text(-250) == "signal 250"
