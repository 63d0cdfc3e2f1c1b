"""Every byte of a piece is shown, and text appears when its characters are complete."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.tokens import TextStream, visible

NOT_SHOWN = {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}  # Unicode categories of what has no picture of its own
JOINER = "\u200d"  # holds the parts of an emoji together
HIDING = st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Co"])
GRIN = "😀".encode()  # F0 9F 98 80


def streamed(pieces: list[bytes]) -> list[str]:
    """Return what a stream gives after each piece, and at the end."""
    stream = TextStream()
    return [*(stream.feed(piece) for piece in pieces), stream.finish()]


@pytest.mark.parametrize(
    ("piece", "shown"),
    [
        (b"", ""),
        (b" the", "␣the"),
        (b"  ", "␣␣"),
        (b"\n\n", "⏎⏎"),
        (b"\t", "⇥"),
        (b"\r\n", "␍⏎"),
        (b"a\x00b", "a␀b"),
        (b"\x1b[31m", "␛[31m"),
        (b"\x1f\x7f", "␟␡"),
        ("ё".encode(), "ё"),
        (GRIN, "😀"),
        ("👩‍🔬".encode(), "👩‍🔬"),  # joined by U+200D, which is left in its place
    ],
)
def test_white_space_and_control_characters_have_signs(piece: bytes, shown: str) -> None:
    """What a label cannot show has a sign; everything else is itself."""
    assert visible(piece) == shown


@pytest.mark.parametrize(
    ("piece", "shown"),
    [
        (GRIN[:2], "<F0 9F>"),  # half of an emoji
        (GRIN[2:], "<98 80>"),  # its other half
        (b"a" + GRIN[:3] + b"b", "a<F0 9F 98>b"),
        (b"\xff", "<FF>"),
        (b"\xc3(\xa9", "<C3>(<A9>"),
        (b"\xed\xa0\x80", "<ED A0 80>"),  # a surrogate is no character of UTF-8
        (b"\xc0\xaf", "<C0 AF>"),  # nor is a slash in two bytes
    ],
)
def test_bytes_that_are_no_character_are_shown_as_bytes(piece: bytes, shown: str) -> None:
    """Loose bytes stand in hexadecimal, next to the characters around them."""
    assert visible(piece) == shown


@pytest.mark.parametrize(
    ("char", "shown"),
    [
        ("\u202e", "<U+202E>"),  # right-to-left override
        ("\u2066", "<U+2066>"),  # left-to-right isolate
        ("\u200b", "<U+200B>"),  # zero-width space
        ("\ufeff", "<U+FEFF>"),  # byte order mark
        ("\u0085", "<U+0085>"),  # next line
        ("\u2028", "<U+2028>"),  # line separator
        ("\ue000", "<U+E000>"),  # private use
    ],
)
def test_characters_that_hide_or_reorder_are_named(char: str, shown: str) -> None:
    """A token cannot turn the writing direction of a label or hide in it."""
    assert visible(f"a{char}b".encode()) == f"a{shown}b"


@given(
    pieces=st.lists(st.binary(max_size=4) | st.text(max_size=4).map(str.encode) | HIDING.map(str.encode), max_size=4)
)
def test_nothing_on_a_label_hides(pieces: list[bytes]) -> None:
    """Whatever the bytes, something is shown, and none of it is a control, a format character or half a pair."""
    piece = b"".join(pieces)
    shown = visible(piece)

    assert bool(shown) == bool(piece)
    assert not {unicodedata.category(char) for char in shown if char != JOINER} & NOT_SHOWN


@given(text=st.text(st.characters(categories=["Lu", "Ll", "Nd", "Po", "So"]), max_size=12))
def test_ordinary_text_is_shown_as_it_is(text: str) -> None:
    """Letters, digits, punctuation and symbols of every script stand for themselves."""
    assert visible(text.encode()) == text


def test_a_character_over_two_pieces_appears_with_the_second() -> None:
    """The first half gives nothing, the second the whole character."""
    assert streamed([b"a" + GRIN[:2], GRIN[2:] + b"b"]) == ["a", "😀b", ""]


def test_a_byte_at_a_time_is_enough() -> None:
    """Four pieces of one byte are one character."""
    assert streamed([bytes([byte]) for byte in GRIN]) == ["", "", "", "😀", ""]


@pytest.mark.parametrize(
    ("pieces", "texts"),
    [
        ([GRIN[:2], b"b"], ["", "\ufffdb", ""]),  # never completed, so it comes out before what follows
        ([GRIN[:2]], ["", "\ufffd"]),  # or at the end
        ([b"\xff"], ["\ufffd", ""]),
        ([], [""]),
    ],
)
def test_what_is_never_completed_is_not_dropped(pieces: list[bytes], texts: list[str]) -> None:
    """Broken bytes come out as U+FFFD where they stood."""
    assert streamed(pieces) == texts


@given(pieces=st.lists(st.binary(max_size=5), max_size=6))
def test_a_stream_gives_what_decoding_all_at_once_gives(pieces: list[bytes]) -> None:
    """Where the pieces are cut does not matter to the text."""
    assert "".join(streamed(pieces)) == b"".join(pieces).decode("utf-8", errors="replace")


@given(text=st.text(max_size=12), data=st.data())
def test_text_survives_being_cut_anywhere(text: str, data: st.DataObject) -> None:
    """Whole text in, the same text out, wherever its bytes are cut."""
    raw = text.encode()
    cut = data.draw(st.integers(0, len(raw)), "cut")

    assert "".join(streamed([raw[:cut], raw[cut:]])) == text
