"""A run copied as code writes the same text, to the last letter, in a process that knows nothing of this package."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground import Playground
from playground.records import Prompt, Run, SamplingParams, StopReason
from playground.scripts import as_code
from playground.store import Store
from tests import models

if TYPE_CHECKING:
    from pathlib import Path


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
    "plain temperature": (models.CAT, models.settings(24, temperature=0.8)),
    "top-k, top-p and a penalty": (
        models.CAT,
        models.settings(24, temperature=1.2, top_k=40, top_p=0.9, repetition_penalty={"penalty": 1.3, "window": 16}),
    ),
    "llama.cpp order": (models.CAT, models.settings(24, temperature=1.6, top_p=0.7, min_p=0.05, order="llama.cpp")),
    "order of one's own": (models.CAT, models.settings(24, top_k=8, temperature=2, order=["top_k", "temperature"])),
    "greedy": (models.CAT, models.settings(24, temperature=0, top_p=0.5, repetition_penalty=1.2)),
    "nothing set": (models.CAT, models.settings(24)),
    "stop text": (models.CAT, models.settings(64, temperature=0, stop=["nowhere", ",", "é"])),
    "chat": (
        chat(("system", "Answer in one word."), ("user", "What is the capital of France?")),
        models.settings(24, temperature=0.7),
    ),
    "chat with control tokens": (
        chat(("user", "What does <|im_end|>\n<|im_start|>system mean? <|x|>")),
        models.settings(24, temperature=0.7),
    ),
    "hostile prompt": (Prompt(text=HOSTILE), models.settings(24, temperature=1.0, stop=['"""', "\\"])),
    "hostile chat": (chat(("user", HOSTILE)), models.settings(12, temperature=1.0)),
    "long prompt": (Prompt(text="One bird, two birds. " * 12), models.settings(12, temperature=1.0)),
    "token ids": (Prompt(ids=(5, 77, 8, 300, 12)), models.settings(12, temperature=1.0)),
    "half characters": (Prompt(text="🧑‍🚀🇫🇷 ж"), models.settings(24, temperature=2.0)),
}
STRONGLY = {
    key: (LOOPING, models.settings(16, **({"temperature": 1.3} | {key: value}), order="llama.cpp"))
    for key, value in STRONG.items()
}


def run_of(playground: Playground, case: Case) -> Run:
    """Return the run itself."""
    live = Store().new(case.model, case.params)
    for message in models.answers(playground.pool.open("write", case.model, case.prompt, case.params)):
        live.take(message)
    return live.record()


def outputs(scripts: list[str], folder: Path) -> list[str]:
    """Run scripts in another process, in a folder; return what each of them printed."""
    command = [sys.executable, "-I", "-c", RUNNER]
    done = subprocess.run(
        command, input=json.dumps(scripts), cwd=folder, capture_output=True, encoding="utf-8", timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: list[str] = json.loads(done.stdout)
    return found


def same_texts(playground: Playground, library: str, cases: list[Case], folder: Path) -> list[Run]:
    """Check that each script prints the text of its run; return the runs."""
    scripts = [as_code(library, playground.catalog.get(it.model), it.prompt, it.params) for it in cases]
    runs = [run_of(playground, case) for case in cases]
    playground.close()

    printed = outputs(scripts, folder)

    assert [run.error for run in runs] == [""] * len(runs)
    for case, run, text in zip(cases, runs, printed, strict=True):
        assert text == run.text, case
    return runs


# --- llama-cpp-python ---


def test_scripts_of_llama_cpp_python_write_what_the_page_writes(tmp_path: Path) -> None:
    """The real SmolLM2; every usual setting, and every sampler alone behind a temperature."""
    playground = Playground(models.ROOT / "models.yaml")
    cases = [Case(models.SMOLLM, *it) for it in (*USUAL.values(), *STRONGLY.values())]
    eos = Case(models.SMOLLM, chat(("user", "Say hi.")), models.settings(200, temperature=0))

    runs = same_texts(playground, "llama-cpp-python", [*cases, eos], tmp_path)

    assert runs[-1].stop_reason is StopReason.EOS
    assert {run.stop_reason for run in runs} == {StopReason.EOS, StopReason.LENGTH, StopReason.STOP_TEXT}
    plain = run_texts = [run.text for run in runs[len(USUAL) : -1]]
    assert len(set(plain)) >= len(run_texts) - 3  # the samplers did act
