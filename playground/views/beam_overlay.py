"""A text that was not found by the search, laid over its tree: the greedy one, and one that was sampled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground.views.base import MONO, literal
from playground.views.beam_labels import CHAR_PX, CURVE_PX, POINT_PX, ROOT_PX, clipped, shown
from playground.views.beam_words import GREEDY, SAMPLED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playground.views.beam_paths import Node, Paths

POINT_SIZE = 9
LOOKS = {"greedy": (GREEDY, "dashdot", "diamond-open", -0.1), "sampled": (SAMPLED, "dot", "triangle-up-open", 0.1)}
SAID_CHARS = 80


@dataclass(frozen=True, slots=True)
class Overlay:
    """A path.

    Attributes:
        name: "greedy" or "sampled".
        token_ids: its tokens.
        pieces: their bytes.
    """

    name: str
    token_ids: tuple[int, ...]
    pieces: tuple[bytes, ...]


def overlay_traces(
    overlays: Sequence[Overlay], tree: Paths, starts: Sequence[float], texts: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return a trace for each path: beside the tree's own line as long as it is in the tree, then in a lane below."""
    return [_trace(overlay, tree, starts, tree.lanes + 0.5 + 0.6 * row, texts) for row, overlay in enumerate(overlays)]


def _trace(
    overlay: Overlay, tree: Paths, starts: Sequence[float], lane: float, texts: Mapping[str, str]
) -> dict[str, Any]:
    color, dash, symbol, aside = LOOKS[overlay.name]
    common = followed(overlay.token_ids, tree)
    points: list[tuple[float, float, int, str, str]] = [(ROOT_PX, tree.root.lane + aside, 0, "", "")]
    written = ""
    for place, piece in enumerate(overlay.pieces[: len(starts) - 1]):
        written += shown(piece)
        inside = place < len(common)
        x, y = starts[place] + POINT_PX, common[place].lane + aside if inside else lane
        if y != points[-1][1]:
            points.append((x - CURVE_PX, points[-1][1], 0, "", ""))  # along, then over
        room = int((starts[place + 1] - starts[place]) / CHAR_PX) - 1
        words = texts[f"beams_{overlay.name}_said"].format(
            number=place + 1, token=shown(piece), text=written[-SAID_CHARS:]
        )
        name = "" if inside else literal(clipped(shown(piece), max(2, room)))
        points.append((x, y, POINT_SIZE, name, "<br>".join(map(literal, words.split("\n")))))
    xs, ys, sizes, names, said = (list(column) for column in zip(*points, strict=True))
    return {
        "type": "scatter", "mode": "lines+markers+text", "name": overlay.name, "x": xs, "y": ys, "text": names,
        "textposition": "top right", "textfont": {"family": MONO, "size": 11, "color": color}, "cliponaxis": False,
        "line": {"color": color, "width": 1.8, "dash": dash}, "hoverinfo": "text", "hovertext": said,
        "marker": {
            "symbol": symbol, "size": sizes, "color": color, "opacity": 1, "line": {"color": color, "width": 1.5},
        },
    }  # fmt: skip


def followed(token_ids: Sequence[int], tree: Paths) -> list[Node]:
    """Return the nodes that a path goes through while they are kept or finished, in the group that goes furthest."""
    here = [tree.root]
    for token, step in zip(token_ids, tree.nodes, strict=False):
        after = [
            node for node in step
            if node.item and node.item.token_id == token and node.parent in here and node.item.fate != "pruned"
        ]  # fmt: skip
        if not after:
            break
        here = after
    return list(here[0].way())[::-1]
