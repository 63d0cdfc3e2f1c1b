"""Write README's table of samplers from the registry: ``python -m tests.readme``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from playground.samplers import all_samplers
from playground.ui.controls import acts, help_paragraphs

if TYPE_CHECKING:
    from playground.samplers.base import Sampler

README = Path(__file__).parents[1] / "README.md"
TABLE = re.compile(r"(?<=<!-- samplers -->\n).*?(?=\n<!-- end -->)", re.DOTALL)


def row(kind: type[Sampler]) -> str:
    """Return a sampler's line: its key, what it does, and each knob with its range and neutral value."""
    knobs = []
    for name, spec in kind.knobs().items():
        allowed = "true or false" if spec.kind is bool else spec.range_text
        start = "empty" if spec.neutral == () else json.dumps(spec.neutral).removesuffix(".0")
        knobs.append(f"`{name}` {allowed}, {'neutral' if acts(kind, name) else 'unless set'} {start}")
    text = help_paragraphs(kind)[0].replace("|", "\\|")
    return f"| `{kind.key}` | {text} | {'<br>'.join(knobs)} |"


def table() -> str:
    """Return the whole table."""
    return "\n".join(["| sampler | what it does | its numbers |", "|---|---|---|", *map(row, all_samplers().values())])


def main() -> None:
    """Put the table in its place."""
    README.write_text(TABLE.sub(lambda _: table(), README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
