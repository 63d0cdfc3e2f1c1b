"""Several texts after one prompt, each with its own model and settings, all at once and with one luck.

Panes of one model take turns token by token, panes of others run in their own processes meanwhile. So each text is the
one that its settings write alone.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from playground.errors import PlaygroundError, SettingError, shown
from playground.records import Prompt, SamplingParams
from playground.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playground.pool import Pool
    from playground.records import Run

MAX_PANES = 8
Pane = tuple[str, SamplingParams]


def compare(pool: Pool, prompt: str, panes: Sequence[Mapping[str, Any]]) -> tuple[Run, ...]:
    """Write a text for each pane; a pane is settings as ``SamplingParams.from_dict`` takes them, and ``model``.

    Panes without a seed share one, which is picked where none is given: at each place they have the same luck, so that
    a difference is that of models and settings. A pane that fails has its ``error``; the others go on.

    Raises:
        SettingError: a pane has no model, or a setting is refused; nothing was begun.
    """
    if not 1 <= len(panes) <= MAX_PANES:
        raise SettingError(f"There are {len(panes)} panes; from 1 to {MAX_PANES} can be compared.")
    read = with_one_luck([read_pane(number, pane) for number, pane in enumerate(panes, 1)])
    with ThreadPoolExecutor(len(read), "compare") as threads:
        return tuple(threads.map(lambda pane: written(pool, prompt, pane), read))


def read_pane(number: int, pane: Mapping[str, Any]) -> Pane:
    """Return the model and the settings of a pane.

    Raises:
        SettingError: it has no model, or a setting is refused; the sentence names the pane.
    """
    settings = dict(pane)
    model = settings.pop("model", None)
    if not isinstance(model, str):
        raise SettingError(f"Pane {number} has the model {shown(model)}; it must be a key of models.yaml.")
    try:
        return model, SamplingParams.from_dict(settings)
    except SettingError as error:
        raise SettingError(f"Pane {number}: {error.message}", hint=error.hint, field=error.field) from error


def with_one_luck(panes: Sequence[Pane]) -> list[Pane]:
    """Return the panes with a seed each: their own, or the first that is given, or one picked for all."""
    seeds = [params.seed for _, params in panes if params.seed is not None]
    common = seeds[0] if seeds else SamplingParams().with_some_seed().seed
    return [(model, params if params.seed is not None else replace(params, seed=common)) for model, params in panes]


def written(pool: Pool, prompt: str, pane: Pane) -> Run:
    """Return what a pane writes, or how it failed."""
    model, params = pane
    live = Store().new(model, params)
    try:
        answers = pool.open("write", model, Prompt(text=prompt), params)
        try:
            for message in answers:
                live.take(message)
        finally:
            answers.close()
    except PlaygroundError as error:
        live.fail(error)
    return live.record()
