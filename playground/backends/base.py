"""What a backend is: token ids in, logits out, and nothing else. It never samples.

- Four verbs carry every feature: ``prefill``, ``fork``, ``decode``, ``drop``.
- Logits are float32 and the caller's own: nothing overwrites them later.
- One thread owns a model; only ``encode`` and ``piece`` may be called from a second one meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from playground.errors import PromptError
from playground.sentences import Sentence

if TYPE_CHECKING:
    from playground.catalog import ModelSpec
    from playground.scores import Scores

Logits = npt.NDArray[np.float32]
KeepGoing = Callable[[], bool]
Report = Callable[[str, float | None], None]  # what a load is doing, and which part of it is done where that is known


def silent(stage: str, part: float | None) -> None:
    """Report to nobody."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat; ``role`` is system, user or assistant."""

    role: str
    content: str


class ModelSequence(Protocol):
    """A prefix inside a model; made by ``prefill`` and ``fork``, ended by ``drop``."""

    length: int


S = TypeVar("S", bound=ModelSequence)
T = TypeVar("T")
Turns = Generator[None, None, T]  # work that gives others their turn wherever it yields


def own(sequence: ModelSequence, kind: type[S]) -> S:
    """Return a sequence as the kind that a backend makes."""
    if not isinstance(sequence, kind):
        msg = "a sequence of another model"
        raise TypeError(msg)
    return sequence


def rendered(messages: Sequence[Message], problem: str, template: Callable[[Any], str]) -> str:
    """Run a model's chat template, a program of somebody else's that may raise anything, on turns of role and content.

    Raises:
        PromptError: there is a ``problem``, so that no template is run, or the template refuses these messages.
    """
    if problem:
        raise PromptError(Sentence("Chat is not offered: {problem}.", problem=problem), hint="Use completion.")
    try:
        return template([{"role": item.role, "content": item.content} for item in messages])
    except Exception as error:
        raise PromptError(
            Sentence("The model's chat template refuses these messages: {reason}.", reason=error)
        ) from error


class PrefillStopped(Exception):  # noqa: N818 (not an error: somebody pressed Stop)
    """``keep_going`` answered no; nothing of the prefix is kept."""


class LoadedModel(Hashable, Protocol):
    """A model in this process; hashable, since what it says of a text is remembered.

    Attributes:
        vocab_size: width of the logits.
        context_tokens: the longest prefix.
        slots: sequences that can be alive at once.
        chunk_tokens: a prompt is read in pieces of so many tokens, and others have their turn in between.
        eos_ids: tokens that end a text.
        bos_ids: what every prompt of this model begins with; often nothing.
        chat_problem: why chat is not offered, "" where it is.
        build: names and versions that decide the numbers, for the record.
        own_settings: what the model's makers set for sampling, in the flat form; often nothing.
    """

    vocab_size: int
    context_tokens: int
    slots: int
    chunk_tokens: int
    eos_ids: frozenset[int]
    bos_ids: tuple[int, ...]
    chat_problem: str
    build: str
    own_settings: dict[str, Any]

    def encode(self, text: str, *, special: bool) -> tuple[int, ...]:
        """Turn text into ids, without ``bos_ids``; ``special`` reads ``<|im_start|>`` as a control token."""

    def piece(self, token_id: int) -> bytes:
        """Return the bytes of a token."""

    def render_chat(self, messages: Sequence[Message]) -> str:
        """Return the prompt text that the model's own chat template makes, ready for an answer.

        Raises:
            PromptError: the template refuses these messages.
        """

    def prefill(
        self, ids: Sequence[int], *, onto: ModelSequence | None = None, keep_going: KeepGoing = ...
    ) -> tuple[ModelSequence, Logits]:
        """Read a prompt; return its sequence and the logits after its last token, (vocab,).

        ``onto`` goes on with a sequence; where it holds a multiple of ``chunk_tokens``, the logits are the same to the
        last bit as those of one call.

        Raises:
            PrefillStopped: ``keep_going`` answered no; it is asked several times a second. The sequence is dropped.
        """

    def score(self, ids: Sequence[int], *, keep_going: KeepGoing = ...) -> Turns[Scores]:
        """Read a text and drop it again; return logprob, rank and entropy of each token but the first.

        It takes one slot meanwhile, and reads in one pass, in chunks of at most ``chunk_tokens``, a turn each.

        Raises:
            PromptError: it has fewer than 2 or more than ``context_tokens`` ids, or one that is no token.
            PrefillStopped: ``keep_going`` answered no; it is asked several times a second.
            ModelError: the model answers NaN.
        """

    def fork(self, sequence: ModelSequence) -> ModelSequence:
        """Copy a sequence without reading its tokens again."""

    def decode(self, sequences: Sequence[ModelSequence], ids: Sequence[int]) -> Logits:
        """Append one token to each sequence; return the logits after it, (n, vocab)."""

    def drop(self, sequence: ModelSequence) -> None:
        """Give a sequence's memory back."""

    def close(self) -> None:
        """Give the model's memory back."""


class Loader(Protocol):
    """The function named ``load`` that every backend file has."""

    def __call__(self, spec: ModelSpec, report: Report = silent) -> LoadedModel:
        """Load a model into this process; raises ModelError with the reason."""
