"""Several texts of one model at once, inside its process.

- Equal prompts are read once and forked.
- Each round draws a token for every text that still grows and then decodes them together: as many in one batch as the
  probe at load found to keep every bit, or all of them where somebody chose ``fast``.
- A text that fails ends alone, with its sentence; one that is stopped, too.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from playground.backends.base import PrefillStopped
from playground.clock import Clock
from playground.errors import PlaygroundError, SettingError
from playground.events import Ended, PaneSaid
from playground.panes import Pane
from playground.probe import SIZES
from playground.records import StopReason
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from playground.backends.base import Logits, ModelSequence
    from playground.engine import Engine, Steps
    from playground.events import Started

__all__ = ["Pane", "write_all"]

ONE_BY_ONE = Sentence("Decoded one after the other: in a batch the last digits of this model's numbers would change.")
FAST = Sentence(
    "Decoded in one batch with others: the last digits of its numbers may differ from those of a run alone."
)


@dataclass
class _Text:
    """A text that grows: what it is asked, and then its sequence and its steps."""

    number: int
    pane: Pane
    started: Started
    clock: Clock
    sequence: ModelSequence | None = None
    steps: Steps | None = None
    row: Logits | None = None


@dataclass
class _Round:
    """All texts of one request.

    Attributes:
        batch: so many are decoded together.
    """

    engine: Engine
    goes_on: Callable[[int], bool]
    batch: int
    growing: list[_Text] = field(default_factory=list)

    def read(self, texts: list[_Text]) -> Iterator[PaneSaid | None]:
        """Read the prompt that these share, and fork it."""
        first, model = texts[0], self.engine.model
        try:
            keep_going = lambda: any(self.goes_on(text.number) for text in texts)  # noqa: E731 (it asks about these)
            first.sequence, row = yield from self.engine.read(first.started.prompt_ids, keep_going)
        except PrefillStopped:
            for text in texts:
                text.clock.prefilled = text.clock.first = text.clock.since()
                yield PaneSaid(text.number, Ended(StopReason.STOPPED, text.clock.timing()))
            return
        except PlaygroundError as error:
            yield from (PaneSaid(text.number, error) for text in texts)
            return
        self.growing.append(first)
        for text in texts[1:]:
            text.sequence = model.fork(first.sequence)
            self.growing.append(text)
        for text in texts:
            text.steps = self.engine.steps(
                row, text.pane.prompt, text.started.prompt_ids, text.pane.params, text.clock, self._asks(text.number)
            )

    def _asks(self, number: int) -> Callable[[], bool]:
        return lambda: self.goes_on(number)

    def write(self) -> Iterator[PaneSaid]:
        """Go on until every text has ended."""
        while self.growing:
            asked: list[tuple[_Text, int]] = []
            for text in self.growing.copy():
                token = yield from self._draw(text)
                if token is None:
                    self.drop(text)
                else:
                    asked.append((text, token))
            for start in range(0, len(asked), self.batch):
                self._decode(asked[start : start + self.batch])

    def _draw(self, text: _Text) -> Generator[PaneSaid, None, int | None]:
        """Draw a text's next token; return it where the logits after it are needed, None where it has ended."""
        row, text.row = text.row, None
        try:
            while text.steps:
                said = text.steps.send(row)
                row = None
                if isinstance(said, int):
                    return said
                yield PaneSaid(text.number, said)
        except StopIteration:
            pass
        except PlaygroundError as error:
            yield PaneSaid(text.number, error)
        return None

    def _decode(self, asked: Sequence[tuple[_Text, int]]) -> None:
        sequences = [text.sequence for text, _ in asked if text.sequence]
        rows = self.engine.model.decode(sequences, [token for _, token in asked])  # (n, vocab)
        for (text, _), row in zip(asked, rows, strict=True):
            text.row = row

    def drop(self, text: _Text) -> None:
        """Give a text's slot back."""
        self.growing.remove(text)
        if text.sequence:
            self.engine.model.drop(text.sequence)


def write_all(
    engine: Engine, panes: Sequence[Pane], goes_on: Callable[[int], bool], *, fast: bool = False
) -> Iterator[PaneSaid | None]:
    """Write all texts; yields for each of them what a run alone would, or why it failed. None: a turn is over.

    ``goes_on`` tells whether nobody has stopped the pane of this number.

    Raises:
        SettingError: the model has no room for so many at once.
    """
    slots = engine.model.slots
    if len(panes) > slots:
        raise SettingError(
            Sentence(
                "{panes} panes need room for {panes} texts at once; this model has room for {slots}.",
                panes=len(panes),
                slots=slots,
            ),
            hint="Compare fewer, or raise its sequences in models.yaml.",
        )
    texts: list[_Text] = []
    for number, pane in enumerate(panes):
        clock = Clock(engine.now)
        try:
            texts.append(_Text(number, pane, engine.begin(pane.prompt, pane.params), clock))
        except PlaygroundError as error:
            yield PaneSaid(number, error)
    batch = together(len(texts), engine.exact_batch, fast=fast)
    groups: dict[tuple[int, ...], list[_Text]] = defaultdict(list)
    for text in texts:
        groups[text.started.prompt_ids].append(text)
        notes = (*text.started.notes, *_said(len(texts), batch, engine.exact_batch))
        yield PaneSaid(text.number, replace(text.started, notes=notes))
    round_ = _Round(engine, goes_on, batch)
    try:
        for group in groups.values():
            yield from round_.read(group)
        yield from round_.write()
    finally:
        for text in round_.growing.copy():
            round_.drop(text)


def together(count: int, exact: int, *, fast: bool) -> int:
    """Return how many of ``count`` texts are decoded in one batch; the probe has seen ``SIZES`` and nothing between."""
    if fast or count <= 1:
        return max(count, 1)
    return max((size for size in SIZES if size <= min(count, exact)), default=1)


def _said(count: int, batch: int, exact: int) -> tuple[str, ...]:
    if count <= 1:
        return ()
    if batch > exact:
        return (FAST,)
    if batch == 1:
        return (ONE_BY_ONE,)
    return (
        Sentence(
            "Decoded in batches of up to {count} texts, which gives this model's numbers to the last bit.", count=batch
        ),
    )
