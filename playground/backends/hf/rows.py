"""Sequences as rows of a cache: alone, copied, and side by side while they are decoded together.

- A group is gathered once and goes on as it is; it is gathered anew where its members change.
- Tensors of keys and values are replaced and never written to, so that rows can be shared until one of them goes on.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

if TYPE_CHECKING:
    from transformers import DynamicCache

ROWS = (DynamicLayer, DynamicSlidingWindowLayer)  # layers that are rows of keys and values and nothing else


@dataclass(eq=False)
class Group:
    """Keys and values of sequences of one length, a row for each.

    Attributes:
        rows: of the cache; those of members that have left are dead.
    """

    cache: DynamicCache
    members: list[HfSequence]
    rows: int


@dataclass(eq=False)
class HfSequence:
    """A row of a group and how many tokens of the prompt and the text it holds."""

    group: Group
    row: int
    length: int


def single(cache: DynamicCache, length: int) -> HfSequence:
    """Return the one sequence of a cache with one row."""
    sequence = HfSequence(Group(cache, [], 1), 0, length)
    sequence.group.members.append(sequence)
    return sequence


def row_of(cache: DynamicCache, row: int) -> DynamicCache:
    """Return one row of a cache in a cache of its own."""
    found = copy.copy(cache)
    found.layers = [layer_row(layer, row) for layer in cache.layers]
    return found


def layer_row(layer: Any, row: int) -> Any:
    """Return one row of a layer, not copied; of one that is not only rows a copy of all, as it is never gathered."""
    if type(layer) not in ROWS:
        return copy.deepcopy(layer)  # whose state is written to in place
    found = copy.copy(layer)  # whose tensors are replaced, never written to
    if found.get_seq_length() > 0:
        found.keys, found.values = layer.keys[row : row + 1], layer.values[row : row + 1]  # (1, heads, length, width)
    return found


def together(members: list[HfSequence]) -> Group:
    """Return the group that holds exactly these sequences of one length in this order, gathering them where needed."""
    group = members[0].group
    if group.members == members and group.rows == len(members):
        return group
    parts = [row_of(member.group.cache, member.row) for member in members]
    joined = parts[0]
    for layer, *others in zip(*(part.layers for part in parts), strict=True):
        if others:
            layer.keys = torch.cat([layer.keys, *(other.keys for other in others)])
            layer.values = torch.cat([layer.values, *(other.values for other in others)])
    for member in members:
        member.group.members.remove(member)
    group = Group(joined, members, len(members))
    for row, member in enumerate(members):
        member.group, member.row = group, row
    return group
