"""What every picture shares: colors that hold on light and on dark, and text that plotly shows literally.

Figures leave paper, background and font color open; the page fills them in from its theme.
"""

from __future__ import annotations

from typing import Any

from playground.samplers.rules import percent

__all__ = [
    "AFTER",
    "BEFORE",
    "DRAWN",
    "MONO",
    "REMOVED",
    "RULE",
    "hatch",
    "label",
    "literal",
    "percent",
    "quiet_axis",
]

BEFORE = "#94a3b8"
AFTER = "#3b82f6"
DRAWN = "#ea580c"
RULE = "#ee2a55"
REMOVED = "rgba(148,163,184,0.55)"
MONO = "ui-monospace, 'DejaVu Sans Mono', monospace"
MAX_LABEL = 18


def literal(text: str) -> str:
    """Return text that plotly shows as it is: plotly reads a few HTML tags and entities, and ``$`` as a formula.

    >>> literal("<b>&amp;</b> $x$")
    '&lt;b&gt;&amp;amp;&lt;/b&gt; &#36;x&#36;'
    """
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("$", "&#36;")):
        text = text.replace(char, entity)
    return text


def label(text: str, longest: int = MAX_LABEL) -> str:
    """Return a token's text for an axis: clipped, literal, kept in its own writing direction.

    >>> label("a" * 30)
    'aaaaaaaaaaaaaaaaa…'
    """
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    return literal(text)


def quiet_axis(**more: Any) -> dict[str, Any]:  # noqa: ANN401 (plotly's own settings)
    """Return an axis without lines."""
    return {"showgrid": False, "zeroline": False, "showline": False, "fixedrange": True, **more}


def hatch() -> dict[str, Any]:
    """Return the marker of what was removed."""
    pattern = {"shape": "/", "fgcolor": REMOVED, "bgcolor": "rgba(0,0,0,0)", "size": 6, "solidity": 0.35}
    return {"color": "rgba(0,0,0,0)", "line": {"color": BEFORE, "width": 1}, "pattern": pattern}
