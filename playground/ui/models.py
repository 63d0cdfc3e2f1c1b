"""What the models view shows and does: where each model stands, what it takes, and the buttons behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playground.download import Fetching
from playground.entry import KINDS, adjustable
from playground.errors import PlaygroundError, SettingError
from playground.memory import estimate_mb, said_mb, stamp
from playground.sentences import Sentence, as_one, in_words
from playground.status import State
from playground.ui.controls import read_object, read_whole
from playground.views.base import grouped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.catalog import ModelSpec
    from playground.download import Download, Downloads
    from playground.pool import Pool
    from playground.status import Status

MB = 2**20
ACTIONS = ("load", "unload", "cancel", "download", "cancel_download")


def listed(pool: Pool, downloads: Downloads, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return every entry of models.yaml with where it stands, and the memory that all of them take."""
    entries = pool.catalog.models
    statuses = [pool.status(entry.key) for entry in entries]
    taken = [status.memory_mb for status in statuses]  # counted once: 8 ms for each 2 GB that a process has mapped
    models = [
        _entry(pool.spec(entry.key), entry, status, held, downloads.get(entry.key), texts)
        for entry, status, held in zip(entries, statuses, taken, strict=True)
    ]
    memory = texts["models_memory"].format(taken=sized(sum(taken), texts), budget=sized(pool.memory_mb, texts))
    return {"models": models, "memory": memory, "file": pool.catalog.path.name}


def _entry(
    spec: ModelSpec,
    entry: ModelSpec,
    status: Status,
    memory_mb: int,
    download: Download | None,
    texts: Mapping[str, str],
) -> dict[str, Any]:
    state, text = standing(spec, status, memory_mb, download, texts)
    files = stamp(spec)
    size = sum(size for size, *_ in files) / MB
    facts = [
        spec.backend,
        spec.source,
        spec.adapter and f"+ {spec.adapter}",
        in_words(spec.licence, texts),
        size and sized(size, texts),
    ]
    need = estimate_mb(spec, files)
    return {
        "key": spec.key,
        "title": spec.title,
        "facts": " · ".join(str(fact) for fact in facts if fact),
        "notes": in_words(spec.notes, texts),
        "state": state,
        "text": text,
        "part": download.part if state == "downloading" and download else status.part,
        "build": _build(status, texts),
        "need": "" if spec.problem else texts["models_need"].format(need=sized(need, texts)),
        "actions": actions(state),
        "options": options(spec, entry, texts),
    }


def standing(
    spec: ModelSpec, status: Status, memory_mb: int, download: Download | None, texts: Mapping[str, str]
) -> tuple[str, str]:
    """Return the state of a model, as a word for the program and a sentence for people."""
    if download and download.state is Fetching.RUNNING:
        share = "…" if download.part is None else f"{download.part:.0%}"
        return "downloading", texts["models_downloading"].format(
            share=share, total=sized(download.total_bytes / MB, texts)
        )
    if spec.absent and download and download.state is Fetching.FAILED:
        return "absent", texts["models_download_failed"].format(reason=in_words(download.reason, texts))
    if spec.absent:
        return "absent", texts["models_absent"]
    return ("broken", in_words(spec.problem, texts)) if spec.problem else _loaded(status, memory_mb, texts)


def _loaded(status: Status, memory_mb: int, texts: Mapping[str, str]) -> tuple[str, str]:
    match status.state:
        case State.UP:
            seconds = f"{status.load_s:.1f}"
            return "up", texts["models_up"].format(memory=sized(memory_mb, texts), seconds=seconds)
        case State.LOADING if status.waits_for:
            return "loading", texts["models_waits"].format(title=status.waits_for)
        case State.LOADING:
            stage = texts.get(f"stage_{status.stage}", status.stage or texts["stage_starting"])
            return "loading", stage + (f" {status.part:.0%}" if status.part is not None else "")
        case State.FAILED:
            return "failed", in_words(status.reason, texts)
        case _:
            return "ready", texts["models_ready"]


def _build(status: Status, texts: Mapping[str, str]) -> str:
    """Say how a model that is up runs."""
    if status.state is not State.UP:
        return ""
    return texts["models_build"].format(
        build=in_words(status.build, texts),
        context=grouped(status.context_tokens, texts),
        vocab=grouped(status.vocab_size, texts),
        batch=texts["models_exact" if status.exact_batch > 1 else "models_inexact"].format(count=status.exact_batch),
    )


def sized(size_mb: float, texts: Mapping[str, str]) -> str:
    """Return a size in the units of the page's language."""
    return said_mb(size_mb).replace("MB", texts["megabytes"]).replace("GB", texts["gigabytes"])


def actions(state: str) -> list[str]:
    """Return what can be done with a model in this state."""
    return {
        "absent": ["download"],
        "downloading": ["cancel_download"],
        "loading": ["cancel"],
        "up": ["unload", "load"],
        "ready": ["load"],
        "failed": ["load"],
        "broken": [],
    }[state]


def options(spec: ModelSpec, entry: ModelSpec, texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what a model can be loaded with: name, value set by somebody, that of models.yaml, what is allowed."""
    found = []
    for name in adjustable(spec.backend):
        value, usual = getattr(spec, name), getattr(entry, name)
        shown = "" if value == usual else value
        allowed = texts.get(f"allowed_{name}") or KINDS[name]["allowed"]
        found.append({"name": name, "value": shown, "usual": "" if usual is None else usual, "allowed": allowed})
    return found


def act(pool: Pool, downloads: Downloads, key: str, action: str, body: bytes) -> None:
    """Do what a button says.

    Raises:
        PlaygroundError: it cannot be done, with the reason.
    """
    match action:
        case "load":
            options = read_object(body, Sentence("Its keys are the numbers to load a model with."))
            pool.load(key, {name: read_whole(value) for name, value in options.items()})
        case "unload":
            pool.unload(key)
        case "cancel":
            pool.cancel(key)
        case "download":
            downloads.start(pool.catalog.get(key))
        case "cancel_download":
            downloads.cancel(key)
        case _:
            raise SettingError(Sentence("{name} is no action; it must be one of {names}.", name=action, names=ACTIONS))


def reload(pool: Pool) -> None:
    """Read models.yaml again.

    Raises:
        PlaygroundError: it cannot be read; everything stays as it was.
    """
    try:
        pool.reload()
    except PlaygroundError as error:
        hint = as_one(error.hint, Sentence("What was read before stays in force."))
        raise type(error)(error.message, hint=hint, field=error.field) from error
