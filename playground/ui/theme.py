"""The look: gradio's theme, the page's own style sheet and scripts, and the headers every answer carries."""

from __future__ import annotations

from importlib.metadata import files
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
from starlette.datastructures import MutableHeaders

from playground.ui.languages import EN, PAGES

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ASSETS = Path(__file__).resolve().parent.parent.parent / "assets"
PLOTLY_JS = Path(next(str(file.locate()) for file in files("plotly") or () if file.name == "plotly.min.js"))
SCRIPTS = (
    "quiet.js",
    "page.js",
    "display.js",
    "tour.js",
    "dart.js",
    "formula.js",
    "save.js",
    "history.js",
    "tree.js",
    "plot.js",
    "colors.js",
    "peek.js",
    "strip.js",
    "knobs.js",
    "chain.js",
    "link.js",
    "first.js",
    "replay.js",
    "curves.js",
    "models.js",
    "beam_form.js",
    "beam_texts.js",
    "beam_tip.js",
    "beam.js",
    "compare_setup.js",
    "compare_pane.js",
    "compare_png.js",
    "compare_numbers.js",
    "compare.js",
)
STYLES = ("page.css", "visit.css", "beam.css", "compare.css")
LANGUAGE = f'lang="{EN.key}"'.encode()  # what gradio says of every page
HEAD = "".join(f'<script src="/playground/{name}" defer></script>' for name in SCRIPTS).encode()

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
        "frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
PLAIN = (b"content-type", b"text/plain")
CLOSED = tuple(
    f"{page}gradio_api/upload" for page in PAGES
)  # gradio takes files there even where no component asks for any


def theme() -> gr.themes.Base:
    """Return gradio's theme with the machine's own fonts, so that nothing is fetched."""
    fonts = ["ui-sans-serif", "system-ui", "sans-serif"]
    mono = ["ui-monospace", "DejaVu Sans Mono", "monospace"]
    return gr.themes.Base(primary_hue="blue", neutral_hue="slate", font=fonts, font_mono=mono, radius_size="md")


class OwnScripts:
    """Pure ASGI middleware: puts the page's scripts into its document, ahead of gradio's own, and says its language.

    What gradio is given as ``head`` it adds only when its own scripts have run.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http" or scope["path"] not in PAGES or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        language = LANGUAGE.replace(EN.key.encode(), PAGES[scope["path"]].key.encode())
        start: Message = {}
        body = b""

        async def with_scripts(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            body = body.replace(LANGUAGE, language, 1).replace(b"<head>", b"<head>" + HEAD, 1)
            MutableHeaders(raw=start["headers"])["content-length"] = str(len(body))
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, with_scripts)


class SecurityHeaders:
    """Pure ASGI middleware: adds the headers and closes what the page does not use."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *extra]}
            await send(message)

        if scope["path"].startswith(CLOSED):
            await with_headers({"type": "http.response.start", "status": 403, "headers": [PLAIN]})
            await send({"type": "http.response.body", "body": b"This page takes no files."})
            return
        await self._app(scope, receive, with_headers)
