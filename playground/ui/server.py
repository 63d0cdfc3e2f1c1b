"""Our own web app with gradio mounted in it: /healthz, the assets, snapshots of a run, headers."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import gradio as gr
from fastapi import FastAPI, HTTPException, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, JSONResponse
from starlette.staticfiles import StaticFiles

from playground.errors import RunNotFound
from playground.store import Store
from playground.tables import steps_table, to_csv
from playground.ui.page import build_page
from playground.ui.strip import strip_message
from playground.ui.text import ENGLISH
from playground.ui.theme import ASSETS, PLOTLY_JS, SecurityHeaders, theme

if TYPE_CHECKING:
    from playground.catalog import Catalog
    from playground.pool import Pool
    from playground.store import LiveRun

PACKAGES = ("gradio", "plotly", "numpy", "llama-cpp-python")
DAY_S = 24 * 3600


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
        }
    return {"ok": True, "versions": {name: version(name) for name in PACKAGES}, "models": models}


def add_routes(app: FastAPI, pool: Pool, store: Store) -> None:
    """Add everything that is not gradio's."""

    @app.get("/healthz")
    def healthz() -> JSONResponse:
        return JSONResponse(health(pool))

    @app.get("/runs/{run_id}/strip")
    def strip(run_id: str) -> JSONResponse:
        return JSONResponse(strip_message(found(store, run_id), 0, ENGLISH))

    @app.get("/runs/{run_id}/tokens.csv")
    def csv(run_id: str) -> Response:
        text = to_csv(steps_table(found(store, run_id).record()))
        headers = {"content-disposition": f'attachment; filename="tokens-{run_id[:8]}.csv"'}
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)

    @app.get("/playground/plotly.min.js")
    def plotly_js() -> Response:
        return FileResponse(PLOTLY_JS, media_type="text/javascript", headers={"cache-control": f"max-age={DAY_S}"})

    app.mount("/playground", StaticFiles(directory=ASSETS))


def found(store: Store, run_id: str) -> LiveRun:
    """Return a run, or answer 404 with the sentence."""
    try:
        return store.get(run_id)
    except RunNotFound as error:
        raise HTTPException(404, str(error)) from error


def build_app(catalog: Catalog, pool: Pool) -> FastAPI:
    """Return the whole web app."""
    store = Store()
    app = FastAPI(title=ENGLISH["title"], docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(CORSMiddleware, allow_origins=[])  # or gradio reflects any origin
    app.add_middleware(SecurityHeaders)
    add_routes(app, pool, store)
    gr.mount_gradio_app(
        app,
        build_page(catalog, pool, store, ENGLISH),
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
