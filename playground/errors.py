"""Failures that a person may see.

Every message says what happened, with the value; ``hint`` says what is allowed and what to do. Anything that is not a
``PlaygroundError`` is a bug of ours.

    PlaygroundError
    ├── SettingError         a setting that a person typed or posted
    ├── PromptError          a prompt that this model cannot take
    ├── CatalogError         models.yaml, with line and column
    ├── ModelError           a model that cannot be loaded or that answered nonsense
    │   ├── ModelNotReady    still loading, or down
    │   ├── ModelBusy        in use, or asked for by too many
    │   └── ModelCrashed     its process ended while somebody waited for it
    ├── RunNotFound          a run that has expired or never was
    ├── SavedRunError        a file that holds no saved run, or a damaged one
    └── StartError           the page cannot be served
"""

from __future__ import annotations

from playground.sentences import Sentence, as_one, sentence


class PlaygroundError(Exception):
    """A failure to show: ``message`` says what happened, ``hint`` what to do.

    Both are sentences, which the page says in its language: what is not a literal here is a ``Sentence``.

    Attributes:
        field: the setting it is about ("temperature"), or "" where it is about none.
    """

    def __init__(self, message: str, *, hint: str = "", field: str = "") -> None:
        """Keep the parts; ``str(error)`` is both sentences."""
        super().__init__(f"{message} {hint}".strip())
        self.message = sentence(message)
        self.hint = sentence(hint)
        self.field = field

    @property
    def said(self) -> Sentence:
        """Both sentences as one."""
        return as_one(self.message, self.hint)


class SettingError(PlaygroundError):
    """A setting is outside its range, of the wrong type or unknown."""


class PromptError(PlaygroundError):
    """The prompt is empty, too long or holds what cannot be encoded."""


class CatalogError(PlaygroundError):
    """models.yaml cannot be read; the message names line and column."""


class ModelError(PlaygroundError):
    """A model cannot be loaded, or its answer cannot be used."""


class ModelNotReady(ModelError):
    """The model is loading or down; the same request works later."""


class ModelBusy(ModelError):
    """Others use the model, or wait for it; the same request works when they are done."""


class ModelCrashed(ModelError):
    """The model's process ended; what had arrived before is kept."""


class RunNotFound(PlaygroundError):
    """No run is kept under this id."""


class SavedRunError(PlaygroundError):
    """A file holds no saved run; the message says where it does not fit."""


class StartError(PlaygroundError):
    """The page cannot be served: the port is taken or an option is wrong."""


CLIP = 80  # characters of a person's own value that a message repeats


def shown(value: object) -> str:
    """Return ``value`` as a message quotes it: on one line, clipped, control characters escaped."""
    text = value if isinstance(value, str) else _repr(value)
    if isinstance(text, Sentence):
        return text
    text = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return text if len(text) <= CLIP else text[: CLIP - 1] + "…"


def _repr(value: object) -> str:
    try:
        return repr(value)
    except RecursionError:  # lists in lists, which a reader of JSON gets out of just in time
        return Sentence("a {kind} of many layers", kind=type(value).__name__)
