"""The languages of the page, and which of them a visitor of its first address gets."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse

from playground.ui.russian import PRESETS, RUSSIAN, SAMPLERS
from playground.ui.text import ENGLISH
from playground.ui.wording import Language

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

EN = Language("en", "English", "", ENGLISH)
RU = Language("ru", "Русский", "/ru", RUSSIAN, SAMPLERS, PRESETS)
LANGUAGES = {language.key: language for language in (EN, RU)}
PAGES = {language.path: language for language in LANGUAGES.values()}
COOKIE = "language"  # page.js sets it when somebody chooses


def preferred(accepted: str) -> Language:
    """Return the language of the page that an Accept-Language header ranks first; English where it names none.

    >>> preferred("de, ru-RU;q=0.8, en;q=0.5").key, preferred("en, ru;q=0.9").key, preferred("de").key
    ('ru', 'en', 'en')
    """
    ranked = sorted((_weighed(item) for item in accepted.split(",")), key=lambda pair: -pair[1])
    return next((LANGUAGES[key] for key, weight in ranked if key in LANGUAGES and weight > 0), EN)


def _weighed(item: str) -> tuple[str, float]:
    """Return a language without its country, and how much it is wanted; what cannot be read is not."""
    tag, *parameters = (part.strip() for part in item.split(";"))
    weights = [text.removeprefix("q=") for text in parameters if text.startswith("q=")]
    try:
        weight = float(weights[0]) if weights else 1.0
    except ValueError:
        weight = 0.0
    return tag.split("-")[0].lower(), weight


def chosen(headers: Headers) -> Language:
    """Return the language that somebody chose before, else the one that the browser prefers."""
    try:
        kept = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        kept = None
    known = LANGUAGES.get(kept.value) if kept else None
    return known or preferred(headers.get("accept-language", ""))


class FirstLanguage:
    """Pure ASGI middleware: leads from the first address to the page in the visitor's language.

    Whoever asks for ``/ru/`` gets it, whatever the browser prefers. A fragment survives, as browsers carry it along.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or lead it elsewhere."""
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}:
            path = scope["path"]
            target = chosen(Headers(scope=scope)).path if path == EN.path else f"{path}/"
            if target != path and target in PAGES:
                query = scope["query_string"].decode("latin-1")
                headers = {"vary": "cookie, accept-language", "cache-control": "no-store"}
                answer = RedirectResponse(target + (f"?{query}" if query else ""), 307, headers)
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
