"""The texts beside the points of a beam tree: a token, a folded run of tokens, a score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.hypotheses import Fate, SearchEnd
from playground.tokens import SPACE
from playground.views.beam_labels import CHAR_PX, LONGEST, clipped
from playground.views.beam_words import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from playground.views.beam_paths import Node, Paths

FLAG_SIGN, STOPPED_SIGN = "⚑", "#"
GAP_CHARS = 2  # between a run's text and what comes next


def labels_of(nodes: Iterable[Node], tree: Paths, starts: Sequence[float] | None) -> dict[int, str]:
    """Return the texts by the nodes' identities.

    Args:
        nodes: parents before their children.
        tree: theirs.
        starts: edges of the columns in pixels, where runs are folded: such a run has its text at its first token.
    """
    if starts is None:
        return {id(node): _flag(node, tree) or clipped(node.label, LONGEST) for node in nodes}
    found: dict[int, str] = {}
    for run in _runs(nodes):
        flag = _flag(run[-1], tree)  # has its token with it
        named = run[:-1] if flag else run
        text = "".join(node.label.replace(SPACE, " ") if node is not run[0] else node.label for node in named)
        end = starts[named[-1].position + 1] if named else 0.0
        room = int((end - starts[run[0].position]) / CHAR_PX) - GAP_CHARS
        if end == starts[-1]:
            room += LONGEST  # nothing is drawn behind the last column
        found |= dict.fromkeys(map(id, run), "")
        found[id(run[0])] = clipped(text, max(2, room))
        found[id(run[-1])] = flag or found[id(run[-1])]
    return found


def kind_of(node: Node) -> str:
    """Return which line a node is on."""
    return "best" if node.best else "lives" if node.lives else "dead"


def _runs(nodes: Iterable[Node]) -> list[list[Node]]:
    runs: list[list[Node]] = []
    own: dict[int, list[Node]] = {}  # by its last node
    for node in nodes:
        run = own.pop(id(node.parent), None) if _continues(node) else None
        if run is None:
            run = []
            runs.append(run)
        run.append(node)
        own[id(node)] = run
    return runs


def _continues(node: Node) -> bool:
    """Whether a token only continues its parent: in its lane, alone, drawn alike."""
    parent = node.parent
    return (
        node.hook is None and parent is not None and parent.item is not None
        and node.lane == parent.lane and parent.children <= 1 and kind_of(parent) == kind_of(node)
    )  # fmt: skip


def _flag(node: Node, tree: Paths) -> str:
    """Return the score of a finished text, or one that was stopped, after its place among those returned."""
    item, stopped = node.item, tree.end is SearchEnd.STOPPED and node in tree.running
    if item is None or not (stopped or item.fate is Fate.FINISHED):
        return ""
    score = f"{STOPPED_SIGN if stopped else FLAG_SIGN}{tree.place(node) or ''} {number(item.score, 2)}"
    return score if node.hook is not None else f"{clipped(node.label, LONGEST)} {score}"
