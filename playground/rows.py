"""Whole distributions along a given text, place by place, for whoever compares them with those of another process.

- A row is sent only when it is asked for: what waits does not grow with the text, whichever process is slower.
- Places are read as a run reads them, the prompt in chunks and then token by token, so that the bits are a run's own.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from playground.chain import after
from playground.errors import PromptError
from playground.packed import pack
from playground.prompt import read_prompt
from playground.samplers.base import StepContext
from playground.scores import check_ids
from playground.sentences import Sentence

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from playground.backends.base import Logits, ModelSequence, Turns
    from playground.engine import Engine
    from playground.records import Prompt, SamplingParams

WAIT_S = 0.001  # so long a turn lasts in which nobody asks for a row: short beside a token


@dataclass
class _Reader:
    """A sequence that follows the text where its logits are not kept."""

    engine: Engine
    prompt_ids: tuple[int, ...]
    keep_going: Callable[[], bool]
    sequence: ModelSequence | None = None
    count: int = 0  # of ids that it has read

    def row(self, history: tuple[int, ...]) -> Turns[Logits]:
        """Return the logits after the prompt and a part of the text that does not get shorter, (vocab,)."""
        row = self.engine.cache.get(history)
        if row is not None:
            return row
        if self.sequence is None:
            self.sequence, row = yield from self.engine.read(self.prompt_ids, self.keep_going)
            self.count = len(self.prompt_ids)
        for token in history[self.count :]:
            [row] = self.engine.model.decode([self.sequence], [token])
            self.count += 1
            yield
        if row is None:
            msg = "the text went back"
            raise RuntimeError(msg)
        return row

    def close(self) -> None:
        """Give the sequence back."""
        if self.sequence is not None:
            self.engine.model.drop(self.sequence)


def rows(
    engine: Engine,
    prompt: Prompt,
    chains: tuple[SamplingParams, ...],
    keep_going: Callable[[], bool],
    wanted: threading.Semaphore,
) -> Iterator[dict[str, Any] | None]:
    """Yield, for each of ``prompt.chosen``, the logits before it and what each chain makes of them.

    None is yielded while the model reads and while nobody wants a row: a turn is over, and there is nothing to say.

    Raises:
        PromptError: the text does not fit the model's context, or holds an id that is no token.
        ModelError: the model answered nonsense.
    """
    ids = read_prompt(engine.model, prompt)
    _check(engine, ids, prompt.chosen)
    contexts = [StepContext(ids, len(ids), 0, params.seed or 0, (), engine.model) for params in chains]
    with ExitStack() as stack:
        reader = stack.enter_context(closing(_Reader(engine, ids, keep_going)))
        for place, token in enumerate(prompt.chosen):
            while not wanted.acquire(timeout=WAIT_S):
                if not keep_going():
                    return
                yield None
            row = yield from reader.row(ids + prompt.chosen[:place])
            drawn = [engine.step(row, context, params) for context, params in zip(contexts, chains, strict=True)]
            finals = [pack(item.trace.final, row) for item in drawn]
            yield {"event": "row", "row": row.tobytes(), "finals": finals}
            pairs = zip(contexts, drawn, strict=True)
            contexts = [after(context, replace(item, token_id=token)) for context, item in pairs]


def _check(engine: Engine, ids: tuple[int, ...], text: tuple[int, ...]) -> None:
    check_ids(text, engine.model.vocab_size)
    needed, context = len(ids) + len(text) - 1, engine.model.context_tokens  # the last one is never read
    if needed > context:
        raise PromptError(
            Sentence(
                "Prompt ({prompt:,}) + text ({text:,}) take {needed:,} tokens; this model reads {context:,}.",
                prompt=len(ids),
                text=len(text),
                needed=needed,
                context=context,
            ),
            hint="Compare a shorter text.",
            field="prompt",
        )
