"""Pieces and text: a token is an id, its piece is bytes, text is a rendering of bytes.

- A piece may be half a character; ``visible`` shows every byte of it, ``TextStream`` waits for the other half.
- Nothing is dropped: what is never completed comes out at the end as U+FFFD, as a file reader would show it.
"""

from __future__ import annotations

import codecs
import unicodedata
from typing import TYPE_CHECKING

from playground.errors import PromptError
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable

SPACE, NEWLINE, TAB = "␣", "⏎", "⇥"
PART = "▫"  # a token that is the beginning of a character
LOOSE_FIRST, LOOSE_LAST = 0xDC80, 0xDCFF  # what surrogateescape makes of a byte that is no character on its own
FIRST_PRINTABLE = 0x20
HIDDEN = {"Cc", "Cf", "Cn", "Co", "Zl", "Zp", "Zs"}  # control, format, unassigned, private, separators
JOINER = "\u200d"  # holds the parts of an emoji together


def visible(piece: bytes) -> str:
    r"""Render one piece for a label: white space and control characters as signs, loose bytes as ``<F0 9F>``.

    >>> visible(b" the"), visible(b"\n"), visible(bytes([0xF0, 0x9F]))
    ('␣the', '⏎', '<F0 9F>')
    """
    return _render(piece, {" ": SPACE, "\n": NEWLINE, "\t": TAB})


def flowing(piece: bytes) -> str:
    r"""Render one piece for running text: spaces stay spaces, and lines break behind their sign.

    >>> flowing(b" a\n")
    ' a⏎\n'
    """
    return _render(piece, {" ": " ", "\n": NEWLINE + "\n", "\t": TAB})


def joined(pieces: Iterable[bytes]) -> tuple[list[str], str]:
    """Render pieces as one running text: a character cut over several tokens stands at the one that completes it.

    Returns:
        A text per piece, ``PART`` where it only begins a character, and the bytes still open at the end, as signs.
    """
    joiner = Joiner()
    return [joiner.feed(piece) for piece in pieces], joiner.rest


class Joiner:
    """Do what ``joined`` does as the pieces arrive."""

    def __init__(self) -> None:
        """Start with nothing open."""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")

    def feed(self, piece: bytes) -> str:
        """Return the text of the next piece."""
        return flowing(self._decoder.decode(piece).encode("utf-8", "surrogateescape")) or PART

    @property
    def rest(self) -> str:
        """The bytes that are still open, as signs."""
        return visible(self._decoder.getstate()[0])


def _render(piece: bytes, signs: dict[str, str]) -> str:
    shown, loose = [], bytearray()
    for char in piece.decode("utf-8", errors="surrogateescape"):
        if LOOSE_FIRST <= ord(char) <= LOOSE_LAST:
            loose.append(ord(char) & 0xFF)
            continue
        shown.append(_loose(loose) + (signs.get(char) or _sign(char)))
        loose.clear()
    return "".join(shown) + _loose(loose)


def _loose(raw: bytearray) -> str:
    return f"<{raw.hex(' ').upper()}>" if raw else ""


def _sign(char: str) -> str:
    if ord(char) < FIRST_PRINTABLE:
        return chr(0x2400 + ord(char))  # the picture of this control character
    if char == "\x7f":
        return "␡"
    if unicodedata.category(char) in HIDDEN and char != JOINER:
        return f"<U+{ord(char):04X}>"
    return char


class TextStream:
    """Turn pieces into text as their characters become complete."""

    def __init__(self) -> None:
        """Start with nothing pending."""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, piece: bytes) -> str:
        """Return the text that this piece completes, "" while a character is still open."""
        return self._decoder.decode(piece)

    def finish(self) -> str:
        """Return what was left open."""
        return self._decoder.decode(b"", final=True)


def check_characters(text: str) -> None:
    """Check that a text can be encoded.

    Raises:
        PromptError: it holds half a surrogate pair.
    """
    bad = next((place for place, char in enumerate(text) if "\ud800" <= char <= "\udfff"), None)
    if bad is not None:
        raise PromptError(
            Sentence(
                "The prompt holds half a character (U+{code:04X}) at position {place}.",
                code=ord(text[bad]),
                place=bad + 1,
            ),
            hint="Delete it.",
            field="prompt",
        )
