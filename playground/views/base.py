"""What every picture shares: colors that hold on light and on dark, and text that plotly shows literally.

Figures leave paper, background and font color open; the page fills them in from its theme.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from playground.samplers import all_samplers
from playground.samplers.rules import percent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.samplers.base import Sampler
    from playground.samplers.rules import Rule

__all__ = [
    "AFTER",
    "BEFORE",
    "DRAWN",
    "MONO",
    "REMOVED",
    "RULE",
    "grouped",
    "hatch",
    "label",
    "literal",
    "literal_lines",
    "percent",
    "quiet_axis",
    "rule_words",
    "sampler_name",
    "worded",
]

BEFORE = "#94a3b8"
AFTER = "#3b82f6"
DRAWN = "#ea580c"
COUNTED = "#a21caf"
NOTHING = "rgba(0,0,0,0)"
RULE = "#ee2a55"
REMOVED = "rgba(148,163,184,0.55)"
MONO = "ui-monospace, 'DejaVu Sans Mono', monospace"
MAX_LABEL = 18
DECODER = json.JSONDecoder()
RULE_WORDS = ("bits", "threshold", "surprisal", "logit", "above", "below", "count", "echo")


def literal(text: str) -> str:
    """Return text that plotly shows as it is: plotly reads a few HTML tags and entities, and ``$`` as a formula.

    >>> literal("<b>&amp;</b> $x$")
    '&lt;b&gt;&amp;amp;&lt;/b&gt; &#36;x&#36;'
    """
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("$", "&#36;")):
        text = text.replace(char, entity)
    return text


def literal_lines(text: str) -> str:
    """Return a text of several lines for plotly, none of it read as markup."""
    return "<br>".join(map(literal, text.split("\n")))


def label(text: str, longest: int = MAX_LABEL) -> str:
    """Return a token's text for an axis: clipped, literal, kept in its own writing direction.

    >>> label("a" * 30)
    'aaaaaaaaaaaaaaaaa…'
    """
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    return literal(text)


def grouped(number: int, texts: Mapping[str, str]) -> str:
    """Return a whole number with its thousands set apart as the page's language does it."""
    return f"{number:,}".replace(",", texts["thousands"])


def sampler_name(key: str, texts: Mapping[str, str]) -> str:
    """Return what the page's language calls a sampler; the key where there is none."""
    known = all_samplers()
    return texts.get(f"sampler_{key}") or (known[key].label if key in known else key)


def worded(summary: str, texts: Mapping[str, str]) -> str:
    """Return a sampler's summary, a name and a value in JSON for each number, with the names of the page's language."""
    for key, kind in all_samplers().items():
        rest = summary.removeprefix(f"{kind.label.lower()} ")
        if rest != summary:
            return f"{sampler_name(key, texts).lower()} {_numbers_worded(rest, kind, texts)}"
    return summary


def _numbers_worded(rest: str, kind: type[Sampler], texts: Mapping[str, str]) -> str:
    """Return the values of a summary behind its first name; a language that has no name for a number keeps its key."""
    _, end = DECODER.raw_decode(rest)
    said = [rest[:end]]
    while rest := rest[end:].removeprefix(", "):
        name, _, rest = rest.partition(" ")
        _, end = DECODER.raw_decode(rest)
        known = texts.get(kind.knobs()[name].label, name)
        said.append(f"{known[:1].lower()}{known[1:]} {rest[:end]}")
    return ", ".join(said)


def rule_words(rule: Rule, texts: Mapping[str, str]) -> str:
    """Return the number of a rule and where it comes from, its few words in the page's language."""
    said = rule.text
    for word in RULE_WORDS:
        said = said.replace(word, texts[f"rule_{word}"])
    return said


def quiet_axis(**more: Any) -> dict[str, Any]:  # noqa: ANN401 (plotly's own settings)
    """Return an axis without lines."""
    return {"showgrid": False, "zeroline": False, "showline": False, "fixedrange": True, **more}


def hatch() -> dict[str, Any]:
    """Return the marker of what was removed."""
    pattern = {"shape": "/", "fgcolor": REMOVED, "bgcolor": "rgba(0,0,0,0)", "size": 6, "solidity": 0.35}
    return {"color": "rgba(0,0,0,0)", "line": {"color": BEFORE, "width": 1}, "pattern": pattern}
