"""models.yaml: which models there are, where their files lie and which of them can run here.

- Nothing is loaded, fetched or imported: packages are found without importing them, YAML tags never run.
- A fault of the whole file is a ``CatalogError`` with its place; one inside an entry becomes its ``problem``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from playground.entry import BACKEND, BACKENDS, HIDDEN, KINDS, Json, Kind, ModelSpec, adjustable, text_of
from playground.errors import CatalogError, shown
from playground.sources import NotDownloaded, locate

__all__ = ["BACKENDS", "HIDDEN", "Catalog", "ModelSpec", "adjusted", "read_catalog"]

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BACKENDS_FOLDER = Path(__file__).with_name("backends")
SIZE_LIMIT, DEPTH_LIMIT = 256 * 1024, 20  # bytes of the file; lists and mappings inside each other
SAMPLE = "Add at least one under `models:`, for example:\nmodels:\n  toy:\n    backend: toy"


@dataclass(frozen=True, slots=True)
class Catalog:
    """All entries of one models.yaml in its order, those that cannot run included."""

    models: tuple[ModelSpec, ...]
    path: Path

    def get(self, key: str) -> ModelSpec:
        """Return the entry called ``key``; a ``CatalogError`` names the nearest ones."""
        if found := [spec for spec in self.models if spec.key == key]:
            return found[0]
        hint = _nearest(key, [spec.key for spec in self.models])
        raise CatalogError(f"{self.path.name} has no model “{shown(key)}”;", hint=hint, field="model")

    @property
    def default(self) -> ModelSpec:
        """The first entry that can run here; a ``CatalogError`` gives the first one's problem if none can."""
        if runnable := [spec for spec in self.models if not spec.problem]:
            return runnable[0]
        hint = "".join(spec.problem for spec in self.models[:1])
        raise CatalogError(f"{self.path.name}: no model can run here.", hint=hint, field="model")


def read_catalog(path: Path) -> Catalog:
    """Read ``path`` afresh; an earlier catalog stays as it was, whatever is raised."""
    try:
        entries = _members(_tree(_read_text(path)))
    except CatalogError as error:
        raise CatalogError(f"{path.name} {error.message}", hint=error.hint) from error
    return Catalog(tuple(_spec(key, line, node, path.parent) for key, (line, node) in entries.items()), path)


def _read_text(path: Path) -> str:
    try:
        if not path.is_file():
            raise CatalogError(f"is not a file in {path.parent.resolve()}, so there are no models.", hint=SAMPLE)
        if path.stat().st_size > SIZE_LIMIT:
            raise CatalogError(f"is longer than {SIZE_LIMIT} bytes.", hint="Keep only models in it.")
        text = path.read_bytes().decode("utf-8").removeprefix("\ufeff")  # the byte order mark
        return yaml.reader.Reader.NON_PRINTABLE.sub("\ufffd", text)  # so that it spoils one entry, not the file
    except OSError as error:
        raise CatalogError(f"cannot be read: {error.strerror}.", hint="Check its permissions.") from error
    except UnicodeDecodeError as error:
        raise CatalogError(f"is not UTF-8 at byte {error.start}.", hint="Save it as UTF-8.") from error


def _tree(text: str) -> yaml.MappingNode:
    """Return what stands under ``models:``, at least one entry; no key in the file stands twice."""
    try:
        _refuse_features(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:  # an open quotation mark is noticed at the end, but told where it stands
        mark = error.context_mark if "quoted" in (error.context or "") else error.problem_mark
        hint = "Look here and one line up for a missing quote, colon or space; tabs do not indent."
        raise _fault(mark, ", ".join(filter(None, (error.context, error.problem))), hint) from error
    if root is None or _json(root) in (None, {}, {"models": None}, {"models": {}}):
        raise CatalogError("has no models.", hint=SAMPLE)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else [(root, root)]:
        if key.value != "models":
            raise _fault(key.start_mark, f"“{shown(str(_json(key)))}” stands where only “models:” can", "Correct it.")
        if not isinstance(value, yaml.MappingNode):
            raise _fault(value.start_mark, "models must hold ids, each with its settings", SAMPLE)
    return cast("yaml.MappingNode", root.value[0][1])


def _refuse_features(text: str) -> None:
    """Refuse what a list of models never needs, from events alone: nothing is built, nothing recurses."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        tagged = "tags" if getattr(event, "tag", None) else ""
        aliased = "anchors (&) and aliases (*)" if getattr(event, "anchor", None) else ""  # both have the attribute
        nested = f"lists and mappings more than {DEPTH_LIMIT} deep" if depth > DEPTH_LIMIT else ""
        if banned := tagged or aliased or nested:
            raise _fault(event.start_mark, f"{banned} are not allowed", "Write plain values.")


def _fault(mark: Any, problem: str, hint: str) -> CatalogError:  # noqa: ANN401  # a yaml.Mark or its twin in C
    return CatalogError(f"line {mark.line + 1}, column {mark.column + 1}: {problem}.", hint=hint)


def _members(node: yaml.Node) -> dict[str, tuple[int, yaml.Node]]:
    """Return a mapping's keys, each with its line and value."""
    members: dict[str, tuple[int, yaml.Node]] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _fault(key.start_mark, "a list or a mapping stands where a key should", "Write a word and a colon.")
        if key.value in members:
            raise _fault(
                key.start_mark, f"“{shown(key.value)}” is in line {members[key.value][0]} already", "Keep one."
            )
        members[key.value] = (key.start_mark.line + 1, value)
    return members


def _json(node: yaml.Node) -> Json:
    """Return the value as JSON reads it, so that ``yes``, ``on``, ``010`` and ``1_000`` are text."""
    if isinstance(node, yaml.MappingNode):
        return {key: _json(value) for key, (_, value) in _members(node).items()}
    if isinstance(node, yaml.SequenceNode):
        return [_json(item) for item in node.value]
    text = str(node.value)
    try:  # only what stands without quotation marks can be something else
        return text if getattr(node, "style", "") else cast("Json", json.loads(re.sub("^~?$", "null", text.lower())))
    except ValueError:
        return text


def _spec(key: str, line: int, node: yaml.Node, folder: Path) -> ModelSpec:
    """Return the entry with all that is wrong in its text or, where nothing is, all that it lacks here."""
    members = _members(node) if isinstance(node, yaml.MappingNode) else {}
    faults: list[str] = []
    absent: list[str] = []

    def attempt(act: Callable[..., Any], *args: object) -> Any:  # noqa: ANN401  # whatever `act` returns
        try:
            return act(*args)
        except CatalogError as error:
            absent.extend([error.source] if isinstance(error, NotDownloaded) else [])
            faults.append(f"line {members.get(error.field or 'source', (line, node))[0]}: {error}")

    safe_key = attempt(_checked, "id", key or " ", text_of(64)) or shown(key or f"line {line}")
    values: dict[str, Any] = {"title": safe_key, "backend": ""}
    for name, (_, value) in members.items():
        if (plain := attempt(_checked, name, _json(value), KINDS.get(name))) is not None:
            values[name] = plain
    if not faults:
        values["file"] = attempt(_find, values, folder)
        values["adapter_file"] = attempt(_find_adapter, values, folder)
    return ModelSpec(key=safe_key, problem=" ".join(faults), absent=tuple(absent), **values)


def _checked(name: str, value: Json, kind: Kind | None) -> Json:
    """Return the value of one key, None where it is left empty."""
    if kind is None:
        raise CatalogError(f"unknown key “{shown(name)}”;", hint=_nearest(name, list(KINDS)), field=name)
    if value is None or value == "" or kind["fits"](value):
        return None if value == "" else value
    span = kind.get("span") if type(value) is int else None
    near = f"; the nearest is {min(span, key=lambda it: abs(it - value))}" if span else ""
    said = f"{shown(json.dumps(value, ensure_ascii=False))}; it must be {kind['allowed']}{near}"
    raise CatalogError(f"{name} is {said}.", field=name)


def adjusted(spec: ModelSpec, values: Mapping[str, Any]) -> ModelSpec:
    """Return an entry with other numbers to load it with; None and "" leave one as models.yaml has it.

    Raises:
        CatalogError: the backend has no such option, or the value is outside its range.
    """
    allowed = adjustable(spec.backend)
    for name in values:
        if name not in allowed:
            raise CatalogError(f"{shown(name)} cannot be set for {spec.title}.", hint=f"It has {', '.join(allowed)}.")
    found = {name: _checked(name, value, KINDS[name]) for name, value in values.items()}
    given: dict[str, Any] = {name: value for name, value in found.items() if value is not None}
    return replace(spec, **given)


def _nearest(word: str, words: Sequence[str]) -> str:
    near = get_close_matches(word.lower(), words, n=1) or get_close_matches(word, words, n=3, cutoff=0)
    return f"did you mean {' or '.join(f'“{one}”' for one in near)}?"


def _find(values: Mapping[str, Any], folder: Path) -> Path | None:
    """Return the file or folder, unopened, that the backend will read; None for a toy without one."""
    source, backend = values.get("source", ""), values["backend"]
    if not backend:
        raise CatalogError(f"backend is missing; it must be {BACKEND['allowed']}.", field="backend")
    if values.get("trust_remote_code") and not re.fullmatch("hub:.*@[0-9a-f]{40}", source):
        hint = "Pin the revision in source: hub:OWNER/NAME@ and the 40 digits of a commit."
        raise CatalogError("trust_remote_code runs code that can change.", hint=hint, field="trust_remote_code")
    if not any((BACKENDS_FOLDER / name).is_file() for name in (f"{backend}.py", f"{backend}/__init__.py")):
        raise CatalogError(f"backend {backend} is not part of this version.", field="backend")
    found = None if backend == "toy" and not source else locate(source, folder)
    if found and found.is_dir() and backend != "hf":
        raise CatalogError(f"“{shown(source)}” is a folder.", hint=f"Name the file in it; {backend} reads one file.")
    return found


def _find_adapter(values: Mapping[str, Any], folder: Path) -> Path | None:
    """Return the folder of a PEFT adapter, unopened."""
    source = values.get("adapter")
    if not source:
        return None
    try:
        found = locate(source, folder, wanted="adapter_config.json")
    except NotDownloaded:
        raise
    except CatalogError as error:
        raise CatalogError(f"adapter: {error.message}", hint=error.hint, field="adapter") from error
    if not found.is_dir():
        raise CatalogError(f"adapter “{shown(source)}” is a file.", hint="Name its folder.", field="adapter")
    return found
