"""What every script is made of, whatever library runs it: its heading, the chain, the draw, the end of a run."""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from playground.errors import PromptError, SettingError
from playground.samplers import ORDERS
from playground.samplers.luck import luck
from playground.samplers.plain import Name, Plain, probabilities, ranked
from playground.scripts.source import Definitions, comment, import_block, literal, quoted
from playground.sentences import Sentence, sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from playground.entry import ModelSpec
    from playground.numerics import FloatArray
    from playground.records import Prompt
    from playground.samplers.base import Sampler
    from playground.settings import SamplingParams

PAUSE = re.compile(r"(?<=[.;]) ")  # between the statements of a sampler's help


def draw(logits: FloatArray, dart: float) -> int:
    """Return the token at which the running sum of probabilities, from the most probable down, passes the dart."""
    order, running = ranked(logits)
    last = np.nextafter(running[-1], 0)  # rounding may end the sum just below 1
    return int(order[np.searchsorted(running, min(dart, last), side="right")])


def chat_ids(
    messages: Sequence[Mapping[str, str]], encode: Callable[..., list[int]], render: Callable[..., str]
) -> list[int]:
    """Turn a chat into ids; what looks like a control token in somebody's text stays text."""
    texts = [message["content"] for message in messages]
    if all(encode(text, special=True) == encode(text, special=False) for text in texts):
        return encode(render(messages), special=True)
    marks = [f"\ue000{number}\ue001" for number in range(len(texts))]  # stand in while the template runs
    rest = render([{**message, "content": mark} for message, mark in zip(messages, marks, strict=True)])
    ids = []
    for mark, text in zip(marks, texts, strict=True):
        before, _, rest = rest.partition(mark)
        ids += encode(before, special=True) + encode(text, special=False)
    return ids + encode(rest, special=True)


class Nearest(NamedTuple):
    """A library's own call that comes nearest to a run.

    Attributes:
        call: its source; every parameter is said, so that no default acts.
        lacks: keys of the samplers that it has nothing for.
    """

    call: str
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Library:
    """What a script says of a library.

    Attributes:
        name: as people know it.
        order: the order in which it applies samplers, one of ``ORDERS``.
        words: by which a sampler's help speaks of it.
        processors: whether it can run a sampler's ``processor``.
        packages: what pip installs for it.
        backend: of the entries of models.yaml that it runs to the last bit.
    """

    name: str
    order: str
    words: tuple[str, ...]
    processors: bool
    packages: tuple[str, ...]
    backend: str


@dataclass(slots=True)
class Script:
    """A script as it grows.

    Attributes:
        inputs: lines of constants: the prompt, the seed.
        needs: packages beside those of the library.
    """

    library: Library
    spec: ModelSpec
    prompt: Prompt
    params: SamplingParams
    definitions: Definitions = field(default_factory=Definitions)
    inputs: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)

    @property
    def chain(self) -> tuple[Sampler, ...]:
        """The samplers that act: not those that are neutral or stand behind one that leaves a single token."""
        behind = (self.params.without_effect or (None, ()))[1]
        return tuple(item for item in self.params.chain if not item.is_neutral and item not in behind)

    @property
    def plains(self) -> list[Plain]:
        """Their plain forms.

        Raises:
            SettingError: one has none.
        """
        found = [(item, item.plain()) for item in self.chain]
        if lacking := [item for item, plain in found if plain is None]:
            raise SettingError(
                Sentence(
                    "{label} is not written as plain code, so that this run cannot be copied as a script.",
                    label=sentence(lacking[0].label),
                ),
                hint="Turn it off, or write its method “plain”.",
                field=lacking[0].key,
            )
        return [plain for _, plain in found if plain is not None]

    def uses(self, name: str) -> bool:
        """Tell whether the chain speaks of something of the run."""
        calls = [call for plain in self.plains for call in (plain, *plain.before.values())]
        said = [item for call in calls for item in call.arguments if isinstance(item, Name)]
        return any(name in re.findall(r"\w+", item) for item in said)

    def take_prompt(self) -> None:
        """Write down what the model reads; ``ids`` will be made of it.

        Raises:
            PromptError: there is nothing to read.
        """
        prompt = self.prompt
        if prompt.ids:
            self.inputs.append(f"PROMPT_IDS = {literal(prompt.ids)}")
        elif prompt.messages:
            turns = [f'{{"role": {quoted(role)}, "content": {literal(text)}}},' for role, text in prompt.messages]
            self.inputs.append("\n".join(["MESSAGES = [", *(textwrap.indent(turn, "    ") for turn in turns), "]"]))
            self.definitions.add(chat_ids)
        elif prompt.text:
            self.inputs.append(f"PROMPT = {literal(prompt.text)}")
        else:
            raise PromptError("The prompt is empty.", hint="Type a prompt first.", field="prompt")
        self.inputs.append(f"SEED = {self.params.seed}")
        if self.params.stop:
            self.inputs.append(f"STOP = {literal(self.params.stop)}")

    @property
    def needs_encode(self) -> bool:
        """Whether more than one text is turned into ids."""
        return bool(self.prompt.messages) or self.uses("encode")

    def ids_lines(self, encoded: str, front: list[str]) -> list[str]:
        """Return the lines that make ``ids``.

        Args:
            encoded: the expression of the ids of the text ``PROMPT``.
            front: lines that set ``front``, what every prompt of this model begins with.
        """
        if self.prompt.ids:
            return ["ids = list(PROMPT_IDS)"]
        made = "chat_ids(MESSAGES, encode, render)" if self.prompt.messages else encoded
        return [*front, f"ids = {made}", "ids = ids if ids[: len(front)] == front else front + ids"]

    def chain_lines(self) -> list[str]:
        """Return the lines of the chain, inside the loop, with a comment where the library would do otherwise."""
        lines: list[str] = []
        for sampler, plain in zip(self.chain, self.plains, strict=True):
            said = comment(remarks(sampler, self.library.words), "    ")
            if self.library.processors and plain.processor:
                self.definitions.imports.add(f"from transformers import {plain.processor.partition('(')[0]}")
                ids = next((item for item in plain.arguments if isinstance(item, Name)), "ids")
                lines += [said] if ids != "ids" else []  # part of the text, where the library counts as it likes
                lines.append(f"    logits = processed({plain.processor}, {ids}, logits)")
                continue
            if isinstance(plain.function, Name):
                lines.append(f"    logits = {plain.function}  # {sampler.key}")
                continue
            self.definitions.add(function_of(plain))
            lines += [said] * bool(said)
            lines.append(f"    logits = {call(plain, 'logits')}")
        return lines

    def before_lines(self) -> list[str]:
        """Return what is worked out once, in front of the loop."""
        lines = []
        for plain in self.plains:
            for name, once in plain.before.items():
                self.definitions.add(function_of(once))
                lines.append(f"{name} = {call(once)}")
        used = {"prompt_length": "prompt_length = len(ids)", "drawn": "drawn = []"}
        return lines + [line for name, line in used.items() if self.uses(name)]

    def loop(self, answer: Iterable[str], ends: str, nearest: Nearest) -> str:
        """Return the run: what the model answers (lines that set ``logits``), the chain, the draw, the end."""
        room = f"{self.spec.context_tokens} - len(ids)"
        return "\n".join([
            self.nearest_comment(nearest),
            *self.before_lines(),
            'written = b""  # and not text, as a character may be spread over several tokens',
            f"for position in range(min({self.params.max_new_tokens}, {room})):",
            *(f"    {line}" for line in answer),
            *self.chain_lines(),
            "    token = draw(logits, luck(SEED, position))",
            "    ids.append(token)",
            *(["    drawn.append(probabilities(logits)[token])"] if self.uses("drawn") else []),
            f"    if {ends}:",
            "        break",
            "    written += piece(token)",
            *(["    if any(stop.encode() in written for stop in STOP):", "        break"] if self.params.stop else []),
            'print(written.decode("utf-8", "replace"), end="")',
        ])  # fmt: skip

    def nearest_comment(self, nearest: Nearest) -> str:
        """Say what the library's own call would be, and where it would do otherwise."""
        said = [f"The nearest call of {self.library.name} itself, which draws other tokens:", nearest.call]
        if nearest.lacks:
            said.append(f"It has no {', '.join(nearest.lacks)}.")
        own = [item.key for item in self.chain if item.key not in nearest.lacks]
        theirs = [key for key in ORDERS[self.library.order] if key in own]
        if [key for key in own if key in theirs] != theirs:
            said.append(f"It applies them in its own order: {', '.join(theirs)}.")
        return "\n".join(map(comment, said))

    def heading(self) -> str:
        """Say which model this is, what the settings are and what made the script."""
        library, spec = self.library, self.spec
        settings = json.dumps(self.params.to_dict(), ensure_ascii=False)
        said = [
            f"{spec.title}, run by {library.name} as the sampling playground runs it.",
            f"Chain: {' → '.join(item.summary for item in self.chain) or 'nothing; the model’s own probabilities'}.",
            f"Settings: {settings}",
            f"Needs: pip install {' '.join(map(pinned, (*library.packages, *self.needs)))}",
        ]
        if not spec.source.startswith("path:"):
            said.append(f"Weights: {spec.source}")
        if spec.backend != library.backend:
            said.append(
                f"The playground runs this model with another library, whose logits differ in their last digits: the"
                f" text of {library.name} can part from it at any token."
            )
        if self.params.without_effect:
            first, behind = self.params.without_effect
            names = ", ".join(item.key for item in behind)
            said.append(f"Left out, since {first.key} leaves one token and they stand behind it: {names}.")
        return "\n".join(map(comment, said))

    def source(self, loading: str, defined: Iterable[str], body: Iterable[str]) -> str:
        """Return the whole script: what it imports and defines, the model and functions that need it, the run."""
        found = self.definitions
        found.imports.add("import numpy as np")
        found.add(luck)
        found.add(draw)
        if self.uses("drawn"):
            found.add(probabilities)
        head = [self.heading(), import_block(found.imports), "\n".join([*found.constants.values(), *self.inputs])]
        functions = [*found.functions.values(), loading, *(text.rstrip() for text in defined)]
        return "\n\n\n".join(["\n\n".join(head), *functions, "\n\n".join(body)]) + "\n"


def call(plain: Plain, *first: str) -> str:
    """Return the source of a call."""
    return f"{function_of(plain).__name__}({', '.join([*first, *map(literal, plain.arguments)])})"


def function_of(plain: Plain) -> Callable[..., object]:
    """Return the function of a plain form that has one."""
    assert not isinstance(plain.function, Name)  # noqa: S101 (the caller looked)
    return plain.function


def remarks(sampler: Sampler, words: tuple[str, ...]) -> str:
    """Return what a sampler's help says of a library; what it cites does not count."""
    text, _, _ = str(type(sampler).__doc__).partition("Reference:")
    statements = PAUSE.split(" ".join(text.split()))
    said = [one.rstrip(".;") for one in statements if any(word in one for word in words)]
    return " ".join(f"{one}." for one in said)


def pinned(package: str) -> str:
    """Return a package with the version that is here, as another version may answer other digits."""
    try:
        return f"{package}=={version(package).partition('+')[0]}"
    except PackageNotFoundError:
        return package


def value_of(sampler: Sampler) -> Any:  # noqa: ANN401 (of any type)
    """Return a sampler's main number."""
    return getattr(sampler, sampler.main_knob())
