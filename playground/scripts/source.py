"""Python source made from Python: functions without their types, values, comments.

What a function names comes along: other functions, constants, imports of modules. So a script holds all that it needs,
and each line of it was read by the same lint, types and tests as the rest of the package.
"""

from __future__ import annotations

import ast
import inspect
import math
import re
import sys
import textwrap
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from playground.samplers.plain import Name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

WIDTH = 110  # of comments and values; code is as wide as it is here
NOQA = re.compile(r"  # noqa.*")
UNKNOWN = object()


@dataclass(slots=True)
class Definitions:
    """Functions and all that they name.

    Attributes:
        imports: whole lines.
        constants: source by name.
        functions: source by name, each behind what it calls.
    """

    imports: set[str] = field(default_factory=set)
    constants: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)

    def add(self, function: Callable[..., object]) -> None:
        """Take a function of this package, once."""
        name, given = function.__name__, vars(inspect.getmodule(function))
        if name in self.functions:
            return
        lines = inspect.getsource(function).splitlines()
        node = untyped(lines)
        for used in sorted({item.id for item in ast.walk(node) if isinstance(item, ast.Name)}):
            self._take(used, given.get(used, UNKNOWN))
        first = node.body[1].lineno  # behind the docstring
        signature = ast.unparse(node.args).replace("'", '"')
        head = [f"def {name}({signature}):", f'    """{str(function.__doc__).splitlines()[0]}"""']
        self.functions[name] = "\n".join([*head, *(NOQA.sub("", line) for line in lines[first - 1 :])])

    def _take(self, name: str, value: object) -> None:
        if isinstance(value, ModuleType):
            self.imports.add(f"import {value.__name__}" + (f" as {name}" if name != value.__name__ else ""))
        elif isinstance(value, FunctionType):
            self.add(value)
        elif value is not UNKNOWN:
            self.constants[name] = f"{name} = {literal(value)}"


def untyped(lines: list[str]) -> ast.FunctionDef:
    """Parse a function with a docstring and take its types out of the tree and, inside its body, out of the lines."""
    [node] = ast.parse("\n".join(lines)).body
    assert isinstance(node, ast.FunctionDef)  # noqa: S101 (inspect found it by its name)
    node.returns = None
    for item in ast.walk(node):
        if isinstance(item, ast.arg):
            item.annotation = None
        if isinstance(item, ast.AnnAssign) and item.value:
            line = lines[item.lineno - 1].encode()
            untyped_line = line[: item.target.end_col_offset] + b" = " + line[item.value.col_offset :]
            lines[item.lineno - 1] = untyped_line.decode()
            item.annotation = ast.Constant(value=None)
    return node


def literal(value: Any) -> str:  # noqa: ANN401 (any plain value)
    r"""Return the source of a value; no text can break out of it, and long ones go over several lines.

    >>> print(literal([1, ("a", -math.inf)]), literal("say '''\u2028"), literal(Name("ids[-64:]")))
    [1, ["a", -np.inf]] "say '''\u2028" ids[-64:]
    """
    if isinstance(value, Name):
        return str(value)
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, list | tuple):
        items = [quoted(item) if type(item) is str else literal(item) for item in value]
        whole = f"[{', '.join(items)}]"
        return whole if len(whole) <= WIDTH and "\n" not in whole else f"[\n{filled(items)}\n]"
    if isinstance(value, float) and math.isinf(value):
        return "np.inf" if value > 0 else "-np.inf"
    return repr(value)


def quoted(text: str) -> str:
    r"""Return the literal of a short text, in double quotation marks where those need no backslash.

    >>> print(quoted("it's"), quoted('say "it"\n'), quoted("a"))
    "it's" 'say "it"\n' "a"
    """
    found = repr(text)
    return f'"{found[1:-1]}"' if '"' not in text else found


def filled(items: Iterable[str]) -> str:
    """Put as many items on an indented line as fit."""
    lines = [""]
    for item in items:
        if lines[-1] and len(lines[-1]) + len(item) > WIDTH:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else ''}{item},"
    return textwrap.indent("\n".join(lines), "    ")


def text_literal(text: str) -> str:
    r"""Return a text as a literal, each of its lines on a line.

    >>> print(text_literal("one\ntwo"))
    (
        "one\n"
        "two"
    )
    """
    if len(repr(text)) <= WIDTH and "\n" not in text[:-1]:
        return quoted(text)
    size = WIDTH - 20
    parts = [line[at : at + size] for line in re.split(r"(?<=\n)", text) for at in range(0, len(line), size)]
    return "\n".join(["(", *(f"    {quoted(part)}" for part in parts), ")"])


def comment(text: str, indent: str = "") -> str:
    """Return a text as lines of comment; what could end a line is shown as a sign."""
    safe = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    begin = f"{indent}# "
    return textwrap.fill(safe, WIDTH, initial_indent=begin, subsequent_indent=begin, break_long_words=False)


def import_block(lines: Iterable[str]) -> str:
    """Return imports as isort sorts them: Python's own first."""
    groups: tuple[list[str], list[str]] = ([], [])
    for line in sorted(joined(lines), key=lambda line: (line.startswith("from"), line.split()[1].lower(), line)):
        groups[line.split()[1].partition(".")[0] not in sys.stdlib_module_names].append(line)
    return "\n\n".join("\n".join(group) for group in groups if group)


def joined(lines: Iterable[str]) -> list[str]:
    """Put all that is imported from one module on one line.

    >>> joined(["from a import c", "import re", "from a import b, c"])
    ['import re', 'from a import b, c']
    """
    names: dict[str, set[str]] = {}
    for line in lines:
        if line.startswith("from "):
            module, _, found = line.removeprefix("from ").partition(" import ")
            names.setdefault(module, set()).update(found.split(", "))
    plain = sorted(line for line in lines if not line.startswith("from "))
    return plain + [f"from {module} import {', '.join(sorted(found))}" for module, found in sorted(names.items())]
