"""A run as a script of transformers.

A processor of transformers stands in the chain where it does the same to the last token; the other samplers are NumPy
in float64, mostly because of ties, which are common among the logits of 16-bit weights.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from playground.entry import HF_CHUNK, HF_CHUNK_GPU, HF_CHUNK_SMALL, HF_SMALL, default_threads
from playground.errors import ModelError
from playground.samplers.plain import Name
from playground.scripts.parts import Library, Nearest, Script, value_of
from playground.scripts.places import Place, is_gguf, place
from playground.scripts.source import literal, quoted
from playground.sentences import Sentence

if TYPE_CHECKING:
    from playground.entry import ModelSpec
    from playground.records import Prompt
    from playground.settings import SamplingParams

LIBRARY = Library(
    name="transformers",
    order="transformers",
    words=("transformers",),
    processors=True,
    packages=("transformers", "torch", "numpy"),
    backend="hf",
)
OMNI = ("qwen2_5_omni", "qwen2_5_omni_thinker")
PROCESSED = '''\
def processed(processor, ids, logits):
    """Hand logits to one of transformers' own processors, which take tensors of several texts."""
    return processor(torch.tensor([ids], dtype=torch.int64), torch.from_numpy(logits[None]))[0].numpy()
'''
DEVICE = '"mps" if torch.backends.mps.is_available() else "cuda" if torch.cuda.is_available() else "cpu"'
OWN_DTYPE = """\
dtype = config.get_text_config().dtype or config.dtype or torch.float32
fast = any(torch.cpu.get_capabilities().get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
if device == "cpu" and not (dtype == torch.bfloat16 and fast):
    dtype = torch.float32  # a CPU without arithmetic for 16 bits takes 32, and loses nothing"""
ADAPTER = """\
adapted = PeftModel.from_pretrained(model, {adapter}).eval()
model = adapted.get_base_model()
if adapted.active_peft_config.is_prompt_learning:
    cache = adapted.get_prompt(batch_size=1)  # a tuned prefix is what the cache begins with"""
ENCODE = '''\
def encode(text, *, special):
    """Turn text into ids; special: what looks like a control token is one."""
    return tokenizer.encode(text, add_special_tokens=False, split_special_tokens=not special)
'''
HIDDEN = """\
# A control token that the tokenizer does not mark as one stays text in a chat, too.
added = [it.content for it in tokenizer.added_tokens_decoder.values()]
control = [it for it in added if re.fullmatch("<[|\\uff5c].*[|\\uff5c]>", it)]
tokenizer.backend_tokenizer.add_special_tokens([AddedToken(it, special=True, normalized=False) for it in control])"""
TEMPLATE = "chat_template.json"  # where folders of models that also hear and see keep it, Qwen2.5-Omni's among them
OWN_TEMPLATE = """\
if not tokenizer.chat_template:  # models that also hear and see keep it in a file of its own
    found = json.loads(Path({file}).read_text(encoding="utf-8"))
    tokenizer.chat_template = found["chat_template"]"""
PIECE = '''\
def piece(token):
    """Return the bytes of a token."""
    name = tokenizer.convert_ids_to_tokens(token) or f"<unused {token}>"
    if token in tokenizer.added_tokens_decoder:
        return name.encode()
    if byte_level and signs.keys() >= set(name):
        return bytes(signs[sign] for sign in name)
    byte = re.fullmatch("<0x([0-9A-F]{2})>", name)
    return bytes([int(byte[1], 16)]) if byte else name.replace("\\u2581", " ").encode()
'''
SIGNS = """\
byte_level = "ByteLevel" in str(tokenizer.backend_tokenizer.decoder)
signs = {sign: byte for byte, sign in bytes_to_unicode().items()}"""
RENDER = '''\
def render(messages):
    """Run the model's own chat template."""
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
'''
ENDS = """\
ends = {tokenizer.eos_token_id}
for found in (model.generation_config.eos_token_id, model.config.get_text_config().eos_token_id):
    ends |= set(found) if isinstance(found, list) else {found}"""
ENCODED = "tokenizer.encode(PROMPT, add_special_tokens=False)"
CHUNK = f"""\
small = sum(part.numel() for part in model.parameters()) <= {HF_SMALL:_}
chunk = {HF_CHUNK_GPU} if device != "cpu" else {HF_CHUNK_SMALL} if small else {HF_CHUNK}"""
FRONT = """\
bare, front = tokenizer.encode("a", add_special_tokens=False), tokenizer.encode("a")
front = front[: front.index(bare[0])]  # what every prompt of this model begins with; often nothing"""
# The names of ``generate`` and the value at which each does nothing, by a sampler's key; behind a draw, the others.
CALLED = {"repetition_penalty": ("repetition_penalty", 1.0), "no_repeat_ngram": ("no_repeat_ngram_size", 0)}
CALLED_BY_DRAWS = {
    "temperature": ("temperature", 1.0),
    "top_k": ("top_k", 0),
    "top_p": ("top_p", 1.0),
    "min_p": ("min_p", 0.0),
    "typical_p": ("typical_p", 1.0),
    "epsilon_cutoff": ("epsilon_cutoff", 0.0),
    "eta_cutoff": ("eta_cutoff", 0.0),
}


def script(spec: ModelSpec, prompt: Prompt, params: SamplingParams) -> str:
    """Return a run as a script.

    Raises:
        ModelError: the model's folder cannot be read.
    """
    made = Script(LIBRARY, spec, prompt, params)
    made.take_prompt()
    made.definitions.imports |= {
        "import re",
        "import torch",
        "from transformers.convert_slow_tokenizer import bytes_to_unicode",
    }
    omni = is_omni(spec)
    loaded = load(made, omni=omni)
    defined = [PIECE, *([ENCODE] if made.needs_encode else [])]
    if prompt.messages:
        defined.append(RENDER)
        loaded += chat_lines(made)
    loop = made.loop(answer(omni=omni), "token in ends", nearest(made))
    if any("processed(" in line for line in loop.splitlines()):
        defined.append(PROCESSED)
    needed = [ENDS, *made.ids_lines(ENCODED, [FRONT]), CHUNK, "read = 0"]
    if omni:
        needed.append("behind = cache.get_seq_length()  # tokens of a tuned prefix")
    if made.uses("vocab_size"):
        needed.append("vocab_size = model.get_output_embeddings().weight.shape[0]")
    return made.source("\n".join(loaded), defined, ["\n".join(needed), loop])


def is_omni(spec: ModelSpec) -> bool:
    """Whether a folder holds a Qwen2.5-Omni, whose text side is read by another class.

    Raises:
        ModelError: its config.json is missing, or no JSON.
    """
    if spec.file is None or spec.file.is_file():
        return False
    try:
        found = json.loads((spec.file / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            Sentence("{title}: config.json cannot be read.", title=spec.title), hint="Download the model again."
        ) from error
    return isinstance(found, dict) and found.get("model_type") in OMNI


def load(made: Script, *, omni: bool) -> list[str]:
    """Return the lines that load tokenizer and weights."""
    spec, imports = made.spec, made.definitions.imports
    found = place(spec.source)
    where = where_of(found, gguf=is_gguf(spec)) + (", trust_remote_code=True" if spec.trust_remote_code else "")
    imports |= {*found.imports, "from transformers import AutoTokenizer, DynamicCache"}
    lines = [f"torch.set_num_threads({spec.threads or default_threads()})", f"device = {device_of(spec)}", *found.lines]
    if found.path:
        lines.append(f"source = {found.path}")
    lines.append(f"tokenizer = AutoTokenizer.from_pretrained({where})")
    reader, more = "AutoModelForCausalLM", ""
    if omni:
        reader, more = (
            "Qwen2_5OmniThinkerForConditionalGeneration",
            ', config=getattr(config, "thinker_config", config)',
        )
    dtype = f"torch.{spec.dtype or 'float32'}"
    if is_gguf(spec):
        imports.add("from transformers import GgufConfig")
        made.needs.append("gguf")
        more = ", quantization_config=GgufConfig(dequantize=True)"
    elif omni or not spec.dtype:
        imports.add("from transformers import AutoConfig")
        lines.append(f"config = AutoConfig.from_pretrained({where})")
        if not spec.dtype:
            lines.append(OWN_DTYPE)
            dtype = "dtype"
    imports.add(f"from transformers import {reader}")
    lines.append(f"model = {reader}.from_pretrained(\n    {where}, dtype={dtype}{more}\n)")
    lines.append("model = model.to(device).eval()")
    if omni:
        lines.append("model.audio_tower = model.visual = None  # only text is read")
    lines.append("cache = DynamicCache(config=model.config.get_text_config())")
    if spec.adapter:
        imports.add("from peft import PeftModel")
        made.needs.append("peft")
        lines += adapter(made, spec.adapter)
    return [*lines, SIGNS]


def where_of(found: Place, *, gguf: bool) -> str:
    """Return the arguments by which ``from_pretrained`` finds a source."""
    if found.repository:
        return found.pretrained
    return "source.parent, gguf_file=source.name" if gguf else "source"


def adapter(made: Script, source: str) -> list[str]:
    """Return the lines that put an adapter on the model."""
    found = place(source)
    made.definitions.imports |= set(found.imports)
    where = found.path or found.pretrained
    return [*found.lines, ADAPTER.format(adapter=where)]


def chat_lines(made: Script) -> list[str]:
    """Return what a chat needs that the tokenizer's own files may lack: a template, marks of control tokens."""
    spec, imports, lines = made.spec, made.definitions.imports, []
    if spec.file and (spec.file / TEMPLATE).is_file():
        found = place(spec.source)
        file = f'source / "{TEMPLATE}"'
        imports |= {"import json", "from pathlib import Path"}
        if found.repository:
            imports.add("from huggingface_hub import hf_hub_download")
            file = found.download(TEMPLATE)
        lines.append(OWN_TEMPLATE.format(file=file))
    if any(sign in content for _, content in made.prompt.messages for sign in ("<|", "<\uff5c")):
        imports.add("from transformers import AddedToken")
        lines.append(HIDDEN)
    return lines


def device_of(spec: ModelSpec) -> str:
    """Return where the model runs: what models.yaml says, else on a GPU where there is one."""
    return quoted(spec.device) if spec.device else DEVICE


def answer(*, omni: bool) -> list[str]:
    """Return the lines that read what has not been read and set ``logits``."""
    span = "torch.arange(part.shape[1], device=device) + behind + read"
    positions = f", position_ids=({span}).expand(3, *part.shape)" if omni else ""
    return [
        "while read < len(ids):  # the prompt in pieces as in the playground: the last digits depend on them",
        "    part = torch.tensor([ids[read : read + chunk]], device=device)",
        "    with torch.inference_mode():",
        f"        out = model(input_ids=part, past_key_values=cache, use_cache=True, logits_to_keep=1{positions})",
        "    read += part.shape[1]",
        "logits = out.logits[0, -1].float().cpu().numpy().astype(np.float64)",
    ]


def nearest(made: Script) -> Nearest:
    """Return the call of ``generate`` that comes nearest."""
    draws = not any(item.leaves_one for item in made.chain)
    known = CALLED | (CALLED_BY_DRAWS if draws else {})
    values: dict[str, object] = {"do_sample": draws, "num_beams": 1, **dict(known.values())}
    lacks = []
    for item in made.chain:
        if item.key in known:
            values[known[item.key][0]] = value_of(item)
        elif item.key == "top_h":
            values["top_h"] = value_of(item)
        elif item.key == "logit_bias":
            values["sequence_bias"] = Name("[[[token], amount], …]")
        elif draws or not item.leaves_one:
            lacks.append(item.key)
    values["max_new_tokens"] = made.params.max_new_tokens
    if made.params.stop:
        values |= {"stop_strings": list(made.params.stop), "tokenizer": Name("tokenizer")}
    said = ", ".join(f"{name}={literal(value)}" for name, value in values.items())
    return Nearest(f"model.generate(torch.tensor([ids], device=device), {said})", tuple(lacks))
