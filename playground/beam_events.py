"""A beam search inside the model's process: the prompt as read, an event per step, and how it ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from playground.beam import notes, search
from playground.clock import Clock
from playground.prompt import read_prompt
from playground.records import shallow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playground.beam_settings import BeamParams
    from playground.engine import Engine
    from playground.events import Started
    from playground.frames import Message
    from playground.hypotheses import BeamStep
    from playground.records import Prompt


def beam_events(
    engine: Engine,
    prompt: Prompt,
    params: BeamParams,
    keep_going: Callable[[], bool],
    now: Callable[[], float] = time.perf_counter,
) -> Iterator[Started | Message | None]:
    """Search; yields Started, then a message per step, then one of the end. None says that a turn is over.

    ``tokens_per_s`` of its timing are steps: each beam writes one token in each of them.

    Raises:
        SettingError: these settings cannot be carried out with this model.
        PromptError: the prompt is empty, or leaves too little room.
        ModelError: the model answered nonsense; the steps before it stand.
    """
    clock, model = Clock(now), engine.model
    ids = read_prompt(model, prompt)
    steps = search(model, ids, params, keep_going)  # checked before anything is said
    yield engine.started(ids, notes(model, params))
    for step in steps:
        if step is None:
            yield None
            continue
        if not clock.count:  # the first step follows at once on the prompt
            clock.prefilled = clock.first = clock.since()
        clock.count += 1
        yield {"event": "beam_step", **step_values(step)}
        if step.end:
            yield {"event": "ended", "reason": step.end.value, "timing": shallow(clock.timing())}


def step_values(step: BeamStep) -> Message:
    """Return a step as plain values, in the order of the fields; ``searches`` reads them."""
    considered = [list(shallow(item).values()) for item in step.continuations]
    texts = [list(shallow(item).values()) for item in step.hypotheses]
    return {"position": step.position, "continuations": considered, "end": step.end, "hypotheses": texts}
