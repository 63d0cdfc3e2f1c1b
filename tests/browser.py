"""The page in a process of its own, and a real Chromium to look at it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

import httpx

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
END_TIMEOUT_S = 10


class RunningApp:
    """``python app.py`` on a free port; a context manager."""

    def __init__(self, *flags: str) -> None:
        """Start it and wait for the line that names its address."""
        command = [sys.executable, "app.py", "--port", "0", *flags]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "http://" in line, f"the page did not start: {line!r}"
        self.url = line.split()[-1]
        transport = httpx.HTTPTransport(retries=20)  # the port is claimed before the server answers on it
        self.http = httpx.Client(base_url=self.url, transport=transport, timeout=60)

    def model_pid(self, key: str) -> int:
        """Return the id of a model's process."""
        return int(self.http.get("/healthz").json()["models"][key]["pid"])

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it as Ctrl-C would."""
        self.http.close()
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            if self.process.stdout:
                self.process.stdout.close()


def launch(driver: Playwright) -> Browser:
    """Start Chromium."""
    return driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
