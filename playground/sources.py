"""Where a model's files lie: inside an installed package, under a folder of ours, in the hub's cache.

Nothing is fetched or imported here, and only ``sha256_of`` reads a model's file.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playground.errors import CatalogError, shown
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Callable

FORMS = Sentence("Write package:NAME/FILE, path:FILE or hub:OWNER/NAME/FILE@REVISION.")
HUB = re.compile(r"(?!.*\.\.)(\w[\w.-]*/\w[\w.-]*)(?:/([^@]+))?@(\w[\w./-]*)", re.ASCII)


class NotDownloaded(CatalogError):  # noqa: N818 (what is missing is no error yet)
    """A source of the hub that is not in its cache."""

    def __init__(self, source: str, message: str, *, hint: str) -> None:
        """Keep the source."""
        super().__init__(message, hint=hint)
        self.source = source


def hub_parts(source: str) -> tuple[str, str, str]:
    """Return repository, file and revision of ``hub:owner/name[/file]@revision``; the file is "" for all of it.

    Raises:
        CatalogError: it has another form.
    """
    parts = HUB.fullmatch(source.removeprefix("hub:"))
    if not parts:
        raise CatalogError(
            Sentence("“{source}” does not name a model and its revision.", source=shown(source)), hint=FORMS
        )
    return parts[1], parts[2] or "", parts[3]


def locate(source: str, folder: Path, *, wanted: str = "config.json") -> Path:
    """Return the file or folder of a source; of a whole repository one that holds ``wanted`` and its weights.

    Raises:
        CatalogError: it is not there, or of none of the three forms.
    """
    form, _, name = source.partition(":")
    places: dict[str, Callable[[str], Path]] = {
        "package": _in_package,
        "path": lambda name: _under_roots(folder, name),
        "hub": lambda name: _in_hub_cache(name, wanted),
    }
    if form not in places:
        raise CatalogError(
            Sentence("source is “{source}”; it must have one of three forms.", source=shown(source)), hint=FORMS
        )
    try:
        found = places[form](name)
        if (found.is_file() or found.is_dir()) and os.access(found, os.R_OK):
            return found
        absent = Sentence("file not found: “{source}”.", source=shown(source))
        locked = Sentence("file not readable: “{source}”.", source=shown(source))
    except (OSError, ValueError, ImportError) as error:  # a name too long, a module without a spec, no hub library
        raise CatalogError(
            Sentence(
                "“{source}” cannot be looked up: {reason}.",
                source=shown(source),
                reason=getattr(error, "strerror", error),
            )
        ) from error
    raise CatalogError(locked if found.exists() else absent, hint="Look at its name, place and permissions.")


def _in_package(name: str) -> Path:
    """Find the package where ``import`` would, without importing it; its name has no dot, so no parent is either."""
    package, _, inner = name.partition("/")
    if not package.isidentifier() or not inner or ".." in Path(inner).parts or Path(inner).is_absolute():
        raise CatalogError(
            Sentence("“package:{name}” does not name a file inside a package.", name=shown(name)), hint=FORMS
        )
    folders = getattr(importlib.util.find_spec(package), "submodule_search_locations", None)
    if not folders:
        raise CatalogError(
            Sentence("package “{package}” is not installed in this Python.", package=package),
            hint="Install it with pip.",
        )
    return Path(folders[0], inner)


def _under_roots(folder: Path, name: str) -> Path:
    """Find the file under the folder of models.yaml or $MODELS_DIR, wherever links in it lead."""
    roots = [Path(os.path.realpath(root)) for root in (folder, os.environ.get("MODELS_DIR")) if root]
    places = [Path(os.path.realpath(root / name)) for root in roots]
    found = next((place for place in places if place.exists()), places[0])
    if name.startswith("~") or not any(found.is_relative_to(root) for root in roots):
        raise CatalogError(
            Sentence("“{name}” is outside models.yaml's folder and $MODELS_DIR.", name=shown(name)),
            hint="Move it there.",
        )
    return found


def _in_hub_cache(name: str, wanted: str) -> Path:
    """Find what huggingface_hub has downloaded."""
    repo, file, revision = hub_parts(f"hub:{name}")
    hub: Any = importlib.import_module("huggingface_hub")  # 0.2 s, which most catalogs do not need
    found = hub.try_to_load_from_cache(repo, file or wanted, revision=revision)
    if isinstance(found, str) and (file or _whole(Path(found).parent)):
        return Path(found) if file else Path(found).parent
    command = f"hf download {repo} {file + ' ' if file else ''}--revision {revision}"
    raise NotDownloaded(
        f"hub:{name}",
        Sentence("not downloaded: “{name}”.", name=shown(name)),
        hint=Sentence("Press Download among the models, or run `{command}`.", command=command),
    )


def _whole(folder: Path) -> bool:
    """Whether all weights that a folder speaks of are in it; a download may have been broken off."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return any(folder.glob("*.safetensors"))
    try:
        names = {str(name) for name in json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{index.name} names no files") from error
    return all((folder / name).is_file() for name in names)


def sha256_of(file: Path) -> str:
    """Read a file and return its hash, in lowercase hex digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
