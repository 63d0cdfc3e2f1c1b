"""The process that fetches a model from the hub: one JSON object on standard input, then lines of JSON out.

Run as ``python -m playground.fetch``; it ends when its input does. ``download`` is the page's side of it.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import threading
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

from playground.errors import ModelError, shown
from playground.sentences import Sentence, packed
from playground.sources import sha256_of

WEIGHTS = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt")  # never pickles, never another framework's
CODE = ("*.py",)  # only where models.yaml trusts it, at a pinned revision
TICK_S = 0.3
ANSWER_S = 10.0
SPARE = 1.02  # a file system needs a little more than the bytes
GIB = 2**30
DISK_FAULTS = {errno.ENOSPC, errno.ENOTDIR, errno.EEXIST, errno.EACCES, errno.EPERM, errno.EROFS, errno.EDQUOT}


@dataclass(frozen=True, slots=True)
class HubModel:
    """What to fetch: a file of a repository, or where ``file`` is "" all that a model needs."""

    repo: str
    revision: str
    file: str = ""
    sha256: str = ""
    with_code: bool = False

    @property
    def name(self) -> str:
        """What a sentence calls it."""
        return f"{self.repo}/{self.file}" if self.file else self.repo

    @property
    def patterns(self) -> list[str]:
        """The files, as the hub's library reads patterns."""
        if self.file:
            return [self.file.replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")]
        return [*WEIGHTS, *(CODE if self.with_code else ())]


class Fetching(StrEnum):
    """Where a download stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


def said(**values: object) -> None:
    """Tell the page's side."""
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def fetch(model: HubModel) -> Path:
    """Bring a model into the hub's cache, telling how far it is; return its file or folder.

    Raises:
        ModelError: there is no room, the hub does not have it, or the file is another one than ``sha256`` says.
    """
    from huggingface_hub import HfApi, constants, snapshot_download  # noqa: PLC0415 (0.2 s, and only this process needs it)

    HfApi().model_info(model.repo, revision=model.revision, timeout=ANSWER_S)  # or a hub that is down is asked for 24 s
    planned: Any = snapshot_download(model.repo, revision=model.revision, allow_patterns=model.patterns, dry_run=True)
    names = [item.filename for item in planned]
    if names and not model.file and not any(name.endswith(".safetensors") for name in names):
        raise ModelError(
            Sentence("{repo} has no safetensors; pickles are not fetched, as they can run code.", repo=model.repo),
            hint="Convert them on another machine and use path: instead.",
        )
    if not planned:
        raise ModelError(
            Sentence("{repo} has none of {patterns}.", repo=model.repo, patterns=tuple(model.patterns)),
            hint="Look at source in models.yaml.",
        )
    total = sum(item.file_size for item in planned if item.will_download)
    check_room(model, total, Path(constants.HF_HUB_CACHE))
    said(total_bytes=total)
    blobs = Path(constants.HF_HUB_CACHE, f"models--{model.repo.replace('/', '--')}", "blobs")
    with Watch(blobs, total):
        folder = Path(snapshot_download(model.repo, revision=model.revision, allow_patterns=model.patterns))
    said(done_bytes=total)
    if model.sha256:
        check_hash(model, folder / model.file)
    return folder / model.file


def check_room(model: HubModel, total: int, cache: Path) -> None:
    """Refuse a download for which the disk is too full.

    Raises:
        ModelError: with both numbers.
    """
    place = next(folder for folder in (cache, *cache.parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    if total * SPARE > free:
        raise ModelError(
            Sentence(
                "{name} needs {total:.1f} GiB more, and {free:.1f} GiB are free.",
                name=model.name,
                total=total / GIB,
                free=free / GIB,
            ),
            hint="Free some, or set HF_HOME to a folder on another disk.",
        )


def check_hash(model: HubModel, file: Path) -> None:
    """Remove a file that is not the one that models.yaml names.

    Raises:
        ModelError: it was another one.
    """
    found = sha256_of(file)
    if found != model.sha256:
        file.resolve().unlink()
        file.unlink(missing_ok=True)
        raise ModelError(
            Sentence(
                "{name} is another file than models.yaml says: its sha256 is {found}; it was removed.",
                name=model.name,
                found=found,
            ),
            hint="Look at source and sha256 in models.yaml.",
        )


class Watch:
    """Tells every third of a second how much has arrived, by the size of the files that grow in the cache."""

    def __init__(self, blobs: Path, total: int) -> None:
        """Remember what is there already."""
        self._blobs, self._total = blobs, total
        self._before = self._size()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell)

    def _size(self) -> int:
        try:
            return sum(entry.stat().st_size for entry in os.scandir(self._blobs))
        except OSError:  # a file was renamed meanwhile, or nothing is there yet
            return 0

    def _tell(self) -> None:
        while not self._over.wait(TICK_S):
            said(done_bytes=max(0, min(self._total, self._size() - self._before)))

    def __enter__(self) -> None:
        """Start telling."""
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Stop telling."""
        self._over.set()
        self._thread.join()


def reason(model: HubModel, error: Exception) -> str:
    """Say in a sentence or two why a download failed."""
    from huggingface_hub import errors  # noqa: PLC0415 (as above)

    if isinstance(error, ModelError):
        return error.said
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cast("Exception", cause))
    known = refusals(model)
    if found := next((kind for kind in known if any(isinstance(it, getattr(errors, kind)) for it in causes)), ""):
        return known[found]
    if failed := [it for it in causes if isinstance(it, OSError) and it.errno in DISK_FAULTS]:
        return Sentence("{name} cannot be kept here: {reason}.", name=model.name, reason=failed[0].strerror)
    if answers := [it.response.status_code for it in causes if isinstance(it, errors.HfHubHTTPError)]:
        return Sentence("The hub answered with status {status}. Try again later.", status=answers[0])
    why = shown(str(causes[-1]) or type(causes[-1]).__name__)
    return Sentence("The hub cannot be reached: {reason}.", reason=why)


def refusals(model: HubModel) -> dict[str, Sentence]:
    """Return what is said of the failures that the hub's library names."""
    name, repo, revision = model.name, model.repo, shown(model.revision)
    return {
        "OfflineModeIsEnabled": Sentence(
            "HF_HUB_OFFLINE is set, so nothing is fetched. Unset it, or fill the cache by hand."
        ),
        "GatedRepoError": Sentence(
            "{repo} asks for its licence to be accepted on the hub. Accept it there and set HF_TOKEN.", repo=repo
        ),
        "RepositoryNotFoundError": Sentence(
            "{repo} is not on the hub, or is private. Correct its source, or set HF_TOKEN.", repo=repo
        ),
        "RevisionNotFoundError": Sentence(
            "{repo} has no revision {revision}. Look at source in models.yaml.", repo=repo, revision=revision
        ),
        "EntryNotFoundError": Sentence("{name} is not on the hub. Look at source in models.yaml.", name=name),
    }


def main() -> None:
    """Fetch what standard input names, and say how it ended."""
    model = HubModel(**json.loads(sys.stdin.readline()))
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(1)), daemon=True).start()  # nobody waits any more
    try:
        fetch(model)
    except Exception as error:  # noqa: BLE001 (whatever it is, the page says it)
        said(state=Fetching.FAILED, reason=packed(reason(model, error)))
    else:
        said(state=Fetching.DONE)


if __name__ == "__main__":
    main()
