"""Moved sliders judge the whole text in the browser, and the question is answered over HTTP too."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import expect

from playground.download import Downloads
from playground.records import StopReason
from playground.store import Store
from playground.ui.explore import Explorer
from playground.ui.handlers import Handlers
from playground.ui.text import ENGLISH
from tests.browser import CHROMIUM, RunningApp, Watched

if TYPE_CHECKING:
    from playground.pool import Pool
    from playground.store import LiveRun

CHAIN = {"temperature": 1.0}


@pytest.fixture
def explorer(pool: Pool) -> Explorer:
    """Return what is asked about places of the shipped models."""
    return Explorer(pool, Store(), ENGLISH, Downloads(lambda: None))


def write(
    explorer: Explorer, model: str = "toy", *, length: int = 12, text: str = "Then the cat", top_k: int = 0
) -> LiveRun:
    """Write a text as the page does; return its run."""
    chain = CHAIN | {"top_k": top_k}

    async def all_of_it() -> str:
        updates = [
            update
            async for update in Handlers(explorer).write(model, "completion", "", text, json.dumps(chain), "42", length)
        ]
        return next(update[3] for update in updates if isinstance(update[3], str))

    return explorer.store.get(asyncio.run(all_of_it()))


def pid(explorer: Explorer) -> int:
    """Return the id of the toy's process."""
    found = explorer.pool.status("toy").pid
    assert found is not None
    return found


def lines(explorer: Explorer, run: LiveRun, chain: dict[str, Any], seed: str = "42") -> list[dict[str, Any]]:
    """Return what the page is told of a text under other settings."""
    replay = explorer.replay(run.run_id, chain, seed)
    assert replay is not None

    async def told() -> list[dict[str, Any]]:
        return [json.loads(line) async for line in replay.lines()]

    return asyncio.run(told())


def test_the_lines_judge_every_token_and_end_with_a_sentence(explorer: Explorer) -> None:
    """All tokens come once, in order; what greedy would not write is gone, and the sentence counts it."""
    run = write(explorer, text="The")
    news = lines(explorer, run, {"top_k": 1})
    judged = [entry for line in news for entry in line["tokens"]]
    best = [step.rank == 1 for step in run.steps]
    assert [stays for stays, _ in judged] == best
    assert False in best
    first = best.index(False)
    assert judged[first][1] == "Top-k removes it"
    assert news[-1]["first"] == first
    assert f"{sum(best)} of {len(best)} tokens could still be drawn" in news[-1]["said"]
    assert f"With the same luck, the text would first differ at token {first + 1}:" in news[-1]["said"]
    assert news[-1]["settings"] == "toy · top-k 1 · order transformers · seed 42"


def test_nothing_is_tried_where_nothing_differs(explorer: Explorer) -> None:
    """The run's own settings, and its own seed where the box is empty, ask no model."""
    run = write(explorer)
    assert explorer.replay(run.run_id, CHAIN, "42") is None
    assert explorer.replay(run.run_id, CHAIN, "") is None


def test_another_seed_is_named(explorer: Explorer) -> None:
    """It is no longer the same luck."""
    said = lines(explorer, write(explorer, text="The"), CHAIN, "7")[-1]["said"]
    assert said.startswith("Each of the ")
    assert "With seed 7, the text would first differ at token" in said or "Seed 7 would write the same text." in said


def test_who_leaves_ends_the_question(explorer: Explorer) -> None:
    """A reader who goes while the model is still at it leaves no request behind: the model can be unloaded."""
    run = write(explorer)
    os.kill(pid(explorer), signal.SIGSTOP)  # it answers nothing until it may go on
    replay = explorer.replay(run.run_id, {"temperature": 0.5}, "42")
    assert replay is not None

    async def leave() -> None:
        reading = asyncio.ensure_future(anext(told := replay.lines()))
        await asyncio.wait([reading], timeout=0.05)
        assert (reading.done(), replay.stream.process.requests) == (False, 1)
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        await told.aclose()

    asyncio.run(leave())
    os.kill(pid(explorer), signal.SIGCONT)
    while replay.stream.process.requests:  # a thread of its own gives it back
        pass
    explorer.pool.unload("toy")


def test_a_model_that_ends_meanwhile_is_said(explorer: Explorer) -> None:
    """Its process is killed before it answered: the only line is a notice, and the next question is answered."""
    run = write(explorer)
    os.kill(pid(explorer), signal.SIGSTOP)
    replay = explorer.replay(run.run_id, {"temperature": 0.5}, "42")
    assert replay is not None
    os.kill(pid(explorer), signal.SIGKILL)

    async def told() -> list[dict[str, Any]]:
        return [json.loads(line) async for line in replay.lines()]

    [line] = asyncio.run(told())
    assert "The model's process stopped" in line["notice"]["text"]
    news = lines(explorer, run, {"temperature": 0.5})
    assert f"The model had to read again before {len(run.steps)} of them" in news[-1]["said"]


def test_a_full_context_is_said_and_nothing_is_lost(explorer: Explorer) -> None:
    """There is no room to write on: a sentence says so, and the text stays as it is."""
    explorer.pool.load("endless", {"context_tokens": 256})
    run = write(explorer, "endless", length=300, top_k=1)
    assert run.stop_reason is StopReason.CONTEXT
    whole = run.record()

    async def write_on() -> str:
        asked = json.dumps({"place": {"run": run.run_id}, "token": None})
        *_, last = [update async for update in Handlers(explorer).go_on(json.dumps(CHAIN), "42", 1, asked)]
        return str(json.loads(last[2])["text"])

    assert "this model reads 256 and needs room for one more" in asyncio.run(write_on())
    assert run.record() == whole


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"run": "nobody", "chain": {}, "seed": ""}, 404, "no longer kept"),
        ({"run": 7, "chain": {}, "seed": ""}, 404, "7 is not a run"),
        ({}, 404, "is not a run"),
        ([], 400, "Its keys are run, chain and seed."),
    ],
)
def test_a_question_about_nothing_is_answered(app: RunningApp, body: object, status: int, said: str) -> None:
    """With a sentence, and with its status."""
    answer = httpx.post(f"{app.url}/playground/replay", json=body)
    assert answer.status_code == status
    assert said in answer.json()["text"]


def test_a_refused_setting_is_named(explorer: Explorer) -> None:
    """As everywhere."""
    run = write(explorer)
    with pytest.raises(Exception, match="Top-p is 2"):
        explorer.replay(run.run_id, {"top_p": 2}, "42")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_slider_recolors_the_text_and_back(watched: Watched) -> None:
    """What is gone is struck out and says why; the first other token is marked and leads to its place."""
    watched.write(16)
    label = watched.page.get_attribute('.tok[data-position="0"]', "aria-label")
    watched.set_number("top_k", "1")
    card = watched.page.locator(".replay")
    expect(card).to_contain_text("With the same luck, the text would first differ at token")
    gone, stays = watched.page.locator('.tok[data-tried="gone"]'), watched.page.locator('.tok[data-tried="stays"]')
    assert (gone.count() > 0, gone.count() + stays.count()) == (True, 16)
    assert "Top-k removes it" in (gone.first.get_attribute("aria-label") or "")
    marked = watched.page.locator(".tok[data-differs]")
    place = int(marked.get_attribute("data-position") or "")
    card.get_by_role("button", name=f"Show token {place + 1}").click()
    expect(watched.page.locator(".plot h2")).to_contain_text(f"What if: token {place + 1},")
    expect(watched.page.locator(".plot .draw").first).to_contain_text(
        "with these settings and the same luck it would be"
    )
    card.get_by_role("button", name="Back to the colors").click()
    expect(card).to_be_hidden()
    assert watched.page.locator("[data-tried]").count() == 0
    assert watched.page.get_attribute('.tok[data-position="0"]', "aria-label") == label


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_the_runs_own_settings_take_it_back(watched: Watched) -> None:
    """And so does a new text, which is then its own measure."""
    watched.write(12)
    watched.set_number("top_k", "2")
    expect(watched.page.locator(".replay")).to_be_visible()
    watched.set_number("top_k", "40")
    expect(watched.page.locator(".replay")).to_be_hidden()
    watched.set_number("top_k", "2")
    expect(watched.page.locator(".replay")).to_be_visible()
    watched.write(13)
    expect(watched.page.locator(".replay")).to_be_hidden()
    expect(watched.page.locator(".strip .settings")).to_contain_text("top-k 2")


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_what_it_says_is_what_writing_does(watched: Watched) -> None:
    """The new text is the old one up to the marked token, and goes on with the one that was named."""
    watched.write(24)
    old = watched.page.locator(".tok[data-position]").all_text_contents()
    watched.set_number("temperature", "1.3")
    expect(watched.page.locator(".replay")).to_contain_text("would first differ at token")
    place = int(watched.page.locator(".tok[data-differs]").get_attribute("data-position") or "")
    named = (watched.page.locator(".replay").text_content() or "").partition(f"at token {place + 1}: “")[2]
    watched.write(25)
    new = watched.page.locator(".tok[data-position]").all_text_contents()
    assert new[:place] == old[:place]
    assert new[place] != old[place]
    assert named.startswith(new[place].replace(" ", "␣").replace("\n", "⏎") + "”")
