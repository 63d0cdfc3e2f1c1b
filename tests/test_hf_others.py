"""The backend of transformers with what was made for another model, or for training: adapters and tokenizers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tokenizers import AddedToken
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, PreTrainedTokenizerFast

from playground import backends
from playground.errors import ModelError
from tests.tiny_models import GPT2, SIZES, TOKENS, change, tiny, write, write_adapter

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "Then the cat sat and the bird sang a song. The dog saw the moon and a bird."


def another(folder: Path, config: Any) -> Path:  # noqa: ANN401 (transformers has a class for each)
    """Write a model of another configuration."""
    write(AutoModelForCausalLM.from_config(config), folder)
    return folder


@pytest.mark.parametrize(("layers", "lack"), [(1, "are missing"), (3, "belong to layers that the model lacks")])
def test_a_lora_of_a_shallower_or_deeper_model_is_refused(tmp_path: Path, layers: int, lack: str) -> None:
    """PEFT uses what fits and only warns of the rest."""
    base = another(tmp_path / "base", LlamaConfig(**{**SIZES, "num_hidden_layers": layers}))
    adapter = write_adapter("lora", base, tmp_path / "adapter")
    with pytest.raises(ModelError, match=f"adapter of tiny-llama: tensors {lack}: base_"):
        backends.load(replace(tiny("llama"), adapter="path:x", adapter_file=adapter))


@pytest.mark.parametrize(
    ("sizes", "found"),
    [
        ({"n_layer": 3}, "3 layers of 4 heads, each 8 wide"),
        ({"n_layer": 1}, "1 layers of 4 heads, each 8 wide"),
        ({"n_head": 2}, "2 layers of 2 heads, each 16 wide"),
        ({"n_embd": 64}, "2 layers of 4 heads, each 16 wide"),
    ],
)
def test_a_prefix_of_another_model_is_refused(tmp_path: Path, sizes: dict[str, int], found: str) -> None:
    """When it is loaded, with both shapes, and not at the first prompt."""
    base = another(tmp_path / "base", GPT2Config(**{**GPT2, **TOKENS, **sizes}))
    adapter = write_adapter("prefix", base, tmp_path / "adapter")
    with pytest.raises(ModelError, match=f"has {found}; the model has 2 layers of 4 heads, each 8 wide"):
        backends.load(replace(tiny("gpt2"), adapter="path:x", adapter_file=adapter))


def test_a_tokenizer_that_cuts_and_fills_up_does_neither_here(tmp_path: Path) -> None:
    """Some tokenizer.json hold the lengths of their training; a prompt must not lose its end."""

    def act(folder: Path) -> None:
        fast = PreTrainedTokenizerFast.from_pretrained(folder).backend_tokenizer
        fast.enable_truncation(8)
        fast.enable_padding(length=32)
        fast.save(str(folder / "tokenizer.json"))

    model = backends.load(change(tiny("llama"), tmp_path / "model", act))
    assert model.encode(TEXT, special=False) == backends.load(tiny("llama")).encode(TEXT, special=False)


def test_what_looks_like_a_control_token_is_text_even_if_it_is_not_marked(tmp_path: Path) -> None:
    """Qwen2.5 marks ``<|fim_prefix|>`` as an ordinary added token; llama.cpp's converter makes it a control token."""

    def act(folder: Path) -> None:
        fast = PreTrainedTokenizerFast.from_pretrained(folder)
        fast.add_tokens([AddedToken(text, special=False, normalized=False) for text in ("<|fim_prefix|>", "    ")])
        fast.save_pretrained(folder)

    model = backends.load(change(tiny("llama"), tmp_path / "model", act))
    [control] = model.encode("<|fim_prefix|>", special=True)
    plain = model.encode("<|fim_prefix|>", special=False)
    assert control not in plain
    assert b"".join(map(model.piece, plain)) == b"<|fim_prefix|>"
    assert len(model.encode("    ", special=False)) == 1  # four spaces in one token, as in Phi-2, are no control token
