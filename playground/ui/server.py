"""Our own web app with gradio mounted in it: /healthz, the assets, a run as it grows, pictures on request."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Annotated, Any

import gradio as gr
from fastapi import FastAPI, Header, HTTPException, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from starlette.staticfiles import StaticFiles

from playground.download import Downloads
from playground.errors import PlaygroundError, RunNotFound, SettingError
from playground.presets import of_model
from playground.saved import MAX_FILE_BYTES, to_text
from playground.store import Store
from playground.tables import steps_table, to_csv
from playground.ui.controls import MAX_BODY_BYTES, read_object, to_json
from playground.ui.explore import Explorer
from playground.ui.follow import follow, resumed
from playground.ui.link import MAX_STATE_BYTES, opened
from playground.ui.models import act, listed, reload
from playground.ui.notices import said
from playground.ui.page import build_page
from playground.ui.replay import unchanged
from playground.ui.save import opened_run, settings_lines, table
from playground.ui.strip import strip_message
from playground.ui.text import ENGLISH
from playground.ui.theme import ASSETS, PLOTLY_JS, OwnScripts, SecurityHeaders, theme
from playground.views.curves import curves_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from playground.catalog import Catalog
    from playground.pool import Pool
    from playground.store import LiveRun
    from playground.ui.replay import Replay

PACKAGES = ("gradio", "plotly", "numpy", "llama-cpp-python", "transformers", "torch")
DAY_S = 24 * 3600
QUESTIONS = 4  # what-ifs under way at once


def health(pool: Pool) -> dict[str, Any]:
    """Return what /healthz says: versions, and where each model stands."""
    models = {}
    for spec in pool.catalog.models:
        status = pool.status(spec.key)
        models[spec.key] = {
            "title": spec.title,
            "state": status.state.value,
            "reason": status.reason,
            "chat_problem": status.chat_problem,
            "memory_mb": status.memory_mb,
            "pid": status.pid,
            "exact_batch": status.exact_batch,
            "presets": [asdict(preset) for preset in of_model(spec.title, status.own_settings, spec.presets)],
        }
    return {"ok": True, "versions": {name: installed(name) for name in PACKAGES}, "models": models}


def installed(name: str) -> str:
    """Return a package's version, "" where it is not there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def add_routes(app: FastAPI, explorer: Explorer) -> None:
    """Add everything that is not gradio's."""
    # Of their own: one that waits for a model keeps nobody's text back.
    questions = ThreadPoolExecutor(QUESTIONS, "what-if")

    @app.get("/healthz")
    def healthz() -> JSONResponse:
        return JSONResponse(health(explorer.pool))

    @app.post("/playground/what_if")
    async def what_if(request: Request) -> Response:
        body = await beginning(request)
        work = partial(pictured, lambda: explorer.what_if(*asked(body)))
        return await asyncio.get_running_loop().run_in_executor(questions, work)

    @app.post("/playground/replay")
    async def replay(request: Request) -> Response:
        body = await beginning(request)

        def begun() -> Replay | None:
            flat = read_object(body, "Its keys are run, chain and seed.")
            return explorer.replay(flat.get("run"), flat.get("chain"), flat.get("seed"))

        try:
            begin = await asyncio.get_running_loop().run_in_executor(questions, begun)
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            return refused(error)
        lines = begin.lines() if begin else unchanged()
        return StreamingResponse(lines, media_type="application/x-ndjson")

    @app.get("/playground/plotly.min.js")
    def plotly_js() -> Response:
        return FileResponse(PLOTLY_JS, media_type="text/javascript", headers={"cache-control": f"max-age={DAY_S}"})

    add_run_routes(app, explorer)
    add_file_routes(app, explorer)
    add_link_route(app, explorer)
    add_model_routes(app, explorer)
    app.mount("/playground", StaticFiles(directory=ASSETS))


def add_run_routes(app: FastAPI, explorer: Explorer) -> None:
    """Add what is asked of a run: its tokens, its text, its table, its script."""
    store = explorer.store

    @app.get("/runs/{run_id}/tokens/{position}")
    def token(run_id: str, position: int) -> Response:
        return pictured(lambda: explorer.token(run_id, position))

    @app.get("/runs/{run_id}/code/{library}")
    def code(run_id: str, library: str) -> Response:
        return pictured(lambda: explorer.code(run_id, library))

    @app.get("/runs/{run_id}/strip")
    def strip(run_id: str) -> Response:
        return pictured(lambda: strip_message(store.get(run_id), 0, explorer.texts))

    @app.get("/runs/{run_id}/curves")
    def curved(run_id: str) -> Response:
        return pictured(lambda: curved_run(store.get(run_id), explorer.texts))

    @app.get("/runs/{run_id}/follow")
    def following(run_id: str, last_event_id: Annotated[str | None, Header()] = None) -> StreamingResponse:
        live = found(store, run_id)
        return StreamingResponse(follow(explorer, live, resumed(last_event_id, live)), media_type="text/event-stream")

    @app.get("/runs/{run_id}/tokens.csv")
    def csv(run_id: str) -> Response:
        text = to_csv(steps_table(found(store, run_id).record()))
        headers = {"content-disposition": f'attachment; filename="tokens-{run_id[:8]}.csv"'}
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)

    @app.get("/runs/{run_id}/run.json")
    def whole(run_id: str) -> Response:
        text = to_text(found(store, run_id).record())
        headers = {"content-disposition": f'attachment; filename="run-{run_id[:8]}.json"'}
        return Response(text, media_type="application/json", headers=headers)


def curved_run(live: LiveRun, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the curves of a run with the lines of settings that go with them into a report."""
    return {"figure": curves_spec(live.steps, texts), "settings": settings_lines(live, texts)}


def add_file_routes(app: FastAPI, explorer: Explorer) -> None:
    """Add what becomes a file and what comes from one."""
    opening = asyncio.Lock()  # one file at a time: reading takes several times its size

    @app.post("/playground/table")
    async def tabled(request: Request) -> Response:
        body = await beginning(request)
        asked = "Its keys are place, recorded, chain, seed, draws and format."
        return await asyncio.to_thread(pictured, lambda: table(explorer, read_object(body, asked)))

    @app.post("/playground/open")
    async def opened_file(request: Request, file: str = "") -> Response:
        if foreign := not_json(request):
            return foreign
        body = await beginning(request, most=MAX_FILE_BYTES)
        async with opening:
            return await asyncio.to_thread(pictured, lambda: opened_run(explorer, body, file))


def add_link_route(app: FastAPI, explorer: Explorer) -> None:
    """Add the check of what a link, or a browser's storage, holds."""

    @app.post("/playground/link")
    async def link(request: Request) -> Response:
        body = await beginning(request, most=MAX_STATE_BYTES)
        return await asyncio.to_thread(pictured, lambda: opened(explorer, body))


def add_model_routes(app: FastAPI, explorer: Explorer) -> None:
    """Add what the models view asks and does."""
    pool, downloads = explorer.pool, explorer.downloads

    @app.get("/playground/models")
    def models() -> Response:
        return pictured(lambda: listed(pool, downloads, explorer.texts))

    @app.post("/playground/models/reload")
    def again(request: Request) -> Response:
        return done(request, lambda: reload(pool))

    @app.post("/playground/models/{key}/{action}")
    async def change(request: Request, key: str, action: str) -> Response:
        body = await beginning(request)
        return await asyncio.to_thread(done, request, lambda: act(pool, downloads, key, action, body))


def done(request: Request, work: Callable[[], None]) -> Response:
    """Do what changes something, for this page only."""

    def answered() -> dict[str, Any]:
        work()
        return {}

    return not_json(request) or pictured(answered)


def not_json(request: Request) -> Response | None:
    """Refuse what does not come as JSON, which another site's form cannot send."""
    if request.headers.get("content-type") == "application/json":
        return None
    return JSONResponse(said(SettingError("This takes JSON.", hint="Set the content type.")), 415)


async def beginning(request: Request, *, most: int = MAX_BODY_BYTES) -> bytes:
    """Return a body, or of one that is too large just enough to see that."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            break
    return bytes(body)


def asked(body: bytes) -> tuple[object, object, object, dict[str, object]]:
    """Return chain, seed, place and everything from the body of a request.

    Raises:
        SettingError: it is too large, or no JSON object.
    """
    flat = read_object(body, "Its keys are chain, seed, place, draws and columns.")
    return flat.get("chain"), flat.get("seed"), flat.get("place"), flat


def pictured(draw: Callable[[], dict[str, Any]]) -> Response:
    """Answer with a picture, or with the notice that says why there is none."""
    try:
        return Response(to_json(draw()), media_type="application/json")
    except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
        return refused(error)


def refused(error: Exception) -> Response:
    """Answer with the notice for a failure."""
    status = 404 if isinstance(error, RunNotFound) else 400 if isinstance(error, PlaygroundError) else 500
    return JSONResponse(said(error), status)


def found(store: Store, run_id: str) -> LiveRun:
    """Return a run, or answer 404 with the sentence."""
    try:
        return store.get(run_id)
    except RunNotFound as error:
        raise HTTPException(404, str(error)) from error


def build_app(catalog: Catalog, pool: Pool) -> FastAPI:
    """Return the whole web app."""
    explorer = Explorer(pool, Store(), ENGLISH, Downloads(pool.reload))
    app = FastAPI(title=ENGLISH["title"], docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(CORSMiddleware, allow_origins=[])  # or gradio reflects any origin
    app.add_middleware(OwnScripts)
    app.add_middleware(SecurityHeaders)
    add_routes(app, explorer)
    gr.mount_gradio_app(
        app,
        build_page(catalog, explorer),
        path="/",
        show_error=False,
        ssr_mode=False,
        enable_monitoring=False,
        run_history=False,
        max_file_size=1,
        theme=theme(),
        css_paths=[ASSETS / "page.css"],
        footer_links=[],
    )
    return app
