"""The next-token distribution before and after the chain, the removed tokens in their places.

A row per token in the model's rank order: a wide bar before, a narrow bar after, a hatched one where it was removed,
with the name of the sampler that removed it; the last row is everything that has no row of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from playground.views.base import (
    AFTER,
    BEFORE,
    COUNTED,
    DRAWN,
    MONO,
    NOTHING,
    grouped,
    label,
    literal,
    percent,
    quiet_axis,
    sampler_name,
)

if TYPE_CHECKING:
    from playground.records import Candidate, Snapshot

Counts = Mapping[int, int]

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
    token_id: int | None = None  # None for the tail

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
    tail = texts["tail"].format(count=grouped(rest, texts))
    before = max(0.0, 1 - sum(row.before for row in rows))
    some_stay = snapshot.support > sum(item.in_play for item in shown)
    after = max(0.0, 1 - sum(row.after for row in rows)) if some_stay else 0.0  # not what rounding leaves of nothing
    removers = _tail_removers(snapshot, shown)
    hover = f"{literal(tail)}<br>{texts['before']} {percent(before)}<br>{texts['after']} {percent(after)}"
    if removers:
        hover += f"<br>{literal(texts['removed_by'].format(name=', '.join(_name(key, texts) for key in removers)))}"
    return [*rows, Row(tail, before, after, removers, drawn=False, hover=hover)]


def _token_row(item: Candidate, drawn: int | None, texts: Mapping[str, str]) -> Row:
    removers = (item.removed_by,) if item.removed_by else ()
    after = _name(item.removed_by, texts) if item.removed_by else f"{texts['after']} {percent(item.final_prob)}"
    hover = "<br>".join([
        f"<b>{literal(item.text)}</b> · id {item.token_id} · {texts['rank']} {grouped(item.rank, texts)}",
        f"{texts['before']} {percent(item.model_prob)}",
        literal(texts["removed_by"].format(name=after)) if item.removed_by else after,
    ])  # fmt: skip
    return Row(
        label(item.text), item.model_prob, item.final_prob, removers, item.token_id == drawn, hover, item.token_id
    )


def _tail_removers(snapshot: Snapshot, shown: list[Candidate]) -> tuple[str, ...]:
    """Name the samplers that removed more tokens than have a row."""
    seen = [item.removed_by for item in shown]
    return tuple(link.key for link in snapshot.links if link.removed > seen.count(link.key))


def _name(key: str, texts: Mapping[str, str]) -> str:
    return sampler_name(key, texts).lower()


def distribution(
    snapshot: Snapshot, drawn: int | None, texts: Mapping[str, str], counts: Counts | None = None
) -> go.Figure:
    """Draw a snapshot.

    Args:
        snapshot: what to draw.
        drawn: the token to mark.
        texts: the words of the page's language.
        counts: how often each token id came in a number of draws, for bars over those of the probabilities.
    """
    return go.Figure(figure_spec(snapshot, drawn, texts, counts))


def figure_spec(
    snapshot: Snapshot, drawn: int | None, texts: Mapping[str, str], counts: Counts | None = None
) -> dict[str, Any]:
    """Return the same figure as plain values, which the page sends: checking them takes plotly 7 ms at each move."""
    rows = rows_of(snapshot, drawn, texts)
    common: dict[str, Any] = {
        "type": "bar", "orientation": "h", "y": list(range(len(rows))), "hovertext": [row.hover for row in rows],
        "hoverinfo": "text", "customdata": [row.token_id for row in rows],
    }  # fmt: skip
    after = {"x": [row.after or None for row in rows], "width": 0.4, "yaxis": "y2"}
    colors = [DRAWN if row.drawn else AFTER for row in rows]
    counted = [_counted(rows, counts, texts)] if counts else []
    return {
        "data": [
            common | {"name": "before", "x": [row.before for row in rows], "width": 0.82, "marker": _before(rows)},
            common | after | {"name": "after", "marker": {"color": colors}},
            *counted,
        ],
        "layout": _layout(rows, texts),
    }  # fmt: skip


def _before(rows: list[Row]) -> dict[str, Any]:
    """Return the look of the wide bars: full where a token stays, hatched where it was removed."""
    return {
        "color": BEFORE,
        "opacity": 0.6,
        "line": {"color": BEFORE, "width": [1.5 if row.removed else 0 for row in rows]},
        "pattern": {
            "shape": ["/" if row.removed else "" for row in rows],
            "fgcolor": BEFORE, "bgcolor": NOTHING, "size": 6, "solidity": 0.2,
        },
    }  # fmt: skip


def _counted(rows: list[Row], counts: Counts, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return thin bars of how often each row came; the tail's is what the others leave."""
    total = sum(counts.values())
    found = [counts.get(row.token_id, 0) if row.token_id is not None else None for row in rows]
    rest = total - sum(count for count in found if count is not None)
    numbers = [rest if count is None else count for count in found]
    said = [
        texts["counted"].format(
            count=grouped(count, texts),
            total=grouped(total, texts),
            share=percent(count / total),
            expected=percent(row.after),
        )
        for count, row in zip(numbers, rows, strict=True)
    ]
    return {
        "type": "bar", "orientation": "h", "name": "counted", "y": list(range(len(rows))), "width": 0.16, "yaxis": "y2",
        "x": [count / total or None for count in numbers], "marker": {"color": COUNTED},
        "hovertext": said, "hoverinfo": "text",
    }  # fmt: skip


def _lines(rows: list[Row], texts: Mapping[str, str]) -> list[str]:
    """Return the numbers right of the bars under their heading: before, then after or the sampler's name.

    One text per row in a font of fixed width: measuring text is most of what drawing costs.
    """
    lines = [f"{texts['column_before']:>9}  {texts['column_after']:>11}"]
    for row in rows:
        more = f" +{len(row.removers) - 1}" if len(row.removers) > 1 else ""
        after = _name(row.removers[0], texts) + more if row.removed else percent(row.after)
        lines.append(f"{percent(row.before):>9}  {after:>11}")
    return [literal(line).replace(" ", NO_BREAK_SPACE) for line in lines]


def _layout(rows: list[Row], texts: Mapping[str, str]) -> dict[str, Any]:
    names = [f"<b>{row.name}</b>" if row.drawn else row.name for row in rows]
    longest = max([*(row.before for row in rows), *(row.after for row in rows)])
    common: dict[str, Any] = {"tickmode": "array", "range": [len(rows) - 0.5, -1.5], "ticks": ""}
    common["ticklabeloverflow"] = "allow"  # else each label is measured again
    return {
        "template": {}, "barmode": "overlay", "showlegend": False, "height": ROW_PX * (len(rows) + 1) + 12,
        "margin": {"l": 150, "r": 184, "t": 4, "b": 8, "autoexpand": False}, "dragmode": False,
        "paper_bgcolor": NOTHING, "plot_bgcolor": NOTHING, "hoverlabel": {"align": "left"},
        "yaxis": quiet_axis(
            **common, tickvals=list(range(len(rows))), ticktext=names, tickfont={"family": MONO, "size": 12.5}
        ),
        # The numbers are the names of a second axis: as texts of their own they took plotly twice as long to draw.
        "yaxis2": quiet_axis(
            **common, tickvals=list(range(-1, len(rows))), ticktext=_lines(rows, texts),
            tickfont={"family": MONO, "size": 12}, overlaying="y", side="right",
        ),
        "xaxis": quiet_axis(range=[0, longest * 1.01], showticklabels=False),
    }  # fmt: skip
