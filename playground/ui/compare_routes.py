"""What the view of comparisons asks of our own web app."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from playground.asker import Asker
from playground.errors import SettingError, shown
from playground.panes import MAX_PANES
from playground.sentences import Sentence
from playground.tables import gaps_table, matrix_table, measures_table, to_csv
from playground.ui.answers import (
    answered,
    answered_while_there,
    beginning,
    made_while_there,
    not_json,
    pictured,
    refused,
)
from playground.ui.compare import LETTERS, keep_vote, vote_lines
from playground.ui.compare_files import report, to_flat, to_text
from playground.ui.compare_link import opened
from playground.ui.compare_numbers import Walk, apart_message, cells_of, matrix, summary
from playground.ui.controls import MAX_BODY_BYTES, read_object, to_json
from playground.ui.link import MAX_STATE_BYTES
from playground.ui.notices import said

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from concurrent.futures import ThreadPoolExecutor

    from playground.comparisons import LiveComparison
    from playground.ui.compare import Compare
    from playground.ui.drives import Drives

MOST_BYTES = MAX_PANES * MAX_BODY_BYTES  # each pane has a system prompt and a chat of its own
UPDATE_S, PROGRESS_S = 0.1, 0.3
KEYS = Sentence("Its keys are panes, mode, prompt, luck, fast, seed and max_new_tokens.")


def add_compare_routes(router: APIRouter, compare: Compare, reading: ThreadPoolExecutor, comparing: Drives) -> None:
    """Add the beginning and the end of a comparison, its texts as they grow, and what is counted in them.

    What takes long, or waits for models, has the threads of ``reading``: nobody's sliders wait for it.
    """
    add_writing_routes(router, compare, comparing)
    add_vote_routes(router, compare)
    add_number_routes(router, compare, reading)
    add_table_routes(router, compare, reading)
    add_file_routes(router, compare, reading)


def add_writing_routes(router: APIRouter, compare: Compare, comparing: Drives) -> None:
    """Add the beginning and the end of a comparison, and its texts as they grow."""
    comparisons = compare.comparisons

    @router.post("/playground/compare")
    async def begin(request: Request) -> Response:
        if foreign := not_json(request):
            return foreign
        body = await beginning(request, most=MOST_BYTES)
        try:
            live = comparing.begin(lambda: compare.begin(read_object(body, KEYS, most=MOST_BYTES)), compare.drive)
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            return refused(error)
        return JSONResponse({"comparison": live.comparison_id})

    @router.get("/comparisons/{comparison_id}/follow")
    def following(comparison_id: str) -> Response:
        try:
            live = comparisons.get(comparison_id)
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            return refused(error)
        return StreamingResponse(follow(compare, live), media_type="text/event-stream")

    @router.get("/comparisons/{comparison_id}/panes")
    def panes(comparison_id: str) -> Response:
        return pictured(lambda: compare.message(comparisons.get(comparison_id)))

    @router.post("/comparisons/{comparison_id}/stop")
    def stop(comparison_id: str, request: Request, pane: int | None = None) -> Response:
        def stopped() -> dict[str, Any]:
            live = comparisons.get(comparison_id)
            if pane is not None:
                a_pane(live, pane)
            live.stop(pane)
            return {}

        return not_json(request) or pictured(stopped)


def add_vote_routes(router: APIRouter, compare: Compare) -> None:
    """Add what somebody thinks of the texts, and the check of what a link holds."""
    comparisons = compare.comparisons

    @router.post("/playground/compare/link")
    async def link(request: Request) -> Response:
        body = await beginning(request, most=MAX_STATE_BYTES)
        return await asyncio.to_thread(pictured, lambda: opened(compare.explorer, body))

    @router.post("/comparisons/{comparison_id}/vote")
    async def vote(comparison_id: str, request: Request) -> Response:
        body = await beginning(request)

        def voted() -> dict[str, Any]:
            asked = read_object(body, Sentence("Its keys are choice and blind."))
            live = ended(comparisons.get(comparison_id))
            keep_vote(live, asked.get("choice"), blind=asked.get("blind") is True)
            return compare.message(live)

        return not_json(request) or pictured(voted)

    @router.get("/comparisons/{comparison_id}/votes.jsonl")
    def votes(comparison_id: str) -> Response:
        try:
            lines = vote_lines(comparisons.get(comparison_id))
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            return refused(error)
        return saved(lines, f"votes-{comparison_id[:8]}.jsonl", "application/jsonl")


def add_number_routes(router: APIRouter, compare: Compare, reading: ThreadPoolExecutor) -> None:
    """Add what is counted in the texts, and what lies between them."""
    comparisons, pool, texts = compare.comparisons, compare.explorer.pool, compare.texts

    @router.post("/comparisons/{comparison_id}/summary")
    async def summed(comparison_id: str, request: Request) -> Response:
        body = await beginning(request)

        def counted() -> dict[str, Any]:
            reference = read_object(body, Sentence("Its key is reference.")).get("reference", "")
            if not isinstance(reference, str):
                wrong = Sentence("The reference is {value}; it must be a text.", value=shown(reference))
                raise SettingError(wrong, field="reference")
            live = comparisons.get(comparison_id)
            found = summary(live, reference, texts)
            live.reference = reference
            return found

        return not_json(request) or await answered(reading, counted)

    @router.get("/comparisons/{comparison_id}/matrix")
    async def crossed(comparison_id: str, request: Request) -> Response:
        def scored(gone: threading.Event) -> dict[str, Any]:
            return matrix(Asker(pool, gone), ended(comparisons.get(comparison_id)), texts)

        return await answered_while_there(request, reading, scored)

    @router.get("/comparisons/{comparison_id}/gaps")
    def between(comparison_id: str, text_of: int = 0) -> Response:
        try:
            live = ended(comparisons.get(comparison_id))
            a_pane(live, text_of)
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            return refused(error)
        gone = threading.Event()
        walk = Walk(Asker(pool, gone), live, text_of)
        return StreamingResponse(walked(walk, reading, texts, gone), media_type="application/x-ndjson")


def add_table_routes(router: APIRouter, compare: Compare, reading: ThreadPoolExecutor) -> None:
    """Add the same numbers as tables."""
    comparisons, pool = compare.comparisons, compare.explorer.pool

    @router.get("/comparisons/{comparison_id}/compare.csv")
    def table(comparison_id: str) -> Response:
        try:
            live = ended(comparisons.get(comparison_id))
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            return refused(error)
        text = to_csv(measures_table([pane.record() for pane in live.panes], [pane.asked for pane in live.panes]))
        return saved(text, f"compare-{comparison_id[:8]}.csv", "text/csv; charset=utf-8")

    @router.get("/comparisons/{comparison_id}/matrix.csv")
    async def matrix_csv(comparison_id: str, request: Request) -> Response:
        def made(gone: threading.Event) -> Response:
            text = to_csv(matrix_table(cells_of(Asker(pool, gone), ended(comparisons.get(comparison_id)))))
            return saved(text, f"matrix-{comparison_id[:8]}.csv", "text/csv; charset=utf-8")

        return await made_while_there(request, reading, made)

    @router.get("/comparisons/{comparison_id}/gaps.csv")
    async def gaps_csv(comparison_id: str, request: Request, text_of: int = 0) -> Response:
        def made(gone: threading.Event) -> Response:
            live = ended(comparisons.get(comparison_id))
            a_pane(live, text_of)
            apart = Walk(Asker(pool, gone), live, text_of).go()
            text = to_csv(gaps_table(apart.places, apart.pairs))
            return saved(text, f"apart-{comparison_id[:8]}.csv", "text/csv; charset=utf-8")

        return await made_while_there(request, reading, made)


def saved(text: str, name: str, kind: str) -> Response:
    """Return a text as a file."""
    return Response(text, media_type=kind, headers={"content-disposition": f'attachment; filename="{name}"'})


def ended(live: LiveComparison) -> LiveComparison:
    """Return a comparison whose texts are there.

    Raises:
        SettingError: they still grow.
    """
    if not live.over:
        raise SettingError("The texts still grow.", hint="Stop them, or wait for their end.")
    return live


def a_pane(live: LiveComparison, number: int) -> None:
    """Check the number of a pane, from 0.

    Raises:
        SettingError: there is no such pane.
    """
    if not 0 <= number < len(live.panes):
        said = Sentence("There is no pane {number}.", number=shown(number))
        raise SettingError(said, hint=Sentence("Panes are {names}.", names=tuple(LETTERS)))


def add_file_routes(router: APIRouter, compare: Compare, reading: ThreadPoolExecutor) -> None:
    """Add a comparison as one file; whoever asks first waits for what the models have to compute."""
    comparisons, pool = compare.comparisons, compare.explorer.pool

    @router.get("/comparisons/{comparison_id}/compare.json")
    async def whole(comparison_id: str, request: Request) -> Response:
        def made(gone: threading.Event) -> Response:
            text = to_text(to_flat(Asker(pool, gone), ended(comparisons.get(comparison_id))))
            return saved(text, f"compare-{comparison_id[:8]}.json", "application/json")

        return await made_while_there(request, reading, made)

    @router.get("/comparisons/{comparison_id}/compare.html")
    async def page(comparison_id: str, request: Request) -> Response:
        def made(gone: threading.Event) -> Response:
            text = "".join(report(compare, ended(comparisons.get(comparison_id)), Asker(pool, gone)))
            return saved(text, f"compare-{comparison_id[:8]}.html", "text/html; charset=utf-8")

        return await made_while_there(request, reading, made)


async def follow(compare: Compare, live: LiveComparison) -> AsyncIterator[str]:
    """Yield what is new in all panes, ten times a second at most; the last has the end."""
    told, before = [0] * len(live.panes), None
    while True:
        live.heard_s = time.monotonic()
        over = live.over
        counts = [len(pane.steps) for pane in live.panes]
        state = (counts, over, [(pane.position, pane.wait_s, pane.over, bool(pane.prompt_ids)) for pane in live.panes])
        if state != before:
            before = state
            yield f"data: {to_json(await asyncio.to_thread(compare.message, live, told))}\n\n"
            told = counts
        if over:
            return
        await asyncio.sleep(UPDATE_S)


async def walked(
    walk: Walk, reading: ThreadPoolExecutor, texts: Mapping[str, str], gone: threading.Event
) -> AsyncIterator[str]:
    """Yield how far a walk is, and then what it found; where nobody reads, it is told."""
    task = asyncio.get_running_loop().run_in_executor(reading, walk.go)
    try:
        while not task.done():
            yield to_json({"done": len(walk.places), "count": walk.count}) + "\n"
            await asyncio.wait([task], timeout=PROGRESS_S)
        yield to_json(apart_message(task.result(), len(walk.live.panes), texts)) + "\n"
    except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
        yield to_json({"notice": said(error, texts)}) + "\n"
    finally:
        gone.set()
