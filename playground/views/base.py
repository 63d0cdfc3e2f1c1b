"""What every picture shares: colors that hold on light and on dark, and text that plotly shows literally.

Figures leave paper, background and font color open; the page fills them in from its theme.
"""

from __future__ import annotations

import math
from typing import Any

BEFORE = "#94a3b8"
AFTER = "#3b82f6"
DRAWN = "#ea580c"
COUNTED = "#a21caf"
NOTHING = "rgba(0,0,0,0)"
MONO = "ui-monospace, 'DejaVu Sans Mono', monospace"
MAX_LABEL = 18
SMALLEST = 1e-6  # below it a percentage only says that it is smaller
ROUNDS_TO_ONE = 0.0005


def literal(text: str) -> str:
    """Return text that plotly shows as it is: plotly reads a few HTML tags and entities, and ``$`` as a formula.

    >>> literal("<b>&amp;</b> $x$")
    '&lt;b&gt;&amp;amp;&lt;/b&gt; &#36;x&#36;'
    """
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("$", "&#36;")):
        text = text.replace(char, entity)
    return text


def label(text: str) -> str:
    """Return a token's text for an axis: clipped, literal, kept in its own writing direction.

    >>> label("a" * 30)
    'aaaaaaaaaaaaaaaaa…'
    """
    text = text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1] + "…"
    return literal(text)


def percent(share: float) -> str:
    """Return a probability as people read it; never "0.0%" for something that can happen, nor "100%" for less.

    >>> percent(0.1523), percent(0.00012), percent(1e-9), percent(0), percent(0.99999), percent(1)
    ('15.2%', '0.012%', '<0.0001%', '0%', '>99.9%', '100%')
    """
    if share in {0, 1}:
        return f"{share:.0%}"
    if share < SMALLEST:
        return f"<{SMALLEST * 100:.4f}%"
    if share > 1 - ROUNDS_TO_ONE:
        return ">99.9%"
    digits = 1 if share >= 0.001 else 1 - math.floor(math.log10(share * 100))  # noqa: PLR2004 (0.1 %: two digits below)
    return f"{share * 100:.{digits}f}%"


def quiet_axis(**more: Any) -> dict[str, Any]:  # noqa: ANN401 (plotly's own settings)
    """Return an axis without lines."""
    return {"showgrid": False, "zeroline": False, "showline": False, "fixedrange": True, **more}
