"""How the tests run: the same examples every time, and on request nothing left out.

- Hypothesis draws the same examples at every run; ``--hypothesis-profile=explore`` draws many new ones.
- With ``PLAYGROUND_NO_SKIP=1`` a test that was skipped or expected to fail fails the whole run. ``.ci/run`` sets it.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from playwright.sync_api import sync_playwright

from playground.pool import Pool
from tests.browser import RunningApp, Watched, launch
from tests.models import CATALOG

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from playground.catalog import Catalog

# No deadline: how fast something is depends on who else uses the machine.
settings.register_profile("same", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", derandomize=False, deadline=None, print_blob=True, max_examples=1000)
settings.load_profile("same")


def left_out(config: pytest.Config) -> Iterator[str]:
    """Name each test that did not have to pass, with its reason, unless that is allowed."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("PLAYGROUND_NO_SKIP") != "1" or not isinstance(reporter, pytest.TerminalReporter):
        return
    for outcome in ("skipped", "xfailed", "xpassed"):
        for report in reporter.stats.get(outcome, []):
            skipped_at = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            reason = getattr(report, "wasxfail", "") or skipped_at
            yield f"{report.nodeid}: {outcome} {reason}".rstrip()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail a run that would have passed with tests left out."""
    if exitstatus == pytest.ExitCode.OK and any(left_out(session.config)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which tests were left out, so that the failure explains itself."""
    if lines := list(left_out(config)):
        terminalreporter.section("failed: PLAYGROUND_NO_SKIP=1 and these did not run to a pass", red=True)
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a file."""
    with sync_playwright() as driver:
        opened = launch(driver)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def app() -> Iterator[RunningApp]:
    """Run the shipped page on the shipped models."""
    with RunningApp() as running:
        yield running


@pytest.fixture
def watched(browser: Browser, app: RunningApp) -> Iterator[Watched]:
    """Open a page in a browser that kept nothing; afterwards nothing was complained of."""
    context = browser.new_context()
    opened = Watched(context, app.url)
    yield opened
    context.close()
    assert (opened.errors, opened.foreign) == ([], [])


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """Return the shipped models and ``endless``, a toy that repeats one word."""
    table = tmp_path / "endless.json"
    table.write_text('{"": {" la": 1.0}}', encoding="utf-8")
    endless = replace(CATALOG.get("toy"), key="endless", title="Endless", file=table, context_tokens=1_048_576)
    return replace(CATALOG, models=(*CATALOG.models, endless))


@pytest.fixture
def clock() -> list[float]:
    """Return the time of ``pool``, in seconds, to be set."""
    return [0.0]


@pytest.fixture
def pool(catalog: Catalog, clock: list[float]) -> Iterator[Pool]:
    """Return a pool with nothing up yet."""
    fresh = Pool(catalog, now=lambda: clock[0])
    yield fresh
    fresh.close()
