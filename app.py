"""Start the page: flags → catalog → pool → page → serve."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playground.errors import PlaygroundError, StartError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import uvicorn

    from playground.catalog import Catalog

HERE = Path(__file__).resolve().parent
MAX_PORT = 65_535


def read_flags(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="See what sampling parameters do to a language model.")
    parser.add_argument("--host", default="127.0.0.1", help="address to serve on (default: this machine only)")
    parser.add_argument("--port", type=int, default=7860, help="port to serve on (default: 7860)")
    parser.add_argument(
        "--models", type=Path, default=HERE / "models.yaml", help="list of models (default: models.yaml)"
    )
    parser.add_argument(
        "--memory-mb", type=int, help="what all loaded models may take together (default: 3/4 of the memory)"
    )
    return parser.parse_args(arguments)


def claim(host: str, port: int) -> socket.socket:
    """Bind the port before anything slow happens.

    Raises:
        StartError: the port is taken, or the address is not this machine's.
    """
    if not 0 <= port <= MAX_PORT:
        raise StartError(f"Port is {port}; it must lie in [0, {MAX_PORT}].")
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return prompt_listener(host, port, family)
    except UnicodeError as error:
        raise StartError(f"Host is {shown(host)}; it must be an address or a name.", hint="Use --host.") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise StartError(f"Port {port} is in use.", hint="Use --port with another number.") from error
        reason = os.strerror(error.errno) if isinstance(error.errno, int) and error.errno > 0 else error.strerror
        raise StartError(f"{host}:{port} cannot be served: {reason}.", hint="Use --host and --port.") from error


def prompt_listener(host: str, port: int, family: socket.AddressFamily) -> socket.socket:
    """Listen, and let no answer wait.

    Connections inherit the option. Without it the kernel keeps the second part of each answer back for up to 40 ms, and
    asyncio sets it only on sockets that name their protocol, which this one does not.
    """
    listener = socket.create_server((host, port), family=family)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; 2 where the page cannot start."""
    flags = read_flags(arguments)
    try:
        from playground.catalog import read_catalog  # noqa: PLC0415 (a wrong flag must not wait for imports)

        if flags.memory_mb is not None and flags.memory_mb < 1:
            raise StartError(f"Memory is {flags.memory_mb} MB; it must be at least 1.", hint="Use --memory-mb.")
        catalog = read_catalog(flags.models)
        serve(catalog, claim(flags.host, flags.port), flags.memory_mb)
    except PlaygroundError as error:
        print(error, file=sys.stderr)  # noqa: T201 (the one sentence of a failed start)
        return 2
    except KeyboardInterrupt:  # Ctrl-C is how one ends it
        return 0
    return 0


def serve(catalog: Catalog, listener: socket.socket, memory_mb: int | None) -> None:
    """Load the default model in the background and serve the page."""
    import uvicorn  # noqa: PLC0415

    from playground.pool import Pool  # noqa: PLC0415

    pool = Pool(catalog, memory_mb=memory_mb)
    pool.start(catalog.default.key)
    try:
        from playground.ui import gradio_without_stubs  # noqa: PLC0415

        with gradio_without_stubs():
            from playground.ui.server import build_app  # noqa: PLC0415 (two seconds, while the model loads)

        host, port = listener.getsockname()[:2]
        print(f"Sampling playground on http://{host}:{port}", flush=True)  # noqa: T201 (where to look)
        server = quiet_server(
            uvicorn.Config(build_app(catalog, pool), log_level="warning", timeout_graceful_shutdown=1)
        )
        for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn raises them again when it is done; then we are, too
            signal.signal(number, lambda *_: None)
        server.run(sockets=[listener])
    finally:
        pool.close()


def quiet_server(config: uvicorn.Config) -> uvicorn.Server:
    """Return a server that does not report the streams of open tabs as errors when it ends."""
    import uvicorn  # noqa: PLC0415

    class Quiet(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            logging.getLogger("uvicorn.error").disabled = True
            await super().shutdown(sockets)

    return Quiet(config)


if __name__ == "__main__":
    sys.exit(main())
