"""The backend of transformers: adapters, conversion, and refusals of damaged folders, written by the tests."""

from __future__ import annotations

import json
import os
import shutil
import struct
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2_5OmniThinkerForConditionalGeneration,
)

from playground import backends
from playground.backends.base import Message, PrefillStopped
from playground.backends.hf import converted
from playground.catalog import read_catalog
from playground.errors import ModelError, PromptError
from tests.models import after
from tests.tiny_models import (
    ATTENTION,
    KINDS,
    VIRTUAL_TOKENS,
    VOCAB,
    change,
    reader,
    tiny,
    write_gguf,
    write_tokenizer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from playground.backends.base import LoadedModel
    from playground.catalog import ModelSpec

ROOT = Path(__file__).parents[1]
SMOLLM = read_catalog(ROOT / "models.yaml").default
TEXT = "Then the cat sat and the bird sang a song. The dog saw the moon and a bird."
STORY = (
    "Once upon a time there was a small village by the sea, where people lived from fishing and told each other long "
    "stories in the evening. One day a stranger came to the village with a large wooden box on his back. He asked "
    "for water, sat down under the old tree in the middle of the square and did not say another word until night fell."
)


def logits_of(model: LoadedModel, ids: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the logits after each id from the third on, by prefill and single steps, (n − 2, vocab)."""
    return np.array(after(model, ids[:3], ids[3:]))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "-" not in kind and kind != "omni"])
def test_logits_are_those_of_transformers_own_forward(kind: str) -> None:
    """One plain call on the whole text gives them too, sliding windows included."""
    spec = tiny(kind)
    model = backends.load(spec)
    ids = model.encode(TEXT, special=False)
    assert spec.file
    plain = AutoModelForCausalLM.from_pretrained(spec.file, dtype=torch.float32).eval()
    with torch.inference_mode():
        expected = plain(torch.tensor([ids])).logits[0, 2:].numpy()
    assert logits_of(model, ids) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "-" not in kind and kind != "omni"])
def test_a_prompt_of_several_chunks_gives_transformers_logits(kind: str) -> None:
    """Read in pieces of 256 tokens, 300 end where one call over all of them ends; windows of 8 tokens included."""
    spec = tiny(kind)
    model = backends.load(spec)
    ids = np.random.default_rng(3).integers(3, VOCAB, 300).tolist()
    plain = AutoModelForCausalLM.from_pretrained(spec.file, dtype=torch.float32).eval()
    with torch.inference_mode():
        expected = plain(torch.tensor([ids])).logits[0, -1].numpy()
    assert model.prefill(ids)[1] == pytest.approx(expected, abs=1e-5)


def test_omni_answers_as_its_thinker_does() -> None:
    """Text alone, with positions that are told, gives what the whole thinker gives."""
    spec = tiny("omni")
    model = backends.load(spec)
    ids = model.encode(TEXT, special=False)
    assert spec.file
    plain = Qwen2_5OmniThinkerForConditionalGeneration.from_pretrained(spec.file, dtype=torch.float32).eval()
    with torch.inference_mode():
        tokens = torch.tensor([ids])
        expected = plain(input_ids=tokens, attention_mask=torch.ones_like(tokens)).logits[0, 2:].numpy()
    assert logits_of(model, ids) == pytest.approx(expected, abs=1e-4)


def test_a_thinker_is_found_inside_a_whole_omni(tmp_path: Path) -> None:
    """The full checkpoint names its tensors with a prefix and holds a talker; only the thinker is read."""
    thinker = tiny("omni")
    assert thinker.file
    shutil.copytree(thinker.file, tmp_path, dirs_exist_ok=True)
    config = json.loads((tmp_path / "config.json").read_text())
    whole = {"model_type": "qwen2_5_omni", "thinker_config": config, "enable_audio_output": False}
    (tmp_path / "config.json").write_text(json.dumps(whole))
    tensors = {f"thinker.{name}": value for name, value in load_file(tmp_path / "model.safetensors").items()}
    save_file(tensors | {"talker.x": torch.zeros(2)}, tmp_path / "model.safetensors", {"format": "pt"})
    ids = (5, 6, 7, 8)
    found = logits_of(backends.load(replace(thinker, file=tmp_path)), ids)
    assert found == pytest.approx(logits_of(backends.load(thinker), ids), abs=1e-6)


@pytest.mark.parametrize("kind", ["gpt2-prefix", "llama-lora", "omni-prefix"])
def test_an_adapter_gives_the_logits_that_peft_gives(kind: str) -> None:
    """Of the same ids, a tuned prefix in front or a LoRA beside; and they are not those of the bare model."""
    spec = tiny(kind)
    model = backends.load(spec)
    ids = model.encode(TEXT, special=False)
    assert spec.file
    assert spec.adapter_file
    base = reader(kind).from_pretrained(spec.file, dtype=torch.float32)
    plain = PeftModel.from_pretrained(base, spec.adapter_file).eval()
    with torch.inference_mode():
        expected = plain(input_ids=torch.tensor([ids])).logits[0, 2:].numpy()
    found = logits_of(model, ids)
    assert found == pytest.approx(expected, abs=1e-4)
    assert np.abs(found - logits_of(backends.load(tiny(kind.split("-", maxsplit=1)[0])), ids)).max() > 1e-3


def test_a_tuned_prefix_takes_room_of_the_context() -> None:
    """The longest context is the model's less the virtual tokens; more is refused with both numbers."""
    spec = tiny("gpt2-prefix")
    with pytest.raises(ModelError, match=rf"context_tokens is 1,024; this model reads {1024 - VIRTUAL_TOKENS:,}"):
        backends.load(replace(spec, context_tokens=1024))


@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_is_heard_between_two_layers(kind: str) -> None:
    """Both layers of the first chunk ask; a no at the second leaves nothing, and the next prompt reads as before."""
    model = backends.load(tiny(kind))
    ids = model.encode(TEXT, special=False)
    expected = model.prefill(ids)[1]
    answers = iter([True, False])
    with pytest.raises(PrefillStopped):
        model.prefill(ids, keep_going=lambda: next(answers))
    assert next(answers, "asked twice") == "asked twice"
    assert np.array_equal(model.prefill(ids)[1], expected)


# A batch.


@pytest.mark.parametrize("kind", ATTENTION)
def test_a_group_goes_on_in_one_pass_without_being_gathered_anew(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight forks are one forward pass a token, and from the second token on their cache stays where it is."""
    model: Any = backends.load(tiny(kind))
    first, _ = model.prefill(model.encode(TEXT, special=False))
    members = [first, *(model.fork(first) for _ in range(7))]
    shapes = []
    forward = model._forward

    def counted(cache: object, ids: list[list[int]], length: int) -> object:
        shapes.append((len(ids), len(ids[0])))
        return forward(cache, ids, length)

    monkeypatch.setattr(model, "_forward", counted)
    model.decode(members, range(10, 18))
    group = members[0].group
    model.decode(members, range(20, 28))
    assert shapes == [(8, 1), (8, 1)]
    assert all(member.group is group for member in members)


@pytest.mark.parametrize("kind", KINDS)
def test_a_group_that_falls_apart_keeps_each_text(kind: str) -> None:
    """Rows that are dropped, forked and put together in another order answer as they would alone."""
    model = backends.load(tiny(kind))
    ids = model.encode(TEXT, special=False)
    paths = [(11, 12, 13), (21, 22, 23), (31, 32, 33)]
    expected = [logits_of(model, ids + path)[-1] for path in paths]
    origin, _ = model.prefill(ids)
    members = [model.fork(origin) for _ in paths]
    model.decode([origin, *members], [9, *(path[0] for path in paths)])
    model.drop(origin)
    model.decode(members[::-1], [path[1] for path in paths[::-1]])
    found = [model.decode([member], [path[2]])[0] for member, path in zip(members, paths, strict=True)]
    assert np.array(found) == pytest.approx(np.array(expected), abs=1e-5)


# GGUF.


def test_a_fork_takes_no_memory_until_it_goes_on() -> None:
    """Its keys and values are those of the text that it was forked from; after one token it has its own."""
    model = backends.load(tiny("llama"))
    source, _ = model.prefill(model.encode(TEXT, special=False))
    fork = model.fork(source)

    def where(sequence: Any) -> int:  # noqa: ANN401 (a sequence of this backend)
        return int(sequence.group.cache.layers[0].keys.untyped_storage().data_ptr())

    assert where(fork) == where(source)
    model.decode([fork], [5])
    assert where(fork) != where(source)


@pytest.fixture(scope="module")
def smollm(tmp_path_factory: pytest.TempPathFactory) -> ModelSpec:
    """SmolLM2's file for transformers, with a cache of its own for what is converted."""
    folder = tmp_path_factory.mktemp("converted")
    os.environ["PLAYGROUND_CACHE"] = str(folder)
    return replace(SMOLLM, backend="hf", context_tokens=512, dtype="float32")


def test_a_gguf_file_is_converted_once_and_answers_as_llama_cpp_does(
    smollm: ModelSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tokenizer is the same to the byte. llama.cpp rounds activations to eight bits: measured mean KL 0.01."""
    stages: list[str] = []
    parts: list[float] = []

    def report(stage: str, part: float | None) -> None:
        stages.append(stage)
        parts.extend([] if part is None else [part])

    model = backends.load(smollm, report)
    assert list(dict.fromkeys(stages)) == ["hashing", "converting", "writing", "loading"]
    assert parts == sorted(parts)
    assert (parts[0], len(parts)) == (0.0, 272)  # tensors of the file
    monkeypatch.setattr(converted, "convert", lambda *_: pytest.fail("converted again"))
    stages.clear()
    backends.load(smollm, report)
    assert stages == ["loading"]

    other = backends.load(replace(SMOLLM, context_tokens=512))
    ids = model.encode(STORY, special=False)
    assert ids == other.encode(STORY, special=False)
    assert all(model.piece(token) == other.piece(token) for token in range(model.vocab_size))
    turn = [Message("user", "hi")]
    assert model.render_chat(turn) == other.render_chat(turn)
    ours, theirs = (logits_of(it, ids).astype(np.float64) for it in (model, other))
    logs = [rows - np.log(np.exp(rows - rows.max(1, keepdims=True)).sum(1, keepdims=True)) - rows.max(1, keepdims=True)
            for rows in (ours, theirs)]  # fmt: skip
    divergence = (np.exp(logs[0]) * (logs[0] - logs[1])).sum(1)  # nats, (n,)
    assert (ours.argmax(1) == theirs.argmax(1)).mean() >= 0.95
    assert divergence.mean() < 0.03
    other.close()


def test_a_conversion_that_fails_leaves_nothing(smollm: ModelSpec, tmp_path: Path) -> None:
    """A file that is no GGUF is refused, no half folder stays, and the good one loads."""
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelError, match="transformers cannot read this GGUF file"):
        backends.load(replace(smollm, file=bad))
    home = converted.cache_folder()
    assert not list(home.glob("part-*"))
    assert backends.load(smollm).vocab_size == 49_152


@pytest.mark.parametrize(("limit", "left"), [("0.6", 1), ("0.1", 0)])
def test_what_was_used_least_recently_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, left: int
) -> None:
    """Old folders go until the new one fits; where it never can, a sentence gives both numbers."""
    monkeypatch.setenv("PLAYGROUND_CACHE_GB", limit)
    file = tmp_path / "m.gguf"
    with file.open("wb") as stream:
        stream.truncate(40_000_000)  # 0.36 GB once unpacked to float32
    for age, name in enumerate(["new", "old"]):
        (tmp_path / name).mkdir()
        with (tmp_path / name / "model.safetensors").open("wb") as stream:
            stream.truncate(200_000_000)
        (tmp_path / name / converted.USED).touch()
        os.utime(tmp_path / name / converted.USED, (1e9 - age, 1e9 - age))
    spec = replace(SMOLLM, backend="hf", file=file)
    if left:
        converted.make_room(spec, tmp_path, "float32")
    else:
        with pytest.raises(
            ModelError, match=r"needs about 0\.4 GB to be converted; 0\.1 GB PLAYGROUND_CACHE_GB allows"
        ):
            converted.make_room(spec, tmp_path, "float32")
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["new"][:left]


def test_two_conversions_at_once_end_at_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one writes its last file another process has taken the name; both load what is there, and no half stays."""
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path / "cache"))
    safetensors = tiny("llama")
    assert safetensors.file
    file = write_gguf(safetensors.file, tmp_path / "tiny.gguf")
    spec = replace(safetensors, source="path:tiny.gguf", file=file, dtype="float32")
    found: list[LoadedModel] = []

    def slower(stage: str, _part: float | None) -> None:
        if stage == "writing" and not found:
            found.append(backends.load(spec))

    found.append(backends.load(spec, slower))
    plain = backends.load(safetensors)
    ids = plain.encode(TEXT, special=False)
    for model in found:
        assert model.encode(TEXT, special=False) == ids
        assert logits_of(model, ids) == pytest.approx(logits_of(plain, ids), abs=1e-4)
    assert len(found) == 2
    assert len([path for path in (tmp_path / "cache").iterdir() if path.is_dir()]) == 1


def test_what_a_killed_conversion_left_goes_an_hour_later(tmp_path: Path) -> None:
    """A part that somebody still writes stays, and neither counts as a model that was used."""
    for name, age_s in (("part-dead", 7200), ("part-alive", 60)):
        (tmp_path / name).mkdir()
        (tmp_path / name / converted.USED).touch()
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    file = tmp_path / "m.gguf"
    file.touch()
    converted.make_room(replace(SMOLLM, file=file), tmp_path, "float32")
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["part-alive"]


@pytest.mark.parametrize("given", ["much", "nan", "-1", "0"])
def test_a_limit_that_is_no_size_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    """In a sentence that names the variable."""
    monkeypatch.setenv("PLAYGROUND_CACHE_GB", given)
    with pytest.raises(ModelError, match=f"PLAYGROUND_CACHE_GB is {given}; it must be a number above 0"):
        converted.limit_bytes()


# Refusals (CASES 26 to 37).


def without(name: str) -> Callable[[Path], None]:
    """Remove a tensor."""

    def act(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        del tensors[name]
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})

    return act


def reshaped(folder: Path) -> None:
    """Give a tensor another shape than config.json says."""
    tensors = load_file(folder / "model.safetensors")
    tensors["model.norm.weight"] = torch.zeros(7)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def shallower(folder: Path) -> None:
    """Let config.json describe one layer of the two."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 1}))


def cut(size: int) -> Callable[[Path], None]:
    """Keep the first bytes of the weights."""

    def act(folder: Path) -> None:
        os.truncate(folder / "model.safetensors", size)

    return act


def bad_header(folder: Path) -> None:
    """Put an endless header in front of nothing."""
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", 2**62) + b"{}")


class Payload:
    """What a pickle that runs code would leave behind."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Make a file when it is read."""
        return (Path.touch, (Path(os.environ["MARKER"]),))


def pickled(folder: Path) -> None:
    """Replace the weights by a pickle that runs code."""
    (folder / "model.safetensors").unlink()
    torch.save(Payload(), folder / "pytorch_model.bin")


def own_code(folder: Path) -> None:
    """Let config.json name a class of the folder."""
    config = json.loads((folder / "config.json").read_text())
    config |= {"auto_map": {"AutoConfig": "own.Own", "AutoModelForCausalLM": "own.Own"}, "model_type": "own"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text("import os, pathlib\npathlib.Path(os.environ['MARKER']).touch()\n")


def written(name: str, text: str) -> Callable[[Path], None]:
    """Write one of the folder's files."""

    def act(folder: Path) -> None:
        (folder / name).write_text(text)

    return act


def no_tokenizer(folder: Path) -> None:
    """Remove everything that a tokenizer is made from."""
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()


def narrow(folder: Path) -> None:
    """Make the tokenizer know more tokens than there are logits."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    tokenizer.add_tokens([f"<extra {number}>" for number in range(VOCAB)])
    tokenizer.save_pretrained(folder)


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (
            without("model.layers.1.mlp.up_proj.weight"),
            r"tensors are missing: model\.layers\.1\.mlp\.up_proj\.weight\.",
        ),
        (reshaped, r"tensors have another shape than config\.json says: model\.norm\.weight \(7,\) for \(32,\)"),
        (shallower, r"left over, as config\.json describes fewer layers: model\.layers\.1\..* and 4 more"),
        (cut(500), r"a file of its weights is damaged: .*invalid header length"),
        (cut(0), r"a file of its weights is damaged: .*header too small"),
        (bad_header, r"a file of its weights is damaged: .*header too large"),
        (pickled, r"has its weights in pytorch_model\.bin only; pickles are not read"),
        (own_code, "comes with Python code of its own, which is not run"),
        (written("config.json", "{"), r"config\.json is no JSON"),
        (written("config.json", "[]"), r"config\.json holds \[\] instead of an object"),
        (written("config.json", "[" * 100_000), r"config\.json is no JSON: maximum recursion depth"),
        (written("generation_config.json", "{"), r"generation_config\.json is no JSON"),
        (written("config.json", '{"model_type": "nothing"}'), r"config\.json \(model_type nothing\) is refused"),
        (lambda folder: (folder / "config.json").unlink(), r"config\.json cannot be read: No such file"),
        (no_tokenizer, "has no tokenizer that can be read"),
        (narrow, r"its tokenizer knows \d{3} tokens, its logits 320"),
    ],
)
def test_a_damaged_folder_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[Path], object], sentence: str
) -> None:
    """Nothing of it runs, and the next good one loads in the same process."""
    monkeypatch.setenv("MARKER", str(tmp_path / "marker"))
    spec = change(tiny("llama"), tmp_path / "model", act)
    with pytest.raises(ModelError, match=sentence) as caught:
        backends.load(spec)
    assert str(caught.value).startswith("tiny-llama")
    assert not (tmp_path / "marker").exists()
    assert backends.load(tiny("llama")).vocab_size == 320


def test_a_hash_of_a_folder_is_refused() -> None:
    """It would be ignored."""
    with pytest.raises(ModelError, match="tiny-llama sets sha256, and its source is a folder"):
        backends.load(replace(tiny("llama"), sha256="0" * 64))


def adapter_of(folder: Path, act: Callable[[Path], object]) -> ModelSpec:
    """Copy the tiny LoRA, damage the copy, and return its spec."""
    spec = tiny("llama-lora")
    assert spec.adapter_file
    shutil.copytree(spec.adapter_file, folder)
    act(folder)
    return replace(spec, adapter_file=folder)


def one_less(folder: Path) -> None:
    """Remove a tensor of the adapter."""
    tensors = load_file(folder / "adapter_model.safetensors")
    del tensors[min(tensors)]
    save_file(tensors, folder / "adapter_model.safetensors", {"format": "pt"})


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (
            lambda folder: (folder / "adapter_config.json").unlink(),
            r"adapter_config\.json cannot be read: No such file",
        ),
        (written("adapter_config.json", "["), r"adapter_config\.json is no JSON"),
        (written("adapter_config.json", "[]"), r"adapter_config\.json holds \[\] instead of an object"),
        (one_less, r"tensors are missing: base_model\.model\.model\.layers\.0\.self_attn\.q_proj\.lora_A\.weight\."),
        (lambda folder: (folder / "adapter_model.safetensors").unlink(), r"has no adapter_model\.safetensors"),
        (
            lambda folder: (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin"),
            "has its weights in a pickle, which is not read",
        ),
        (written("adapter_config.json", '{"peft_type": "PROMPT_TUNING"}'), "of the kind PROMPT_TUNING"),
    ],
)
def test_a_damaged_adapter_is_refused_in_a_sentence(
    tmp_path: Path, act: Callable[[Path], object], sentence: str
) -> None:
    """It names whose adapter it is."""
    with pytest.raises(ModelError, match=sentence) as caught:
        backends.load(adapter_of(tmp_path / "adapter", act))
    assert str(caught.value).startswith("The adapter of tiny-llama-lora")


def test_an_adapter_of_another_model_is_refused() -> None:
    """A LoRA for Llama's layers finds none of them in GPT-2."""
    spec = replace(tiny("gpt2"), adapter="path:x", adapter_file=tiny("llama-lora").adapter_file)
    with pytest.raises(ModelError, match=r"The adapter of tiny-gpt2 does not fit the model"):
        backends.load(spec)


def test_a_device_that_is_not_there_is_refused() -> None:
    """With those that are."""
    missing = next(name for name in ("mps", "cuda") if not getattr(torch.backends, name).is_available()) \
        if not torch.cuda.is_available() else "mps"  # fmt: skip
    with pytest.raises(ModelError, match=rf"device is {missing}; this machine has cpu"):
        backends.load(replace(tiny("llama"), device=missing))


# Chat templates (CASES 34 to 36).


def templated(folder: Path, template: str | None) -> LoadedModel:
    """Load the tiny Llama with another chat template."""
    return backends.load(change(tiny("llama"), folder, lambda path: written_template(path, template)))


def written_template(folder: Path, template: str | None) -> None:
    """Write the tokenizer anew."""
    for name in ("chat_template.jinja", "tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink(missing_ok=True)
    write_tokenizer(folder, template=template)


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("{{ raise_exception('roles must alternate') }}", "refuses these messages: roles must alternate"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "refuses these messages: .*unsafe"),
        ("{% for n in range(999999999) %}x{% endfor %}", "refuses these messages: Range too big"),
        (None, "Chat is not offered: this model has no chat template"),
    ],
)
def test_a_template_that_refuses_is_quoted(tmp_path: Path, template: str | None, sentence: str) -> None:
    """Nothing outside the sandbox is reached, and the model goes on answering."""
    model = templated(tmp_path / "model", template)
    with pytest.raises(PromptError, match=sentence):
        model.render_chat([Message("user", "hi")])
    assert model.prefill([5, 6])[1].shape == (320,)


def test_a_template_in_a_file_of_its_own_is_found(tmp_path: Path) -> None:
    """As Omni has it; code that a known architecture names beside it is not needed and not run."""

    def act(folder: Path) -> None:
        written_template(folder, None)
        (folder / "chat_template.json").write_text(json.dumps({"chat_template": "{{ messages[0].content }}!"}))
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoConfig": "own.Own"}}))

    model = backends.load(change(tiny("llama"), tmp_path / "model", act))
    assert model.render_chat([Message("user", "hi")]) == "hi!"


def test_what_the_makers_set_is_told(tmp_path: Path) -> None:
    """Sampling values of generation_config.json count only where it says to sample; both ends of a text do."""
    text = {"do_sample": True, "temperature": 0.7, "top_p": 0.8, "top_k": 20, "repetition_penalty": 1.05,
            "eos_token_id": [2, 0]}  # fmt: skip
    model = backends.load(
        change(tiny("llama"), tmp_path / "model", written("generation_config.json", json.dumps(text)))
    )
    assert model.own_settings == {
        "temperature": 0.7, "top_p": 0.8, "top_k": 20, "repetition_penalty": 1.05, "order": "transformers",
    }  # fmt: skip
    assert model.eos_ids == {0, 2}
    assert backends.load(tiny("llama")).own_settings == {}
