"""A written text gone through again under other settings: each token after the text as it stands.

- Up to the first token that luck would draw otherwise, this is what a run under these settings does, to the last digit.
- The model runs only where its logits are no longer kept.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from playground.chain import after
from playground.events import Replayed
from playground.prompt import read_prompt
from playground.samplers.base import StepContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playground.backends.base import Logits, ModelSequence, Turns
    from playground.engine import Engine
    from playground.records import Prompt, SamplingParams


@dataclass
class _Reader:
    """A sequence that follows the text where its logits are not kept."""

    engine: Engine
    keep_going: Callable[[], bool]
    sequence: ModelSequence | None = None
    count: int = 0  # of ids that it has read

    def row(self, history: tuple[int, ...]) -> Turns[Logits]:
        """Return the logits after a text that is longer than the last one, (vocab,)."""
        row: Logits
        fresh, onto = history[self.count :], self.sequence
        if onto is not None and len(fresh) == 1:  # as it was written: token by token
            [row] = self.engine.model.decode([onto], list(fresh))
            yield
        else:
            self.sequence = None  # whoever reads on owns it, and drops it where that fails
            self.sequence, row = yield from self.engine.read(fresh, self.keep_going, onto)
        self.count = len(history)
        return row

    def close(self) -> None:
        """Give the sequence back."""
        if self.sequence is not None:
            self.engine.model.drop(self.sequence)


def replay(
    engine: Engine, prompt: Prompt, params: SamplingParams, keep_going: Callable[[], bool]
) -> Iterator[Replayed | None]:
    """Yield what the settings make of each of the ``prompt.written`` tokens at the end of ``prompt.ids``.

    None is yielded while the model reads: a turn is over, and there is nothing to say.

    Raises:
        PromptError: the text does not fit the model's context.
        ModelError: the model answered nonsense.
    """
    ids = read_prompt(engine.model, prompt)
    start = len(ids) - prompt.written
    context = StepContext(ids[:start], start, 0, params.seed or 0, (), engine.model)
    with closing(_Reader(engine, keep_going)) as reader:
        for token in ids[start:]:
            if not keep_going():
                return
            kept = engine.cache.get(context.history)
            row = (yield from reader.row(context.history)) if kept is None else kept
            if kept is None and engine.cache.holds(prompt.written, row):  # or each would push another one out
                engine.cache.put(context.history, row)
            drawn = engine.step(row, context, params)
            context = after(context, replace(drawn, token_id=token))
            prob = context.final_probs[-1]
            remover = None if prob else drawn.trace.removed_by(token)
            piece = engine.model.piece(drawn.token_id)
            yield Replayed(drawn.position, drawn.token_id, piece, prob, remover, kept is not None)
