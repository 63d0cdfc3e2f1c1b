"""The page in a process of its own, and a real Chromium to look at it."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page, Playwright, Request

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
LONG_MS = 60_000  # so long a page may take before a test fails; nothing is near that


# As a browser is in which somebody has written a text before: no recorded one is shown.
VISITED = "try { localStorage.setItem('playground-visit', '{\"own\":true}'); } catch {}"


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

    @classmethod
    def on(cls, folder: Path, models: str, files: Mapping[str, bytes]) -> Self:
        """Start it on a models.yaml with these entries, and files beside it."""
        for name, content in {"models.yaml": models.encode(), **files}.items():
            (folder / name).write_bytes(content)
        return cls("--models", str(folder / "models.yaml"))

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


class Watched:
    """A page, and what its browser complained of or asked for elsewhere."""

    def __init__(
        self, browser: Browser | BrowserContext, url: str, *, fragment: str = "", script: str = "", first: bool = False
    ) -> None:
        """Open the page, run a script before its own, and wait for its first picture; ``first`` is a first visit."""
        self.errors: list[str] = []
        self.foreign: list[str] = []
        self.url = url
        self.page: Page = browser.new_page()
        self.page.set_viewport_size({"width": 1440, "height": 1000})
        self.page.set_default_timeout(LONG_MS)
        self.page.on("console", self._complained)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._asked)
        self.page.add_init_script("" if first else VISITED)
        self.page.add_init_script(script)
        self.page.goto(url + fragment)
        self.page.wait_for_selector(".plot h2:not(:empty)")

    def _complained(self, line: ConsoleMessage) -> None:
        if line.type == "error" and "status of 400" not in line.text:  # a refusal, which the page says in a sentence
            self.errors.append(line.text)

    def _dialog(self, dialog: Dialog) -> None:
        self.errors.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.foreign.append(request.url)

    def figure(self) -> dict[str, list[object]]:
        """Return the x values of each trace that plotly drew."""
        script = "Object.fromEntries(document.querySelector('.figure').data.map((trace) => [trace.name, trace.x]))"
        return dict(self.page.evaluate(script))

    def names(self) -> list[str]:
        """Return the token names at the picture's axis, as they stand on the screen."""
        return [re.sub(r"\s+$", "", text) for text in self.page.locator(".figure .ytick text").all_text_contents()]

    def set_number(self, key: str, value: str) -> None:
        """Type a number into a sampler's box."""
        self.page.fill(f'.sampler[data-key="{key}"] .number >> nth=0', value)
        self.page.keyboard.press("Tab")

    def begin_long(self) -> None:
        """Press Write for a text that does not end soon by itself, however the machine rounds: it counts."""
        self.page.fill("#prompt textarea", ", ".join(map(str, range(1, 17))) + ",")
        self.page.fill("#length input", "1900")
        self.page.click("#write")

    def write(self, tokens: int = 24) -> str:
        """Press Write, wait for the end and return the written text."""
        self.page.fill("#length input", str(tokens))
        before = self.page.evaluate("document.querySelector('.strip')?.dataset.ended ?? ''")
        self.page.click("#write")
        self.page.wait_for_function(
            "(before) => { const { running, ended } = document.querySelector('.strip').dataset;"
            " return running === 'false' && ended !== before; }",
            arg=before,
        )
        return "".join(self.page.locator(".tok[data-position]").all_text_contents())
