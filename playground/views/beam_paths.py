"""Where a beam search's tokens stand in its picture, and what became of each; no colors and no words yet.

- A token stands in the column of its step and in a lane. The best child of a beam goes on in its lane, others take the
  nearest free one; so a lane is chosen once, from what came before, and what is drawn never jumps while the tree grows.
- What is pruned or ends hangs below its parent's lane, on a hook of its own.
- A column is as wide as the longest token in it that is kept, which is known when the step is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from playground.hypotheses import Continuation, Ending, Fate, SearchEnd
from playground.views.beam_labels import FLAG, LONGEST, PAD, SHORTEST, cells, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from playground.beam_settings import BeamParams
    from playground.hypotheses import BeamStep, Hypothesis

GROUP_GAP = 0.35  # of a lane, between groups of beams
HOOK_TOP, HOOK = 0.3, 0.23  # of a lane: how far below it its first hook is, and the next below that
TEXT_CHARS = 120  # that a tip shows of a text


@dataclass(slots=True, eq=False)
class Node:
    """One continuation in the picture.

    Attributes:
        position, index: the step, and its place among what that step considered; together they are its id.
        item: the continuation; None for the prompt.
        rank, considered: its place by its sum among so many that its group considered.
        lane: from the top, 0 the first; on a hook, that of the hook.
        hook: the number of its hook, where it hangs below its parent's lane.
        text: the end of the written text up to here.
        lives: it runs now, or a text that goes through it is finished or runs.
        best: it is on the way to the best text so far.
        children: how many of its continuations were kept.
        heir: one of them goes on in its lane.
        late: too far down among the considered to become a finished text.
        last_kept: position of the last step at which something after it was kept.
    """

    position: int
    index: int
    item: Continuation | None
    parent: Node | None
    rank: int = 0
    considered: int = 0
    lane: float = 0.0
    hook: int | None = None
    text: str = ""
    open: bytes = b""
    lives: bool = False
    best: bool = False
    children: int = 0
    heir: bool = False
    late: bool = False
    last_kept: int = -1

    @property
    def id(self) -> str:
        """Name it: step, and place in the step."""
        return f"{self.position}.{self.index}"

    @property
    def fate(self) -> Fate:
        """What became of it."""
        return self.item.fate if self.item else Fate.KEPT

    @property
    def label(self) -> str:
        """Its token as signs."""
        return shown(self.item.piece) if self.item else ""

    def way(self) -> Iterator[Node]:
        """Yield it and all before it, the last first, without the prompt."""
        node: Node | None = self
        while node is not None and node.item is not None:
            yield node
            node = node.parent

    def write(self, piece: bytes, before: Node) -> None:
        """Set the text; a character that is cut over several tokens stands where it is complete."""
        raw = before.open + piece
        try:
            raw.decode()
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data":
                raw, self.open = raw[: error.start], raw[error.start :]
        self.text = (before.text + shown(raw))[-TEXT_CHARS:]


@dataclass
class Paths:
    """A tree as far as it has come; ``take`` the steps one by one.

    Attributes:
        root: the prompt.
        nodes: by step, in the order considered.
        tips: the running ones, by their places.
        running: what runs, or ran when its group ended.
        taken: steps so far; one that only says Stop has no nodes.
        widths, means: of the columns so far, in characters: what the longest token needs, and one of middling length.
    """

    params: BeamParams
    root: Node = field(init=False)
    nodes: list[list[Node]] = field(default_factory=list)
    tips: dict[int, Node] = field(default_factory=dict)
    running: list[Node] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    means: list[int] = field(default_factory=list)
    taken: int = 0
    end: SearchEnd | None = None
    hypotheses: tuple[Hypothesis, ...] = ()

    def __post_init__(self) -> None:
        """Stand at the prompt, in the middle of the lanes."""
        self.root = Node(-1, 0, None, None, lane=self._middle())
        self.tips = {0: self.root}
        self.running = [self.root]

    @property
    def lanes(self) -> float:
        """How many lanes there are, gaps between groups included."""
        return self.params.num_beams + GROUP_GAP * (self.params.num_beam_groups - 1)

    def take(self, step: BeamStep) -> None:
        """Place what a step considered."""
        self.end, self.hypotheses = step.end, step.hypotheses
        self.taken += 1
        if not step.continuations:
            return
        fresh = [self._node(step.position, index, item) for index, item in enumerate(step.continuations)]
        for group in {item.group for item in step.continuations}:
            considered = [node for node in fresh if node.item and node.item.group == group]
            _rank(considered)
            for node in considered[self.params.group_beams :]:
                node.late = True
            self._seat(group, [node for node in considered if _goes_on(node)])
        _hang(fresh)
        self.nodes.append(fresh)
        going = {node.item.group for node in fresh if node.item}
        self.running = [node for node in self.running if node.item and node.item.group not in going]
        self.running += [node for node in fresh if node.fate is Fate.KEPT]
        kept = {node.item.beam: node for node in fresh if node.item and node.item.beam is not None}
        self.tips = kept or self.tips
        lengths = [min(cells(node.label), LONGEST) for node in fresh if node.hook is None] or [SHORTEST]
        mean = min(max(lengths), -(-sum(lengths) // len(lengths)) + 1)
        flags = [FLAG for node in fresh if node.fate is Fate.FINISHED]
        self.widths.append(max(SHORTEST, *lengths, *flags) + PAD)
        self.means.append(max(SHORTEST, mean, *flags) + PAD)

    def at(self, name: str) -> Node | None:
        """Return the node with an id; None where there is none."""
        position, _, index = name.partition(".")
        if not (position.isdecimal() and index.isdecimal() and int(position) < len(self.nodes)):
            return None
        step = self.nodes[int(position)]
        return step[int(index)] if int(index) < len(step) else None

    def _node(self, position: int, index: int, item: Continuation) -> Node:
        parent = self.tips[item.parent]
        node = Node(position, index, item, parent)
        node.write(item.piece, parent)
        if item.fate is Fate.KEPT:
            parent.children += 1
            for older in (parent, *parent.way()):
                if older.last_kept == position:
                    break
                older.last_kept = position
        return node

    def _middle(self) -> float:
        """Return the lane of the prompt: one of the middle group's."""
        return self._band(self.params.num_beam_groups // 2) + (
            (self.params.group_beams - 1) // 2 if self.params.num_beam_groups == 1 else 0
        )

    def _band(self, group: int) -> float:
        """Return the first lane of a group."""
        return group * (self.params.group_beams + GROUP_GAP)

    def _seat(self, group: int, nodes: Sequence[Node]) -> None:
        """Give lanes to what goes on: first the best child of each beam, then the others, the best first."""
        free = [self._band(group) + number for number in range(self.params.group_beams)]
        ordered = sorted(nodes, key=lambda node: node.rank)
        first = {id(node.parent): node for node in reversed(ordered)}
        heirs = [node for node in ordered if first[id(node.parent)] is node]
        for node in (*heirs, *(node for node in ordered if first[id(node.parent)] is not node)):
            wish = node.parent.lane if node.parent else 0.0
            node.lane = min(free, key=lambda lane, wish=wish: (abs(lane - wish), lane))  # type: ignore[misc]
            free.remove(node.lane)
            if node.parent and node.lane == wish:
                node.parent.heir = True

    def settle(self) -> None:
        """Say of each node whether it lives and whether it is on the way to the best text so far."""
        everything = [node for step in self.nodes for node in step]
        for node in everything:
            node.lives = node.best = False
        finished = [node for node in everything if node.fate is Fate.FINISHED]
        for node in (*finished, *self.running):
            for older in node.way():
                if older.lives:
                    break
                older.lives = True
        for node in self.best_way(finished):
            node.best = True

    def best_way(self, finished: Iterable[Node]) -> list[Node]:
        """Return the way to the winner, or to what would win if the search ended now."""
        if self.hypotheses:
            wanted = self.hypotheses[0].token_ids
            ends = [node for node in (*finished, *self.running) if ids(node) == wanted]
        else:
            ends = [node for node in (*finished, *self.running) if node.item]
        if not ends:
            return []
        return list(max(ends, key=lambda node: node.item.score if node.item else 0.0).way())

    def place(self, node: Node) -> int | None:
        """Return the number of the returned text that ends here, from 1."""
        if not self.hypotheses or (node.fate is not Fate.FINISHED and self.end is not SearchEnd.STOPPED):
            return None
        score, wanted = node.item.score if node.item else 0.0, None
        for number, text in enumerate(self.hypotheses, start=1):
            if text.score == score and len(text.token_ids) == node.position + 1:
                wanted = wanted or ids(node)
                if text.token_ids == wanted:
                    return number
        return None


def paths(steps: Iterable[BeamStep], params: BeamParams) -> Paths:
    """Return the tree of some steps, the first to the newest."""
    tree = Paths(params)
    for step in steps:
        tree.take(step)
    tree.settle()
    return tree


def ids(node: Node) -> tuple[int, ...]:
    """Return the written tokens up to a node."""
    return tuple(older.item.token_id for older in node.way() if older.item)[::-1]


def pieces(node: Node) -> tuple[bytes, ...]:
    """Return their bytes."""
    return tuple(older.item.piece for older in node.way() if older.item)[::-1]


def _goes_on(node: Node) -> bool:
    """Whether it has a lane: what runs, and what ends only because no more may be written."""
    item = node.item
    return item is not None and (
        item.fate is Fate.KEPT or (item.fate is Fate.FINISHED and item.ending is Ending.LENGTH)
    )


def _rank(nodes: Sequence[Node]) -> None:
    for rank, node in enumerate(sorted(nodes, key=lambda node: -(node.item.total if node.item else 0.0)), start=1):
        node.rank, node.considered = rank, len(nodes)


def _hang(nodes: Sequence[Node]) -> None:
    """Hang the others below their parents: first what is finished, then the best."""
    below: dict[int, int] = {}
    for node in sorted((n for n in nodes if not _goes_on(n)), key=lambda n: (n.fate is not Fate.FINISHED, n.rank)):
        parent = node.parent
        if parent is None:
            continue
        number = below[id(parent)] = below.get(id(parent), -1) + 1
        node.hook, node.lane = number, parent.lane + HOOK_TOP + HOOK * number
