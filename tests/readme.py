"""Write README's tables of samplers and of the keys of models.yaml: ``python -m tests.readme``."""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playground.catalog import ModelSpec
from playground.samplers import all_samplers
from playground.ui.controls import acts, help_paragraphs

if TYPE_CHECKING:
    from collections.abc import Callable

    from playground.samplers.base import Sampler

README = Path(__file__).parents[1] / "README.md"
ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)  # of a docstring, indented lines following


def samplers() -> list[str]:
    """Return the lines of the table of samplers."""
    return ["| sampler | what it does | its numbers |", "|---|---|---|", *map(sampler_row, all_samplers().values())]


def sampler_row(kind: type[Sampler]) -> str:
    """Return a sampler's line: its key, what it does, and each knob with its range and neutral value."""
    knobs = []
    for name, spec in kind.knobs().items():
        allowed = "true or false" if spec.kind is bool else spec.range_text
        start = "empty" if spec.neutral == () else json.dumps(spec.neutral).removesuffix(".0")
        knobs.append(f"`{name}` {allowed}, {'neutral' if acts(kind, name) else 'unless set'} {start}")
    text = help_paragraphs(kind)[0].replace("|", "\\|")
    return f"| `{kind.key}` | {text} | {'<br>'.join(knobs)} |"


def keys() -> list[str]:
    """Return the lines of the table of models.yaml's keys."""
    means = dict(ATTRIBUTE.findall(inspect.getdoc(ModelSpec) or ""))
    rows = [key_row(option, means[option.name]) for option in fields(ModelSpec) if option.metadata]
    return ["| key | what it says | what it may be |", "|---|---|---|", *rows]


def key_row(option: Field[Any], means: str) -> str:
    """Return a key's line: what it says, what is allowed, and what holds where it is left out."""
    allowed = option.metadata["allowed"].partition(", without control characters")[0]
    unless = "" if option.default in {MISSING, None, ""} else f", unless set {json.dumps(option.default)}"
    text = " ".join(means.split()).replace("``", "`").replace("|", "\\|")
    return f"| `{option.name}` | {text} | {allowed}{unless} |"


TABLES: dict[str, Callable[[], list[str]]] = {"samplers": samplers, "keys": keys}


def place(name: str) -> re.Pattern[str]:
    """Return where a table stands in README.md."""
    return re.compile(rf"(?<=<!-- {name} -->\n).*?(?=\n<!-- end -->)", re.DOTALL)


def main() -> None:
    """Put the tables in their places."""
    text = README.read_text(encoding="utf-8")
    for name, lines in TABLES.items():
        text = place(name).sub("\n".join(lines()).replace("\\", r"\\"), text)
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
