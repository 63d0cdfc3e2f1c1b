"""What lies between two panes along a text, and each text under each model.

Three panels over one axis of token numbers: KL, Jensen–Shannon, overlap; dotted between the models' own distributions,
solid between those that the panes draw from. Where KL is infinite, a sign stands at the upper edge instead of a line.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from playground.tokens import visible
from playground.views.base import AFTER, BEFORE, DRAWN, NOTHING, grouped, label, literal, quiet_axis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playground.cross_score import Cell
    from playground.lockstep import Gap, Place

HEIGHT_PX, ROW_PX = 380, 44
GROUPED, BEYOND = 1_000, 1_000_000  # perplexities from here to there are whole numbers
PANELS = {"kl_bits": ("y", (0.70, 0.94)), "js_bits": ("y2", (0.35, 0.59)), "overlap": ("y3", (0.0, 0.24))}
GRID = "rgba(148,163,184,0.25)"
KINDS = (("raw", BEFORE, "dot"), ("final", AFTER, "solid"))
CHEAP, DEAR, INK = "#dbeafe", "#60a5fa", "#0f172a"  # the heat is opaque, so that its ink reads on dark pages, too


def gaps(places: Sequence[Place], pair: int, texts: Mapping[str, str]) -> go.Figure:
    """Draw one pair of a comparison; ``texts`` are the words of the page's language."""
    return go.Figure(gaps_spec(places, pair, texts))


def gaps_spec(places: Sequence[Place], pair: int, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the same figure as plain values, which the page sends."""
    found = [(place, gap) for place in places if (gap := place.gaps[pair]) is not None]
    numbers = [place.position + 1 for place, _ in found]
    said = {"hoverinfo": "text", "hovertext": [_said(place, gap, texts) for place, gap in found]}
    data: list[dict[str, Any]] = []
    for name, (axis, _) in PANELS.items():
        for kind, color, dash in KINDS:
            values = [getattr(getattr(gap, kind), name) for _, gap in found]
            line = {"color": color, "width": 1.8, "dash": dash, "shape": "hvh"}
            common = {"type": "scatter", "x": numbers, "yaxis": axis, "name": f"{kind} {name}"}
            more = said if name == "overlap" and kind == "final" else {"hoverinfo": "skip"}
            data.append(common | {"mode": "lines", "line": line, "y": [_finite(value) for value in values]} | more)
    return {"data": [*data, _infinite(found)], "layout": _layout(texts)}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _infinite(found: Sequence[tuple[Place, Gap]]) -> dict[str, Any]:
    """Return a sign for each place where the final KL is infinite, above the highest finite value."""
    values = [value for _, gap in found for value in (gap.raw.kl_bits, gap.final.kl_bits) if math.isfinite(value)]
    numbers = [place.position + 1 for place, gap in found if math.isinf(gap.final.kl_bits)]
    top = max(values, default=0.0) or 1.0
    return {
        "type": "scatter", "name": "infinite", "mode": "text", "x": numbers, "y": [top] * len(numbers), "yaxis": "y",
        "text": ["∞"] * len(numbers), "textfont": {"color": DRAWN, "size": 13}, "hoverinfo": "skip",
    }  # fmt: skip


def _said(place: Place, gap: Gap, texts: Mapping[str, str]) -> str:
    """Return all numbers of a place."""
    numbers = {f"{kind}_{name}": _number(getattr(getattr(gap, kind), name)) for kind, _, _ in KINDS for name in PANELS}
    said = texts["gaps_token"].format(number=place.position + 1, token=visible(place.piece), **numbers)
    return "<br>".join(literal(part) for part in said.split("\n"))


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if math.isfinite(value) else "∞"


def _layout(texts: Mapping[str, str]) -> dict[str, Any]:
    head = {"xref": "paper", "yref": "paper", "x": 0, "xanchor": "left", "yanchor": "bottom", "showarrow": False}
    heads = [
        head | {"y": panel[1] + 0.005, "text": literal(texts[f"gaps_{name}"])} for name, (_, panel) in PANELS.items()
    ]
    axis = {"fixedrange": True, "gridcolor": GRID, "zeroline": False, "nticks": 4, "rangemode": "tozero"}
    return {
        "template": {}, "showlegend": False, "height": HEIGHT_PX, "hovermode": "x", "dragmode": False,
        "margin": {"l": 52, "r": 12, "t": 4, "b": 34, "autoexpand": False},
        "paper_bgcolor": NOTHING, "plot_bgcolor": NOTHING, "annotations": heads,
        "hoverlabel": {"align": "left", "bgcolor": "#1e293b", "font": {"color": "#fff"}},
        "xaxis": quiet_axis(anchor="y3", title={"text": literal(texts["curves_axis"]), "standoff": 4}, tickformat="d"),
        "yaxis": axis | {"domain": PANELS["kl_bits"][1]},
        "yaxis2": axis | {"domain": PANELS["js_bits"][1]},
        "yaxis3": axis | {"domain": PANELS["overlap"][1], "range": [0, 1.04]},
    }  # fmt: skip


def matrix_spec(matrix: Sequence[Sequence[Cell]], names: Sequence[str], texts: Mapping[str, str]) -> dict[str, Any]:
    """Return a heat table of perplexities: a row for each pane's text, a column for each pane's model.

    Each cell says its number, so that the color tells nothing alone; the heat is its logarithm within its row.
    """
    shown = [f"{place} · {label(name)}" for place, name in enumerate(names, start=1)]
    values = [[_heat(cell, row) for cell in row] for row in matrix]
    return {
        "data": [{
            "type": "heatmap", "x": list(range(len(names))), "y": list(range(len(names))), "z": values,
            "zmin": 0, "zmax": 1, "colorscale": [[0, CHEAP], [1, DEAR]], "showscale": False, "xgap": 2, "ygap": 2,
            "text": [[_perplexity(cell, texts) for cell in row] for row in matrix],
            "texttemplate": "%{text}", "textfont": {"color": INK},
            "hoverinfo": "text", "hovertext": [[_cell_said(cell, texts) for cell in row] for row in matrix],
        }],
        "layout": {
            "template": {}, "height": 90 + ROW_PX * len(names), "dragmode": False,
            "margin": {"l": 150, "r": 12, "t": 48, "b": 8, "autoexpand": False},
            "paper_bgcolor": NOTHING, "plot_bgcolor": NOTHING,
            "xaxis": quiet_axis(side="top", tickvals=list(range(len(names))), tickangle=0,
                                ticktext=[str(place) for place in range(1, len(names) + 1)],
                                title={"text": literal(texts["matrix_under"]), "standoff": 4}),
            "yaxis": quiet_axis(autorange="reversed", tickvals=list(range(len(names))), ticktext=shown,
                                title={"text": literal(texts["matrix_text"]), "standoff": 4}),
        },
    }  # fmt: skip


def _perplexity(cell: Cell, texts: Mapping[str, str]) -> str:
    found = cell.perplexity
    return grouped(round(found), texts) if found is not None and GROUPED <= found < BEYOND else _number(found)


def _heat(cell: Cell, row: Sequence[Cell]) -> float:
    """Return how dear a text is for a model beside the others of its row: the logarithm of perplexity, from 0 to 1."""
    logs = [math.log(one.perplexity) for one in row if one.perplexity and math.isfinite(one.perplexity)]
    if cell.perplexity is None:
        return 0.0
    if math.isinf(cell.perplexity):
        return 1.0
    low, high = min(logs), max(logs)
    return (math.log(cell.perplexity) - low) / (high - low) if high > low else 0.0


def _cell_said(cell: Cell, texts: Mapping[str, str]) -> str:
    if cell.problem:
        return literal(cell.problem)
    said = texts["matrix_cell"].format(
        perplexity=_perplexity(cell, texts), bits=_number(cell.bits_per_character), tokens=cell.tokens
    )
    return "<br>".join(literal(part) for part in (*said.split("\n"), cell.note) if part)
