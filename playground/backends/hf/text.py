"""Text to ids and back with a tokenizer of transformers, exact to the byte."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tokenizers import AddedToken, Tokenizer
from transformers import AutoTokenizer

from playground.backends.base import rendered
from playground.backends.hf.files import read_json
from playground.errors import ModelError, shown
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from playground.backends.base import Message
    from playground.catalog import ModelSpec

BYTE_NAME = re.compile(r"<0x([0-9A-F]{2})>")
CONTROL = re.compile(r"<[|\uff5c].*[|\uff5c]>")  # what llama.cpp's converter takes for a control token, marked or not
PROCESSORS = "chat_template.json"  # where folders of models that also hear and see keep it, Qwen2.5-Omni's among them
SPACE_SIGN = "\u2581"  # how SentencePiece writes a space


def byte_signs() -> dict[str, int]:
    """Return which byte each letter of a byte-level vocabulary stands for.

    Printable bytes stand for themselves, the others for the letters from 256 on, in order (Radford et al., GPT-2's
    encoder, 2019).
    """
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + place): byte for place, byte in enumerate(others)}


def whole(backend: Tokenizer) -> Tokenizer:
    """Return a copy that neither cuts nor fills up texts, as some files of tokenizers ask for."""
    found = Tokenizer.from_str(backend.to_str())
    found.no_truncation()
    found.no_padding()
    return found


class Text:
    """A tokenizer.

    Attributes:
        size: ids that it knows.
        bos_ids: what it puts in front of every text.
        eos_ids: its own end of a text.
        chat_problem: why it renders no chats, "" where it does.
    """

    def __init__(self, spec: ModelSpec, folder: Path) -> None:
        """Read the tokenizer's files.

        Raises:
            ModelError: there are none, or they cannot be read.
        """
        self._chat = self._read(spec, folder)
        if not self._chat.chat_template and (folder / PROCESSORS).is_file():
            self._chat.chat_template = read_json(spec.key, folder, PROCESSORS).get("chat_template")
        backend: Tokenizer = self._chat.backend_tokenizer
        added = backend.get_added_tokens_decoder()
        self._added = {number: token.content.encode() for number, token in added.items()}
        self._special, self._plain = whole(backend), whole(backend)
        hidden = [token.content for token in added.values() if not token.special and CONTROL.fullmatch(token.content)]
        self._plain.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in hidden])
        self._plain.encode_special_tokens = True  # what looks like a control token is read as the text that it is
        parts = str(json.loads(backend.to_str())["decoder"])
        self._signs = byte_signs() if "ByteLevel" in parts else {}
        self._pieces: dict[int, bytes] = {}
        self.size = max(backend.get_vocab(with_added_tokens=True).values()) + 1
        eos = self._chat.eos_token_id
        self.eos_ids = frozenset() if eos is None else frozenset({int(eos)})
        self.bos_ids = self._put_in_front()
        self.chat_problem: str = "" if self._chat.chat_template else Sentence("this model has no chat template")

    @staticmethod
    def _read(spec: ModelSpec, folder: Path) -> Any:
        try:
            found = AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=spec.trust_remote_code
            )
        except Exception as error:  # the library raises whatever its parsers raise
            raise ModelError(
                Sentence("{key} has no tokenizer that can be read: {reason}.", key=spec.key, reason=shown(str(error))),
                hint="Its folder needs tokenizer.json, or the files that it is made from.",
            ) from error
        if not getattr(found, "is_fast", False):
            raise ModelError(
                Sentence("{key} has a tokenizer in Python only.", key=spec.key), hint="Save it as tokenizer.json."
            )
        return found

    def _put_in_front(self) -> tuple[int, ...]:
        bare = self._special.encode("a", add_special_tokens=False).ids
        whole = self._special.encode("a").ids
        return tuple(whole[: whole.index(bare[0])]) if bare and bare[0] in whole else ()

    def encode(self, text: str, *, special: bool) -> tuple[int, ...]:
        """Turn text into ids without what stands in front of every text."""
        return tuple((self._special if special else self._plain).encode(text, add_special_tokens=False).ids)

    def piece(self, token_id: int) -> bytes:
        """Return the bytes of a token, found out once."""
        known = self._pieces.get(token_id)
        if known is None:
            known = self._pieces[token_id] = self._bytes(token_id)
        return known

    def _bytes(self, token_id: int) -> bytes:
        if token_id in self._added:
            return self._added[token_id]
        name = self._special.id_to_token(token_id)
        if name is None:
            return f"<unused {token_id}>".encode()
        if self._signs and all(letter in self._signs for letter in name):
            return bytes(self._signs[letter] for letter in name)
        if byte := BYTE_NAME.fullmatch(name):
            return bytes([int(byte[1], 16)])
        return name.replace(SPACE_SIGN, " ").encode()

    def render_chat(self, messages: Sequence[Message]) -> str:
        """Return the prompt text of a chat, ready for an answer.

        Raises:
            PromptError: there is no template, or it refuses these messages.
        """
        return rendered(
            messages,
            self.chat_problem,
            lambda turns: str(self._chat.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)),
        )
