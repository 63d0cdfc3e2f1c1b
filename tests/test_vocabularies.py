"""Whether two vocabularies are one: what pads them, what has another name, what differs."""

from __future__ import annotations

import pytest

from playground import Playground
from playground.vocabularies import MOST_RENAMED, agreement, pieces_of
from tests.models import SMOLLM

WORDS = [b"a", b"b", b"<|im_end|>"]


def test_rows_that_only_pad_are_the_same_whatever_they_are_called() -> None:
    """llama.cpp gives them no text, transformers' backend a name; more of them are nothing to speak of."""
    ours, theirs = [*WORDS, b"<unused 3>", b"<unused 4>"], [*WORDS, b"", b"", b"", b""]
    assert (agreement(ours, theirs).width, agreement(ours, theirs).note) == (5, "")
    assert (agreement(WORDS, theirs).width, agreement(WORDS, theirs).note) == (3, "")


def test_a_name_where_the_other_only_pads_is_a_difference() -> None:
    """A token that means something has a place of its own."""
    assert agreement([*WORDS, b"c"], [*WORDS, b""]).width == 0
    assert agreement([*WORDS, b"<unused 3>"], [*WORDS, b"c"]).width == 0


def test_control_tokens_with_other_names_are_named_and_left_out() -> None:
    """As Qwen2.5-Omni has them beside Qwen2.5: the first three by name, the others by number."""
    one = [*WORDS, b"<|object_ref_start|>", b"<|vision_start|>", b"<|vision_end|>", b"<|image_pad|>"]
    other = [*WORDS, b"<|AUDIO|>", b"<|vision_bos|>", b"<|vision_eos|>", b"<|IMAGE|>"]
    found = agreement(one, other)
    assert (found.width, found.renamed) == (len(one), (3, 4, 5, 6))
    assert found.note.startswith(
        "4 control tokens have two names and are left out: 3 (b'<|object_ref_start|>' and b'<|AUDIO|>'), "
    )
    assert found.note.endswith(" and 1 more.")


@pytest.mark.parametrize(("one", "other"), [(b"a", b"<|a|>"), (b"<|a b|>", b"<|c|>"), (b"x", b"y"), (b"<div>", b"<p>")])
def test_a_word_with_another_name_is_another_tokenizer(one: bytes, other: bytes) -> None:
    """Only names of control tokens are forgiven."""
    found = agreement([*WORDS, one], [*WORDS, other])
    assert found.width == 0
    assert "first in token 3 (" in found.note


def test_too_many_names_are_another_tokenizer() -> None:
    """Two vocabularies of nothing but control tokens are not one."""
    one, other = ([f"<|{name}{number}|>".encode() for number in range(MOST_RENAMED + 1)] for name in "ab")
    assert agreement(one[:-1], other[:-1]).width == MOST_RENAMED
    assert agreement(one, other).width == 0


def test_both_libraries_have_one_vocabulary_of_the_same_file() -> None:
    """Every piece of SmolLM2, control tokens included."""
    with Playground() as playground:
        ours, theirs = (pieces_of(playground.pool, key) for key in (SMOLLM, f"{SMOLLM}-hf"))
    found = agreement(ours, theirs)
    assert (found.width, found.note, len(ours)) == (49_152, "", 49_152)
