"""What lies between two panes along a text, and each text under each model.

Three panels over one axis of token numbers: KL, Jensen–Shannon, overlap; dotted between the models' own distributions,
solid between those that the panes draw from. Where KL is infinite, a sign stands at the upper edge instead of a line.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from playground.sentences import in_words
from playground.tokens import visible
from playground.views.base import AFTER, BEFORE, DRAWN, NOTHING, grouped, label, literal, literal_lines, quiet_axis
from playground.views.panels import panels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playground.cross_score import Cell
    from playground.lockstep import Gap, Place

    Names = tuple[str, str]  # of two panes

ROW_PX = 44
LETTERS = "ABCD"  # what the panes are called
GROUPED, BEYOND = 1_000, 1_000_000  # perplexities from here to there are whole numbers
PANELS = {"kl_bits": ("y", (0.70, 0.94)), "js_bits": ("y2", (0.35, 0.59)), "overlap": ("y3", (0.0, 0.24))}
KINDS = (("raw", BEFORE, "dot"), ("final", AFTER, "solid"))
CHEAP, DEAR, INK = "#dbeafe", "#60a5fa", "#0f172a"  # the heat is opaque, so that its ink reads on dark pages, too


def gaps(places: Sequence[Place], pair: int, names: Names, texts: Mapping[str, str]) -> go.Figure:
    """Draw one pair of a comparison, called by its ``names``; ``texts`` are the words of the page's language."""
    return go.Figure(gaps_spec(places, pair, names, texts))


def gaps_spec(places: Sequence[Place], pair: int, names: Names, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the same figure as plain values, which the page sends."""
    found = [(place, gap) for place in places if (gap := place.gaps[pair]) is not None]
    numbers = [place.position + 1 for place, _ in found]
    said = {"hoverinfo": "text", "hovertext": [_said(place, gap, names, texts) for place, gap in found]}
    data: list[dict[str, Any]] = []
    for name, (axis, _) in PANELS.items():
        for kind, color, dash in KINDS:
            values = [getattr(getattr(gap, kind), name) for _, gap in found]
            line = {"color": color, "width": 1.8, "dash": dash, "shape": "hvh"}
            common = {"type": "scatter", "x": numbers, "yaxis": axis, "name": f"{kind} {name}"}
            more = said if name == "overlap" and kind == "final" else {"hoverinfo": "skip"}
            data.append(common | {"mode": "lines", "line": line, "y": [_finite(value) for value in values]} | more)
    return {"data": [*data, _infinite(found)], "layout": _layout(names, texts)}


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


def _said(place: Place, gap: Gap, names: Names, texts: Mapping[str, str]) -> str:
    """Return all numbers of a place."""
    numbers: dict[str, str] = {
        f"{kind}_{name}": _number(getattr(getattr(gap, kind), name)) for kind, _, _ in KINDS for name in PANELS
    }
    said = texts["gaps_token"].format(
        number=place.position + 1, token=visible(place.piece), pair="‖".join(names), **numbers
    )
    return literal_lines(said)


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if math.isfinite(value) else "∞"


def _layout(names: Names, texts: Mapping[str, str]) -> dict[str, Any]:
    heads = [texts[f"gaps_{name}"].format(pair="‖".join(names)) for name in PANELS]
    layout = panels([domain for _, domain in PANELS.values()], heads, texts["curves_axis"])
    layout["yaxis3"]["range"] = [0, 1.04]
    return layout


def matrix_spec(matrix: Sequence[Sequence[Cell]], names: Sequence[str], texts: Mapping[str, str]) -> dict[str, Any]:
    """Return a heat table of perplexities: a row for each pane's text, a column for each pane's model.

    Each cell says its number, so that the color tells nothing alone.
    """
    shown = [f"{letter} · {label(name)}" for letter, name in zip(LETTERS, names, strict=False)]
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
            "margin": {"l": 190, "r": 12, "t": 48, "b": 8, "autoexpand": False},
            "paper_bgcolor": NOTHING, "plot_bgcolor": NOTHING,
            "xaxis": quiet_axis(side="top", tickvals=list(range(len(names))), tickangle=0,
                                ticktext=list(LETTERS[: len(names)]),
                                title={"text": literal(texts["matrix_under"]), "standoff": 4}),
            "yaxis": quiet_axis(autorange="reversed", tickvals=list(range(len(names))), ticktext=shown,
                                title={"text": literal(texts["matrix_text"]), "standoff": 4}),
        },
    }  # fmt: skip


def _perplexity(cell: Cell, texts: Mapping[str, str]) -> str:
    found = cell.perplexity
    return grouped(round(found), texts) if found is not None and GROUPED <= found < BEYOND else _number(found)


def _heat(cell: Cell, row: Sequence[Cell]) -> float:
    """Return how dear a text is for a model beside the best of its row: 0 at its perplexity, 1 from twice it on."""
    if cell.perplexity is None:
        return 0.0
    least = min(one.perplexity for one in row if one.perplexity)
    return min(1.0, math.log2(cell.perplexity / least)) if math.isfinite(cell.perplexity) else 1.0


def _cell_said(cell: Cell, texts: Mapping[str, str]) -> str:
    if cell.problem:
        return literal(in_words(cell.problem, texts))
    said = texts["matrix_cell"].format(
        perplexity=_perplexity(cell, texts), bits=_number(cell.bits_per_character), tokens=cell.tokens
    )
    return literal_lines("\n".join(part for part in (said, in_words(cell.note, texts)) if part))
