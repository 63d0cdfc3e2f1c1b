"""From what a person asks about to the token ids that a model reads for it.

- A text that looks like a control token stays text inside a chat; in a completion it is the token.
- Everything is checked before the model sees it, and every refusal gives both numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.backends.base import Message
from playground.errors import PromptError, shown
from playground.scores import check_ids
from playground.sentences import Sentence
from playground.tokens import check_characters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.backends.base import LoadedModel
    from playground.records import Prompt

CHARS_PER_TOKEN = 64  # a prompt with more characters than this per token of context is refused before tokenizing
MARK = "\ue000{}\ue001"  # stands for a person's text while the chat template runs; private-use characters


def read_prompt(model: LoadedModel, prompt: Prompt) -> tuple[int, ...]:
    """Turn a prompt into the ids that the model reads, ``bos_ids`` included.

    Raises:
        PromptError: it is empty, holds half a surrogate pair, or is longer than the context.
    """
    if prompt.ids:
        check_ids(prompt.ids, model.vocab_size)
        _check_length(model, len(prompt.ids))
        return prompt.ids
    _check_text(model, prompt)
    if prompt.messages:
        ids = _encode_chat(model, prompt.messages)
    else:
        ids = model.encode(prompt.text, special=True)
        _check_length(model, len(ids))
        _check_nothing_lost(model, prompt.text, ids)
    bos = model.bos_ids
    ids = ids if ids[: len(bos)] == bos else bos + ids
    _check_length(model, len(ids))
    return ids


def _check_length(model: LoadedModel, count: int) -> None:
    if count > model.context_tokens:
        raise PromptError(
            Sentence(
                "The prompt is {count:,} tokens; this model reads {context:,}.",
                count=count,
                context=model.context_tokens,
            ),
            hint="Shorten the prompt.",
            field="prompt",
        )


def _check_nothing_lost(model: LoadedModel, text: str, ids: tuple[int, ...]) -> None:
    """Refuse a text of which the tokenizer dropped a part: some vocabularies lack some characters."""
    read = set(b"".join(map(model.piece, ids)).decode("utf-8", "replace"))
    lost = next((char for char in dict.fromkeys(text) if char not in read), None)
    if lost is not None or not ids:
        raise PromptError(
            Sentence(
                "This model has no token for {text} (U+{code:04X}).",
                text=repr(shown(lost or text)),
                code=ord(lost or text[0]),
            ),
            hint="Delete it from the prompt.",
            field="prompt",
        )


def _check_text(model: LoadedModel, prompt: Prompt) -> None:
    texts = [content for _, content in prompt.messages] or [prompt.text]
    if not any(text.strip() for text in texts[-1:]):
        raise PromptError("The prompt is empty.", hint="Type a prompt first.", field="prompt")
    limit = CHARS_PER_TOKEN * model.context_tokens
    size = sum(map(len, texts))
    if size > limit:
        raise PromptError(
            Sentence(
                "The prompt is {size:,} characters; at most {limit:,} are read, for {context:,} tokens.",
                size=size,
                limit=limit,
                context=model.context_tokens,
            ),
            hint="Shorten the prompt.",
            field="prompt",
        )
    for text in texts:
        check_characters(text)


def _encode_chat(model: LoadedModel, messages: tuple[tuple[str, str], ...]) -> tuple[int, ...]:
    """Render the template; text of a person that looks like a control token stays text."""
    turns = [Message(*item) for item in messages]
    plain = all(model.encode(t.content, special=True) == model.encode(t.content, special=False) for t in turns)
    if plain:
        return model.encode(model.render_chat(turns), special=True)
    rendered = model.render_chat([Message(t.role, MARK.format(n)) for n, t in enumerate(turns)])
    ids: list[int] = []
    for number, turn in enumerate(turns):
        before, mark, rendered = rendered.partition(MARK.format(number))
        if not mark:
            said = Sentence("The model's chat template leaves out the text of the role {role}.", role=turn.role)
            raise PromptError(said, field="prompt")
        ids += model.encode(before, special=True) if before else ()
        ids += model.encode(turn.content, special=False)
    return (*ids, *model.encode(rendered, special=True))


def control_places(model: LoadedModel, ids: Sequence[int]) -> tuple[int, ...]:
    """Return the places of control tokens: those that a text is read as only where it may name them."""
    pieces = [model.piece(token).decode("utf-8", "replace") for token in ids]
    plain = set(model.encode("".join(pieces), special=False))

    def is_control(place: int) -> bool:
        token = (ids[place],)
        return model.encode(pieces[place], special=True) == token != model.encode(pieces[place], special=False)

    return tuple(place for place, token in enumerate(ids) if token not in plain and pieces[place] and is_control(place))


def check_room(model: LoadedModel, prompt_tokens: int, wanted: int) -> tuple[int, tuple[str, ...]]:
    """Return how many tokens can be written, and a note where that is less than was wanted.

    Raises:
        PromptError: not even one can.
    """
    context = model.context_tokens
    room = context - prompt_tokens
    if room < 1:
        raise PromptError(
            Sentence(
                "The prompt is {count:,} tokens; this model reads {context:,} and needs room for one more.",
                count=prompt_tokens,
                context=context,
            ),
            hint="Shorten the prompt.",
            field="prompt",
        )
    if wanted <= room:
        return wanted, ()
    note = Sentence(
        "New tokens cut from {wanted:,} to {room:,}: the prompt takes {count:,} of {context:,} tokens.",
        wanted=wanted,
        room=room,
        count=prompt_tokens,
        context=context,
    )
    return room, (note,)
