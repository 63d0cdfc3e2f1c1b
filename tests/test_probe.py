"""The probe of batches: how many sequences can be decoded together without changing a bit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from playground import backends
from playground.backends.toy import TABLE, ToyModel, ToySequence
from playground.errors import ModelError
from playground.probe import exact_batch
from tests.models import CATALOG, SMOLLM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.backends.base import Logits, ModelSequence


class Batched(ToyModel):
    """A toy whose logits move by one unit in the last place in batches of ``breaks_at`` and more.

    It counts what is alive.
    """

    def __init__(self, breaks_at: int, *, slots: int = 16, row: int = 0) -> None:
        """Set where a batch differs from one alone, and in which row."""
        super().__init__(TABLE, 256)
        self.slots = slots
        self._breaks_at, self._row_at = breaks_at, row
        self.alive: list[ModelSequence] = []
        self.most = 0

    def prefill(self, ids: Sequence[int], **options: object) -> tuple[ToySequence, Logits]:
        """Count the sequence."""
        assert not options
        sequence, row = super().prefill(ids)
        self._count(sequence)
        return sequence, row

    def fork(self, sequence: ModelSequence) -> ToySequence:
        """Count the fork."""
        made = super().fork(sequence)
        self._count(made)
        return made

    def _count(self, sequence: ModelSequence) -> None:
        self.alive.append(sequence)
        self.most = max(self.most, len(self.alive))

    def drop(self, sequence: ModelSequence) -> None:
        """Count it out, by identity."""
        self.alive = [one for one in self.alive if one is not sequence]

    def decode(self, sequences: Sequence[ModelSequence], ids: Sequence[int]) -> Logits:
        """Move one number of one row."""
        rows = super().decode(sequences, ids)
        if len(ids) >= self._breaks_at:
            rows[self._row_at, 0] = np.nextafter(rows[self._row_at, 0], np.float32(0))
        return rows


@pytest.mark.parametrize(("breaks_at", "expected"), [(2, 1), (3, 2), (4, 3), (5, 4), (8, 4), (9, 8)])
def test_the_probe_finds_where_batches_begin_to_differ(breaks_at: int, expected: int) -> None:
    """One bit in one row of larger batches is found; smaller batches stay exact."""
    assert exact_batch(Batched(breaks_at)) == expected


def test_a_difference_in_the_last_row_alone_is_found() -> None:
    """All rows are compared: a kernel may treat the rest of a batch differently from its blocks."""
    assert exact_batch(Batched(2, row=1)) == 1
    assert exact_batch(Batched(8, row=7)) == 4


@pytest.mark.parametrize(("slots", "expected"), [(1, 1), (2, 1), (3, 2), (4, 3), (8, 4), (9, 8), (16, 8)])
def test_the_probe_stays_within_the_slots(slots: int, expected: int) -> None:
    """The prompt holds one slot, so batches are smaller than that; nothing is alive when it ends."""
    model = Batched(99, slots=slots)
    assert exact_batch(model) == expected
    assert model.most <= slots
    assert not model.alive


def test_each_sequence_of_the_probe_goes_its_own_way() -> None:
    """The forks of a batch are given different tokens, or rows that were mixed up would not show."""
    given: list[tuple[int, ...]] = []

    class Watched(Batched):
        def decode(self, sequences: Sequence[ModelSequence], ids: Sequence[int]) -> Logits:
            given.append(tuple(ids))
            return super().decode(sequences, ids)

    exact_batch(Watched(99))
    assert all(len(set(ids)) == len(ids) for ids in given)
    assert max(map(len, given)) == 8


def test_a_probe_that_fails_leaves_nothing_behind() -> None:
    """When the model raises in the middle of a batch, its forks and the prompt are dropped."""

    class Failing(Batched):
        def decode(self, sequences: Sequence[ModelSequence], ids: Sequence[int]) -> Logits:
            if len(ids) > 1:
                raise ModelError("llama.cpp stopped with code 1")
            return super().decode(sequences, ids)

    model = Failing(99)
    with pytest.raises(ModelError, match="code 1"):
        exact_batch(model)
    assert not model.alive


@pytest.mark.parametrize(("key", "sequences", "expected"), [("toy", None, 8), (SMOLLM, None, 4), (SMOLLM, 9, 8)])
def test_formats_whose_batches_are_exact_are_found(key: str, sequences: int | None, expected: int) -> None:
    """The toy takes what is asked, Q4_1 all that its slots allow, five or nine; every slot is free afterwards."""
    model = backends.load(replace(CATALOG.get(key), context_tokens=256, sequences=sequences))
    assert exact_batch(model) == expected
    for sequence in [model.prefill([1, 2])[0] for _ in range(model.slots)]:
        model.drop(sequence)
    model.close()
