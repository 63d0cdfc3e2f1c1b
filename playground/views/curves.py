"""A run from its first token to its last: how surprising, how undecided, how many could be drawn, how perplexed so far.

Three panels over one axis of token numbers; a label at the pointer has all numbers of a token.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from playground.tokens import visible
from playground.views.base import AFTER, BEFORE, DRAWN, grouped, literal_lines
from playground.views.panels import panels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playground.records import Snapshot, TokenStep

PANELS = {"y": (0.58, 0.95), "y2": (0.29, 0.5), "y3": (0.0, 0.21)}


def curves(steps: Sequence[TokenStep], texts: Mapping[str, str], *, ended: bool = False) -> go.Figure:
    """Draw the steps of a run.

    Args:
        steps: its tokens.
        texts: the words of the page's language.
        ended: the last one is an end token, which is no part of the text and of its perplexity.
    """
    return go.Figure(curves_spec(steps, texts, ended=ended))


def curves_spec(steps: Sequence[TokenStep], texts: Mapping[str, str], *, ended: bool = False) -> dict[str, Any]:
    """Return the same figure as plain values, which the page sends."""
    snapshots = [step.snapshot for step in steps]
    surprisal = [step.surprisal_bits if step.surprisal_bits < math.inf else None for step in steps]
    perplexity = perplexities(steps, ended=ended)
    rows = zip(steps, snapshots, perplexity, strict=True)
    common = {"type": "scatter", "x": [step.position + 1 for step in steps], "hoverinfo": "skip"}
    line = common | {"mode": "lines"}
    said = {"hoverinfo": "text", "hovertext": [_said(*row, texts) for row in rows]}
    dots = {"mode": "markers", "marker": {"color": DRAWN, "size": 5}}
    return {
        "data": [
            line | _of("before", [item.model_entropy_bits for item in snapshots], BEFORE, "y"),
            line | _of("after", [item.final_entropy_bits for item in snapshots], AFTER, "y"),
            common | {"name": "surprisal", "y": surprisal, "yaxis": "y"} | dots | said,
            line | _of("support", [item.support for item in snapshots], AFTER, "y2"),
            line | _of("perplexity", [None if value == math.inf else value for value in perplexity], DRAWN, "y3"),
        ],
        "layout": _layout(texts),
    }


def perplexities(steps: Sequence[TokenStep], *, ended: bool = False) -> list[float | None]:
    """Return 2 to the power of the mean surprisal of the text so far, inf from a token on that was impossible.

    None where only an end token has been written.
    """
    total, found = 0.0, list[float | None]()
    for count, step in enumerate(steps[:-1] if ended else steps, start=1):
        total += step.surprisal_bits
        found.append(2 ** (total / count) if total < math.inf else math.inf)
    return [*found, found[-1] if found else None] if ended else found


def _of(name: str, values: Sequence[float | None], color: str, axis: str) -> dict[str, Any]:
    return {"name": name, "y": list(values), "yaxis": axis, "line": {"color": color, "width": 1.6, "shape": "hvh"}}


def _said(step: TokenStep, snapshot: Snapshot, perplexity: float | None, texts: Mapping[str, str]) -> str:
    """Return all numbers of a token."""
    said = texts["curves_token"].format(
        number=step.position + 1,
        token=visible(step.piece),
        surprisal=f"{step.surprisal_bits:.2f}" if step.surprisal_bits < math.inf else "∞",
        before=f"{snapshot.model_entropy_bits:.2f}",
        after=f"{snapshot.final_entropy_bits:.2f}",
        support=grouped(snapshot.support, texts),
        perplexity="–" if perplexity is None else f"{perplexity:.2f}".replace("inf", "∞"),
    )
    return literal_lines(said)


def _layout(texts: Mapping[str, str]) -> dict[str, Any]:
    heads = [texts[name] for name in ("curves_bits", "curves_support", "curves_perplexity")]
    layout = panels(list(PANELS.values()), heads, texts["curves_axis"])
    layout["yaxis2"] |= {"type": "log", "rangemode": "normal", "dtick": 1}
    return layout
