"""What a language has to say of the samplers and the presets, whose English stands in their own declarations."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Wording:
    """A sampler in another language.

    Attributes:
        label: its name.
        knobs: the name of each number.
        off: what the neutral value of a number is called, where it is called something.
        help: the paragraphs of its help.
    """

    label: str
    knobs: Mapping[str, str]
    off: Mapping[str, str]
    help: tuple[str, ...]


@dataclass(frozen=True)
class Language:
    """A language of the page.

    Attributes:
        key: as ``<html lang>`` has it.
        name: what it calls itself.
        prefix: what stands in front of the addresses of its page.
        texts: its words. Where they have ``sampler_KEY`` or ``allowed_NAME``, it stands for the declared English one.
        samplers: by key; none for English, which is generated.
        presets: title and origin by key; none for English.
        sentences: what failures and notes say, by their English templates; none for English.
    """

    key: str
    name: str
    prefix: str
    texts: Mapping[str, str]
    samplers: Mapping[str, Wording] = field(default_factory=dict)
    presets: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    sentences: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def spoken(self) -> Mapping[str, str]:
        """Its words and its sentences, for whatever answers; the page is sent the words only."""
        return {**self.texts, **self.sentences}

    @property
    def path(self) -> str:
        """Where its page is."""
        return f"{self.prefix}/"
