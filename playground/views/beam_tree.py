"""The tree of a beam search, as far as it has come: tokens from left to right, beams in lanes, like a map of a railway.

- A line is a beam: thick green the best text, blue what is kept and leads somewhere, gray dashes what was kept and then
  dropped, a dotted hook what was considered and not kept. A square ends a finished text, an arrow a running one.
- What is drawn once stays where it is while the tree grows, so that a picture is replaced as a whole: building takes
  some milliseconds, and plotly redraws in place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from playground.hypotheses import Fate
from playground.views.base import AFTER, BEFORE, MONO, NOTHING, label, literal, quiet_axis
from playground.views.beam_labels import CHAR_PX, CURVE_PX, LONGEST, POINT_PX, ROOT_PX, clipped
from playground.views.beam_overlay import overlay_traces
from playground.views.beam_paths import Node, Paths, paths
from playground.views.beam_runs import kind_of, labels_of
from playground.views.beam_words import BEST, number, tip, tip_form

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from playground.beam_settings import BeamParams
    from playground.hypotheses import BeamStep
    from playground.views.beam_overlay import Overlay

Trace = dict[str, Any]
Point = tuple[float, float]

LANE_PX, FONT_PX = 56, 11.5
LEFT_PX, RIGHT_PX, TOP_PX = 66, 110, 4
NUMBERS = -0.7  # the lane of the columns' numbers
STUBS = 2  # pruned continuations that are drawn at a step
HOOKS = 2  # that fit under a lane
MUTED = "#7c8aa0"
LOOKS = {
    "dead": (BEFORE, 1.3, "dash", "circle-open", 7),
    "lives": (AFTER, 2.2, "solid", "circle", 7),
    "best": (BEST, 4.5, "solid", "circle", 9),
}


@dataclass(frozen=True)
class Look:
    """What a reader chooses to see.

    Attributes:
        fold: draw runs of tokens without branching as one point with their text, in narrower columns.
        stubs: pruned continuations to draw at each step, at most; the others are counted.
        overlays: paths to lay over the tree.
        first: leave out all columns before this one; what is drawn stands where it would stand with them. Enough while
            a tree grows and only its end is in sight.
    """

    fold: bool = False
    stubs: int = STUBS
    overlays: tuple[Overlay, ...] = ()
    first: int = 0


def beam_tree(
    steps: Sequence[BeamStep], params: BeamParams, tail: str, texts: Mapping[str, str], look: Look | None = None
) -> go.Figure:
    """Draw a search.

    Args:
        steps: all so far; none yet is a tree of the prompt alone.
        params: the settings of the search.
        tail: the last characters of the prompt.
        texts: the words of the page's language.
        look: what to draw of it.
    """
    return go.Figure(beam_tree_spec(steps, params, tail, texts, look))


def beam_tree_spec(
    steps: Sequence[BeamStep], params: BeamParams, tail: str, texts: Mapping[str, str], look: Look | None = None
) -> dict[str, Any]:
    """Return the same figure as plain values, which the page sends; its layout has a width and a height of its own.

    A point's ``customdata`` begins with the id of its token, "step.place in the step", both from 0.
    """
    return tree_spec(paths(steps, params), tail, texts, look)


def tree_spec(tree: Paths, tail: str, texts: Mapping[str, str], look: Look | None = None) -> dict[str, Any]:
    """Return the figure of a tree that somebody keeps while it grows; ``Paths.settle`` it first."""
    drawn = _Drawing(tree, texts, look or Look())
    return {"data": drawn.traces(tail), "layout": drawn.layout()}


@dataclass
class _Drawing:
    tree: Paths
    texts: Mapping[str, str]
    look: Look

    @cached_property
    def starts(self) -> list[float]:
        """Left edges of the columns, and the right edge of the last, in pixels."""
        widths = self.tree.means if self.look.fold else self.tree.widths
        return list(accumulate((width * CHAR_PX for width in widths), initial=0.0))

    @cached_property
    def visible(self) -> tuple[list[Node], list[Node], list[list[Node]]]:
        """What has a lane or is finished, the stubs, and per step what is only counted."""
        lanes, stubs, counted = list[Node](), list[Node](), list[list[Node]]()
        for step in self.tree.nodes[self.look.first :]:
            pruned = sorted((n for n in step if n.fate is Fate.PRUNED), key=lambda node: node.rank)
            shown = [node for node in pruned if (node.hook or 0) < HOOKS][: self.look.stubs]
            lanes += [node for node in step if node.fate is not Fate.PRUNED]
            stubs += shown
            counted.append([node for node in pruned if node not in shown])
        return lanes, stubs, counted

    def x(self, node: Node) -> float:
        """Return where a node's point stands."""
        return self.starts[node.position] + POINT_PX if node.item else ROOT_PX

    def traces(self, tail: str) -> list[Trace]:
        """Return lines first, then points: what counts most on top."""
        lanes, stubs, counted = self.visible
        kinds = {name: [node for node in lanes if kind_of(node) == name] for name in LOOKS}
        found = [self._edges("pruned", stubs, {"color": MUTED, "width": 1, "dash": "dot"})]
        for name, (color, width, dash, _, _) in LOOKS.items():
            found.append(self._edges(name, kinds[name], {"color": color, "width": width, "dash": dash}))
        found.append(self._stubs(stubs))
        labels = labels_of(lanes, self.tree, self.starts if self.look.fold else None)
        found += [self._points(name, nodes, labels) for name, nodes in kinds.items()]
        found += [self._root(tail), self._more(counted), self._numbers()]
        return found + overlay_traces(self.look.overlays, self.tree, self.starts, self.texts)

    def _edges(self, name: str, nodes: Iterable[Node], line: dict[str, Any]) -> Trace:
        xs, ys = list[float | None](), list[float | None]()
        for node in nodes:
            for x, y in self._edge(node, name):
                xs.append(x)
                ys.append(y)
            xs.append(None)
            ys.append(None)
        return {
            "type": "scatter", "mode": "lines", "name": f"{name} lines", "x": xs, "y": ys, "line": line,
            "hoverinfo": "skip", "connectgaps": False,
        }  # fmt: skip

    def _edge(self, node: Node, kind: str) -> list[Point]:
        """Return the points of a line from a parent: along its lane, then over to the child's."""
        parent = node.parent or self.tree.root
        x, start, end = self.x(node), parent.lane, node.lane
        if start == end:
            return [(self.x(parent), start), (x, end)]
        turn = x - CURVE_PX
        shared = parent.heir and (kind in {"pruned", "dead"} or node.hook is not None)
        begin = [] if shared else [(self.x(parent), start)]
        if node.hook is not None:
            return [*begin, (turn, start), (turn, end), (x, end)]
        curve = [(turn + CURVE_PX * u, start + (end - start) * u * u * (3 - 2 * u)) for u in (0.25, 0.5, 0.75, 1)]
        return [*begin, (turn, start), *curve]

    def _points(self, name: str, nodes: Sequence[Node], labels: Mapping[int, str]) -> Trace:
        color, _, _, symbol, size = LOOKS[name]
        running = {id(node) for node in self.tree.running}
        symbols = [_symbol(node, symbol, running=id(node) in running) for node in nodes]
        shown = [labels[id(node)] for node in nodes]
        sizes = [
            (size if text or mark != symbol else 4) + 4 * (mark != symbol)
            for text, mark in zip(shown, symbols, strict=True)
        ]
        font = {"family": MONO, "size": FONT_PX} | ({"color": MUTED} if name == "dead" else {})
        return self._dots(name, nodes) | {
            "text": list(map(literal, shown)), "textfont": font,
            "textposition": ["middle right" if node.hook is not None else "top right" for node in nodes],
            "marker": {
                "symbol": symbols, "size": sizes, "color": color, "opacity": 1, "line": {"color": color, "width": 1.5},
            },
        }  # fmt: skip

    def _stubs(self, nodes: Sequence[Node]) -> Trace:
        room = {
            position: max(2, int((end - start) / CHAR_PX) - 3)
            for position, (start, end) in enumerate(pairwise(self.starts))
        }
        room |= {len(self.starts) - 2: LONGEST}  # nothing is drawn behind the last column
        return self._dots("pruned", nodes) | {
            "text": [literal(clipped(node.label, room[node.position])) for node in nodes],
            "textfont": {"family": MONO, "size": FONT_PX - 1.5, "color": MUTED}, "textposition": "middle right",
            "marker": {"symbol": "x-thin", "size": 6, "color": MUTED, "line": {"color": MUTED, "width": 1.4}},
        }  # fmt: skip

    def _dots(self, name: str, nodes: Sequence[Node]) -> Trace:
        return {
            "type": "scatter", "mode": "markers+text", "name": name, "cliponaxis": False,
            "x": [self.x(node) for node in nodes], "y": [node.lane for node in nodes],
            "customdata": [tip(node, self.tree, self.texts) for node in nodes], "hovertemplate": tip_form(self.texts),
        }  # fmt: skip

    def _root(self, tail: str) -> Trace:
        return {
            "type": "scatter", "mode": "markers+text", "name": "prompt", "x": [self.x(self.tree.root)],
            "y": [self.tree.root.lane], "customdata": [[self.tree.root.id]], "cliponaxis": False,
            "text": [literal(self.texts["beams_prompt"])], "textposition": "top center",
            "marker": {"symbol": "circle", "size": 11, "color": AFTER}, "textfont": {"size": FONT_PX},
            "hoverinfo": "text", "hovertext": label(tail, 60),
        }  # fmt: skip

    def _more(self, counted: Sequence[Sequence[Node]]) -> Trace:
        steps = [(position, nodes) for position, nodes in enumerate(counted, start=self.look.first) if nodes]
        said = [
            self.texts["beams_more_said"].format(
                step=position + 1, count=len(nodes), names="\n".join(_named(node) for node in nodes)
            )
            for position, nodes in steps
        ]
        return {
            "type": "scatter", "mode": "text", "name": "more", "hoverinfo": "text",
            "x": [self.starts[position] + POINT_PX for position, _ in steps],
            "y": [self.tree.lanes] * len(steps), "textposition": "middle right",
            "text": [f"+{len(nodes)}" for _, nodes in steps],
            "textfont": {"size": FONT_PX - 1, "color": MUTED},
            "hovertext": ["<br>".join(map(literal, words.split("\n"))) for words in said],
        }  # fmt: skip

    def _numbers(self) -> Trace:
        """Return the columns' numbers; as labels of an axis they were a third of plotly's time."""
        columns = range(self.look.first, len(self.starts) - 1)
        return {
            "type": "scatter", "mode": "text", "name": "numbers", "hoverinfo": "skip",
            "x": [ROOT_PX, *(self.starts[column] + POINT_PX for column in columns)],
            "y": [NUMBERS] * (len(columns) + 1),
            "text": [literal(self.texts["beams_axis"]), *(str(column + 1) for column in columns)],
            "textfont": {"size": FONT_PX - 1, "color": MUTED},
        }  # fmt: skip

    def layout(self) -> dict[str, Any]:
        """Return the axes and the size."""
        high, low = NUMBERS - 0.25, self.tree.lanes + 0.35 + 0.6 * len(self.look.overlays)
        wide = self.starts[-1] + RIGHT_PX
        return {
            "template": {}, "showlegend": False, "hovermode": "closest", "hoverdistance": 14, "dragmode": False,
            "width": round(LEFT_PX + wide), "height": round((low - high) * LANE_PX + TOP_PX),
            "margin": {"l": 0, "r": 0, "t": TOP_PX, "b": 0, "autoexpand": False},
            "paper_bgcolor": NOTHING, "plot_bgcolor": NOTHING,
            "hoverlabel": {"align": "left", "bgcolor": "#1e293b", "font": {"color": "#fff", "size": 12.5}},
            "xaxis": quiet_axis(range=[-LEFT_PX, wide], showticklabels=False),
            "yaxis": quiet_axis(range=[low, high], showticklabels=False),
        }  # fmt: skip


def _symbol(node: Node, usual: str, *, running: bool) -> str:
    if node.fate is Fate.FINISHED:
        return "square"
    return "triangle-right" if running else usual


def _named(node: Node) -> str:
    item = node.item
    return f"{node.label}  {number(item.total, 2)}" if item else ""
