"""What a label of a beam tree shows, the room that it takes, and where it stands in its column."""

from __future__ import annotations

from functools import lru_cache
from unicodedata import east_asian_width

from playground.tokens import visible

CHAR_PX = 7  # of a character of a label
ROOT_PX = -30  # of the prompt's point, left of the first column
CURVE_PX, POINT_PX = 16, 19  # how far before a point its curve begins; how far in its column it stands
LONGEST, SHORTEST = 12, 3  # characters of a token that are drawn
FLAG = 9  # characters of a score beside a finished text
PAD = 3  # characters between two columns, for the point and the curve


@lru_cache(maxsize=65_536)
def shown(piece: bytes) -> str:
    """Return a piece for a label."""
    return visible(piece)


@lru_cache(maxsize=65_536)
def cells(text: str) -> int:
    """Return how many characters of a font of fixed width a text takes; those of East Asia take two."""
    return len(text) if text.isascii() else sum(1 + (east_asian_width(char) in {"W", "F"}) for char in text)


@lru_cache(maxsize=65_536)
def clipped(text: str, room: int) -> str:
    """Return as much of a text as has room, with a sign where something is left out."""
    if cells(text) <= room:
        return text
    while text and cells(text) > room - 1:
        text = text[:-1]
    return text + "…"
