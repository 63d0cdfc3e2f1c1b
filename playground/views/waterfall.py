"""From the model to the draw: a panel per stage, each drawn by its sampler's own rule.

- A gray bar is what reached the sampler, hatched where it is removed; a narrow blue one what left it reshaped.
- Top-p and top-h pile the bars up to a line; typical-p hangs them on the entropy, so that their length is the distance.
- At the right of a panel stands everything without a bar of its own: first what stays of it, then what goes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from playground.stages import FINAL, MODEL
from playground.views.base import AFTER, BEFORE, RULE, hatch, literal, percent, rule_words, worded
from playground.views.panel import Column, Scale, axes, columns_of, rule_drawn, scale_of, tokens_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.stages import Stage

LEAST_BITS = 0.005  # less than the numbers show
LINE_PX, PLOT_PX, NAMES_PX, GAP_PX = 15, 120, 66, 20
LEGEND = (
    (BEFORE, "■", "waterfall_reaches"),
    (AFTER, "■", "waterfall_leaves"),
    (BEFORE, "▨", "waterfall_goes"),
    (BEFORE, "+n", "waterfall_others"),
)
CHARS = {1: 46, 2: 60, 3: 42, 4: 30}  # that fit into the width of a panel, by the number of columns
NAMED_COLUMNS = 2  # with more, the names are left to the tips
MAX_TITLE = 44
MANIFOLD = 0.1  # what is left of less grows so much that hundredths say nothing
NO_BREAK_SPACE = "\u00a0"
TAIL_WIDTH = 2.2  # in tokens
HEAD: dict[str, Any] = {
    "align": "left", "xanchor": "left", "yanchor": "top", "showarrow": False, "font": {"size": 11.5}
}  # fmt: skip
AXIS_SHARE = 0.045  # of the width, left of each column but the first, for the numbers of its axis


def waterfall(stages: tuple[Stage, ...], texts: Mapping[str, str], *, columns: int = 2) -> go.Figure:
    """Draw stages in a grid of 1 to 4 columns; ``texts`` are the words of the page's language."""
    return go.Figure(waterfall_spec(stages, texts, columns=columns))


def waterfall_spec(stages: tuple[Stage, ...], texts: Mapping[str, str], *, columns: int = 2) -> dict[str, Any]:
    """Return the same figure as plain values, which the page sends."""
    tail_width = TAIL_WIDTH * (1 if columns <= NAMED_COLUMNS else 2)  # narrow panels give the tail more
    panels = [columns_of(stage, texts, tail_width=tail_width) for stage in stages]
    scales = [scale_of(*pair) for pair in zip(stages, panels, strict=True)]
    heads = [_head(stage, number, texts, CHARS[columns], log=scales[number].log) for number, stage in enumerate(stages)]
    grid = Grid(columns, tuple(head.count("<br>") + 1 for head in heads))
    extent = max(column.right for panel in panels for column in panel)
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = grid.layout()
    for number, (stage, panel) in enumerate(zip(stages, panels, strict=True)):
        axis = str(number + 1) if number else ""
        scale = scales[number]
        data += _bars(stage, panel, axis, scale, texts)
        x_axis, y_axis = axes(stage, panel, scale, names=columns <= NAMED_COLUMNS)
        x_domain, y_domain, head_y = grid.place(number)
        layout[f"xaxis{axis}"] = x_axis | {"domain": x_domain, "anchor": f"y{axis}", "range": [-0.7, extent + 0.2]}
        layout[f"yaxis{axis}"] = y_axis | {"domain": y_domain, "anchor": f"x{axis}"}
        head = {"text": heads[number], "x": x_domain[0], "y": head_y, "xref": "paper", "yref": "paper"}
        shapes, labels = rule_drawn(stage, panel, scale, axis, texts)
        layout["shapes"] += shapes
        layout["annotations"] += [HEAD | head, *labels]
    return {"data": data, "layout": layout}


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the panels stand: each has so many ``lines`` of text above it."""

    columns: int
    lines: tuple[int, ...]

    def _head_px(self, row: int) -> int:
        return max(self.lines[row * self.columns : (row + 1) * self.columns]) * LINE_PX + 8

    def _top_px(self, row: int) -> int:
        return sum(self._head_px(above) + PLOT_PX + NAMES_PX + GAP_PX for above in range(row))

    @property
    def height_px(self) -> int:
        """How tall all rows are."""
        return self._top_px(math.ceil(len(self.lines) / self.columns))

    def place(self, number: int) -> tuple[list[float], list[float], float]:
        """Return a panel's domains and the upper edge of its text."""
        row, column = divmod(number, self.columns)
        width = (1 + AXIS_SHARE) / self.columns
        top = self._top_px(row)
        upper, lower = (1 - (top + self._head_px(row) + down) / self.height_px for down in (0, PLOT_PX))
        return [column * width, (column + 1) * width - AXIS_SHARE], [lower, upper], 1 - top / self.height_px

    def layout(self) -> dict[str, Any]:
        """Return what all panels share."""
        return {
            "template": {}, "barmode": "overlay", "showlegend": False, "height": self.height_px + 8,
            "margin": {"l": 36, "r": 6, "t": 4, "b": 4, "autoexpand": False}, "dragmode": False,
            "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
            "hoverlabel": {"align": "left"}, "annotations": [], "shapes": [],
        }  # fmt: skip


def _head(stage: Stage, number: int, texts: Mapping[str, str], chars: int, *, log: bool) -> str:
    """Return title, effect and rule, wrapped to so many characters."""
    summary = worded(stage.summary, texts)
    title = summary if len(summary) <= MAX_TITLE else summary[: MAX_TITLE - 1] + "…"
    named = texts[f"waterfall_{stage.key}"] if stage.key in {MODEL, FINAL} else f"{number} · {title}"
    lines = [f"<b>{literal(named)}</b>", *map(literal, wrap(_effect(stage, texts), chars))]
    if stage.key == MODEL:
        lines += _legend(texts, chars)
    rule = [literal(line) for line in wrap(_rule_text(stage, texts, log=log), chars)]
    if rule:
        lines += [_key(RULE, "━", rule[0]), *rule[1:]]
    return "<br>".join(lines)


def _legend(texts: Mapping[str, str], chars: int) -> list[str]:
    """Return what the signs mean, wrapped between them."""
    keys = {
        f"{sign} {texts[word]}".replace(" ", NO_BREAK_SPACE): _key(color, sign, texts[word])
        for color, sign, word in LEGEND
    }
    return [" ".join(keys[key] for key in line.split(" ")) for line in wrap(" ".join(keys), chars)]


def _key(color: str, sign: str, words: str) -> str:
    return f'<span style="color:{color}">{sign}</span> {words}'


def _effect(stage: Stage, texts: Mapping[str, str]) -> str:
    if stage.key in {MODEL, FINAL}:
        words = texts["waterfall_still"].format(
            count=tokens_text(stage.support_after, texts), entropy=f"{stage.entropy_after_bits:.2f}"
        )
        names = "; ".join(worded(summary, texts) for summary in stage.idle)
        return words + (texts["waterfall_idle"].format(names=names) if names else "")
    entropy = texts["entropy_value"].format(before=stage.entropy_before_bits, after=stage.entropy_after_bits)
    if not stage.removed:
        change = stage.entropy_after_bits - stage.entropy_before_bits
        kind = "even" if abs(change) < LEAST_BITS else "sharper" if change < 0 else "flatter"
        return texts[f"waterfall_{kind}"].format(entropy=entropy)
    words = texts["waterfall_removes"].format(count=tokens_text(stage.removed, texts), mass=percent(stage.removed_mass))
    kept = 1 - stage.removed_mass
    named = stage.rule is not None and stage.rule.geometry == "named"
    return (
        words
        if named or kept <= 0
        else words + texts["waterfall_grows"].format(factor=f"{1 / kept:.2f}" if kept > MANIFOLD else f"{1 / kept:.3g}")
    )


def _rule_text(stage: Stage, texts: Mapping[str, str], *, log: bool) -> str:
    rule = stage.rule
    if rule is None:
        return ""
    count = tokens_text(int(rule.at), texts)
    words = texts[f"waterfall_rule_{rule.geometry}"].format(rule=rule_words(rule, texts), count=count)
    below = rule.geometry == "floor" and stage.bars[0].before < rule.at
    return words + (texts["waterfall_best_stays"] if below else "") + (texts["waterfall_log"] if log else "")


def _bars(stage: Stage, panel: list[Column], axis: str, scale: Scale, texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the bars of a panel; one that is taller than the axis ends there, and says so."""
    panel = [column for column in panel if column.height or column.x < len(stage.bars)]
    on: dict[str, Any] = {"type": "bar", "xaxis": f"x{axis}", "yaxis": f"y{axis}", "hoverinfo": "text"}
    gray = {"color": BEFORE, "opacity": 0.6}
    kept, gone = [column for column in panel if not column.removed], [column for column in panel if column.removed]
    found = []
    for name, marker, shown in (
        ("before", {"color": AFTER} if stage.key == FINAL else gray, kept),
        ("removed", hatch(), gone),
    ):
        tips = [c.hover + (f"<br>{texts['waterfall_taller']}" if c.top > scale.high else "") for c in shown]
        found.append(on | {
            "name": name, "marker": marker, "x": [c.x for c in shown], "width": [c.width for c in shown],
            "y": [min(c.height, scale.high - c.base) for c in shown], "hovertext": tips,
            "customdata": [c.token_id for c in shown],
        })  # fmt: skip
        if any(column.base for column in shown):
            found[-1]["base"] = [column.base for column in shown]
    after = [column for column in panel if column.after is not None and stage.key != FINAL]
    marked = [column for column in panel if column.marked]
    found.append(on | {
        "name": "after", "marker": {"color": AFTER}, "x": [c.x for c in after], "width": [c.width / 2 for c in after],
        "y": [min(c.after or 0.0, scale.high) for c in after], "hovertext": [c.hover for c in after],
        "customdata": [c.token_id for c in after],
    })  # fmt: skip
    return [*found, on | {
        "type": "scatter", "name": "named", "mode": "markers", "x": [c.x for c in marked], "hoverinfo": "skip",
        "y": [max(c.height, c.after or 0.0) + 0.06 * scale.high for c in marked],
        "marker": {"symbol": "triangle-down", "size": 8, "color": RULE},
    }]  # fmt: skip
