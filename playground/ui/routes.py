"""What the page asks of our own web app, in each of its languages: runs as they grow, pictures, files, models."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import FileResponse, StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.staticfiles import StaticFiles

from playground.comparisons import Comparisons
from playground.errors import RunNotFound, SavedRunError
from playground.records import StopReason
from playground.saved import MAX_FILE_BYTES, lines
from playground.searches import Searches
from playground.sentences import Sentence
from playground.tables import steps_table, to_csv
from playground.ui.answers import answered, beginning, done, not_json, pictured, refused
from playground.ui.beam_routes import add_beam_routes
from playground.ui.beams import Beams
from playground.ui.compare import Compare
from playground.ui.compare_routes import add_compare_routes
from playground.ui.controls import read_object
from playground.ui.drives import Drives
from playground.ui.first import Recorded
from playground.ui.follow import follow, resumed
from playground.ui.languages import LANGUAGES
from playground.ui.link import MAX_STATE_BYTES, opened
from playground.ui.models import act, listed, reload
from playground.ui.replay import unchanged
from playground.ui.save import opened_file, settings_lines, table
from playground.ui.strip import strip_message
from playground.ui.theme import ASSETS, PLOTLY_JS
from playground.views.curves import curves_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.store import LiveRun, Store
    from playground.ui.explore import Explorer
    from playground.ui.replay import Replay

DAY_S = 24 * 3600
QUESTIONS = 4  # what-ifs under way at once
READERS = 8  # texts of comparisons that are read again, or files of them that are made, at once
ARRIVING = 3  # files under way at once: each is kept until it is there as a whole
ARRIVE_S = 60.0


class Opening:
    """Who may send a file, and whose is read: one at a time, since reading takes several times its size."""

    def __init__(self) -> None:
        """Nobody does yet."""
        self.arriving, self.reading = asyncio.Semaphore(ARRIVING), asyncio.Lock()

    async def arrived(self, request: Request) -> bytes:
        """Return the file of a request.

        Raises:
            SavedRunError: it takes too long.
        """
        try:
            async with self.arriving, asyncio.timeout(ARRIVE_S):
                return await beginning(request, most=MAX_FILE_BYTES)
        except TimeoutError as error:
            raise SavedRunError(
                Sentence("The file did not arrive within {seconds:.0f} s.", seconds=ARRIVE_S), hint="Open it again."
            ) from error


def unheard(request: Request, error: Exception) -> Response:  # noqa: ARG001 (that is how starlette calls it)
    """Answer somebody who is gone."""
    return Response(status_code=400)


def add_routes(app: FastAPI, explorer: Explorer) -> None:
    """Add everything that is not gradio's, with the questions of each language at its own addresses."""
    # Of their own: one that waits for a model keeps nobody's text back.
    questions = ThreadPoolExecutor(QUESTIONS, "what-if")
    reading = ThreadPoolExecutor(READERS, "comparisons")
    searching, comparing = Drives(Sentence("searches")), Drives(Sentence("comparisons"))
    searches, comparisons, opening, recorded = Searches(), Comparisons(), Opening(), Recorded(explorer.store)
    app.add_exception_handler(ClientDisconnect, unheard)

    @app.get("/playground/plotly.min.js")
    def plotly_js() -> Response:
        return FileResponse(PLOTLY_JS, media_type="text/javascript", headers={"cache-control": f"max-age={DAY_S}"})

    for language in LANGUAGES.values():
        own = replace(explorer, texts=language.spoken)
        router = APIRouter(prefix=language.prefix)
        add_question_routes(router, own, questions)
        add_run_routes(router, own)
        add_prompt_routes(router, own, questions)
        add_file_routes(router, own, questions)
        add_open_route(router, own, comparisons, opening)
        add_first_route(router, own, recorded)
        add_link_route(router, own)
        add_model_routes(router, own)
        add_beam_routes(router, Beams(own, searches), questions, searching)
        add_compare_routes(router, Compare(own, comparisons, language.key), reading, comparing)
        app.include_router(router)
    app.mount("/playground", StaticFiles(directory=ASSETS))


def add_question_routes(router: APIRouter, explorer: Explorer, questions: ThreadPoolExecutor) -> None:
    """Add what is asked of other settings: at one place, and on a whole text."""

    @router.post("/playground/what_if")
    async def what_if(request: Request) -> Response:
        body = await beginning(request)
        return await answered(questions, lambda: explorer.what_if(*asked(body)))

    @router.post("/playground/replay")
    async def replay(request: Request) -> Response:
        body = await beginning(request)

        def begun() -> Replay | None:
            flat = read_object(body, Sentence("Its keys are run, chain and seed."))
            return explorer.replay(flat.get("run"), flat.get("chain"), flat.get("seed"))

        try:
            begin = await asyncio.get_running_loop().run_in_executor(questions, begun)
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            return refused(error)
        lines = begin.lines() if begin else unchanged()
        return StreamingResponse(lines, media_type="application/x-ndjson")


def add_run_routes(router: APIRouter, explorer: Explorer) -> None:
    """Add what is asked of a run: its tokens, its text, its table, its script."""
    store = explorer.store

    @router.get("/runs/{run_id}/tokens/{position}")
    def token(run_id: str, position: int) -> Response:
        return pictured(lambda: explorer.token(run_id, position))

    @router.get("/runs/{run_id}/boxes")
    def boxes(run_id: str) -> Response:
        return pictured(lambda: explorer.boxes(run_id))

    @router.get("/runs/{run_id}/code/{library}")
    def code(run_id: str, library: str) -> Response:
        return pictured(lambda: explorer.code(run_id, library))

    @router.get("/runs/{run_id}/strip")
    def strip(run_id: str) -> Response:
        return pictured(lambda: strip_message(store.get(run_id), 0, explorer.texts))

    @router.get("/runs/{run_id}/curves")
    def curved(run_id: str) -> Response:
        return pictured(lambda: curved_run(store.get(run_id), explorer.texts))

    @router.get("/runs/{run_id}/follow")
    def following(run_id: str, last_event_id: Annotated[str | None, Header()] = None) -> StreamingResponse:
        live = found(store, run_id)
        return StreamingResponse(follow(explorer, live, resumed(last_event_id, live)), media_type="text/event-stream")

    @router.get("/runs/{run_id}/tokens.csv")
    def csv(run_id: str) -> Response:
        text = to_csv(steps_table(found(store, run_id).record()))
        headers = {"content-disposition": f'attachment; filename="tokens-{run_id[:8]}.csv"'}
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)

    @router.get("/runs/{run_id}/run.json")
    def whole(run_id: str) -> StreamingResponse:
        headers = {"content-disposition": f'attachment; filename="run-{run_id[:8]}.json"'}
        return StreamingResponse(lines(found(store, run_id).record()), media_type="application/json", headers=headers)


def add_prompt_routes(router: APIRouter, explorer: Explorer, questions: ThreadPoolExecutor) -> None:
    """Add what is asked of a run's prompt: the scores of all its tokens, and what could have stood at one."""

    @router.get("/runs/{run_id}/prompt")
    async def prompt(run_id: str) -> Response:
        return await answered(questions, lambda: explorer.prompt_scores(run_id))

    @router.get("/runs/{run_id}/prompt/{position}")
    async def prompt_token(run_id: str, position: int) -> Response:
        return await answered(questions, lambda: explorer.prompt_token(run_id, position))


def curved_run(live: LiveRun, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the curves of a run with the lines of settings that go with them into a report."""
    return {
        "figure": curves_spec(live.steps, texts, ended=live.stop_reason is StopReason.EOS),
        "settings": settings_lines(live, texts),
    }


def add_first_route(router: APIRouter, explorer: Explorer, recorded: Recorded) -> None:
    """Add the text that a first visit is shown."""

    @router.get("/playground/recorded")
    def first() -> Response:
        return pictured(lambda: recorded.shown(explorer.texts))


def add_file_routes(router: APIRouter, explorer: Explorer, questions: ThreadPoolExecutor) -> None:
    """Add what becomes a file."""

    @router.post("/playground/table")
    async def tabled(request: Request) -> Response:
        body = await beginning(request)
        asked = Sentence("Its keys are place, recorded, chain, seed, draws and format.")
        return await answered(questions, lambda: table(explorer, read_object(body, asked)))


def add_open_route(router: APIRouter, explorer: Explorer, comparisons: Comparisons, opening: Opening) -> None:
    """Add what comes from a file."""

    @router.post("/playground/open")
    async def open_file(request: Request, file: str = "") -> Response:
        if foreign := not_json(request):
            return foreign
        try:
            body = await opening.arrived(request)
        except SavedRunError as error:
            return refused(error)
        async with opening.reading:
            return await asyncio.to_thread(pictured, lambda: opened_file(explorer, comparisons, body, file))


def add_link_route(router: APIRouter, explorer: Explorer) -> None:
    """Add the check of what a link, or a browser's storage, holds."""

    @router.post("/playground/link")
    async def link(request: Request) -> Response:
        body = await beginning(request, most=MAX_STATE_BYTES)
        return await asyncio.to_thread(pictured, lambda: opened(explorer, body))


def add_model_routes(router: APIRouter, explorer: Explorer) -> None:
    """Add what the models view asks and does."""
    pool, downloads = explorer.pool, explorer.downloads

    @router.get("/playground/models")
    def models() -> Response:
        return pictured(lambda: listed(pool, downloads, explorer.texts))

    @router.post("/playground/models/reload")
    def again(request: Request) -> Response:
        return done(request, lambda: reload(pool))

    @router.post("/playground/models/{key}/{action}")
    async def change(request: Request, key: str, action: str) -> Response:
        body = await beginning(request)
        return await asyncio.to_thread(done, request, lambda: act(pool, downloads, key, action, body))


def asked(body: bytes) -> tuple[object, object, object, dict[str, object]]:
    """Return chain, seed, place and everything from the body of a request.

    Raises:
        SettingError: it is too large, or no JSON object.
    """
    flat = read_object(body, Sentence("Its keys are chain, seed, place, draws, columns and formula."))
    return flat.get("chain"), flat.get("seed"), flat.get("place"), flat


def found(store: Store, run_id: str) -> LiveRun:
    """Return a run, or answer 404 with the sentence."""
    try:
        return store.get(run_id)
    except RunNotFound as error:
        raise HTTPException(404, str(error)) from error
