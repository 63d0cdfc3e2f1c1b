"""The tree keeps the rules of its own tools: lint, format, types, imports, and the size of files and functions."""

from __future__ import annotations

import ast
import statistics
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from playground.catalog import ModelSpec
from playground.samplers import all_samplers
from tests import readme

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "playground"

FILE_LINES = 300
FUNCTION_LINES = 45
MEDIAN_FUNCTION_LINES = 8

TOOLS = {
    "ruff check": ["-m", "ruff", "check"],
    "ruff format": ["-m", "ruff", "format", "--check", "--diff"],
    "mypy": ["-m", "mypy"],
    "lint-imports": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-logo"],
}

LOADED_MODEL_LIBRARIES = (
    "import sys, app; print(*sorted({'torch', 'transformers', 'llama_cpp', 'gguf'} & sys.modules.keys()))"
)


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run this Python in the project's folder and return what it printed, errors included."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=600,
        check=False,
    )


def function_lines() -> dict[str, int]:
    """Lines of every function of the package, docstring included, by file:line and name."""
    return {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("tool", TOOLS)
def test_tool_has_nothing_to_say(tool: str) -> None:
    """Lint, format, types and import rules hold for the whole tree."""
    result = python(*TOOLS[tool])

    assert result.returncode == 0, f"{tool}:\n{result.stdout}"


def test_web_process_imports_no_library_of_a_model() -> None:
    """Importing the program, and with it the page, loads neither torch nor llama.cpp."""
    result = python("-c", LOADED_MODEL_LIBRARIES)

    assert (result.returncode, result.stdout.split()) == (0, []), result.stdout


def test_no_file_of_the_package_is_too_long() -> None:
    """A file that grows past the limit is two nouns."""
    files = [path for suffix in ("py", "js", "css") for path in sorted(PACKAGE.rglob(f"*.{suffix}"))]
    lines = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}

    assert {path: count for path, count in lines.items() if count > FILE_LINES} == {}


def test_no_function_of_the_package_is_too_long() -> None:
    """A function that grows past the limit does two things."""
    assert {name: count for name, count in function_lines().items() if count > FUNCTION_LINES} == {}


def test_the_typical_function_is_short() -> None:
    """The median over the whole package, not the mean: one long function is the other test's matter."""
    assert statistics.median(function_lines().values()) <= MEDIAN_FUNCTION_LINES


@pytest.mark.parametrize(
    ("table", "rows"),
    [("samplers", len(all_samplers())), ("keys", sum(bool(key.metadata) for key in fields(ModelSpec)))],
)
def test_readmes_tables_say_what_the_code_says(table: str, rows: int) -> None:
    """A line for every sampler and every key of models.yaml; ``python -m tests.readme`` writes them."""
    found = readme.place(table).search(readme.README.read_text(encoding="utf-8"))
    assert found
    assert found[0].splitlines() == readme.TABLES[table]()
    assert len(found[0].splitlines()) == 2 + rows
