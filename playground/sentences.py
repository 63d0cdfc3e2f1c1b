"""Sentences that keep what they were made of, so that another language can say them again.

- A ``Sentence`` is its English text, for programs, logs and whoever reads only that; ``template`` and ``values`` are
  the rest.
- ``in_words`` says it in the words of a language; ``packed`` and ``unpacked`` are its way between processes.
"""

from __future__ import annotations

from numbers import Integral, Real
from string import Formatter
from typing import TYPE_CHECKING, Any, Self, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Value: TypeAlias = "str | int | float | bool | tuple[Value, ...] | None"
Packed: TypeAlias = "str | int | float | bool | list[Packed] | dict[str, Any] | None"


class Sentence(str):
    """A sentence, or a part of one, with the template and the values that it is made of.

    Values that are sentences are said in the other language, too; texts are quoted as they are; a list is written
    with commas. Numbers keep their format, such as ``{count:,}``.

    >>> said = Sentence("{count:,} tokens of {names}.", count=4096, names=["a", "b"])
    >>> said, said.template
    ('4,096 tokens of a, b.', '{count:,} tokens of {names}.')
    """

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, Value]

    def __new__(cls, template: str, /, **values: object) -> Self:
        """Say it in English; a template without values is taken as it stands, braces and all."""
        plain = {name: _plain(value) for name, value in values.items()}
        made = super().__new__(cls, _formatted(template, plain, {}))
        made.template, made.values = template, plain
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """Let it be copied as it is."""
        return unpacked, (packed(self),)


def sentence(text: str = "") -> Sentence:
    """Return a text as a sentence; one that is none yet has no values."""
    return text if isinstance(text, Sentence) else Sentence(text)


def as_one(*parts: str) -> Sentence:
    """Return several sentences as one, without those that are empty; a single one stays what it is."""
    whole = [part for part in parts if part]
    if len(whole) <= 1:
        return sentence(*whole)
    template = " ".join(f"{{part{number}}}" for number in range(len(whole)))
    return Sentence(template, **{f"part{number}": sentence(part) for number, part in enumerate(whole)})


def in_words(said: str, words: Mapping[str, str]) -> str:
    """Say a sentence in another language.

    Args:
        said: the sentence; a text that is none is looked up as it stands.
        words: templates of that language by the English ones, beside its other texts by their keys; what sets
            thousands apart is under "thousands".

    Returns:
        The sentence; in English where that language has none for it.
    """
    if not isinstance(said, Sentence):
        return said if said.isidentifier() else words.get(said, said)  # a single word could be the key of another text
    return _formatted(words.get(said.template, said.template), said.values, words)


def in_all_words(sentences: Sequence[str], words: Mapping[str, str]) -> str:
    """Say several sentences one after another."""
    return " ".join(in_words(said, words) for said in sentences)


def packed(value: Value) -> Packed:
    """Return a sentence, or one of its values, as what JSON and msgpack carry."""
    if isinstance(value, Sentence):
        return {"template": value.template, "values": {name: packed(part) for name, part in value.values.items()}}
    return [packed(part) for part in value] if isinstance(value, tuple) else value


def unpacked(flat: Packed) -> Any:  # noqa: ANN401 (what was packed)
    """Return what was packed."""
    if isinstance(flat, dict):
        return Sentence(flat["template"], **{name: unpacked(part) for name, part in flat["values"].items()})
    return tuple(unpacked(part) for part in flat) if isinstance(flat, list) else flat


def packed_all(sentences: Sequence[str]) -> list[Packed]:
    """Return several sentences, packed."""
    return [packed(said) for said in sentences]


def unpacked_all(flat: Sequence[Packed]) -> tuple[str, ...]:
    """Return several sentences that were packed."""
    return tuple(unpacked(part) for part in flat)


def _plain(value: object) -> Value:
    """Return what travels: numbers of NumPy are numbers, what else there is stands as its text."""
    if value is None or isinstance(value, bool | int | float | Sentence):
        return value
    if isinstance(value, list | tuple):
        return tuple(_plain(part) for part in value)
    if isinstance(value, Integral):
        return int(value)
    return float(value) if isinstance(value, Real) else str(value)


def _formatted(template: str, values: Mapping[str, Value], words: Mapping[str, str]) -> str:
    return _Words(words).vformat(template, (), values) if values else template


class _Words(Formatter):
    """Format values in the words of a language; no template reaches into them."""

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = words

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401, ARG002
        return kwargs[field_name], field_name

    def format_field(self, value: Value, format_spec: str) -> str:
        if isinstance(value, tuple):
            return ", ".join(self.format_field(part, format_spec) for part in value)
        if isinstance(value, str):
            return in_words(value, self._words) if isinstance(value, Sentence) else value
        text = format(value, format_spec)
        return text.replace(",", self._words.get("thousands", ",")) if "," in format_spec else text


NOTHING = Sentence("")
