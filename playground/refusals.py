"""What is said where a model is not there for somebody."""

from __future__ import annotations

from playground.errors import ModelBusy, ModelError, ModelNotReady
from playground.rests import resting
from playground.sentences import Sentence


def cannot_run(title: str, reason: str) -> ModelError:
    """Say why a model cannot be loaded."""
    return ModelError(Sentence("{title} cannot run here: {reason}", title=title, reason=reason), field="model")


def rests(title: str, wait_s: float) -> ModelError:
    """Say how long a model rests after crashes."""
    hint = Sentence("Try again in {seconds:.0f} s, or choose another model.", seconds=wait_s)
    return ModelError(resting(title), hint=hint)


def still_loads(title: str) -> ModelNotReady:
    """Say that a model is on its way."""
    said = Sentence("{title} is still loading.", title=title)
    return ModelNotReady(said, hint="Try again in a moment.", field="model")


def in_use(title: str, requests: int) -> ModelBusy:
    """Say that a model cannot be unloaded, and how many requests use it."""
    one = Sentence("{title} is in use: 1 open request.", title=title)
    several = Sentence("{title} is in use: {count} open requests.", title=title, count=requests)
    hint = "Stop them, or wait until they have ended."
    return ModelBusy(several if requests > 1 else one, hint=hint, field="model")


def does_not_end(title: str, pid: int) -> ModelError:
    """Say which process outlives all attempts to end it."""
    said = Sentence("The process of {title} does not end.", title=title)
    return ModelError(said, hint=Sentence("Look at process {pid}.", pid=pid))
