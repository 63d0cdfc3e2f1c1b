"""What a value from a file may look like: readers that return it, or say what it is and what it must be.

A reader of a whole calls those of its parts; the place of a misfit is put together on the way out, so that reading
what fits costs nothing for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from playground.errors import shown
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Reader = Callable[[object], Any]

HALF_PAIR = re.compile("[\ud800-\udfff]")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
HEX = re.compile(r"(?:[0-9a-f]{2})*")


class MisfitError(Exception):
    """A value that does not fit: what is said of it, and where it stands."""

    def __init__(self, said: Sentence, place: str = "") -> None:
        """Keep both."""
        super().__init__(f"{place} {said}".strip())
        self.said, self.place = said, place

    @property
    def sentence(self) -> Sentence:
        """Both as one sentence; what stands nowhere in particular is the run itself."""
        return Sentence("{place} {said}", place=self.place or Sentence("the run"), said=self.said)

    def inside(self, place: str) -> MisfitError:
        """Return the same misfit, seen from outside of a part.

        >>> said = Sentence("is 2.")
        >>> print(MisfitError(said, "[3]").inside("steps"), MisfitError(said, "luck").inside("[3]"))
        steps[3] is 2. [3].luck is 2.
        """
        joint = "." if self.place and not self.place.startswith("[") else ""
        return MisfitError(self.said, f"{place}{joint}{self.place}")


def _must(value: object, be: Sentence) -> MisfitError:
    return MisfitError(Sentence("is {value}; it must be {be}.", value=shown(value), be=be))


def number(low: float, high: float, *, below: bool = False, rounding: float = 0.0) -> Reader:
    """Read a finite number in [low, high], or with ``below`` in [low, high), give or take ``rounding``."""
    least, most = low - rounding, high + rounding

    def read(value: object) -> float:
        if type(value) not in {int, float} or not least <= value <= most or (below and value == high):  # type: ignore[operator]
            closed = Sentence("a number in [{low:g}, {high:g}]", low=low, high=high)
            half_open = Sentence("a number in [{low:g}, {high:g})", low=low, high=high)
            raise _must(value, half_open if below else closed)
        return float(value)  # type: ignore[arg-type]

    return read


def whole(low: int, high: int) -> Reader:
    """Read a whole number in [low, high]."""
    between = Sentence("a whole number in [{low:,}, {high:,}]", low=low, high=high)
    one = Sentence("{low}", low=low)

    def read(value: object) -> int:
        if type(value) is not int or not low <= value <= high:
            raise _must(value, between if low < high else one)
        return value

    return read


def flag(value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise _must(value, Sentence("true or false"))
    return value


def text(longest: int, *, least: int = 0) -> Reader:
    """Read a text of so many characters, none of them half."""

    def read(value: object) -> str:
        if not isinstance(value, str) or not least <= len(value) <= longest or HALF_PAIR.search(value):
            raise _must(value, Sentence("a text of {least} to {longest:,} characters", least=least, longest=longest))
        return value

    return read


def name(longest: int, *, least: int = 0) -> Reader:
    """Read a text that a spreadsheet does not take for a formula."""
    whole_text = text(longest, least=least)

    def read(value: object) -> str:
        found: str = whole_text(value)
        if found.startswith(FORMULA):
            raise _must(value, Sentence("a text that does not begin with =, +, -, @ or a tab"))
        return found

    return read


def hexed(longest: int) -> Reader:
    """Read bytes from pairs of hex digits."""

    def read(value: object) -> bytes:
        if not isinstance(value, str) or len(value) > 2 * longest or not HEX.fullmatch(value):
            raise _must(value, Sentence("at most {longest:,} bytes as pairs of the digits 0 to f", longest=longest))
        return bytes.fromhex(value)

    return read


def one_of(known: Sequence[str], made: Callable[[str], Any] = str) -> Reader:
    """Read one of a few texts."""
    allowed = frozenset(known)

    def read(value: object) -> Any:  # noqa: ANN401 (what ``made`` makes of it)
        if not isinstance(value, str) or value not in allowed:
            raise _must(value, Sentence("one of {names}", names=tuple(known)))
        return made(value)

    return read


def maybe(reader: Reader) -> Reader:
    """Read null, or what ``reader`` reads."""
    return lambda value: None if value is None else reader(value)


def listed(reader: Reader, most: int, *, least: int = 0) -> Reader:
    """Read a list of ``least`` to ``most`` equal parts."""

    def read(value: object) -> list[Any]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise _must(value, Sentence("a list of {least} to {most:,}", least=least, most=most))
        found = []
        try:
            for part in value:
                found.append(reader(part))  # noqa: PERF401 (its length is the place)
        except MisfitError as error:
            raise error.inside(f"[{len(found)}]") from error
        return found

    return read


def row(*readers: Reader) -> Reader:
    """Read a list with a part for each reader."""

    def read(value: object) -> list[Any]:
        if not isinstance(value, list) or len(value) != len(readers):
            raise _must(value, Sentence("a list of {count}", count=len(readers)))
        found = []
        try:
            for reader, part in zip(readers, value, strict=True):
                found.append(reader(part))
        except MisfitError as error:
            raise error.inside(f"[{len(found)}]") from error
        return found

    return read


def keyed(readers: Mapping[str, Reader]) -> Reader:
    """Read an object with just these keys."""

    def read(value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _must(value, Sentence("an object"))
        for key in value:
            if key not in readers:
                raise MisfitError(Sentence("holds “{key}”, which no saved run has.", key=shown(key)))
        found: dict[str, Any] = {}
        for key, reader in readers.items():
            if key not in value:
                raise MisfitError(Sentence("lacks {key}.", key=key))
            try:
                found[key] = reader(value[key])
            except MisfitError as error:
                raise error.inside(key) from error
        return found

    return read
