"""A run as a script of llama-cpp-python.

The samplers are NumPy in float64 and not llama.cpp's own: those compute in float32 and draw with dice of their own, so
that now and then another token would come out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.entry import LLAMACPP_CHUNK, default_threads
from playground.errors import ModelError
from playground.samplers.mirostat import Mirostat
from playground.samplers.plain import Name
from playground.scripts.parts import Library, Nearest, Script, value_of
from playground.scripts.places import is_gguf, place
from playground.scripts.source import literal
from playground.sentences import Sentence

if TYPE_CHECKING:
    from playground.entry import ModelSpec
    from playground.records import Prompt
    from playground.settings import SamplingParams

LIBRARY = Library(
    name="llama-cpp-python",
    order="llama.cpp",
    words=("llama.cpp", "llama-cpp-python"),
    processors=False,
    packages=("llama-cpp-python", "numpy"),
    backend="llamacpp",
)
LOAD = """\
llm = llama_cpp.Llama(
    str({file}), n_ctx={context}, n_gpu_layers={gpu_layers}, verbose=False,
    # The last digits of the logits depend on these: how a prompt is cut into pieces, and how attention is computed.
    n_batch={chunk}, n_ubatch={chunk}, flash_attn={flash}, n_threads={threads}, n_threads_batch={threads},
)
vocab = llama_cpp.llama_model_get_vocab(llm.model)"""
ENCODE = '''\
def encode(text, *, special):
    """Turn text into ids; special: what looks like a control token is one."""
    return llm.tokenize(text.encode(), add_bos=False, special=special)
'''
PIECE = '''\
def piece(token):
    """Return the bytes of a token."""
    raw = (ctypes.c_char * 1024)()
    return raw[: llama_cpp.llama_token_to_piece(vocab, token, raw, 1024, 0, True)]
'''
RENDER = '''\
def render(messages):
    """Run the chat template of the model's file."""
    bos, eos = (piece(it).decode("utf-8", "replace") if it >= 0 else "" for it in (llm.token_bos(), llm.token_eos()))
    template = llm.metadata["tokenizer.chat_template"]
    return Jinja2ChatFormatter(template=template, eos_token=eos, bos_token=bos)(messages=messages).prompt
'''
ENCODED = "llm.tokenize(PROMPT.encode(), add_bos=False, special=True)"
FRONT = "front = [llm.token_bos()] if llama_cpp.llama_vocab_get_add_bos(vocab) else []"
ANSWER = (
    "llm.eval(ids[llm.n_tokens :])  # the prompt first, then one token after the other",
    "row = llama_cpp.llama_get_logits_ith(llm.ctx, -1)",
    "logits = np.ctypeslib.as_array(row, (llm.n_vocab(),)).astype(np.float64)",
)
# The names of ``create_completion`` and the value at which each does nothing, by a sampler's key.
CALLED = {
    "temperature": ("temperature", 1.0),
    "top_k": ("top_k", 0),
    "top_p": ("top_p", 1.0),
    "min_p": ("min_p", 0.0),
    "typical_p": ("typical_p", 1.0),
    "repetition_penalty": ("repeat_penalty", 1.0),
    "frequency_penalty": ("frequency_penalty", 0.0),
    "presence_penalty": ("presence_penalty", 0.0),
}


def script(spec: ModelSpec, prompt: Prompt, params: SamplingParams) -> str:
    """Return a run as a script.

    Raises:
        ModelError: the model is no GGUF file, or has an adapter.
    """
    if not is_gguf(spec) or spec.adapter:
        what = Sentence("an adapter of PEFT") if spec.adapter else Sentence("a folder of safetensors")
        raise ModelError(
            Sentence("llama-cpp-python reads GGUF files; {title} is {what}.", title=spec.title, what=what),
            hint="Copy the transformers script, or convert the model with llama.cpp's convert_hf_to_gguf.py.",
        )
    made = Script(LIBRARY, spec, prompt, params)
    made.take_prompt()
    made.definitions.imports |= {"import ctypes", "import llama_cpp"}
    defined = [PIECE, *([ENCODE] if made.needs_encode else [])]
    if prompt.messages:
        made.definitions.imports.add("from llama_cpp.llama_chat_format import Jinja2ChatFormatter")
        defined.append(RENDER)
    needed = ["\n".join(made.ids_lines(ENCODED, [FRONT]))]
    if made.uses("vocab_size"):
        needed.append("vocab_size = llm.n_vocab()")
    loop = made.loop(ANSWER, "llama_cpp.llama_vocab_is_eog(vocab, token)", nearest(made))
    return made.source(load(made), defined, ["\n".join(needed), loop])


def load(made: Script) -> str:
    """Return the lines that load the file."""
    found = place(made.spec.source)
    file = found.path
    made.definitions.imports |= set(found.imports)
    if found.repository:
        made.definitions.imports.add("from huggingface_hub import hf_hub_download")
        made.needs.append("huggingface_hub")
        file = found.download(found.file)
    numbers = {
        "file": file,
        "context": made.spec.context_tokens,
        "threads": made.spec.threads or default_threads(),
        "gpu_layers": made.spec.gpu_layers,
        "chunk": LLAMACPP_CHUNK,
        "flash": made.spec.flash_attention,
    }
    return "\n".join([*found.lines, LOAD.format(**numbers)])


def nearest(made: Script) -> Nearest:
    """Return the call of ``create_completion`` that comes nearest."""
    values = dict(CALLED.values())
    lacks = []
    more: dict[str, object] = {"mirostat_mode": 0}
    for item in made.chain:
        if item.key in CALLED:
            values[CALLED[item.key][0]] = value_of(item)
        elif isinstance(item, Mirostat):
            more = {"mirostat_mode": 2, "mirostat_tau": item.tau, "mirostat_eta": item.eta}
        elif item.key == "logit_bias":
            more["logit_bias"] = Name("{token: amount, …}")
        else:
            lacks.append(item.key)
    more |= {"max_tokens": made.params.max_new_tokens, "stop": list(made.params.stop), "seed": made.params.seed}
    said = ", ".join(f"{name}={literal(value)}" for name, value in {**values, **more}.items())
    return Nearest(f"llm.create_completion(ids, {said})", tuple(lacks))
