"""Panels one below the other over one axis of token numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playground.views.base import NOTHING, literal, quiet_axis

if TYPE_CHECKING:
    from collections.abc import Sequence

HEIGHT_PX = 380
GRID = "rgba(148,163,184,0.25)"
HEAD: dict[str, Any] = {
    "xref": "paper", "yref": "paper", "x": 0, "xanchor": "left", "yanchor": "bottom", "showarrow": False,
}  # fmt: skip


def panels(domains: Sequence[tuple[float, float]], heads: Sequence[str], axis: str) -> dict[str, Any]:
    """Return the layout: an axis y, y2, … for each domain, from the top down, with its head, over ``axis``."""
    names = ["y", *(f"y{number}" for number in range(2, len(domains) + 1))]
    upright = {"fixedrange": True, "gridcolor": GRID, "zeroline": False, "nticks": 4, "rangemode": "tozero"}
    return {
        "template": {}, "showlegend": False, "height": HEIGHT_PX, "hovermode": "x", "dragmode": False,
        "margin": {"l": 52, "r": 12, "t": 4, "b": 34, "autoexpand": False},
        "paper_bgcolor": NOTHING, "plot_bgcolor": NOTHING,
        "annotations": [
            HEAD | {"y": top + 0.005, "text": literal(head)} for (_, top), head in zip(domains, heads, strict=True)
        ],
        "hoverlabel": {"align": "left", "bgcolor": "#1e293b", "font": {"color": "#fff"}},
        "xaxis": quiet_axis(anchor=names[-1], title={"text": literal(axis), "standoff": 4}, tickformat="d"),
    } | {
        f"yaxis{name[1:]}": upright | {"domain": domain} for name, domain in zip(names, domains, strict=True)
    }  # fmt: skip
