"""Models of transformers: safetensors folders, GGUF files that are converted once, PEFT adapters.

- A sequence is a row of a cache of keys and values; sequences that are decoded together stay together, so that a group
  that goes on is not gathered anew at each token.
- Sequences of one length are one forward pass; nothing is padded, so sliding windows and positions stay right. Layers
  that keep a recurrent state (Mamba, Falcon-H1, LFM2, Qwen3-Next) are copied whole and decoded one by one.
- Only the logits that are asked for are computed, mostly the last position's. They leave as float32, as transformers'
  own ``generate`` takes them.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TQDM_DISABLE", "1")  # progress is reported, not drawn

import numpy as np
import torch
import transformers
from transformers import DynamicCache

from playground.backends.base import (
    KeepGoing,
    LoadedModel,
    Logits,
    Message,
    ModelSequence,
    PrefillStopped,
    Report,
    own,
    silent,
)
from playground.backends.hf.rows import ROWS, Group, HfSequence, row_of, single, together
from playground.backends.hf.text import Text
from playground.backends.hf.weights import Weights, load_weights, read_config
from playground.entry import HF_CHUNK, HF_CHUNK_GPU, HF_CHUNK_SMALL, HF_SMALL, default_threads
from playground.errors import ModelError
from playground.scores import score_text
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playground.backends.base import Turns
    from playground.catalog import ModelSpec
    from playground.scores import Scores

SLOTS = 16


class HfModel:
    """A model and its tokenizer."""

    def __init__(self, spec: ModelSpec, weights: Weights, text: Text) -> None:
        """Take a model that is loaded.

        Raises:
            ModelError: tokenizer and logits do not fit each other, or the context is longer than the model's.
        """
        self._model, self._text, self._prefix = weights.model, text, weights.prefix
        self._device = weights.device
        self._position_rows = weights.position_rows
        self._virtual = self._prefix.get_seq_length() if self._prefix else 0
        small = sum(part.numel() for part in weights.model.parameters()) <= HF_SMALL
        on_cpu = HF_CHUNK_SMALL if small else HF_CHUNK
        self.slots, self.chunk_tokens = SLOTS, on_cpu if weights.device == "cpu" else HF_CHUNK_GPU
        self._keep_going: KeepGoing = lambda: True
        for layer in layers_of(weights.model):
            layer.register_forward_pre_hook(self._between_layers)
        self.vocab_size = weights.vocab_size
        self.context_tokens = spec.context_tokens
        self.eos_ids = weights.eos_ids | text.eos_ids
        self.bos_ids = text.bos_ids
        self.chat_problem = text.chat_problem
        self.own_settings = weights.own_settings
        self.build = (
            f"transformers {transformers.__version__}, torch {torch.__version__}, {weights.device}, {weights.dtype}"
        )
        if text.size > self.vocab_size:
            raise ModelError(
                Sentence(
                    "{key}: its tokenizer knows {size:,} tokens, its logits {width:,}.",
                    key=spec.key,
                    size=text.size,
                    width=self.vocab_size,
                ),
                hint="Tokenizer and weights are of two models.",
            )
        if weights.longest and spec.context_tokens > weights.longest:
            raise ModelError(
                Sentence(
                    "{key}: context_tokens is {context:,}; this model reads {longest:,}.",
                    key=spec.key,
                    context=spec.context_tokens,
                    longest=weights.longest,
                ),
                hint=Sentence("Set context_tokens to {most:,} in models.yaml.", most=weights.longest // 256 * 256),
            )

    def encode(self, text: str, *, special: bool) -> tuple[int, ...]:
        """Tokenize with the model's own tokenizer."""
        return self._text.encode(text, special=special)

    def piece(self, token_id: int) -> bytes:
        """Return the bytes of a token; of a padded vocabulary's unused ids a name in angle brackets."""
        return self._text.piece(token_id)

    def render_chat(self, messages: Sequence[Message]) -> str:
        """Run the tokenizer's template in transformers' sandbox."""
        return self._text.render_chat(messages)

    def prefill(
        self, ids: Sequence[int], *, onto: ModelSequence | None = None, keep_going: KeepGoing = lambda: True
    ) -> tuple[HfSequence, Logits]:
        """Read the prompt in chunks; Stop is asked between the layers of each."""
        sequence = self._alone(own(onto, HfSequence)) if onto else self._begun()
        row = np.empty(0, np.float32)
        with self._asking(keep_going, sequence):
            for start in range(0, len(ids), self.chunk_tokens):
                chunk = ids[start : start + self.chunk_tokens]
                [[row]] = self._forward(sequence.group.cache, [chunk], sequence.length)  # (vocab,)
                sequence.length += len(chunk)
        return sequence, row

    def score(self, ids: Sequence[int], *, keep_going: KeepGoing = lambda: True) -> Turns[Scores]:
        """Keep the logits of all positions of a chunk; Stop is asked between the layers of each."""
        sequence = self._begun()

        def read(chunk: Sequence[int]) -> Logits:
            with self._asked(keep_going):
                rows = self._forward(sequence.group.cache, [chunk], sequence.length, keep=len(chunk))  # (1, m, vocab)
            sequence.length += len(chunk)
            found: Logits = rows[0]
            return found

        try:
            chunks = score_text(ids, read, vocab=self.vocab_size, context=self.context_tokens, rows=self.chunk_tokens)
            return (yield from chunks)
        finally:
            self.drop(sequence)

    @contextmanager
    def _asking(self, keep_going: KeepGoing, sequence: HfSequence) -> Iterator[None]:
        """Ask between two layers whether to go on; where not, the sequence that is being read is dropped."""
        try:
            with self._asked(keep_going):
                yield
        except BaseException:
            self.drop(sequence)
            raise

    @contextmanager
    def _asked(self, keep_going: KeepGoing) -> Iterator[None]:
        self._keep_going = keep_going
        try:
            yield
        finally:
            self._keep_going = lambda: True

    def _between_layers(self, *_: object) -> None:
        if not self._keep_going():
            raise PrefillStopped

    def fork(self, sequence: ModelSequence) -> HfSequence:
        """Copy a row."""
        source = own(sequence, HfSequence)
        return single(row_of(source.group.cache, source.row), source.length)

    def decode(self, sequences: Sequence[ModelSequence], ids: Sequence[int]) -> Logits:
        """Run one forward pass for each length that occurs; of one request all have the same."""
        found = np.empty((len(ids), self.vocab_size), np.float32)  # (n, vocab)
        places: dict[int, list[int]] = {}
        for place, sequence in enumerate(sequences):
            places.setdefault(sequence.length, []).append(place)
        for length, same in places.items():
            members = [own(sequences[place], HfSequence) for place in same]
            for part in [members] if self._gatherable(members) else [[member] for member in members]:
                here = [same[members.index(member)] for member in part]
                group = together(part)
                found[here] = self._forward(group.cache, [[ids[place]] for place in here], length)[:, 0]
                for member in part:
                    member.length += 1
        return found

    @staticmethod
    def _gatherable(members: list[HfSequence]) -> bool:
        """Whether rows of these caches can be put side by side; a recurrent state cannot."""
        return all(type(layer) in ROWS for member in members for layer in member.group.cache.layers)

    def drop(self, sequence: ModelSequence) -> None:
        """Forget a row; its group's memory goes with the last of them."""
        gone = own(sequence, HfSequence)
        gone.group.members.remove(gone)
        gone.group = Group(DynamicCache(), [gone], 0)

    def close(self) -> None:
        """Give the weights back."""
        self._model = None
        if self._device == "cuda":
            torch.cuda.empty_cache()

    def _begun(self) -> HfSequence:
        """Return an empty sequence; behind a tuned prefix where the adapter is one."""
        if self._prefix is not None:
            return single(row_of(self._prefix, 0), 0)
        return single(DynamicCache(config=self._model.config.get_text_config()), 0)

    def _alone(self, sequence: HfSequence) -> HfSequence:
        """Return a sequence whose cache holds nothing else."""
        together([sequence])
        return sequence

    def _forward(self, cache: DynamicCache, ids: Sequence[Sequence[int]], length: int, *, keep: int = 1) -> Logits:
        """Append tokens, (n, m), to the rows of a cache; return the logits after the last few, (n, keep, vocab)."""
        tokens = torch.tensor(ids, device=self._device)
        more: dict[str, Any] = {}
        if self._position_rows:  # one row for each axis; of text all are the same
            span = torch.arange(tokens.shape[1], device=self._device) + self._virtual + length
            more["position_ids"] = span.expand(self._position_rows, *tokens.shape)
        with torch.inference_mode():
            answer = self._model(input_ids=tokens, past_key_values=cache, use_cache=True, logits_to_keep=keep, **more)
        logits: Logits = answer.logits[:, -keep:].float().cpu().numpy()
        return logits


def layers_of(model: Any) -> list[torch.nn.Module]:
    """Return the layers of a network's text side, in order."""
    count = model.config.get_text_config().num_hidden_layers
    stacks = [part for part in model.modules() if isinstance(part, torch.nn.ModuleList) and len(part) == count]
    return list(stacks[-1]) if stacks else [model]  # a model that names its layers otherwise is asked as a whole


def load(spec: ModelSpec, report: Report = silent) -> LoadedModel:
    """Load a folder of safetensors or a GGUF file.

    Raises:
        ModelError: it cannot be loaded, with the reason.
    """
    if spec.file is None:
        raise ModelError(
            Sentence("{key} names no file or folder.", key=spec.key), hint="Give it a source in models.yaml."
        )
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(spec.threads or default_threads())
    folder = spec.file
    if folder.is_file():
        from playground.backends.hf.converted import converted

        folder = converted(spec, report)
    config = read_config(spec, folder)
    text = Text(spec, folder)
    report("loading", None)
    return HfModel(spec, load_weights(spec, folder, config), text)
