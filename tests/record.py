"""Record the text that a first visitor sees: ``python -m tests.record``.

Writes ``assets/recorded-DAY.json`` with the settings of a new page, by the real program on the default model, and takes
the files of other days away.
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from playground import Playground
from playground.saved import to_text
from playground.ui.languages import EN
from playground.ui.link import start_state
from tests.browser import ROOT

MOST_BYTES = 105_000


def main() -> None:
    """Write until the model ends, or as many tokens as a file of its size holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=24, help="at most so many")
    options = parser.parse_args()
    with Playground(ROOT / "models.yaml") as playground:
        state = start_state(playground.catalog, EN.texts)
        settings = state["chain"] | {"seed": state["seed"], "max_new_tokens": options.tokens}
        text = to_text(playground.generate(state["model"], state["prompt"], **settings))
    assert len(text.encode()) <= MOST_BYTES, f"{len(text.encode()):,} bytes; ask for fewer tokens"
    for old in (ROOT / "assets").glob("recorded-*.json"):
        old.unlink()
    path = ROOT / "assets" / f"recorded-{datetime.now(UTC):%Y-%m-%d}.json"
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
