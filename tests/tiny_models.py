"""Tiny random models of real architectures, written by the tests: a few hundred kilobytes of safetensors each."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import torch
import transformers
from gguf import MODEL_ARCH, GGUFWriter, TokenType, get_tensor_name_map
from peft import LoraConfig, PeftModel, PrefixTuningConfig, get_peft_model
from safetensors.torch import load_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from playground.catalog import ModelSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.vectors import Rows

VOCAB = 320
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CORPUS = ["Then the cat sat and the bird sang a song. The dog saw the moon and a bird."] * 4
SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 1024,
    "vocab_size": VOCAB,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
GPT2 = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 1024}
TOKENS = {name: SIZES[name] for name in ("vocab_size", "bos_token_id", "eos_token_id", "pad_token_id")}
HEADS = {"q_proj": SIZES["num_attention_heads"], "k_proj": SIZES["num_key_value_heads"]}
VIRTUAL_TOKENS = 4
ATTENTION = ("llama", "qwen2", "phi", "gemma3", "gpt2", "gpt2-prefix", "llama-lora", "omni", "omni-prefix")
RECURRENT = ("lfm2", "falconh1")  # convolutions beside attention; a state space and attention in each layer
KINDS = (*ATTENTION, *RECURRENT)


def config_of(kind: str) -> Any:  # noqa: ANN401, PLR0911 (transformers has a class for each; a case is one return)
    """Return a tiny configuration of an architecture."""
    match kind:
        case "llama":
            return transformers.LlamaConfig(**SIZES)
        case "qwen2":
            return transformers.Qwen2Config(**SIZES, tie_word_embeddings=True)
        case "phi":
            return transformers.PhiConfig(**{**SIZES, "num_key_value_heads": 4})
        case "gemma3":
            layers = ["sliding_attention", "full_attention"]
            return transformers.Gemma3TextConfig(**SIZES, head_dim=8, sliding_window=8, layer_types=layers)
        case "lfm2":
            return transformers.Lfm2Config(**SIZES, layer_types=["conv", "full_attention"])
        case "falconh1":
            space = {"mamba_d_ssm": 32, "mamba_n_heads": 4, "mamba_d_head": 8, "mamba_d_state": 8}
            return transformers.FalconH1Config(**SIZES, **space, head_dim=8, mamba_n_groups=1, mamba_chunk_size=16)
        case "gpt2":
            return transformers.GPT2Config(**GPT2, **TOKENS)
        case _:
            sections = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [1, 1, 2]}
            return transformers.Qwen2_5OmniThinkerConfig(
                text_config={**SIZES, "rope_parameters": sections},
                audio_config={"d_model": 16, "encoder_layers": 1, "encoder_attention_heads": 2, "encoder_ffn_dim": 16},
                vision_config={"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2},
                audio_token_index=300, image_token_index=301, video_token_index=302, vision_start_token_id=303,
                audio_start_token_id=304, vision_end_token_id=305, audio_end_token_id=306,
            )  # fmt: skip


def write_tokenizer(folder: Path, *, template: str | None = CHATML) -> None:
    """Train a byte-level tokenizer on a few words and save it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCAB, special_tokens=SPECIAL, initial_alphabet=letters)
    tokenizer.train_from_iterator(CORPUS, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=SPECIAL[0], eos_token=SPECIAL[2])
    fast.chat_template = template
    fast.save_pretrained(folder)


def reader(kind: str) -> Any:  # noqa: ANN401 (a class of transformers)
    """Return what transformers reads an architecture with."""
    omni = kind.startswith("omni")
    return transformers.Qwen2_5OmniThinkerForConditionalGeneration if omni else AutoModelForCausalLM


def write_model(kind: str, folder: Path) -> Path:
    """Write weights, drawn with one seed, and the tokenizer."""
    torch.manual_seed(0)
    config = config_of(kind)
    model: Any = reader(kind)(config) if kind == "omni" else AutoModelForCausalLM.from_config(config)
    write(model, folder)
    return folder


def write(model: Any, folder: Path) -> None:  # noqa: ANN401 (a model of transformers)
    """Give a model random weights and save it with a tokenizer."""
    for weights in model.parameters():  # large enough that logits differ visibly
        torch.nn.init.normal_(weights, std=0.15)
    model.save_pretrained(folder)
    write_tokenizer(folder)


def write_adapter(kind: str, base: Path, folder: Path) -> Path:
    """Train a tuned prefix, or a LoRA, on the model of a folder for a few steps and save it."""
    torch.manual_seed(1)
    if kind == "prefix":
        settings: Any = PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=VIRTUAL_TOKENS)
    else:
        settings = LoraConfig(task_type="CAUSAL_LM", r=2, target_modules=["q_proj", "v_proj"])
    model: PeftModel = get_peft_model(reader(base.name).from_pretrained(base), settings)
    steps = torch.optim.SGD([weights for weights in model.parameters() if weights.requires_grad], lr=1.0)
    ids = torch.randint(6, VOCAB, (4, 16), generator=torch.Generator().manual_seed(2))
    for _ in range(5):
        model(input_ids=ids, labels=ids).loss.backward()
        steps.step()
        steps.zero_grad()
    model.save_pretrained(folder)
    return folder


def change(spec: ModelSpec, folder: Path, act: Callable[[Path], object]) -> ModelSpec:
    """Copy a tiny model, let something happen to the copy, and return its spec."""
    assert spec.file
    shutil.copytree(spec.file, folder, dirs_exist_ok=True)
    act(folder)
    return replace(spec, file=folder)


HOME = TemporaryDirectory(prefix="tiny-models-")


def write_gguf(folder: Path, file: Path) -> Path:
    """Write the Llama of a folder as a GGUF file in float32, its tokenizer with it."""
    tensors = load_file(folder / "model.safetensors")
    names = get_tensor_name_map(MODEL_ARCH.LLAMA, int(SIZES["num_hidden_layers"]))
    writer = GGUFWriter(file, "llama")
    writer.add_context_length(SIZES["max_position_embeddings"])
    writer.add_embedding_length(SIZES["hidden_size"])
    writer.add_block_count(SIZES["num_hidden_layers"])
    writer.add_feed_forward_length(SIZES["intermediate_size"])
    writer.add_head_count(SIZES["num_attention_heads"])
    writer.add_head_count_kv(SIZES["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(1e-6)
    write_vocabulary(writer, json.loads((folder / "tokenizer.json").read_text(encoding="utf-8")))
    for name, tensor in tensors.items():
        heads = HEADS.get(name.split(".")[-2])
        weights = turned(tensor.numpy(), heads) if heads else tensor.numpy()
        writer.add_tensor(str(names.get_name(name, (".weight",))), weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


def turned(weights: Rows, heads: int) -> Rows:
    """Put pairs of rotated dimensions side by side, where transformers keeps two halves."""
    return weights.reshape(heads, 2, -1, weights.shape[1]).swapaxes(1, 2).reshape(weights.shape)


def write_vocabulary(writer: GGUFWriter, tokenizer: dict[str, Any]) -> None:
    """Write tokens and merges of a byte-level tokenizer, filled up to as many as there are logits."""
    vocabulary = sorted(tokenizer["model"]["vocab"], key=tokenizer["model"]["vocab"].get)
    unused = [f"<unused {number}>" for number in range(len(vocabulary), VOCAB)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([*vocabulary, *unused])
    kinds = dict.fromkeys(SPECIAL, TokenType.CONTROL) | dict.fromkeys(unused, TokenType.UNUSED)
    writer.add_token_types([kinds.get(token, TokenType.NORMAL) for token in (*vocabulary, *unused)])
    writer.add_token_merges([" ".join(pair) for pair in tokenizer["model"]["merges"]])
    writer.add_bos_token_id(SIZES["bos_token_id"])
    writer.add_eos_token_id(SIZES["eos_token_id"])
    writer.add_add_bos_token(value=False)


@cache
def tiny(kind: str) -> ModelSpec:
    """Return the spec of a tiny model, written once in each test process."""
    base, _, adapter = kind.partition("-")
    folder = Path(HOME.name) / base
    if not folder.is_dir():
        write_model(base, folder)
    adapter_file = write_adapter(adapter, folder, Path(HOME.name) / kind) if adapter else None
    return ModelSpec(
        key=f"tiny-{kind}", title=kind, backend="hf", source="path:x", context_tokens=768, chat=True, device="cpu",
        threads=1, file=folder, adapter="path:y" if adapter else None, adapter_file=adapter_file,
    )  # fmt: skip
