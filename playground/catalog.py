"""models.yaml: which models there are, where their files lie and which of them can run here.

- Nothing is loaded, fetched or imported: packages are found without importing them, YAML tags never run.
- A fault of the whole file is a ``CatalogError`` with line and column.
- A fault inside one entry stays with that entry: it is listed with its ``problem``, the others work.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from functools import partial
from importlib.util import find_spec
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import yaml

from playground.errors import CatalogError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

BACKENDS = ("llamacpp", "hf", "toy")  # what `backend:` takes; one can run if its file is in the folder below
BACKENDS_FOLDER = Path(__file__).with_name("backends")
SIZE_LIMIT, DEPTH_LIMIT = 256 * 1024, 20  # bytes of the file; lists and mappings inside each other
SAMPLE = "Add at least one under `models:`, for example:\nmodels:\n  toy:\n    backend: toy"
FORMS = "Write package:NAME/FILE, path:FILE or hub:OWNER/NAME/FILE@REVISION."
# What a page must not show: control characters, changes of the writing direction, half characters.
HIDDEN = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
_Kind: TypeAlias = "Mapping[str, Any]"  # "fits" tells whether a value is of this kind; "allowed" ends "it must be …"


def _text(limit: int, hidden: str = r"\t\n" + HIDDEN) -> _Kind:
    allowed = f"text of 1 to {limit} characters, without control characters; quote what looks like a number"
    fits = re.compile(rf"(?!\s*\Z)[^{hidden}]{{1,{limit}}}")
    return {"allowed": allowed, "fits": lambda value: isinstance(value, str) and fits.fullmatch(value)}


def _whole(span: range) -> _Kind:
    allowed = f"a whole number in [{span[0]}, {span[-1]}]" + f" and a multiple of {span.step}" * (span.step > 1)
    return {"allowed": allowed, "fits": lambda value: type(value) is int and value in span, "span": span}


_FLAG: _Kind = {"allowed": "true or false", "fits": lambda value: isinstance(value, bool)}
_BACKEND: _Kind = {"allowed": f"one of {', '.join(BACKENDS)}", "fits": lambda value: value in BACKENDS}
_SHA256: _Kind = {
    "allowed": "64 lowercase hex digits",
    "fits": lambda value: type(value) is str and re.fullmatch("[0-9a-f]{64}", value),
}
_PRESETS: _Kind = {
    "allowed": "a mapping of names to settings, without characters that turn the writing direction",
    "fits": lambda value: type(value) is dict and not re.search(f"[{HIDDEN}]", json.dumps(value, ensure_ascii=False)),
}


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One entry of models.yaml, ready for its backend unless it has a ``problem``."""

    key: str  # the id in models.yaml; escaped and clipped where it holds what a page must not show
    title: str = field(metadata=_text(120))
    backend: str = field(metadata=_BACKEND)  # "" where the entry names none of them
    source: str = field(default="", metadata=_text(1000))
    context_tokens: int = field(default=2048, metadata=_whole(range(256, 1_048_577, 256)))
    chat: bool = field(default=False, metadata=_FLAG)
    licence: str = field(default="", metadata=_text(120))
    sha256: str | None = field(default=None, metadata=_SHA256)  # checked by whoever opens the file
    adapter: str | None = field(default=None, metadata=_text(1000))
    dtype: str | None = field(default=None, metadata=_text(120))
    gpu_layers: int = field(default=0, metadata=_whole(range(-1, 1001)))  # -1: all of them
    threads: int | None = field(default=None, metadata=_whole(range(1, 513)))
    trust_remote_code: bool = field(default=False, metadata=_FLAG)
    presets: Mapping[str, Json] = field(default_factory=dict, hash=False, metadata=_PRESETS)  # as written
    notes: str = field(default="", metadata=_text(4000, HIDDEN))
    file: Path | None = None  # the local file or folder behind `source`
    problem: str = ""  # why it cannot run here, each sentence with its line; "" where it can

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, for the worker's process."""
        return asdict(self) | {"file": self.file and str(self.file)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelSpec:
        """Return the spec that ``to_dict`` wrote."""
        return cls(**{**values, "file": values["file"] and Path(values["file"])})


_KINDS = {option.name: option.metadata for option in fields(ModelSpec) if option.metadata}  # the keys of an entry


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
        message = f"{self.path.name}: none of its models can run here."
        raise CatalogError(message, hint=f"“{self.models[0].key}”, {self.models[0].problem}", field="model")


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
            raise CatalogError(f"is no file in {path.parent.resolve()}: no models.", hint=SAMPLE)
        with path.open("rb") as file:
            data = file.read(SIZE_LIMIT + 1)
        if len(data) > SIZE_LIMIT:
            raise CatalogError(f"is longer than {SIZE_LIMIT} bytes.", hint="Keep only models in it.")
        return data.decode("utf-8").removeprefix("\ufeff")  # the byte order mark
    except OSError as error:
        raise CatalogError(f"cannot be read: {error.strerror}.", hint="Check its permissions.") from error
    except UnicodeDecodeError as error:
        raise CatalogError(f"is not UTF-8 at byte {error.start}.", hint="Save it as UTF-8.") from error


def _tree(text: str) -> yaml.MappingNode:
    """Return what stands under ``models:``, at least one entry; no key in the file stands twice."""
    try:
        _refuse_features(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        mark = yaml.Mark("", 0, before.count("\n"), len(before) - before.rfind("\n") - 1, None, 0)
        raise _fault(mark, f"YAML has no place for the character U+{error.character:04X}", "Remove it.") from error
    except yaml.MarkedYAMLError as error:  # an open quotation mark is noticed at the end, but told where it stands
        mark = error.context_mark if "quoted" in (error.context or "") else error.problem_mark
        hint = "Look here and one line up for a missing quote, colon or space; tabs do not indent."
        raise _fault(mark, ", ".join(filter(None, (error.context, error.problem))), hint) from error
    if root is None or _json(root) in (None, {}, {"models": None}, {"models": {}}):
        raise CatalogError("has no models.", hint=SAMPLE)
    for key, value in root.value if isinstance(root, yaml.MappingNode) else [(root, root)]:
        if key.value != "models":
            raise _fault(key.start_mark, f"“{shown(str(key.value))}” stands where only “models:” can", SAMPLE)
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
            problem = f"“{shown(key.value)}” stands in line {members[key.value][0]} already"
            raise _fault(key.start_mark, problem, "Keep one of the two.")
        members[key.value] = (key.start_mark.line + 1, value)
    return members


def _json(node: yaml.Node) -> Json:
    """Return the value as JSON reads it, so that ``yes``, ``on``, ``010`` and ``1_000`` are text."""
    if isinstance(node, yaml.MappingNode):
        return {key: _json(value) for key, (_, value) in _members(node).items()}
    if isinstance(node, yaml.SequenceNode):
        return [_json(item) for item in node.value]
    text = str(node.value)
    if isinstance(node, yaml.ScalarNode) and node.style:  # in quotation marks, or a block
        return text
    try:
        value = cast("Json", json.loads("null" if text in ("", "~") else text.lower()))
    except ValueError:
        return text
    return text if value in (inf, -inf) else value


def _spec(key: str, line: int, node: yaml.Node, folder: Path) -> ModelSpec:
    """Return the entry with all that is wrong in its text or, where nothing is, all that it lacks here."""
    members = _members(node) if isinstance(node, yaml.MappingNode) else {}
    faults: list[str] = []

    def attempt(name: str, act: Callable[..., Any], *args: object) -> Any:  # noqa: ANN401  # whatever `act` returns
        try:
            return act(*args)
        except CatalogError as error:
            faults.append(f"line {members.get(name, (line, node))[0]}: {error}")

    safe_key = attempt("", _checked, "the id", key or " ", _text(64)) or shown(key)
    read = {name: attempt(name, _checked, name, _json(value), _KINDS.get(name)) for name, (_, value) in members.items()}
    values = {"title": safe_key, "backend": ""} | {name: value for name, value in read.items() if value is not None}
    if not faults:
        attempt("backend", _check_backend, values["backend"])
        values["file"] = attempt("source", _find_source, values, folder)
        if "adapter" in values:
            attempt("adapter", _locate, values["adapter"], folder)
    return ModelSpec(key=safe_key, problem=" ".join(faults), **values)


def _checked(name: str, value: Json, kind: _Kind | None) -> Json:
    """Return the value of one key, None where it is left empty."""
    if kind is None:
        raise CatalogError(f"unknown key “{shown(name)}”;", hint=_nearest(name, list(_KINDS)))
    if value is None or value == "" or kind["fits"](value):
        return None if value == "" else value
    near = (
        f"; the nearest is {min(kind['span'], key=lambda n: abs(n - value))}"
        if type(value) is int and "span" in kind
        else ""
    )
    raise CatalogError(f"{name} is {shown(json.dumps(value, ensure_ascii=False))}; it must be {kind['allowed']}{near}.")


def _nearest(word: str, words: Sequence[str]) -> str:
    """Return the end of a sentence about an unknown word."""
    near = get_close_matches(word.lower(), words, n=1) or get_close_matches(word, words, n=3, cutoff=0)
    return f"did you mean {' or '.join(f'“{one}”' for one in near)}?"


def _check_backend(backend: str) -> None:
    if not backend:
        raise CatalogError(f"backend is missing; it must be {_BACKEND['allowed']}.")
    if not (BACKENDS_FOLDER / f"{backend}.py").is_file():
        raise CatalogError(f"backend {backend} is not part of this version.", hint="Choose another one.")


def _find_source(values: Mapping[str, Any], folder: Path) -> Path | None:
    """Return what the backend reads, in the form that it reads."""
    source, backend = values.get("source", ""), values["backend"]
    if values.get("trust_remote_code") and not re.fullmatch("hub:.*@[0-9a-f]{40}", source):
        hint = "Pin the revision in source: hub:OWNER/NAME@ and the 40 digits of a commit."
        raise CatalogError("trust_remote_code runs code of a revision that can change.", hint=hint)
    if not source and backend == "toy":
        return None
    found = _locate(source, folder)
    if found.is_dir() and backend != "hf":
        raise CatalogError(f"“{shown(source)}” is a folder.", hint=f"Name the file in it; {backend} reads one file.")
    return found


def _locate(source: str, folder: Path) -> Path:
    """Return the file or folder that ``source`` names, unopened."""
    form, _, name = source.partition(":")
    places = {"package": _in_package, "path": partial(_under_roots, folder), "hub": _in_hub_cache}
    if form not in places:
        raise CatalogError(f"source is “{shown(source)}”; it must have one of three forms.", hint=FORMS)
    try:
        found = places[form](name)
        if not (found.is_file() or found.is_dir()) or not os.access(found, os.R_OK):
            lack = "not readable" if found.exists() else "not found"
            raise CatalogError(f"file {lack}: “{shown(source)}”.", hint="Look at its name, place and permissions.")
    except (OSError, ValueError) as error:  # a name that is too long; a module without a spec, such as __main__
        raise CatalogError(f"“{shown(source)}” cannot be looked up: {getattr(error, 'strerror', error)}.") from error
    return found


def _in_package(name: str) -> Path:
    """Find the package where ``import`` would, without importing it; its name has no dot, so no parent is either."""
    package, _, inner = name.partition("/")
    if not package.isidentifier() or not inner or ".." in Path(inner).parts or Path(inner).is_absolute():
        raise CatalogError(f"“package:{shown(name)}” does not name a file inside a package.", hint=FORMS)
    folders = getattr(find_spec(package), "submodule_search_locations", None)
    if not folders:
        raise CatalogError(f"package “{package}” is not installed in this Python.", hint="Install it with pip.")
    return Path(folders[0], inner)


def _under_roots(folder: Path, name: str) -> Path:
    """Find the file under the folder of models.yaml or $MODELS_DIR, wherever links in it lead."""
    roots = [Path(os.path.realpath(root)) for root in (folder, os.environ.get("MODELS_DIR")) if root]
    places = [Path(os.path.realpath(root / name)) for root in roots]
    found = next((place for place in places if place.exists()), places[0])
    if name.startswith("~") or not any(found.is_relative_to(root) for root in roots):
        hint = "Move it there, or set MODELS_DIR to the folder that holds it; ~ and links out of it do not count."
        raise CatalogError(f"“path:{shown(name)}” is not under the folder of models.yaml or $MODELS_DIR.", hint=hint)
    return found


def _in_hub_cache(name: str) -> Path:
    """Find what huggingface_hub has downloaded; nothing is fetched."""
    parts = re.fullmatch(r"(\w[\w.-]*/\w[\w.-]*)(?:/([^@]+))?@(\w[\w./-]*)", name, re.ASCII)
    if not parts or ".." in name:
        raise CatalogError(f"“hub:{shown(name)}” does not name a model and its revision.", hint=FORMS)
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415  # 0.2 s that most catalogs do not need

    repo, file, revision = parts.groups()
    found = try_to_load_from_cache(repo, file or "config.json", revision=revision)
    if isinstance(found, str):
        return Path(found) if file else Path(found).parent
    command = f"hf download {repo} {file or ''} --revision {revision}".replace("  ", " ")
    raise CatalogError(
        f"not downloaded: “{shown(name)}”.", hint=f"Hub files are not fetched by themselves: `{command}`."
    )
