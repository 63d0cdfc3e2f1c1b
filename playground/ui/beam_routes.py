"""What the view of beams asks of our own web app."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from playground.errors import SettingError
from playground.searches import to_flat
from playground.sentences import Sentence
from playground.ui.answers import answered, answered_while_there, beginning, not_json, pictured, refused
from playground.ui.controls import read_object, to_json
from playground.views.beam_paths import Paths

if TYPE_CHECKING:
    import threading
    from collections.abc import AsyncIterator

    from playground.searches import LiveSearch
    from playground.ui.beams import Beams
    from playground.ui.drives import Drives

UPDATE_S = 0.1
WRITERS = 8
KEYS = Sentence("Its keys are model, mode, system, prompt, history, chain, seed, max_new_tokens and beams.")


def add_beam_routes(router: APIRouter, beams: Beams, questions: ThreadPoolExecutor, searching: Drives) -> None:
    """Add the beginning and the end of a search, its tree as it grows, and what is asked of it."""
    add_search_routes(router, beams, searching)
    add_text_routes(router, beams)
    add_place_routes(router, beams, questions)


def add_search_routes(router: APIRouter, beams: Beams, searching: Drives) -> None:
    """Add the beginning and the end of a search, and its tree as it grows."""
    searches = beams.searches

    @router.post("/playground/beams")
    async def begin(request: Request) -> Response:
        if foreign := not_json(request):
            return foreign
        body = await beginning(request)
        try:
            live = searching.begin(lambda: beams.begin(read_object(body, KEYS)), beams.drive)
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            return refused(error)
        return JSONResponse({"search": live.search_id, "note": beams.left_out(live)})

    @router.get("/searches/{search_id}/follow")
    def following(search_id: str, fold: bool = True) -> Response:  # noqa: FBT001, FBT002 (a word of the address)
        try:
            live = searches.get(search_id)
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            return refused(error)
        return StreamingResponse(follow(beams, live, fold=fold), media_type="text/event-stream")

    @router.post("/searches/{search_id}/stop")
    def stop(search_id: str, request: Request) -> Response:
        def stopped() -> dict[str, Any]:
            searches.get(search_id).stop()
            return {}

        return not_json(request) or pictured(stopped)

    @router.get("/searches/{search_id}/tree")
    def tree(search_id: str, fold: bool = True, over: str = "") -> Response:  # noqa: FBT001, FBT002 (of the address)
        return pictured(lambda: beams.message(searches.get(search_id), fold=fold, over=over.split(",")))


def add_text_routes(router: APIRouter, beams: Beams) -> None:
    """Add the texts that a search found, and all of it."""
    searches = beams.searches

    @router.get("/searches/{search_id}/search.json")
    def whole(search_id: str) -> Response:
        def flat() -> dict[str, Any]:
            live = searches.get(search_id)
            return to_flat(live.record(), live.paths)

        answer = pictured(flat)
        if answer.status_code == 200:  # noqa: PLR2004 (the usual one)
            answer.headers["content-disposition"] = f'attachment; filename="beams-{search_id[:8]}.json"'
        return answer

    @router.get("/searches/{search_id}/texts")
    def texts(search_id: str, length_penalty: str = "") -> Response:
        return pictured(lambda: beams.ranked(searches.get(search_id), length_penalty))

    @router.get("/searches/{search_id}/texts.csv")
    def table(search_id: str, length_penalty: str = "") -> Response:
        try:
            text = beams.table(searches.get(search_id), length_penalty)
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            return refused(error)
        headers = {"content-disposition": f'attachment; filename="beams-{search_id[:8]}.csv"'}
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


def add_place_routes(router: APIRouter, beams: Beams, questions: ThreadPoolExecutor) -> None:
    """Add what asks the model again: other texts after the same prompt, and what a token was taken from."""
    searches = beams.searches
    writing = ThreadPoolExecutor(WRITERS, "paths")  # of their own: a whole text takes long

    @router.post("/searches/{search_id}/paths/{kind}")
    async def path(search_id: str, kind: str, request: Request) -> Response:
        body = await beginning(request)

        def written(gone: threading.Event) -> dict[str, Any]:
            asked = read_object(body, Sentence("Its keys are chain and seed."))
            return beams.write(searches.get(search_id), kind, asked.get("chain"), asked.get("seed"), gone)

        return not_json(request) or await answered_while_there(request, writing, written)

    @router.post("/searches/{search_id}/place")
    async def place(search_id: str, request: Request) -> Response:
        flat = await beginning(request)

        def shown() -> dict[str, Any]:
            asked = read_object(flat, Sentence("Its keys are position, number, chain and seed."))
            where = asked.get("position"), asked.get("number")
            if not all(isinstance(value, int) for value in where):
                raise SettingError("A place of the tree has a position and a number.", hint="Click a mark of it.")
            return beams.place(searches.get(search_id), *where, asked.get("chain"), asked.get("seed"))  # type: ignore[arg-type]

        return await answered(questions, shown)


async def follow(beams: Beams, live: LiveSearch, *, fold: bool) -> AsyncIterator[str]:
    """Yield the search as it stands whenever there is something new, ten times a second at most."""
    told: object = None
    tree = Paths(live.params)
    while True:
        live.heard_s = time.monotonic()
        over = live.over
        state = (len(live.steps), live.position, live.wait_s, bool(live.prompt_ids), over)
        if state != told:
            told = state
            yield f"data: {to_json(await asyncio.to_thread(beams.message, live, tree, fold=fold))}\n\n"
        if over:
            return
        await asyncio.sleep(UPDATE_S)
