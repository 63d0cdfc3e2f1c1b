"""How many sequences of a model can be decoded in one batch without changing a bit of their logits.

- It depends on the weights' format, the build and the processor, so each model is asked when it is loaded.
- The texts are arbitrary: matrix kernels are chosen by the shape of a batch, not by what is in it. Each sequence has a
  token of its own, so that the experts of a mixture share the work as they do in earnest.
- One step tells: what a batch writes to the cache is read by the same step. The prompt is short, so a kernel that
  splits long prefixes according to the size of the batch (some GPUs have one) is not seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.backends.base import LoadedModel, ModelSequence

SIZES = (2, 3, 4, 8)
PROMPT_TOKENS = 3


def exact_batch(model: LoadedModel) -> int:
    """Return the largest of ``SIZES`` up to which a batch gives each sequence the bits that it gets alone; else 1.

    Sizes grow until one differs, or until the slots are used up, of which the prompt takes one.
    """
    middle = model.vocab_size // 2  # where words are and control tokens are not
    ids = [(middle + place) % model.vocab_size for place in range(PROMPT_TOKENS + SIZES[-1])]
    prompt, _ = model.prefill(ids[:PROMPT_TOKENS])
    alone: list[bytes] = []
    largest = 1
    try:
        for size in SIZES:
            if size > model.slots - 1:
                break
            tokens = ids[PROMPT_TOKENS:][:size]
            for token in tokens[len(alone) :]:
                alone += _after(model, prompt, [token])
            if _after(model, prompt, tokens) != alone:
                break
            largest = size
    finally:
        model.drop(prompt)
    return largest


def _after(model: LoadedModel, prompt: ModelSequence, tokens: Sequence[int]) -> list[bytes]:
    """Append each token to a fork of the prompt, all in one batch; return the bits of the logits after each."""
    forks: list[ModelSequence] = []
    try:
        forks.extend(model.fork(prompt) for _ in tokens)
        return [row.tobytes() for row in model.decode(forks, tokens)]
    finally:
        for fork in forks:
            model.drop(fork)
