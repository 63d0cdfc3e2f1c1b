"""models.yaml: which models there are, where their files lie and which of them can run here.

- Nothing is loaded, fetched or imported: packages are found without importing them, YAML tags never run.
- A fault of the whole file is a ``CatalogError`` with its place; one inside an entry becomes its ``problem``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from playground.entry import BACKEND, BACKENDS, HIDDEN, KINDS, Json, Kind, ModelSpec, adjustable, text_of
from playground.errors import CatalogError, shown
from playground.sentences import Sentence, as_one
from playground.sources import NotDownloaded, locate

__all__ = ["BACKENDS", "HIDDEN", "Catalog", "ModelSpec", "adjusted", "read_catalog"]

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BACKENDS_FOLDER = Path(__file__).with_name("backends")
SIZE_LIMIT, DEPTH_LIMIT = 256 * 1024, 20  # bytes of the file; lists and mappings inside each other
SAMPLE = Sentence("Add at least one under `models:`, for example:\nmodels:\n  toy:\n    backend: toy")


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
        raise CatalogError(
            Sentence("{file} has no model “{key}”;", file=self.path.name, key=shown(key)), hint=hint, field="model"
        )

    @property
    def default(self) -> ModelSpec:
        """The first entry that can run here; a ``CatalogError`` gives the first one's problem if none can."""
        if runnable := [spec for spec in self.models if not spec.problem]:
            return runnable[0]
        hint = as_one(*(spec.problem for spec in self.models[:1]))
        raise CatalogError(Sentence("{file}: no model can run here.", file=self.path.name), hint=hint, field="model")


def read_catalog(path: Path) -> Catalog:
    """Read ``path`` afresh; an earlier catalog stays as it was, whatever is raised."""
    try:
        entries = _members(_tree(_read_text(path)))
    except CatalogError as error:
        raise CatalogError(
            Sentence("{file} {problem}", file=path.name, problem=error.message), hint=error.hint
        ) from error
    return Catalog(tuple(_spec(key, line, node, path.parent) for key, (line, node) in entries.items()), path)


def _read_text(path: Path) -> str:
    try:
        if not path.is_file():
            raise CatalogError(
                Sentence("is not a file in {folder}, so there are no models.", folder=path.parent.resolve()),
                hint=SAMPLE,
            )
        if path.stat().st_size > SIZE_LIMIT:
            raise CatalogError(
                Sentence("is longer than {most} bytes.", most=SIZE_LIMIT), hint="Keep only models in it."
            )
        text = path.read_bytes().decode("utf-8").removeprefix("\ufeff")  # the byte order mark
        return yaml.reader.Reader.NON_PRINTABLE.sub("\ufffd", text)  # so that it spoils one entry, not the file
    except OSError as error:
        raise CatalogError(
            Sentence("cannot be read: {reason}.", reason=error.strerror), hint="Check its permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise CatalogError(
            Sentence("is not UTF-8 at byte {place}.", place=error.start), hint="Save it as UTF-8."
        ) from error


def _tree(text: str) -> yaml.MappingNode:
    """Return what stands under ``models:``, at least one entry; no key in the file stands twice."""
    try:
        _refuse_features(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:  # an open quotation mark is noticed at the end, but told where it stands
        mark = error.context_mark if "quoted" in (error.context or "") else error.problem_mark
        hint = Sentence("Look here and one line up for a missing quote, colon or space; tabs do not indent.")
        said = ", ".join(filter(None, (error.context, error.problem)))
        raise _fault(mark, Sentence("{parser}", parser=said), hint) from error
    if root is None or _json(root) in (None, {}, {"models": None}, {"models": {}}):
        raise CatalogError("has no models.", hint=SAMPLE)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else [(root, root)]:
        if key.value != "models":
            said = Sentence("“{key}” stands where only “models:” can", key=shown(str(_json(key))))
            raise _fault(key.start_mark, said, Sentence("Correct it."))
        if not isinstance(value, yaml.MappingNode):
            raise _fault(value.start_mark, Sentence("models must hold ids, each with its settings"), SAMPLE)
    return cast("yaml.MappingNode", root.value[0][1])


def _refuse_features(text: str) -> None:
    """Refuse what a list of models never needs, from events alone: nothing is built, nothing recurses."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        banned: Sentence | None = None
        if getattr(event, "tag", None):
            banned = Sentence("tags are not allowed")
        elif getattr(event, "anchor", None):  # both have the attribute
            banned = Sentence("anchors (&) and aliases (*) are not allowed")
        elif depth > DEPTH_LIMIT:
            banned = Sentence("lists and mappings more than {most} deep are not allowed", most=DEPTH_LIMIT)
        if banned:
            raise _fault(event.start_mark, banned, Sentence("Write plain values."))


def _fault(mark: Any, problem: Sentence, hint: Sentence) -> CatalogError:  # noqa: ANN401  # a yaml.Mark or its twin in C
    return CatalogError(
        Sentence(
            "line {line}, column {column}: {problem}.", line=mark.line + 1, column=mark.column + 1, problem=problem
        ),
        hint=hint,
    )


def _members(node: yaml.Node) -> dict[str, tuple[int, yaml.Node]]:
    """Return a mapping's keys, each with its line and value."""
    members: dict[str, tuple[int, yaml.Node]] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            said = Sentence("a list or a mapping stands where a key should")
            raise _fault(key.start_mark, said, Sentence("Write a word and a colon."))
        if key.value in members:
            raise _fault(
                key.start_mark,
                Sentence("“{key}” is in line {line} already", key=shown(key.value), line=members[key.value][0]),
                Sentence("Keep one."),
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
    faults: list[Sentence] = []
    absent: list[str] = []

    def attempt(act: Callable[..., Any], *args: object) -> Any:  # noqa: ANN401  # whatever `act` returns
        try:
            return act(*args)
        except CatalogError as error:
            absent.extend([error.source] if isinstance(error, NotDownloaded) else [])
            place = members.get(error.field or "source", (line, node))[0]
            faults.append(Sentence("line {line}: {problem}", line=place, problem=error.said))

    safe_key = attempt(_checked, "id", key or " ", text_of(64)) or shown(key or f"line {line}")
    values: dict[str, Any] = {"title": safe_key, "backend": ""}
    for name, (_, value) in members.items():
        if (plain := attempt(_checked, name, _json(value), KINDS.get(name))) is not None:
            values[name] = plain
    if not faults:
        values["file"] = attempt(_find, values, folder)
        values["adapter_file"] = attempt(_find_adapter, values, folder)
    return ModelSpec(key=safe_key, problem=as_one(*faults), absent=tuple(absent), **values)


def _checked(name: str, value: Json, kind: Kind | None) -> Json:
    """Return the value of one key, None where it is left empty."""
    if kind is None:
        raise CatalogError(
            Sentence("unknown key “{name}”;", name=shown(name)), hint=_nearest(name, list(KINDS)), field=name
        )
    if value is None or value == "" or kind["fits"](value):
        return None if value == "" else value
    span = kind.get("span") if type(value) is int else None
    near = span and Sentence("; the nearest is {number}", number=min(span, key=lambda it: abs(it - value)))
    said = Sentence(
        "{name} is {value}; it must be {allowed}{near}.",
        name=name,
        value=shown(json.dumps(value, ensure_ascii=False)),
        allowed=kind["allowed"],
        near=near or "",
    )
    raise CatalogError(said, field=name)


def adjusted(spec: ModelSpec, values: Mapping[str, Any]) -> ModelSpec:
    """Return an entry with other numbers to load it with; None and "" leave one as models.yaml has it.

    Raises:
        CatalogError: the backend has no such option, or the value is outside its range.
    """
    allowed = adjustable(spec.backend)
    for name in values:
        if name not in allowed:
            raise CatalogError(
                Sentence("{name} cannot be set for {title}.", name=shown(name), title=spec.title),
                hint=Sentence("It has {names}.", names=allowed),
            )
    found = {name: _checked(name, value, KINDS[name]) for name, value in values.items()}
    given: dict[str, Any] = {name: value for name, value in found.items() if value is not None}
    return replace(spec, **given)


def _nearest(word: str, words: Sequence[str]) -> Sentence:
    near = get_close_matches(word.lower(), words, n=1) or get_close_matches(word, words, n=3, cutoff=0)
    quoted = [Sentence("“{text}”", text=name) for name in near]
    names = reduce(lambda some, last: Sentence("{some} or {last}", some=some, last=last), quoted)
    return Sentence("did you mean {names}?", names=names)


def _find(values: Mapping[str, Any], folder: Path) -> Path | None:
    """Return the file or folder, unopened, that the backend will read; None for a toy without one."""
    source, backend = values.get("source", ""), values["backend"]
    if not backend:
        raise CatalogError(
            Sentence("backend is missing; it must be {allowed}.", allowed=BACKEND["allowed"]), field="backend"
        )
    if values.get("trust_remote_code") and not re.fullmatch("hub:.*@[0-9a-f]{40}", source):
        hint = Sentence("Pin the revision in source: hub:OWNER/NAME@ and the 40 digits of a commit.")
        raise CatalogError("trust_remote_code runs code that can change.", hint=hint, field="trust_remote_code")
    if not any((BACKENDS_FOLDER / name).is_file() for name in (f"{backend}.py", f"{backend}/__init__.py")):
        raise CatalogError(Sentence("backend {backend} is not part of this version.", backend=backend), field="backend")
    found = None if backend == "toy" and not source else locate(source, folder)
    if found and found.is_dir() and backend != "hf":
        raise CatalogError(
            Sentence("“{source}” is a folder.", source=shown(source)),
            hint=Sentence("Name the file in it; {backend} reads one file.", backend=backend),
        )
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
        raise CatalogError(
            Sentence("adapter: {problem}", problem=error.message), hint=error.hint, field="adapter"
        ) from error
    if not found.is_dir():
        raise CatalogError(
            Sentence("adapter “{source}” is a file.", source=shown(source)), hint="Name its folder.", field="adapter"
        )
    return found
