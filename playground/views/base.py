"""What every picture shares: colors that hold on light and on dark, and text that plotly shows literally.

Figures leave paper, background and font color open; the page fills them in from its theme.
"""

from __future__ import annotations

from typing import Any

BEFORE = "#94a3b8"
AFTER = "#3b82f6"
DRAWN = "#ea580c"
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


def label(text: str) -> str:
    """Return a token's text for an axis: clipped, literal, kept in its own writing direction.

    >>> label("a" * 30)
    'aaaaaaaaaaaaaaaaa…'
    """
    text = text if len(text) <= MAX_LABEL else text[: MAX_LABEL - 1] + "…"
    return literal(text)


def percent(share: float) -> str:
    """Return a probability as people read it; never "0.0%" for something that can happen.

    >>> percent(0.1523), percent(0.00012), percent(1e-9), percent(0), percent(0.99999)
    ('15.2%', '0.012%', '1e-07%', '0%', '>99.9%')
    """
    if share == 0:
        return "0%"
    if share < 1e-5:  # noqa: PLR2004 (where fixed notation runs out of digits)
        return f"{share * 100:.0e}%"
    if share < 0.001:  # noqa: PLR2004
        return f"{share * 100:.2g}%"
    if 0.9995 <= share < 1:  # noqa: PLR2004
        return ">99.9%"
    return f"{share * 100:.1f}%"


def quiet_axis(**more: Any) -> dict[str, Any]:  # noqa: ANN401 (plotly's own settings)
    """Return an axis without lines."""
    return {"showgrid": False, "zeroline": False, "showline": False, "fixedrange": True, **more}
