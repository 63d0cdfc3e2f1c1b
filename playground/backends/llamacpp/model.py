"""GGUF files through llama-cpp-python's low-level interface.

- Every sequence is a slot of one llama.cpp context; slots do not share their room.
- Only the rows of logits that are needed are asked for, and they are copied before the next call can overwrite it.
- llama.cpp says why a load went wrong only in its log, so the last error lines are kept.
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, cast

os.environ.setdefault("GGML_NO_BACKTRACE", "1")  # or ggml starts a debugger when it aborts

import llama_cpp
import numpy as np
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from playground.backends.base import (
    KeepGoing,
    LoadedModel,
    Logits,
    Message,
    ModelSequence,
    PrefillStopped,
    Report,
    own,
    rendered,
    silent,
)
from playground.backends.llamacpp.log import native_log
from playground.backends.llamacpp.settings import own_settings
from playground.entry import LLAMACPP_CHUNK, default_threads
from playground.errors import ModelError
from playground.scores import score_text
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.backends.base import Turns
    from playground.catalog import ModelSpec
    from playground.scores import Scores

SLOTS = 5  # four texts, beams or panes, and a look
LFS_POINTER = b"version https://git-lfs"


@dataclass
class LlamaSequence:
    """A slot of the context and how many tokens it holds."""

    slot: int
    length: int


class LlamaModel:
    """One GGUF file and one context."""

    def __init__(self, spec: ModelSpec) -> None:
        """Load the file.

        Raises:
            ModelError: llama.cpp refuses it, with its reason.
        """
        self._log = native_log()
        self._log.errors.clear()
        self.context_tokens = spec.context_tokens
        self.slots, self.chunk_tokens = spec.sequences or SLOTS, LLAMACPP_CHUNK
        self._model = self._load(spec)
        self._context = self._open(spec)
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self.vocab_size = int(llama_cpp.llama_vocab_n_tokens(self._vocab))
        self._free = list(range(self.slots))
        self._batch = llama_cpp.llama_batch_init(LLAMACPP_CHUNK, 0, 1)
        self._pieces: dict[int, bytes] = {}
        self.eos_ids = frozenset(
            token for token in range(self.vocab_size) if llama_cpp.llama_vocab_is_eog(self._vocab, token)
        )
        adds_bos = llama_cpp.llama_vocab_get_add_bos(self._vocab)
        self.bos_ids: tuple[int, ...] = (int(llama_cpp.llama_vocab_bos(self._vocab)),) if adds_bos else ()
        self._template = self._chat_template()
        self.chat_problem: str = "" if self._template else Sentence("this model file has no chat template")
        lacks = [] if spec.flash_attention else [Sentence("without flash attention")]
        if spec.gpu_layers and not llama_cpp.llama_supports_gpu_offload():
            lacks.append(Sentence("without a GPU, so that gpu_layers does nothing"))
        library = f"llama-cpp-python {llama_cpp.__version__}"
        self.build: str = Sentence("{parts}", parts=[library, *lacks])
        self.own_settings = own_settings(self._meta)

    def _load(self, spec: ModelSpec) -> Any:
        params = llama_cpp.llama_model_default_params()
        params.n_gpu_layers = spec.gpu_layers
        # GCC 12 forgets to store what ldtilecfg reads (its bug 114098), and the process ends with signal 11.
        params.use_extra_bufts = b"AMX_INT8 = 1" not in llama_cpp.llama_print_system_info()
        model = llama_cpp.llama_model_load_from_file(os.fsencode(str(spec.file)), params)
        if not model:
            raise ModelError(Sentence("{key} cannot be loaded: {reason}.", key=spec.key, reason=self._log.reason()))
        return model

    def _open(self, spec: ModelSpec) -> Any:
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = spec.context_tokens * self.slots
        params.n_seq_max = self.slots
        params.n_batch = params.n_ubatch = LLAMACPP_CHUNK
        params.n_threads = params.n_threads_batch = spec.threads or default_threads()
        params.no_perf = True
        if not spec.flash_attention:
            params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        context = llama_cpp.llama_init_from_model(self._model, params)
        if not context:
            raise ModelError(
                Sentence(
                    "{key} has no room for {slots} × {context:,} tokens: {reason}.",
                    key=spec.key,
                    slots=self.slots,
                    context=spec.context_tokens,
                    reason=self._log.reason(),
                ),
                hint="Set a smaller context_tokens, or fewer sequences, in models.yaml.",
            )
        return context

    def _chat_template(self) -> Jinja2ChatFormatter | None:
        raw = llama_cpp.llama_model_chat_template(self._model, None)
        if not raw:
            return None
        eos, bos = (llama_cpp.llama_vocab_eos(self._vocab), llama_cpp.llama_vocab_bos(self._vocab))
        texts = [self.piece(token).decode("utf-8", "replace") if token >= 0 else "" for token in (eos, bos)]
        return Jinja2ChatFormatter(template=raw.decode(), eos_token=texts[0], bos_token=texts[1])

    def _meta(self, name: str) -> str | None:
        """Return one of the file's sampling entries, ``general.sampling.…``."""
        key = llama_cpp.llama_model_meta_key_str(getattr(llama_cpp, f"LLAMA_MODEL_META_KEY_SAMPLING_{name}"))
        buffer = ctypes.create_string_buffer(256)
        size = llama_cpp.llama_model_meta_val_str(self._model, key, buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if size >= 0 else None

    def encode(self, text: str, *, special: bool) -> tuple[int, ...]:
        """Tokenize with the file's own tokenizer."""
        raw = text.encode()
        room = len(raw) + 8  # a token is at least one byte, and some tokenizers add a space
        ids = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self._vocab, raw, len(raw), ids, room, False, special)  # noqa: FBT003
        return tuple(ids[:count])

    def piece(self, token_id: int) -> bytes:
        """Return the bytes of a token, asked for once."""
        known = self._pieces.get(token_id)
        if known is None:
            size = 64
            while True:
                buffer = ctypes.create_string_buffer(size)
                count = llama_cpp.llama_token_to_piece(self._vocab, token_id, buffer, size, 0, True)  # noqa: FBT003
                if count >= 0:
                    break
                size = -count
            known = self._pieces[token_id] = buffer.raw[:count]
        return known

    def render_chat(self, messages: Sequence[Message]) -> str:
        """Run the file's template in Jinja's sandbox."""
        template = cast("Jinja2ChatFormatter", self._template)  # there is one where there is no problem
        return rendered(messages, self.chat_problem, lambda turns: str(template(messages=turns).prompt))

    def prefill(
        self, ids: Sequence[int], *, onto: ModelSequence | None = None, keep_going: KeepGoing = lambda: True
    ) -> tuple[LlamaSequence, Logits]:
        """Read the prompt in chunks; Stop is asked between the operations of a chunk."""
        sequence = own(onto, LlamaSequence) if onto else LlamaSequence(heappop(self._free), 0)
        try:
            for start in range(0, len(ids), size := self.chunk_tokens):
                self._read(sequence, ids[start : start + size], int(start + size >= len(ids)), keep_going)
            return sequence, self._row(-1).copy()
        except BaseException:
            self.drop(sequence)
            raise

    def score(self, ids: Sequence[int], *, keep_going: KeepGoing = lambda: True) -> Turns[Scores]:
        """Ask for every row of a chunk; Stop is asked as in prefill."""
        sequence = LlamaSequence(heappop(self._free), 0)

        def read(chunk: Sequence[int]) -> Logits:
            self._read(sequence, chunk, len(chunk), keep_going)
            return self._rows(len(chunk))

        try:
            chunks = score_text(ids, read, vocab=self.vocab_size, context=self.context_tokens, rows=LLAMACPP_CHUNK)
            return (yield from chunks)
        finally:
            self.drop(sequence)

    def fork(self, sequence: ModelSequence) -> LlamaSequence:
        """Copy the slot's memory."""
        source = own(sequence, LlamaSequence)
        target = LlamaSequence(heappop(self._free), source.length)
        llama_cpp.llama_memory_seq_cp(self._memory, source.slot, target.slot, -1, -1)
        return target

    def decode(self, sequences: Sequence[ModelSequence], ids: Sequence[int]) -> Logits:
        """Run one batch with a row for each sequence.

        llama.cpp computes rows together only where their slots follow one another: (1, 2, 3) at once, (3, 2, 1) one by
        one. So rows go in the order of their slots, and the lowest free slot is always taken first.
        """
        asked = [(own(sequence, LlamaSequence), token) for sequence, token in zip(sequences, ids, strict=True)]
        order = sorted(range(len(asked)), key=lambda place: asked[place][0].slot)
        for row, place in enumerate(order):
            sequence, token = asked[place]
            self._put(row, token, sequence.length, sequence.slot, wants_logits=True)
        self._run(len(ids), lambda: True)
        for sequence, _ in asked:
            sequence.length += 1
        return np.stack([self._row(order.index(place)) for place in range(len(order))])

    def _read(self, sequence: LlamaSequence, chunk: Sequence[int], wanted: int, keep_going: KeepGoing) -> None:
        """Append a chunk in one call, keeping the logits after its last ``wanted`` tokens."""
        for row, token in enumerate(chunk):
            wants = row >= len(chunk) - wanted
            self._put(row, token, sequence.length + row, sequence.slot, wants_logits=wants)
        abort = llama_cpp.ggml_abort_callback(lambda _: not keep_going())
        llama_cpp.llama_set_abort_callback(self._context, abort, None)
        try:
            self._run(len(chunk), keep_going)
        finally:
            llama_cpp.llama_set_abort_callback(self._context, llama_cpp.ggml_abort_callback(), None)
        sequence.length += len(chunk)

    def _put(self, row: int, token: int, position: int, slot: int, *, wants_logits: bool) -> None:
        self._batch.token[row] = token
        self._batch.pos[row] = position
        self._batch.n_seq_id[row] = 1
        self._batch.seq_id[row][0] = slot
        self._batch.logits[row] = wants_logits

    def _run(self, rows: int, keep_going: KeepGoing) -> None:
        self._batch.n_tokens = rows
        if not keep_going():
            raise PrefillStopped
        self._log.errors.clear()
        code = llama_cpp.llama_decode(self._context, self._batch)
        if code == 2 or not keep_going():  # noqa: PLR2004 (llama.h: 2 is aborted)
            raise PrefillStopped
        if code:
            raise ModelError(
                Sentence("llama.cpp stopped with code {code}: {reason}.", code=code, reason=self._log.reason())
            )

    def _row(self, row: int) -> Logits:
        """Return llama.cpp's own array, good until the next call."""
        pointer = llama_cpp.llama_get_logits_ith(self._context, row)
        return np.ctypeslib.as_array(pointer, (self.vocab_size,))

    def _rows(self, count: int) -> Logits:
        """Copy the first rows of a batch that asked for each of them, (count, vocab)."""
        return np.stack([self._row(row) for row in range(count)])

    def drop(self, sequence: ModelSequence) -> None:
        """Clear the slot."""
        slot = own(sequence, LlamaSequence).slot
        llama_cpp.llama_memory_seq_rm(self._memory, slot, -1, -1)
        heappush(self._free, slot)

    def close(self) -> None:
        """Free context and file."""
        llama_cpp.llama_batch_free(self._batch)
        llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)


def load(spec: ModelSpec, report: Report = silent) -> LoadedModel:
    """Load a GGUF file.

    Raises:
        ModelError: it is empty, a pointer of Git LFS, or refused by llama.cpp.
    """
    if spec.file is None:
        raise ModelError(Sentence("{key} names no file.", key=spec.key), hint="Give it a source in models.yaml.")
    with spec.file.open("rb") as stream:
        head = stream.read(len(LFS_POINTER))
    if not head:
        raise ModelError(Sentence("{key}: the file is empty.", key=spec.key), hint="Download it again.")
    if head == LFS_POINTER:
        raise ModelError(
            Sentence("{key}: the file is a pointer of Git LFS, not the model.", key=spec.key),
            hint="Run “git lfs pull”.",
        )
    report("loading", None)
    return LlamaModel(spec)
