"""Sentences that a person may see: each is a literal template, and each has its Russian."""

from __future__ import annotations

import ast
import copy
import io
import json
import re
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING

import numpy as np
import pytest

from playground import errors, frames
from playground.catalog import read_catalog
from playground.errors import PromptError
from playground.failures import failure, sent
from playground.samplers import all_samplers
from playground.sentences import Sentence, as_one, in_words
from playground.ui.beam_controls import CONTROLS
from playground.ui.languages import RU
from playground.ui.russian.errors_beams import NUMBERS
from playground.ui.russian.sentences import SAID, SENTENCES, TOPICS, declared
from playground.ui.russian.shipped import SHIPPED
from playground.ui.text import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
MADE = {"Sentence"}
FAILURES = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
RAISED = FAILURES | {"NotDownloaded"}
OWN = {"sentences.py", "failures.py"}  # what makes sentences of sentences
CARRIED = {"message", "hint", "said", "reason", "_reason", "problem", "note"}  # attributes that hold sentences


def sources() -> Iterator[tuple[Path, ast.Module]]:
    """Yield every module of the package; what app.py says is for the terminal."""
    for path in sorted((ROOT / "playground").rglob("*.py")):
        if path.name not in OWN:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def name_of(call: ast.Call) -> str:
    """Return the last name of what is called."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


SPEAKING = {*MADE, "sentence", "as_one"} | {
    node.name
    for _, tree in sources()
    for node in ast.walk(tree)
    if isinstance(node, ast.FunctionDef) and node.returns and ast.unparse(node.returns) == "Sentence"
}


class Reader(ast.NodeVisitor):
    """Collects the templates of a module, and what is said there without one."""

    def __init__(self, path: Path, tree: ast.Module) -> None:
        """Read a module."""
        self.path, self.templates = path, set[str]()
        self.faults: list[str] = []
        self.scopes: list[ast.AST] = [tree]
        self.visit(tree)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Keep what encloses a call."""
        self.scopes.append(node)
        self.generic_visit(node)
        self.scopes.pop()

    def visit_Call(self, node: ast.Call) -> None:
        """Look at what is raised, and at every sentence that is made."""
        if name_of(node) in RAISED:
            texts = [*node.args[-1:], *(item.value for item in node.keywords if item.arg == "hint")]
            for text in texts:
                self.said(text)
        elif name_of(node) in MADE:
            self.template(node)
        self.generic_visit(node)

    def template(self, call: ast.Call) -> None:
        """Take a literal template; words among its values are sentences of their own."""
        first = call.args[0]
        if not isinstance(first, ast.Constant):
            self.fault(call)
        else:
            self.templates.add(str(first.value))
        for item in call.keywords:
            if any(self.is_words(part) for part in outside_sentences(item.value)):
                self.fault(item.value)

    @staticmethod
    def is_words(node: ast.AST) -> bool:
        """Tell whether a value is written in letters here."""
        literal = isinstance(node, ast.Constant) and isinstance(node.value, str) and any(map(str.isalpha, node.value))
        return literal or isinstance(node, ast.JoinedStr)

    def said(self, node: ast.expr) -> None:
        """Check that what is raised is a sentence: a literal, a ``Sentence``, or a name for one."""
        match node:
            case ast.Constant(value=str(text)):
                self.templates.add(text)
            case ast.IfExp():
                self.said(node.body)
                self.said(node.orelse)
            case ast.BoolOp():
                for value in node.values:
                    self.said(value)
            case ast.Call() if name_of(node) in SPEAKING:
                pass
            case ast.Attribute() if node.attr in CARRIED:
                pass
            case ast.Name():
                self.named(node)
            case _:
                self.fault(node)

    def named(self, node: ast.Name) -> None:
        """Look at all that a name is set to, or at its type, where it is a parameter."""
        for scope in reversed(self.scopes):
            given = [value for found in ast.walk(scope) if (value := bound(found, node.id)) is not None]
            if given:
                for value in given:
                    self.said(value)
                return
            if any(isinstance(found, ast.arg) and is_sentence(found, node.id) for found in ast.walk(scope)):
                return
        if not node.id.isupper():  # a constant of another module is looked at there
            self.fault(node)

    def fault(self, node: ast.expr) -> None:
        """Note what has no template."""
        self.faults.append(f"{self.path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}")


def bound(node: ast.AST, name: str) -> ast.expr | None:
    """Return what a statement sets a name to."""
    match node:
        case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
            return value
        case ast.NamedExpr(target=ast.Name(id=found), value=value) if found == name:
            return value
    return None


def is_sentence(node: ast.arg, name: str) -> bool:
    """Tell whether a parameter of this name is a ``Sentence``."""
    return node.arg == name and node.annotation is not None and ast.unparse(node.annotation) == "Sentence"


def outside_sentences(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a value that are not within a call, as what is said there is looked at by itself."""
    if isinstance(node, ast.Call | ast.Subscript):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from outside_sentences(child)


READERS = [Reader(path, tree) for path, tree in sources()]
TEMPLATES = {text for reader in READERS for text in reader.templates if text}
SAME = {"Seed"}  # without a Russian letter, and yet a word
NO_WORDS = re.compile(r"\W*(?:\{[^}]*\}\W*)*")


def fields(text: str) -> set[tuple[str, str | None]]:
    """Return the placeholders of a template with their formats; one that has none is taken as it stands."""
    return {(name, form) for _, name, form, _ in Formatter().parse(text) if name is not None}


def test_whatever_is_raised_is_a_literal_template() -> None:
    """Or it could be said in English only; words do not go into a template as a value either."""
    assert [fault for reader in READERS for fault in reader.faults] == []


def test_every_sentence_has_its_russian_and_none_is_left_over() -> None:
    """Names of samplers and numbers come from their own declarations."""
    assert TEMPLATES - set(SENTENCES) == set()
    assert set(SAID) - TEMPLATES == set()


def test_every_note_of_the_shipped_models_has_its_russian() -> None:
    """And none is left over."""
    shipped = read_catalog(ROOT / "models.yaml").models
    assert {spec.notes for spec in shipped} <= set(SHIPPED)
    assert set(SHIPPED) <= {text for spec in shipped for text in (spec.notes, spec.licence)}


def test_every_number_has_its_russian_name() -> None:
    """And what its neutral value is called: both are values of sentences."""
    kinds = [kind.knobs() for kind in all_samplers().values()] + [CONTROLS]
    knobs = [knob for declared in kinds for knob in declared.values()]
    names = {text for knob in knobs for text in (knob.label, knob.off) if text}
    assert names | {kind.label for kind in all_samplers().values()} <= set(SENTENCES)
    assert set(NUMBERS) <= names


def test_no_sentence_is_the_key_of_a_text() -> None:
    """Both stand in the words of a language; a single word that somebody wrote is never taken for a key."""
    assert set(ENGLISH) & {*SENTENCES, *TEMPLATES} == set()
    assert in_words("prompt", RU.spoken) == "prompt"


def test_no_name_has_two_translations() -> None:
    """Samplers share the names of numbers, and what their neutral values are called."""
    assert len(set(declared())) == len(dict(declared()))


def test_no_sentence_is_said_twice() -> None:
    """One of the two would never be read."""
    assert sum(map(len, TOPICS)) == len(SAID)


@pytest.mark.parametrize("english", sorted(SENTENCES))
def test_a_sentence_has_the_same_placeholders_in_both(english: str) -> None:
    """With the same formats."""
    assert fields(SENTENCES[english]) == fields(english)


@pytest.mark.parametrize("english", sorted(SAID))
def test_a_russian_sentence_is_russian(english: str) -> None:
    """All but those that are nothing but values."""
    russian = SAID[english]
    assert re.search("[а-яё]", russian, re.IGNORECASE) or NO_WORDS.fullmatch(russian) or russian in SAME


def test_a_sentence_is_its_english_text() -> None:
    """For whoever compares, prints, saves or searches it."""
    said = Sentence("{count:,} of {names}; {{x}} {rule}.", count=4096, names=["a", "b"], rule=Sentence("it is so"))
    assert said == "4,096 of a, b; {x} it is so."
    assert json.dumps([said]) == '["4,096 of a, b; {x} it is so."]'
    assert copy.deepcopy(said).values == said.values


def test_a_template_without_values_is_taken_as_it_stands() -> None:
    """Its braces are braces."""
    assert Sentence("{a} and {b}") == "{a} and {b}"


def test_a_value_is_never_read_as_a_template() -> None:
    """Whatever a person types between braces stays what it is."""
    said = Sentence("{name} is not here.", name="{name.__class__} {0}")
    assert in_words(said, {"{name} is not here.": "{name} здесь нет."}) == "{name.__class__} {0} здесь нет."


def test_a_sentence_within_another_is_said_in_the_same_language() -> None:
    """And so are those of a list; texts of a person stay."""
    inner = [Sentence("red"), "red"]
    words = {"It is {what}.": "Это {what}.", "red": "красный"}
    assert in_words(Sentence("It is {what}.", what=inner), words) == "Это красный, red."


def test_thousands_are_set_apart_as_the_language_does_it() -> None:
    """In numbers only: commas in a text stay."""
    said = Sentence("{count:,} of {name}", count=1234567, name="a,b")
    assert in_words(said, RU.spoken) == "1\u00a0234\u00a0567 of a,b"


def test_a_language_without_a_sentence_says_it_in_english() -> None:
    """The values are said in that language all the same."""
    assert in_words(Sentence("It is {what}.", what=Sentence("red")), {"red": "rouge"}) == "It is rouge."
    assert in_words("plain", {}) == "plain"


def test_several_sentences_become_one() -> None:
    """Without those that are empty; one alone stays what it is."""
    one, other = Sentence("It is {what}.", what="red"), Sentence("Stop it.")
    assert as_one(one, "", other) == "It is red. Stop it."
    assert in_words(as_one(one, other), {"Stop it.": "Стой."}) == "It is red. Стой."
    assert as_one(one, "").template == one.template
    assert as_one() == ""


def test_a_failure_keeps_its_templates_on_its_way_between_processes() -> None:
    """Through the very frames that carry it; numbers of NumPy, lists and what stands within it too."""
    beams = Sentence("{count} beams", count=np.int64(3))
    error = PromptError(
        Sentence("{label} of {names}: {share:.2f}", label=beams, names=("a", "b"), share=np.float32(0.5))
    )
    pipe = io.BytesIO()
    frames.send(pipe, {"id": 1, **sent(error)})
    pipe.seek(0)
    arrived = failure(frames.receive(pipe) or {})
    assert (type(arrived), str(arrived)) == (PromptError, "3 beams of a, b: 0.50")
    assert in_words(arrived.said, RU.spoken) == "лучей: 3 of a, b: 0.50"
