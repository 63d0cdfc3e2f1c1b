"""The next-token distribution before and after the chain, the removed tokens in their places.

A row per token in the model's rank order: a wide bar before, a narrow bar after, a hatched one where it was removed,
with the name of the sampler that removed it; the last row is everything that has no row of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from playground.samplers import all_samplers
from playground.views.base import AFTER, BEFORE, DRAWN, MONO, hatch, label, literal, percent, quiet_axis

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.records import Candidate, Snapshot

ROWS = 20
ROW_PX = 21
NO_BREAK_SPACE = "\u00a0"  # plotly folds other spaces
TOP_AFTER = 3  # the best tokens after the chain have a row even where the model ranks them low


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the picture."""

    name: str
    before: float
    after: float
    removers: tuple[str, ...]
    drawn: bool
    hover: str

    @property
    def removed(self) -> bool:
        """Whether nothing of it can be drawn; a token left in play may round to 0 and is not removed."""
        return self.after == 0 and bool(self.removers)


def rows_of(snapshot: Snapshot, drawn: int | None, texts: Mapping[str, str]) -> list[Row]:
    """Return the lines: the best by the model, the best after the chain, the drawn token, then the tail."""
    by_final = sorted(snapshot.candidates, key=lambda item: -item.final_prob)[:TOP_AFTER]
    wanted = {item.token_id for item in (*snapshot.candidates[:ROWS], *by_final)} | {drawn}
    shown = [item for item in snapshot.candidates if item.token_id in wanted]
    rows = [_token_row(item, drawn, texts) for item in shown]
    rest = snapshot.tail_count + len(snapshot.candidates) - len(shown)
    if not rest:
        return rows
    tail = texts["tail"].format(count=f"{rest:,}")
    before = max(0.0, 1 - sum(row.before for row in rows))
    after = (
        max(0.0, 1 - sum(row.after for row in rows)) if snapshot.support > sum(not row.removed for row in rows) else 0.0
    )
    hover = f"{literal(tail)}<br>{texts['before']} {percent(before)}<br>{texts['after']} {percent(after)}"
    return [*rows, Row(tail, before, after, _tail_removers(snapshot, shown), drawn=False, hover=hover)]


def _token_row(item: Candidate, drawn: int | None, texts: Mapping[str, str]) -> Row:
    removers = (item.removed_by,) if item.removed_by else ()
    after = _name(item.removed_by) if item.removed_by else f"{texts['after']} {percent(item.final_prob)}"
    hover = "<br>".join([
        f"<b>{literal(item.text)}</b> · id {item.token_id} · {texts['rank']} {item.rank:,}",
        f"{texts['before']} {percent(item.model_prob)}",
        literal(texts["removed_by"].format(name=after)) if item.removed_by else after,
    ])  # fmt: skip
    return Row(label(item.text), item.model_prob, item.final_prob, removers, item.token_id == drawn, hover)


def _tail_removers(snapshot: Snapshot, shown: list[Candidate]) -> tuple[str, ...]:
    """Name the samplers that removed more tokens than have a row."""
    seen = [item.removed_by for item in shown]
    return tuple(link.key for link in snapshot.links if link.removed > seen.count(link.key))


def _name(key: str) -> str:
    known = all_samplers()
    return known[key].label.lower() if key in known else key


def distribution(snapshot: Snapshot, drawn: int | None, texts: Mapping[str, str]) -> go.Figure:
    """Draw a snapshot; ``drawn`` is the token to mark, ``texts`` the words of the page's language."""
    return go.Figure(figure_spec(snapshot, drawn, texts))


def figure_spec(snapshot: Snapshot, drawn: int | None, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the same figure as plain values, which the page sends: checking them takes plotly 7 ms at each move."""
    rows = rows_of(snapshot, drawn, texts)
    places = list(range(len(rows)))
    kept = [row.before if not row.removed else None for row in rows]
    gone = [row.before if row.removed else None for row in rows]
    colors = [DRAWN if row.drawn else AFTER for row in rows]
    common: dict[str, Any] = {
        "type": "bar", "orientation": "h", "y": places, "hovertext": [row.hover for row in rows], "hoverinfo": "text",
    }  # fmt: skip
    return {
        "data": [
            common | {"name": "before", "x": kept, "width": 0.82, "marker": {"color": BEFORE, "opacity": 0.6}},
            common | {"name": "removed", "x": gone, "width": 0.82, "marker": hatch()},
            common | {"name": "after", "x": [r.after or None for r in rows], "width": 0.4, "marker": {"color": colors}},
            _numbers(rows, texts),
        ],
        "layout": _layout(rows),
    }  # fmt: skip


def _numbers(rows: list[Row], texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the numbers right of the bars under their heading: before, then after or the sampler's name.

    One text per row in a font of fixed width: measuring text is most of what drawing costs.
    """
    lines = [f"{texts['column_before']:>9}  {texts['column_after']:>10}"]
    for row in rows:
        removers = ", ".join(_name(key) for key in row.removers)
        lines.append(f"{percent(row.before):>9}  {removers if row.removed else percent(row.after):>10}")
    return {
        "type": "scatter",
        "name": "numbers",
        "mode": "text",
        "x": [1.0] * len(lines),
        "y": list(range(-1, len(rows))),
        "text": [literal(line).replace(" ", NO_BREAK_SPACE) for line in lines],
        "xaxis": "x2",
        "textposition": "middle left",
        "textfont": {"size": 12, "family": MONO},
        "hoverinfo": "skip",
        "cliponaxis": False,
    }


def _layout(rows: list[Row]) -> dict[str, Any]:
    names = [f"<b>{row.name}</b>" if row.drawn else row.name for row in rows]
    longest = max([*(row.before for row in rows), *(row.after for row in rows)])
    return {
        "template": {}, "barmode": "overlay", "showlegend": False, "height": ROW_PX * (len(rows) + 1) + 12,
        "margin": {"l": 150, "r": 6, "t": 4, "b": 8, "autoexpand": False}, "dragmode": False,
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
        "hoverlabel": {"align": "left"},
        "yaxis": quiet_axis(
            tickmode="array", tickvals=list(range(len(rows))), ticktext=names, tickfont={"family": MONO, "size": 12.5},
            range=[len(rows) - 0.5, -1.5], ticks="", ticklabeloverflow="allow",  # else each label is measured again
        ),
        "xaxis": quiet_axis(domain=[0, 0.76], range=[0, longest * 1.01], showticklabels=False),
        "xaxis2": quiet_axis(domain=[0.76, 1], range=[-0.55, 1.02], showticklabels=False, anchor="y"),
    }  # fmt: skip
