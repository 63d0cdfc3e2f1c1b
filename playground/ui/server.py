"""Our own web app with gradio mounted in it, and what it says of its health."""

from __future__ import annotations

from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import gradio as gr
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse

from playground.download import Downloads
from playground.presets import of_model
from playground.sentences import in_words
from playground.store import Store
from playground.ui.explore import Explorer
from playground.ui.languages import EN, LANGUAGES, FirstLanguage
from playground.ui.page import build_page
from playground.ui.routes import add_routes
from playground.ui.theme import ASSETS, STYLES, OwnScripts, SecurityHeaders, theme

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from playground.catalog import Catalog
    from playground.pool import Pool
    from playground.ui.wording import Language

PACKAGES = ("gradio", "plotly", "numpy", "llama-cpp-python", "transformers", "torch")


def health(pool: Pool, words: Mapping[str, str]) -> dict[str, Any]:
    """Return what /healthz says: versions, and where each model stands, in the words of a language."""
    models = {}
    for spec in pool.catalog.models:
        status = pool.status(spec.key)
        models[spec.key] = {
            "title": spec.title,
            "state": status.state.value,
            "reason": in_words(status.reason, words),
            "chat_problem": in_words(status.chat_problem, words),
            "memory_mb": status.memory_mb,
            "pid": status.pid,
            "exact_batch": status.exact_batch,
            "presets": [
                asdict(preset) | {"problem": in_words(preset.problem, words)}
                for preset in of_model(spec.title, status.own_settings, spec.presets)
            ],
        }
    return {"ok": True, "versions": {name: installed(name) for name in PACKAGES}, "models": models}


def healthy(pool: Pool, language: Language) -> Callable[[], JSONResponse]:
    """Return what answers for the page of a language."""
    return lambda: JSONResponse(health(pool, language.spoken))


def installed(name: str) -> str:
    """Return a package's version, "" where it is not there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def build_app(catalog: Catalog, pool: Pool) -> FastAPI:
    """Return the whole web app."""
    explorer = Explorer(pool, Store(), EN.texts, Downloads(pool.reload))
    app = FastAPI(title=EN.texts["title"], docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(CORSMiddleware, allow_origins=[])  # or gradio reflects any origin
    app.add_middleware(OwnScripts)
    app.add_middleware(FirstLanguage)
    app.add_middleware(SecurityHeaders)
    for language in LANGUAGES.values():
        app.add_api_route(f"{language.prefix}/healthz", healthy(pool, language))
    add_routes(app, explorer)
    # The longer address first: the other one takes whatever comes.
    for language in sorted(LANGUAGES.values(), key=lambda language: language.prefix, reverse=True):
        gr.mount_gradio_app(
            app,
            build_page(catalog, replace(explorer, texts=language.spoken), language),
            path=language.prefix or "/",
            show_error=False,
            ssr_mode=False,
            enable_monitoring=False,
            run_history=False,
            max_file_size=1,
            theme=theme(),
            css_paths=[ASSETS / name for name in STYLES],
            footer_links=[],
        )
    return app
