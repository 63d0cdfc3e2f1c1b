"""A class of thirty at once, over real HTTP: nobody gets another's text, nobody is lost, and nothing piles up."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest

from tests.browser import RunningApp

if TYPE_CHECKING:
    from collections.abc import Iterator

SESSIONS, TOKENS = 30, 12
SMOLLM = "smollm2-135m-instruct"
END_S = 120
GROWTH_MB = 12  # one batch of records is about 1; the rest is the allocator's and the logits cache's slack


@pytest.fixture(scope="module")
def app() -> Iterator[RunningApp]:
    """Run the shipped page."""
    with RunningApp() as running:
        running.http.get("/healthz")
        yield running


def prompt_of(number: int) -> str:
    """Return a prompt that nobody else has."""
    return f"Canary number {number * 7919} sits in the tree and sings"


async def written(http: httpx.AsyncClient, number: int) -> dict[str, Any]:
    """Press Write as one session and return the last strip."""
    data = [SMOLLM, "completion", "", prompt_of(number), '{"temperature": 0.8}', str(number), TOKENS, "[]"]
    event = (await http.post("/gradio_api/call/write", json={"data": data})).json()["event_id"]
    strip: dict[str, Any] = {}
    async with http.stream("GET", f"/gradio_api/call/write/{event}") as updates:
        async for line in updates.aiter_lines():
            if line.startswith("data: [") and (found := json.loads(line[6:])[0]) and "tokens" in found:
                strip = json.loads(found)
    return strip


async def batch(app: RunningApp, *, together: bool) -> list[dict[str, Any]]:
    """Have every session write, all at once or one after the other."""
    limits = httpx.Limits(max_connections=2 * SESSIONS)
    async with httpx.AsyncClient(base_url=app.url, timeout=END_S, limits=limits) as http:
        if together:
            return list(await asyncio.gather(*(written(http, number) for number in range(SESSIONS))))
        return [await written(http, number) for number in range(SESSIONS)]


def memory_mb(app: RunningApp) -> list[float]:
    """Return the resident memory of the page and of the model."""
    pids = app.process.pid, app.model_pid(SMOLLM)
    return [psutil.Process(pid).memory_info().rss / 2**20 for pid in pids]


def test_thirty_sessions_at_once_each_get_their_own_text(app: RunningApp) -> None:
    """The text that each gets alone, with its own seed and prompt; a second batch takes no more memory."""
    alone = asyncio.run(batch(app, together=False))
    first = asyncio.run(batch(app, together=True))
    before = memory_mb(app)
    second = asyncio.run(batch(app, together=True))
    grown = [now - then for now, then in zip(memory_mb(app), before, strict=True)]
    for strips in (first, second):
        assert [strip["tokens"] for strip in strips] == [strip["tokens"] for strip in alone]
        assert ["".join(strip["prompt"]) for strip in strips] == [prompt_of(number) for number in range(SESSIONS)]
        assert [strip["seed"] for strip in strips] == list(range(SESSIONS))
    assert len({strip["run"] for strips in (alone, first, second) for strip in strips}) == 3 * SESSIONS
    assert max(grown) < GROWTH_MB
