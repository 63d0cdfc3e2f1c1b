"""A run copied as code writes the same text, to the last letter, in a process that knows nothing of this package."""

from __future__ import annotations

import ast
import itertools
import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from playground import Playground
from playground.backends import load
from playground.chain import Draw, luck, trace_chain
from playground.engine import Engine
from playground.errors import ModelError, PlaygroundError, PromptError, SettingError
from playground.events import Ended
from playground.records import Prompt, Run, SamplingParams, StopReason
from playground.samplers import all_samplers
from playground.samplers.plain import Name, Plain
from playground.samplers.top_k import TopK
from playground.scripts import LIBRARIES, as_code
from playground.scripts.source import literal
from playground.store import Store
from tests import models, settings_drawn, tiny_models

if TYPE_CHECKING:
    from collections.abc import Callable

    from playground.catalog import Catalog
    from playground.numerics import FloatArray
    from playground.samplers.base import Sampler, StepContext

HOSTILE = "\"\"\" ''' \\ \\n ${x} {y} %s `z` </script>\r\nNext\tline \u2028 \u202e 🧑‍🚀\x00 # "
# Runs each script of a list in this one process, as loading torch takes seconds, and prints what each of them printed.
RUNNER = """
import contextlib, io, json, sys
texts = []
for source in json.load(sys.stdin):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(source, "script", "exec"), {"__name__": "__main__"})
    texts.append(out.getvalue())
json.dump(texts, sys.stdout)
"""
# One strong setting of each sampler, so that a run without it writes another text.
STRONG: dict[str, Any] = {
    "logit_bias": [[" the", False], [" a", -3.5], [284, 4.0]],
    "repetition_penalty": {"penalty": 1.7, "window": 12},
    "frequency_penalty": {"penalty": 1.3, "window": 0, "include_prompt": False},
    "presence_penalty": {"penalty": 2.1, "window": 8},
    "dry": {"multiplier": 3.0, "allowed_length": 1, "breakers": ["\n", "is a", ":"]},
    "no_repeat_ngram": 2,
    "temperature": {"temperature": 1.1, "range": 0.9, "exponent": 1.5},
    "top_n_sigma": 0.8,
    "top_h": 0.3,
    "top_k": 3,
    "top_p": {"top_p": 0.6, "keep_crossing": False},
    "min_p": 0.2,
    "typical_p": 0.4,
    "epsilon_cutoff": 0.05,
    "eta_cutoff": 0.3,
    "xtc": {"probability": 0.6, "threshold": 0.05},
    "mirostat": {"tau": 2.0, "eta": 0.4},
}
LOOPING = Prompt(text="A rose is a rose is a rose is a")


@dataclass(frozen=True)
class Case:
    """A run to copy."""

    model: str
    prompt: Prompt
    params: SamplingParams


def chat(*turns: tuple[str, str]) -> Prompt:
    """Return a chat."""
    return Prompt(messages=turns)


USUAL = {
    "plain temperature": (models.CAT, models.settings(16, temperature=0.8)),
    "top-k, top-p and a penalty": (
        models.CAT,
        models.settings(16, temperature=1.2, top_k=40, top_p=0.9, repetition_penalty={"penalty": 1.3, "window": 16}),
    ),
    "llama.cpp order": (models.CAT, models.settings(16, temperature=1.6, top_p=0.7, min_p=0.05, order="llama.cpp")),
    "order of one's own": (models.CAT, models.settings(16, top_k=8, temperature=2, order=["top_k", "temperature"])),
    "greedy": (models.CAT, models.settings(16, temperature=0, top_p=0.5, repetition_penalty=1.2)),
    "nothing set": (models.CAT, models.settings(24)),
    "stop text": (models.CAT, models.settings(64, temperature=0, stop=["nowhere", "e cat", "é"])),
    "chat": (
        chat(("system", "Answer in one word."), ("user", "What is the capital of France?")),
        models.settings(16, temperature=0.7),
    ),
    "chat with control tokens": (
        chat(("user", "What does <|im_end|>\n<|im_start|>system mean? <|x|>")),
        models.settings(16, temperature=0.7),
    ),
    "hostile prompt": (Prompt(text=HOSTILE), models.settings(16, temperature=1.0, stop=['"""', "\\"])),
    "hostile chat": (chat(("user", HOSTILE)), models.settings(12, temperature=1.0)),
    "long prompt": (Prompt(text="One bird, two birds. " * 12), models.settings(12, temperature=1.0)),
    "token ids": (Prompt(ids=(5, 77, 8, 300, 12)), models.settings(12, temperature=1.0)),
    "half characters": (Prompt(text="🧑‍🚀🇫🇷 ж"), models.settings(16, temperature=2.0)),
}
STRONGLY = {
    key: (LOOPING, models.settings(12, **({"temperature": 1.3} | {key: value}), order="llama.cpp"))
    for key, value in STRONG.items()
}


def page_text(playground: Playground, case: Case) -> tuple[str, StopReason]:
    """Return the text of the run itself, through a process of its own as on the page, and why it ended."""
    live = Store().new(case.model, case.params)
    for message in models.write(playground.pool, case.model, case.prompt, case.params):
        live.take(message)
    run = live.record()
    assert run.stop_reason, run.error
    return run.text, run.stop_reason


def engine_texts(catalog: Catalog, cases: list[Case]) -> list[tuple[str, StopReason]]:
    """Return the same without a process for each model."""
    found = []
    for key, group in itertools.groupby(cases, key=lambda case: case.model):
        model = load(catalog.get(key))
        for case in group:
            _, *drawn, end = filter(None, Engine(model).write(case.prompt, case.params, lambda: True))
            assert isinstance(end, Ended)
            steps = tuple(item.record() for item in drawn if isinstance(item, Draw))
            run = Run("", key, case.params, steps=steps, stop_reason=end.reason)
            found.append((run.text, end.reason))
        model.close()
    return found


def outputs(scripts: list[str], folder: Path) -> list[str]:
    """Run scripts in another process, in a folder; return what each of them printed."""
    command = [sys.executable, "-I", "-c", RUNNER]
    done = subprocess.run(
        command, input=json.dumps(scripts), cwd=folder, capture_output=True, encoding="utf-8", timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: list[str] = json.loads(done.stdout)
    return found


def copied(library: str, catalog: Catalog, cases: list[Case]) -> list[str]:
    """Return the script of each case."""
    return [as_code(library, catalog.get(it.model), it.prompt, it.params) for it in cases]


# --- llama-cpp-python ---


def test_scripts_of_llama_cpp_python_write_what_the_page_writes(tmp_path: Path) -> None:
    """The real SmolLM2; every usual setting, and every sampler alone behind a temperature."""
    cases = [Case(models.SMOLLM, *it) for it in (*USUAL.values(), *STRONGLY.values())]
    cases.append(Case(models.SMOLLM, LOOPING, models.settings(12, temperature=1.3)))
    cases.append(Case(models.SMOLLM, chat(("user", "Say hi.")), models.settings(200, temperature=0)))
    with Playground(models.ROOT / "models.yaml") as playground:
        runs = [page_text(playground, case) for case in cases]

    assert outputs(copied("llama-cpp-python", models.CATALOG, cases), tmp_path) == [text for text, _ in runs]

    assert {reason for _, reason in runs} == {StopReason.EOS, StopReason.LENGTH, StopReason.STOP_TEXT}
    *strong, (without, _), _ = runs[len(USUAL) :]
    idle = {key for key, (text, _) in zip(STRONGLY, strong, strict=True) if text == without}
    assert idle <= {"dry"}  # each of the samplers did act; an echo for this one comes only as some processors round


# --- transformers ---


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with tiny models of transformers and a models.yaml that names them."""
    monkeypatch.setenv("PLAYGROUND_CACHE", str(tmp_path / "converted"))
    entries: dict[str, dict[str, object]] = {"halved": {"source": "path:qwen2", "dtype": "bfloat16"}}
    for kind in TINY:
        spec = tiny_models.tiny(kind)
        base = kind.partition("-")[0]
        shutil.copytree(str(spec.file), tmp_path / base, dirs_exist_ok=True)
        entries[kind] = {"source": f"path:{base}"}
        if spec.adapter_file:
            shutil.copytree(spec.adapter_file, tmp_path / kind)
            entries[kind]["adapter"] = f"path:{kind}"
    (tmp_path / "omni" / "chat_template.jinja").rename(tmp_path / "omni" / "template")
    kept = {"chat_template": "Omni: " + tiny_models.CHATML}
    (tmp_path / "omni" / "chat_template.json").write_text(json.dumps(kept), encoding="utf-8")
    tiny_models.write_gguf(tmp_path / "llama", tmp_path / "tiny.gguf")
    entries["gguf"] = {"source": "path:tiny.gguf"}
    shared = {"backend": "hf", "context_tokens": 256, "chat": True, "device": "cpu", "threads": 1}
    listed = {key: {"title": f"Tiny {key}"} | shared | entry for key, entry in entries.items()}
    (tmp_path / "models.yaml").write_text(json.dumps({"models": listed}), encoding="utf-8")
    return tmp_path


TINY = ("qwen2", "llama", "gemma3", "gpt2-prefix", "llama-lora", "omni", "lfm2")
TIES = models.settings(12, temperature=0.9, top_k=5, top_p=0.8, typical_p=0.9)


def test_scripts_of_transformers_write_what_the_page_writes(folder: Path) -> None:
    """Every setting on a tiny model; others of seven kinds, in 16 bits where logits tie, from GGUF, with adapters."""
    cases = [Case("qwen2", *it) for it in (*USUAL.values(), *STRONGLY.values())]
    others: list[Case] = []
    for key in (*TINY[1:], "halved", "gguf"):
        others += [Case(key, Prompt(text="the cat " * 40), TIES), Case(key, models.CAT, models.settings(12, top_p=0.9))]
        others += [Case(key, *USUAL["chat with control tokens"])] * (key != "gguf")  # which has no template
    endless = models.settings(400, temperature=2.0, logit_bias=[[2, False]])
    others.append(Case("qwen2", models.CAT, endless))
    with Playground(folder / "models.yaml") as playground:
        catalog, runs = playground.catalog, [page_text(playground, case) for case in cases]
    runs += engine_texts(catalog, others)

    assert outputs(copied("transformers", catalog, cases + others), folder) == [text for text, _ in runs]

    assert {reason for _, reason in runs} >= {StopReason.EOS, StopReason.LENGTH, StopReason.CONTEXT}


# --- one sampler at a time, on bare vectors ---


def at(context: StepContext) -> dict[str, Any]:
    """Return what a script knows of its run, by name."""
    letters = settings_drawn.LETTERS
    return {
        "ids": list(context.history),
        "prompt_length": context.prompt_length,
        "position": context.position,
        "drawn": list(context.final_probs),
        "SEED": context.seed,
        "luck": luck,
        "vocab_size": letters.vocab_size,
        "piece": letters.piece,
        "encode": letters.encode,
    }


def value(argument: object, known: dict[str, Any]) -> Any:  # noqa: ANN401 (of any type)
    """Return an argument of a plain function."""
    return eval(argument, known) if isinstance(argument, Name) else argument  # noqa: S307 (our own expressions)


def plainly(plain: Plain, logits: FloatArray, context: StepContext) -> FloatArray:
    """Return what a plain form makes of logits."""
    known = at(context) | {"logits": logits}
    for name, once in plain.before.items():
        assert not isinstance(once.function, Name)
        known[name] = once.function(*(value(item, known) for item in once.arguments))
    if isinstance(plain.function, Name):
        found: FloatArray = value(plain.function, known)
        return found
    return np.array(plain.function(logits, *(value(item, known) for item in plain.arguments)))


def processed(plain: Plain, logits: FloatArray, context: StepContext) -> FloatArray:
    """Return what its processor of transformers makes of them."""
    name = plain.processor.partition("(")[0]
    processor = eval(plain.processor, {name: getattr(transformers, name)})  # noqa: S307 (our own expression)
    ids = next((item for item in plain.arguments if isinstance(item, Name)), Name("ids"))
    history = torch.tensor([value(ids, at(context))], dtype=torch.int64)
    found: FloatArray = processor(history, torch.tensor(logits[None]))[0].numpy()
    return found


NUMBERS = st.floats(-30, 30, width=32) | st.sampled_from([0.0, 5.0, -np.inf])
VECTORS = st.lists(NUMBERS, min_size=settings_drawn.VOCAB - 1, max_size=settings_drawn.VOCAB - 1).map(
    lambda some: np.array([1.0, *some])
)
PLACES = settings_drawn.contexts().map(  # a script draws every token itself, none has the probability 0
    lambda it: replace(it, final_probs=tuple(prob or 0.5 for prob in it.final_probs))
)
ACTING = settings_drawn.ANY_SAMPLER.filter(lambda sampler: not sampler.is_neutral)


def has_processor(sampler: Sampler) -> bool:
    """Tell whether transformers has the same."""
    plain = sampler.plain()
    return plain is not None and bool(plain.processor)


def check(found: FloatArray, sampler: Sampler, logits: FloatArray, context: StepContext) -> None:
    """Compare logits with what the sampler itself answers."""
    final = trace_chain(logits, (sampler,), context).final
    assert sorted(final.token_ids.tolist()) == np.flatnonzero(found > -np.inf).tolist()
    weights = np.exp(found - found.max())
    np.testing.assert_allclose(final.probs, weights / weights.sum(), rtol=1e-9, atol=1e-300)


@settings(max_examples=500)  # about thirty of each sampler, as few of them are decided by a tie
@given(ACTING, VECTORS, PLACES)
def test_a_plain_form_does_what_its_sampler_does(sampler: Sampler, logits: FloatArray, context: StepContext) -> None:
    """Any setting at any place of a run, with ties and removed tokens; nothing is written to what it is given."""
    plain = sampler.plain()
    assert plain
    given_logits = logits.copy()

    check(plainly(plain, logits, context), sampler, logits, context)

    assert (logits == given_logits).all()


@given(ACTING.filter(has_processor), VECTORS, PLACES)
def test_a_processor_that_stands_for_a_sampler_does_the_same(
    sampler: Sampler, logits: FloatArray, context: StepContext
) -> None:
    """In float64, ties and removed tokens included."""
    plain = sampler.plain()
    assert plain

    check(processed(plain, logits, context), sampler, logits, context)


def test_every_sampler_can_be_copied() -> None:
    """So that a new one is not forgotten; and each strong setting above is of another sampler."""
    assert {key for key, kind in all_samplers().items() if kind.from_value(STRONG[key]).plain()} == set(all_samplers())


# --- what a script says ---

SMOLLM2 = models.CATALOG.get(models.SMOLLM)
OF = {"transformers": models.CATALOG.get(f"{models.SMOLLM}-hf"), "llama-cpp-python": SMOLLM2}
BOTH = pytest.mark.parametrize("library", LIBRARIES)
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_no_text_breaks_out_of_its_quotes(text: str) -> None:
    """Line ends, quotes and halves of characters come back as they went in."""
    assert ast.literal_eval(literal(text)) == text


@BOTH
@given(text=ANY_TEXT.filter(bool))
def test_a_script_is_the_same_program_whatever_its_title_and_texts_are(library: str, text: str) -> None:
    """Only the literals differ."""

    def program(title: str, prompt: str) -> str:
        params = models.settings(temperature=0.7, stop=[(prompt[:200] if prompt.isprintable() else "x")])
        spec = replace(OF[library], title=title)
        tree = ast.parse(as_code(library, spec, Prompt(text=prompt), params))
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in {"PROMPT", "STOP"}:
                ast.literal_eval(node.value)
                node.value = ast.Constant(value=None)
        return ast.dump(tree)

    assert program(text, text) == program("title", "prompt")


def sources() -> dict[str, str]:
    """Return a script of each library for each setting, and for each form of a source."""
    found = {}
    for library, spec in OF.items():
        for name, (prompt, params) in {**USUAL, **STRONGLY}.items():
            found[f"{library} {name}"] = as_code(library, spec, prompt, params)
    for key in ("qwen2.5-3b-instruct", "qwen2.5-3b-instruct-hf", "rugpt3-medium"):
        spec = replace(models.CATALOG.get(key), problem="", absent=(), adapter=ADAPTER if "gpt3" in key else None)
        library = "transformers" if spec.backend == "hf" else "llama-cpp-python"
        found[key] = as_code(library, spec, *USUAL["chat"])
    return found


ADAPTER = "hub:someone/prefix@main"


def test_a_script_names_what_it_has_and_has_what_it_names(tmp_path: Path) -> None:
    """Nothing is imported in vain, nothing is used that is not there; and no line is of this package or machine."""
    for number, source in enumerate(sources().values()):
        (tmp_path / f"{number}.py").write_text(source, encoding="utf-8", newline="")
        assert str(Path.home()) not in source
        assert str(SMOLLM2.file) not in source
        assert "import playground" not in source
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F,E9", "--quiet", str(tmp_path)]

    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)

    assert done.returncode == 0, done.stdout


def test_weights_of_the_hub_are_named_with_their_revision() -> None:
    """Both libraries fetch them by themselves."""
    found = sources()

    name = '"Qwen/Qwen2.5-3B-Instruct-GGUF", "qwen2.5-3b-instruct-q4_k_m.gguf", revision="main"'
    assert f"hf_hub_download({name})" in found["qwen2.5-3b-instruct"]
    assert 'from_pretrained("Qwen/Qwen2.5-3B-Instruct", revision="main")' in found["qwen2.5-3b-instruct-hf"]
    assert 'PeftModel.from_pretrained(model, "someone/prefix", revision="main")' in found["rugpt3-medium"]


@BOTH
def test_a_script_holds_only_what_acts(library: str) -> None:
    """A neutral sampler is not in it; one behind greedy decoding is named in a comment and not run."""
    prompt, params = models.CAT, models.settings(temperature=0, top_p=0.5, min_p=0, order="transformers")

    source = as_code(library, OF[library], prompt, params)

    assert "logits = greedy(logits)" in source
    assert "min_p(" not in source
    assert "def top_p" not in source
    assert "# Left out, since temperature leaves one token and they stand behind it: top_p." in source


@BOTH
def test_a_script_of_two_samplers_is_short(library: str) -> None:
    """Temperature and top-p, blank lines not counted: a page and a half."""
    source = as_code(library, OF[library], models.CAT, models.settings(temperature=0.7, top_p=0.9))

    assert len([line for line in source.splitlines() if line.strip()]) <= 97


@pytest.mark.parametrize("prompt", [Prompt(ids=(1, 2, 3), written=1), Prompt(ids=(1, 2), chosen=(3,))])
def test_a_text_that_was_continued_by_hand_is_refused(prompt: Prompt) -> None:
    """A script knows no choices; it would write another text."""
    with pytest.raises(PromptError, match="continued by hand"):
        as_code("transformers", SMOLLM2, prompt, models.settings())


def test_a_script_names_every_package_that_it_needs() -> None:
    """What reads GGUF files for transformers, and what fetches one for llama.cpp, come with neither."""
    hub = replace(SMOLLM2, source="hub:owner/name/m.gguf@main")
    needed = [
        re.findall(r"([a-z-_]+)==", next(line for line in source.splitlines() if line.startswith("# Needs:")))
        for source in (
            as_code("transformers", SMOLLM2, models.CAT, models.settings()),
            as_code("llama-cpp-python", hub, models.CAT, models.settings()),
        )
    ]
    assert needed == [["transformers", "torch", "numpy", "gguf"], ["llama-cpp-python", "numpy", "huggingface_hub"]]


def test_another_library_than_the_pages_says_so() -> None:
    """A GGUF file that the page runs with llama.cpp can be read by transformers, with other last digits."""
    ours = as_code("llama-cpp-python", SMOLLM2, models.CAT, models.settings())
    other = as_code("transformers", SMOLLM2, models.CAT, models.settings())

    said = "# The playground runs this model with another library"
    assert said in other
    assert said not in ours


def test_an_order_that_is_not_the_librarys_is_named() -> None:
    """In transformers' order temperature comes first; create_completion applies it last."""
    said = "# It applies them in its own order: top_p, temperature."
    here = models.settings(temperature=0.7, top_p=0.9)

    assert said in as_code("llama-cpp-python", SMOLLM2, models.CAT, here)
    assert said not in as_code("llama-cpp-python", SMOLLM2, models.CAT, replace(here, order="llama.cpp"))


HF = replace(OF["transformers"], file=models.ROOT)
REFUSED: dict[str, tuple[type[PlaygroundError], Callable[[], str]]] = {
    "no scripts for vllm": (SettingError, lambda: as_code("vllm", SMOLLM2, models.CAT, models.settings())),
    "seed is empty": (SettingError, lambda: as_code("transformers", SMOLLM2, models.CAT, SamplingParams())),
    "prompt is empty": (PromptError, lambda: as_code("transformers", SMOLLM2, Prompt(), models.settings())),
    "a table of words": (
        ModelError,
        lambda: as_code("transformers", models.CATALOG.get("toy"), models.CAT, models.settings()),
    ),
    "cannot run here": (
        ModelError,
        lambda: as_code("transformers", replace(SMOLLM2, problem="No."), models.CAT, models.settings()),
    ),
    "is a folder of safetensors": (ModelError, lambda: as_code("llama-cpp-python", HF, models.CAT, models.settings())),
    "is an adapter of PEFT": (
        ModelError,
        lambda: as_code("llama-cpp-python", replace(SMOLLM2, adapter="path:x"), models.CAT, models.settings()),
    ),
    "config.json cannot be read": (ModelError, lambda: as_code("transformers", HF, models.CAT, models.settings())),
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_cannot_be_copied_is_refused_with_its_reason(said: str) -> None:
    """Each refusal says why and what to do."""
    kind, act = REFUSED[said]

    with pytest.raises(kind, match=said) as caught:
        act()

    assert caught.value.hint or "No." in str(caught.value)


def test_a_sampler_without_a_plain_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not left out of the script in silence."""
    monkeypatch.setattr(TopK, "plain", lambda _: None)

    with pytest.raises(SettingError, match="Top-k is not written as plain code"):
        as_code("transformers", SMOLLM2, models.CAT, models.settings(top_k=4))
