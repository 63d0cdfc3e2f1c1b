"""The languages of the page, and which of them a visitor of its first address gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse

from playground.ui.russian import PRESETS, RUSSIAN, SAMPLERS, SENTENCES
from playground.ui.text import ENGLISH
from playground.ui.wording import Language

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

EN = Language("en", "English", "", ENGLISH)
RU = Language("ru", "Русский", "/ru", RUSSIAN, SAMPLERS, PRESETS, SENTENCES)
LANGUAGES = {language.key: language for language in (EN, RU)}
PAGES = {language.path: language for language in LANGUAGES.values()}
FIRST = {EN.path, *(language.prefix for language in LANGUAGES.values() if language.prefix)}  # what leads elsewhere
CHOICE = "language"  # of an address, or of a cookie that page.js sets; for those who keep none, the address says it
VARY = "Cookie, Accept-Language"


def of_address(path: str) -> Language:
    """Return the language of a page that asks an address.

    >>> of_address("/ru/playground/what_if").key, of_address("/runs/1/strip").key
    ('ru', 'en')
    """
    return next((it for it in LANGUAGES.values() if it.prefix and path.startswith(it.path)), EN)


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


def chosen(query: str, headers: Headers) -> Language:
    """Return the language that an address asks for, else one chosen before, else the one that the browser prefers."""
    asked = QueryParams(query).get(CHOICE, ""), cookie_parser(headers.get("cookie", "")).get(CHOICE, "")
    known = next((LANGUAGES[key] for key in asked if key in LANGUAGES), None)
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
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"} or scope["path"] not in FIRST:
            await self._app(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        path = scope["path"]
        target = chosen(query, Headers(scope=scope)).path if path == EN.path else f"{path}/"
        if target != path:
            headers = {"vary": VARY, "cache-control": "no-store"}
            await RedirectResponse(target + (f"?{query}" if query else ""), 307, headers)(scope, receive, send)
            return

        async def varying(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).add_vary_header(VARY)
            await send(message)

        await self._app(scope, receive, varying)
