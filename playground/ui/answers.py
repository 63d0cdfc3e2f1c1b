"""Answers of our own web app: pictures, and the notice that says why there is none."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from playground.errors import PlaygroundError, RunNotFound, SettingError
from playground.ui.controls import MAX_BODY_BYTES, to_json
from playground.ui.languages import of_address
from playground.ui.notices import ours, said

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor

    from starlette.types import Receive, Scope, Send

GONE_S = 0.25  # so often it is looked whether somebody still waits


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
    return Refusal(SettingError("This takes JSON.", hint="Set the content type."), 415)


async def beginning(request: Request, *, most: int = MAX_BODY_BYTES) -> bytes:
    """Return a body, or of one that is too large just enough to see that."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            break
    return bytes(body)


async def answered(questions: ThreadPoolExecutor, draw: Callable[[], dict[str, Any]]) -> Response:
    """Answer what may wait for a model."""
    return await asyncio.get_running_loop().run_in_executor(questions, partial(pictured, draw))


async def answered_while_there(
    request: Request, workers: ThreadPoolExecutor, work: Callable[[threading.Event], dict[str, Any]]
) -> Response:
    """Answer what takes long; the work is told when nobody waits for it any more."""
    return await made_while_there(request, workers, lambda gone: pictured(lambda: work(gone)))


async def made_while_there(
    request: Request, workers: ThreadPoolExecutor, make: Callable[[threading.Event], Response]
) -> Response:
    """Answer with what takes long, or with the notice that says why there is none."""

    def made() -> Response:
        try:
            return make(gone)
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            return refused(error)

    gone = threading.Event()
    task = asyncio.get_running_loop().run_in_executor(workers, made)
    try:
        while not task.done():
            await asyncio.wait([task], timeout=GONE_S)
            if await request.is_disconnected():
                gone.set()
        return await task
    finally:
        gone.set()


def pictured(draw: Callable[[], dict[str, Any]]) -> Response:
    """Answer with a picture, or with the notice that says why there is none."""
    try:
        return Response(to_json(draw()), media_type="application/json")
    except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
        return refused(error)


def refused(error: Exception) -> Response:
    """Answer with the notice for a failure."""
    status = 404 if isinstance(error, RunNotFound) else 400 if isinstance(error, PlaygroundError) else 500
    return Refusal(ours(error), status)


class Refusal(Response):
    """The notice for a failure, in the language of the page that asked."""

    def __init__(self, error: PlaygroundError, status: int) -> None:
        """Say nothing yet: only the address that is answered tells in which language."""
        super().__init__(status_code=status)
        self._error = error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say it."""
        notice = said(self._error, of_address(scope["path"]).spoken)
        await JSONResponse(notice, self.status_code)(scope, receive, send)
