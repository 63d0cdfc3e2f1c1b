"""A beam search as a tree that grows to the right: a column for each step, a row for each beam, what was dropped below.

- A node never moves once it is drawn. Steps at which every beam just went on share the column of the one before them.
- What became of a continuation is said by its mark and by the line that leads to it, not by color alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from playground.hypotheses import Fate
from playground.tokens import flowing, visible
from playground.views.base import AFTER, BEFORE, DRAWN, MONO, NOTHING, grouped, literal, quiet_axis

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playground.hypotheses import BeamStep, Continuation

FINISHED = "#15a34a"
COLUMN_PX, ROW_PX, EDGE_PX = 124, 44, 14
ROOT_X, TEXT_WIDTH = 0.8, 0.8  # in columns; lines run where no text stands
LONGEST, HOVER_LONGEST = 13, 160  # characters
BELOW = 3  # dropped continuations that a column shows
MOST_NODES = 1_600  # that a browser draws without coming to a stop
LINES = {Fate.PRUNED: (BEFORE, "dot", 1.0), Fate.KEPT: (AFTER, "solid", 1.6), Fate.FINISHED: (FINISHED, "dash", 1.6)}
OVER = (("#a21caf", "dashdot", "diamond-open"), ("#0f766e", "longdash", "square-open"))
MARKS = {Fate.PRUNED: ("x-thin-open", 6), Fate.KEPT: ("circle", 7), Fate.FINISHED: ("star", 11)}


@dataclass(frozen=True, slots=True)
class Node:
    """A continuation, or several in a row, in its place.

    Attributes:
        item: the last of them.
        place: position of its step, and its number among the continuations of that.
        ids, pieces: the whole text up to it, of which the last ``fresh`` are shown here.
        parent: the node before it; None at the first step.
    """

    item: Continuation
    place: tuple[int, int]
    x: int
    y: int
    ids: tuple[int, ...]
    pieces: tuple[bytes, ...]
    parent: Node | None
    fresh: int = 1


@dataclass
class Tree:
    """Nodes by column and row, as far as the search has come."""

    fold: bool
    nodes: dict[tuple[int, int], Node] = field(default_factory=dict)
    tips: dict[int, Node] = field(default_factory=dict)  # by the beam's place
    hidden: dict[int, int] = field(default_factory=dict)  # continuations that a column does not show
    columns: int = 0

    def take(self, step: BeamStep) -> None:
        """Add a step."""
        folded = self.fold and goes_on(step, len(self.tips))
        self.columns += bool(step.continuations) and not folded
        tips, row, dropped = dict[int, Node](), sum(item.beam is not None for item in step.continuations), 0
        for number, item in sorted(enumerate(step.continuations), key=shown_first):
            if item.beam is not None:
                tips[item.beam] = self._node(step.position, number, item, item.beam, folded=folded)
            elif item.fate is Fate.FINISHED or (not folded and row - len(tips) < BELOW):
                self._node(step.position, number, item, row, folded=False)
                row += 1
            else:
                dropped += 1
        self.hidden[self.columns] = self.hidden.get(self.columns, 0) + dropped
        self.tips = tips or self.tips

    def _node(self, position: int, number: int, item: Continuation, row: int, *, folded: bool) -> Node:
        before = self.tips.get(item.parent)
        if before and folded:
            ids, pieces = (*before.ids, item.token_id), (*before.pieces, item.piece)
            node = replace(before, item=item, place=(position, number), ids=ids, pieces=pieces, fresh=before.fresh + 1)
        else:
            ids, pieces = ((*before.ids, item.token_id), (*before.pieces, item.piece)) if before else ((), ())
            ids, pieces = ids or (item.token_id,), pieces or (item.piece,)
            node = Node(item, (position, number), self.columns, row, ids, pieces, before)
        self.nodes[node.x, node.y] = node
        return node


def shown_first(numbered: tuple[int, Continuation]) -> tuple[bool, bool, float]:
    """Order what is kept first, then what is finished, then the best of what is dropped."""
    _, item = numbered
    return item.beam is None, item.fate is not Fate.FINISHED, -item.total


def goes_on(step: BeamStep, beams: int) -> bool:
    """Tell whether every beam just goes on at its place, and nothing ends."""
    kept = [item for item in step.continuations if item.beam is not None]
    ended = any(item.fate is Fate.FINISHED for item in step.continuations)
    return bool(kept) and not ended and len(kept) == beams and all(item.beam == item.parent for item in kept)


def tree_spec(
    steps: Sequence[BeamStep], texts: Mapping[str, str], *, fold: bool = True, paths: Sequence[Sequence[int]] = ()
) -> dict[str, Any]:
    """Return the figure of a search as far as it has come, as plain values.

    Args:
        steps: of the search, from the first.
        texts: the words of the page's language.
        fold: let steps at which nothing branches share a column.
        paths: token ids of other texts, which are laid over the tree as far as it has them.

    The way to the best hypothesis is drawn strong. ``omitted`` of the answer are columns that are too many to draw.
    """
    tree = Tree(fold)
    for step in steps:
        tree.take(step)
    best = steps[-1].hypotheses[0].token_ids if steps and steps[-1].hypotheses else ()
    rows = max((node.y for node in tree.nodes.values()), default=0) + 1
    first = max(1, tree.columns - MOST_NODES // rows + 1)
    shown = [node for node in tree.nodes.values() if node.x >= first]
    strong = {(node.x, node.y) for node in _along(shown, best)}
    plain = [node for node in shown if (node.x, node.y) not in strong]
    data = [_lines([node for node in plain if node.item.fate is fate], *LINES[fate]) for fate in LINES]
    data.append(_lines([node for node in shown if (node.x, node.y) in strong], DRAWN, "solid", 3.0))
    data += [_marks([node for node in shown if node.item.fate is fate], fate, strong, texts) for fate in MARKS]
    data += [_laid(_along(shown, ids), *over) for ids, over in zip(paths, OVER, strict=False)]
    more = [_more(x, rows, count, texts) for x, count in tree.hidden.items() if count and x >= first]
    return {"data": data, "layout": _layout(first, tree.columns, rows + bool(more), more), "omitted": first - 1}


def _along(nodes: Sequence[Node], ids: Sequence[int]) -> list[Node]:
    """Return the nodes that a text goes through."""
    return [node for node in nodes if node.ids == tuple(ids[: len(node.ids)])]


def _laid(nodes: Sequence[Node], color: str, dash: str, symbol: str) -> dict[str, Any]:
    """Draw a path over the tree, with a frame at each node, so that what is beneath stays in sight."""
    line = _lines(nodes, color, dash, 2.4)
    marker = {"symbol": symbol, "size": [0 if x is None or not place % 3 else 15 for place, x in enumerate(line["x"])]}
    return line | {"mode": "lines+markers", "marker": marker | {"color": color, "line": {"width": 2}}}


def _lines(nodes: Sequence[Node], color: str, dash: str, width: float) -> dict[str, Any]:
    """Draw the lines that lead to these nodes, each from the end of its parent's text."""
    xs, ys = list[float | None](), list[float | None]()
    for node in nodes:
        from_x, from_y = (node.parent.x + TEXT_WIDTH, node.parent.y) if node.parent else (ROOT_X - 0.2, 0)
        xs += [from_x, node.x, None]
        ys += [from_y, node.y, None]
    line = {"color": color, "dash": dash, "width": width}
    return {"type": "scatter", "mode": "lines", "x": xs, "y": ys, "line": line, "hoverinfo": "skip"}


def _marks(nodes: Sequence[Node], fate: Fate, strong: set[tuple[int, int]], texts: Mapping[str, str]) -> dict[str, Any]:
    symbol, size = MARKS[fate]
    colors = [DRAWN if (node.x, node.y) in strong else LINES[fate][0] for node in nodes]
    return {
        "type": "scatter", "mode": "markers+text", "name": fate.value, "textposition": "middle right",
        "x": [node.x for node in nodes], "y": [node.y for node in nodes], "text": list(map(_label, nodes)),
        "textfont": {"family": MONO, "size": 12}, "opacity": 0.72 if fate is Fate.PRUNED else 1,
        "marker": {"symbol": symbol, "size": size, "color": colors, "line": {"width": 1.5, "color": colors}},
        "hoverinfo": "text", "hovertext": [hover(node, texts) for node in nodes], "cliponaxis": False,
        "customdata": [list(node.place) for node in nodes],
    }  # fmt: skip


def _label(node: Node) -> str:
    """Return the text of a node over its numbers: what the step added, and the sum with it."""
    text = visible(b"".join(node.pieces[-node.fresh :]))
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    numbers = f"{node.item.step:.2f} → {node.item.total:.2f}"
    return f'{literal(text)}<br><span style="font-size:10px">{numbers}</span>'


def hover(node: Node, texts: Mapping[str, str]) -> str:
    """Return the numbers of a node, what became of it, and the text up to it."""
    item, text = node.item, flowing(b"".join(node.pieces))
    said = texts["beam_hover"].format(
        token=visible(item.piece),
        number=len(node.pieces),
        logprob=f"{item.logprob:.3f}",
        step=f"{item.step:.3f}",
        total=f"{item.total:.3f}",
        score=f"{item.score:.4f}",
        fate=fate_words(item, texts),
        text=text if len(text) <= HOVER_LONGEST else f"…{text[-HOVER_LONGEST:]}",
    )
    return "<br>".join(literal(part) for part in said.split("\n"))


def fate_words(item: Continuation, texts: Mapping[str, str]) -> str:
    """Say what became of a continuation, and why."""
    if item.fate is Fate.KEPT:
        return texts["beam_kept"].format(place=(item.beam or 0) + 1) if item.beam is not None else texts["beam_last"]
    if item.fate is Fate.FINISHED:
        return texts["beam_finished_length" if item.ending == "length" else "beam_finished"]
    return texts["beam_too_bad" if item.ending else "beam_pruned"]


def _more(x: int, rows: int, count: int, texts: Mapping[str, str]) -> dict[str, Any]:
    text = literal(texts["beam_more"].format(count=grouped(count, texts)))
    font = {"size": 11, "color": "#64748b"}
    return {"x": x, "y": rows, "text": text, "showarrow": False, "xanchor": "left", "xshift": 6, "font": font}


def _layout(first: int, last: int, rows: int, notes: list[dict[str, Any]]) -> dict[str, Any]:
    columns = max(1, last - first + 1)
    return {
        "template": {}, "showlegend": False, "hovermode": "closest", "dragmode": False, "annotations": notes,
        "width": EDGE_PX * 2 + COLUMN_PX * (columns + 1), "height": EDGE_PX * 2 + ROW_PX * rows,
        "margin": {"l": EDGE_PX, "r": EDGE_PX, "t": EDGE_PX, "b": EDGE_PX, "autoexpand": False},
        "paper_bgcolor": NOTHING, "plot_bgcolor": NOTHING,
        "hoverlabel": {"align": "left", "bgcolor": "#1e293b", "font": {"color": "#fff"}},
        "xaxis": quiet_axis(range=[first - 0.5, first + columns + 0.5], showticklabels=False),
        "yaxis": quiet_axis(range=[rows - 0.5, -0.5], showticklabels=False),
    }  # fmt: skip
