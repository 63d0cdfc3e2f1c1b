"""Who is next: runs wait in a line that is short, fair between sessions, and says where one stands in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from playground.errors import ModelBusy, SettingError
from playground.jobs import MAX_WAITING, PATIENCE, RECENT, Job, Line
from playground.store import LiveRun
from tests.models import CAT, ENDLESS, answers, ended, ids_of, settings, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playground.pool import Pool
    from playground.stream import Stream

TOY_RUNS = 15  # the toy has sixteen slots, and one of them is for looks


def run(name: str, session: str = "") -> Job:
    """Return a run; its id is its name."""
    return Job({"op": "write", "id": name, "session": session})


def look(name: str) -> Job:
    """Return a look."""
    return Job({"op": "look", "id": name})


def line_of(*jobs: Job, slots: int = 2, now: float = 0.0) -> Line:
    """Return a line that these have joined in this order; with two slots, one run at a time."""
    line = Line(slots, now=lambda: now)
    for job in jobs:
        line.join(job)
    return line


def names(jobs: list[Job]) -> list[str]:
    """Return the jobs' names."""
    return [job.request["id"] for job in jobs]


def served(line: Line) -> str:
    """Admit one after the other until nobody waits; return the names in that order."""
    found = ""
    while taken := line.admit():
        found += "".join(names(taken))
        for job in taken:
            line.leave(job)
    return found


def test_all_slots_but_one_are_for_runs_and_one_look_fits_beside_them() -> None:
    """Three runs and one look on four slots; the others wait."""
    line = line_of(*map(run, "abcde"), look("x"), look("y"), slots=4)
    assert names(line.admit()) == ["a", "b", "c", "x"]
    assert line.admit() == []
    line.leave(line.active[3])
    assert names(line.admit()) == ["y"]


def search(name: str, beams: int) -> Job:
    """Return a beam search."""
    return Job({"op": "beams", "id": name, "params": {"num_beams": beams}})


def test_a_search_needs_a_slot_for_each_beam() -> None:
    """Two beams and a run fill three of four slots; a look fits into the last."""
    line = line_of(search("s", 2), run("a"), run("b"), look("x"), slots=4)
    assert names(line.admit()) == ["s", "a", "x"]


def test_nobody_overtakes_a_search_that_waits_for_slots() -> None:
    """Or it would wait for as long as others write; looks go on meanwhile."""
    line = line_of(run("a"), search("s", 3), run("b"), look("x"), slots=4)
    assert names(line.admit()) == ["a", "x"]
    line.leave(line.active[0])
    assert names(line.admit()) == ["s"]
    line.leave(line.active[-1])
    assert names(line.admit()) == ["b"]


def test_a_look_fits_beside_the_largest_search() -> None:
    """Whoever clicks on a tree that grows is answered meanwhile."""
    line = line_of(search("s", 3), look("x"), look("y"), slots=4)
    assert names(line.admit()) == ["s", "x"]
    line.leave(line.active[1])
    assert names(line.admit()) == ["y"]


def test_what_never_fits_is_refused_at_once() -> None:
    """Whoever else is at work; the refusal says what is possible and what to change."""
    line = line_of(run("a"), slots=4)
    said = (
        "4 beams need room for 4 texts at once; this model has room for 3. Use at most 3, or set its sequences in "
        "models.yaml to 5 or more."
    )
    with pytest.raises(SettingError) as caught:
        line.join(search("s", 4))
    assert (str(caught.value), caught.value.field) == (said, "num_beams")
    panes = Job({"op": "compare", "id": "c", "params": {"panes": [{}] * 4}})
    with pytest.raises(SettingError, match="4 panes of one model need room for 4 texts"):
        line.join(panes)
    assert names(line.admit()) == ["a"]


def test_whoever_was_overtaken_often_is_next() -> None:
    """New sessions come one after the other; a search of somebody who wrote much is not put off forever."""
    line = line_of(*(run("x", "eager") for _ in range(3)))
    served(line)
    line.join(Job(search("s", 1).request | {"session": "eager"}))
    order = ""
    for number in range(PATIENCE + 3):
        line.join(run("n", f"new {number}"))
        [taken] = line.admit()
        order += taken.request["id"]
        line.leave(taken)
    assert order == "n" * PATIENCE + "s" + "n" * 2


def test_sessions_take_turns() -> None:
    """One who sends six at once does not hold up those who come after with one each."""
    first = [run(f"{number}", "eager") for number in range(1, 7)]
    line = line_of(*first, run("a", "Ann"), run("b", "Bob"))
    assert served(line) == "1ab23456"


def test_who_wrote_much_lately_waits_for_who_did_not() -> None:
    """Runs that are over count too, but only the last of all."""
    line = line_of(*(run("x", "eager") for _ in range(3)))
    served(line)
    for job in (run("e", "eager"), run("a", "Ann"), run("A", "Ann")):
        line.join(job)
    assert served(line) == "aAe"
    for _ in range(RECENT):
        line.join(run("s", "somebody"))
    served(line)
    line.join(run("e", "eager"))
    line.join(run("a", "Ann"))
    assert served(line) == "ea"


def test_without_sessions_who_came_first_is_first() -> None:
    """Requests that name no session are one another's equals."""
    assert served(line_of(*map(run, "abcd"))) == "abcd"


def test_a_run_that_was_stopped_needs_no_slot() -> None:
    """It is taken up at once, to say so, and takes nobody's turn."""
    jobs = [run(name) for name in "abc"]
    line = line_of(*jobs)
    jobs[2].stopped.set()
    assert names(line.admit()) == ["a", "c"]
    assert (jobs[0].started_s, jobs[2].started_s) == (0.0, None)


def test_the_line_is_bounded() -> None:
    """As many as may wait do; one more is refused, and looks and later runs are not."""
    line = line_of(run("first"))
    line.admit()
    for number in range(MAX_WAITING):
        line.join(run(str(number)))
    with pytest.raises(ModelBusy) as caught:
        line.join(run("too many"))
    assert str(caught.value) == ("32 runs are waiting for this model; try again when some of them have ended.")
    line.join(look("x"))
    line.leave(line.active[0])
    assert names(line.admit()) == ["0", "x"]
    line.join(run("one more"))


def test_looks_are_bounded_by_themselves() -> None:
    """As many looks as runs may wait; one more is refused, and runs are not."""
    line = line_of(look("first"))
    line.admit()
    for number in range(MAX_WAITING):
        line.join(look(str(number)))
    with pytest.raises(ModelBusy, match=r"^32 looks are waiting for this model; try again in a moment\.$"):
        line.join(look("too many"))
    line.join(run("a run"))
    assert names(line.admit()) == ["a run"]


def test_who_is_refused_hears_how_long_it_would_have_been() -> None:
    """By hand: runs took 2 and 4 s, on average 3; with three at a time, the 33rd in the line waits 33 s."""
    now = [0.0]
    line = Line(4, now=lambda: now[0])
    for lasted in (2.0, 4.0):
        line.join(job := run("over"))
        line.admit()
        now[0] += lasted
        line.leave(job)
    for number in range(3 + MAX_WAITING):
        line.join(run(str(number)))
        line.admit()
    with pytest.raises(ModelBusy, match=r"^32 runs are waiting for this model; try again in about 33 s\.$"):
        line.join(run("too many"))


def test_a_place_is_told_when_it_changes() -> None:
    """Each of those that wait hears its place once, again when it moves up, and not of looks."""
    line = line_of(run("a"), run("b"), look("x"), run("c"))
    line.admit()
    told = [(job.request["id"], message["position"]) for job, message in line.news()]
    assert told == [("b", 1), ("c", 2)]
    assert list(line.news()) == []
    line.leave(line.active[0])
    line.admit()
    assert [(job.request["id"], message["position"]) for job, message in line.news()] == [("c", 1)]


@pytest.fixture
def crowd(pool: Pool) -> Iterator[list[Stream]]:
    """Return endless runs on every slot of a toy, one session each."""
    streams = [pool.open("write", "endless", CAT, ENDLESS, session=str(number)) for number in range(TOY_RUNS)]
    for stream in streams:
        answers(stream, 2)
    yield streams
    for stream in streams:
        stream.close()


def test_a_run_knows_its_place_until_it_is_taken_up(pool: Pool, crowd: list[Stream]) -> None:
    """Through the real process: second in the line, then first, then it writes and has none."""
    before, waiting = (pool.open("write", "endless", CAT, settings(2, temperature=0)) for _ in range(2))
    live, places = LiveRun("id", "endless", ENDLESS, 0.0), []
    for message in answers(waiting, 1):
        live.take(message)
        places.append(live.position)
    crowd[0].stop()
    while live.stop_reason is None:
        for message in answers(waiting, 1):
            live.take(message)
            places.append(live.position)
    assert places == [2, 1, 0, 0, 0, 0]
    assert ended(answers(before)).value == "length"
    assert live.wait_s is None


def test_a_newcomer_passes_one_who_sends_many(pool: Pool, crowd: list[Stream]) -> None:
    """Ten runs of one session wait; the run of another is written before the second of them."""
    params = settings(1, temperature=0)
    many = [pool.open("write", "endless", CAT, params, session="eager") for _ in range(10)]
    one = pool.open("write", "endless", CAT, params, session="Ann")
    assert [answers(stream, 1)[0]["position"] for stream in (many[0], many[9], one)] == [1, 10, 2]
    for stream in crowd:
        stream.close()
    assert all(len(ids_of(answers(stream))) == 1 for stream in (*many, one))


def test_a_full_line_refuses_in_a_sentence_and_then_works(pool: Pool, crowd: list[Stream]) -> None:
    """The refusal reaches whoever asked; those in the line are all served, and so is the next."""
    params = settings(1, temperature=0)
    waiting = [pool.open("write", "endless", CAT, params) for _ in range(MAX_WAITING)]
    with pytest.raises(ModelBusy, match="32 runs are waiting for this model; try again"):
        list(pool.open("write", "endless", CAT, params))
    for stream in crowd:
        stream.close()
    assert [len(ids_of(answers(stream))) for stream in waiting] == [1] * MAX_WAITING
    assert len(ids_of(write(pool, "endless", CAT, params))) == 1
