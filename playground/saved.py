"""Runs as files: everything that was recorded, as JSON that reads back to an equal run.

- ``to_text`` writes a step per line; bytes are hex, the place of a token is its place in the list, and the run's id,
  which is a key to it, stays at home.
- ``read_run`` takes nothing on trust: what is missing, unknown, of another type, out of its range or not finite is
  refused with its place. Nothing of a file is ever run.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from playground.errors import SavedRunError, SettingError, shown
from playground.records import Candidate, LinkNote, Run, SamplingParams, Snapshot, StopReason, Timing, TokenStep
from playground.samplers import all_samplers
from playground.sentences import Sentence
from playground.shapes import MisfitError, flag, hexed, keyed, listed, maybe, name, number, one_of, row, text, whole
from playground.store import MAX_TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "CHANGED",
    "HINT",
    "MAX_FILE_BYTES",
    "from_dict",
    "lines",
    "misfitting",
    "read_json",
    "read_run",
    "to_dict",
    "to_text",
]

FORMAT, VERSION = "sampling-playground-run", 1
MAX_FILE_BYTES = 32_000_000  # some 6,800 tokens of SmolLM2; the page takes 250 MB for a moment to read so much
MAX_PIECE_BYTES, MAX_CANDIDATES, MAX_NOTES = 1_000, 256, 16
MAX_TOKEN, MAX_BITS, MAX_SECONDS, MAX_RATE = 10_000_000, 64, 1e9, 1e9
ROUNDING = 1e-9  # so far a sum of shares may lie outside of [0, 1]
HINT = Sentence("Choose a file that “save as JSON” wrote.")
CHANGED = Sentence("The file was changed, or cut off, after it was saved.")


def to_text(run: Run) -> str:
    """Return a run as a file: JSON with a line per step."""
    return "".join(lines(run))


def lines(run: Run) -> Iterator[str]:
    """Yield the lines of that file; a step is written when its line is asked for."""
    yield f'{_json(_head(run))[:-1]},"steps":[\n'
    for place, step in enumerate(run.steps):
        yield (",\n" if place else "") + _json(_flat_step(step))
    yield "\n]}\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def to_dict(run: Run) -> dict[str, Any]:
    """Return a run as plain values, without its id."""
    return _head(run) | {"steps": [_flat_step(step) for step in run.steps]}


def _head(run: Run) -> dict[str, Any]:
    kept = [params.to_dict() for params in run.kept_params]
    timing = run.timing and {name: getattr(run.timing, name) for name in Timing.__slots__}
    return {
        "format": FORMAT,
        "version": VERSION,
        "model": run.model,
        "build": run.build,
        "exact_batch": run.exact_batch,
        "params": run.params.to_dict(),
        "kept_params": [[len(list(same)), params] for params, same in groupby(kept)],
        "notes": list(run.notes),
        "stop_reason": run.stop_reason and run.stop_reason.value,
        "timing": timing,
        "error": run.error,
        "prompt": [[token, piece.hex()] for token, piece in zip(run.prompt_ids, run.prompt_pieces, strict=True)],
    }


def _flat_step(step: TokenStep) -> dict[str, Any]:
    flat = {name: getattr(step, name) for name in TokenStep.__slots__ if name in STEP}
    snapshot = step.snapshot
    candidates = [[item.token_id, item.piece.hex(), *item[2:]] for item in snapshot.candidates]
    links = [[getattr(link, name) for name in LinkNote.__slots__] for link in snapshot.links]
    numbers = {name: getattr(snapshot, name) for name in SNAPSHOT if name not in {"candidates", "links"}}
    record = {"candidates": candidates, "links": links, **numbers}
    return flat | {"piece": step.piece.hex(), "snapshot": record}


def read_run(body: bytes, *, run_id: str = "") -> Run:
    """Read a file, and give the run an id.

    Raises:
        SavedRunError: it is too large, no JSON, or no saved run.
    """
    return from_dict(read_json(body), run_id=run_id)


def read_json(body: bytes) -> object:
    """Return what a file holds, unchecked.

    Raises:
        SavedRunError: it is too large, or no JSON.
    """
    if len(body) > MAX_FILE_BYTES:
        most = MAX_FILE_BYTES // 10**6
        raise SavedRunError(Sentence("The file is larger than {most} MB, the most that is read.", most=most), hint=HINT)
    try:
        flat: object = json.loads(body, parse_constant=_constant, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise SavedRunError("The file is no JSON.", hint=HINT) from error
    return flat


def _constant(name: str) -> float:
    raise SavedRunError(Sentence("The file holds {name}, which is no finite number.", name=name), hint=CHANGED)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    flat = dict(pairs)
    if len(flat) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise SavedRunError(Sentence("The file holds “{name}” twice in one place.", name=shown(twice)), hint=CHANGED)
    return flat


def from_dict(flat: object, *, run_id: str = "") -> Run:
    """Return the run that ``to_dict`` wrote.

    Raises:
        SavedRunError: it wrote nothing of the kind; the sentence says where.
    """
    if not isinstance(flat, dict) or flat.get("format") != FORMAT:
        raise SavedRunError("The file is no saved run.", hint=HINT)
    if flat.get("version") != VERSION:
        raise SavedRunError(
            Sentence(
                "The file is of version {version}; this page reads version {ours}.",
                version=shown(flat.get("version")),
                ours=VERSION,
            ),
            hint=HINT,
        )
    try:
        read = RUN(flat)
    except MisfitError as error:
        raise misfitting(error.sentence) from error
    return _run(read, run_id)


def misfitting(said: Sentence) -> SavedRunError:
    """Return the refusal of a file that holds what it cannot."""
    return SavedRunError(Sentence("In the file, {said}", said=said), hint=CHANGED)


def _run(read: Mapping[str, Any], run_id: str) -> Run:
    count, kept_count = len(read["prompt"]) + len(read["steps"]), sum(count for count, _ in read["kept_params"])
    if kept_count > len(read["steps"]):  # before they are laid out: a small file could ask for millions
        raise misfitting(
            Sentence(
                "there are settings for {kept:,} kept tokens, but {count:,} steps.",
                kept=kept_count,
                count=len(read["steps"]),
            )
        )
    if count > MAX_TOKENS:
        raise misfitting(
            Sentence("prompt and text have {count:,} tokens; at most {most:,} are kept.", count=count, most=MAX_TOKENS)
        )
    kept = tuple(params for count, params in read["kept_params"] for _ in range(count))
    steps = (TokenStep(place, **step) for place, step in enumerate(read["steps"]))
    return Run(
        run_id=run_id,
        prompt_ids=tuple(token for token, _ in read["prompt"]),
        prompt_pieces=tuple(piece for _, piece in read["prompt"]),
        steps=tuple(steps),
        notes=tuple(read["notes"]),
        kept_params=kept,
        **{name: read[name] for name in ("model", "build", "exact_batch", "params", "stop_reason", "timing", "error")},
    )


def _params(value: object) -> SamplingParams:
    try:
        params = SamplingParams.from_dict(value)
    except SettingError as error:
        raise MisfitError(Sentence("are refused: {reason}", reason=error.said)) from error
    if params.seed is None:
        raise MisfitError(Sentence("have no seed."))
    return params


def _timing(value: object) -> Timing:
    return Timing(**TIMING(value))


def _step(value: object) -> dict[str, Any]:
    read = cast("dict[str, Any]", keyed(STEP)(value))
    read["packed"] = read.pop("snapshot").pack()
    return read


def _snapshot(value: object) -> Snapshot:
    read = keyed(SNAPSHOT)(value)
    candidates = tuple(Candidate(*items) for items in read.pop("candidates"))
    links = tuple(LinkNote(*items) for items in read.pop("links"))
    snapshot = Snapshot(candidates, links, **read)
    if len(candidates) + snapshot.tail_count > snapshot.vocab_size:
        count = len(candidates) + snapshot.tail_count
        raise MisfitError(
            Sentence("has {count:,} tokens of a vocabulary of {width:,}.", count=count, width=snapshot.vocab_size)
        )
    return snapshot


SHARE = number(0, 1, rounding=ROUNDING)
BITS = number(0, MAX_BITS, rounding=ROUNDING)
TOKEN, PIECE = whole(0, MAX_TOKEN), hexed(MAX_PIECE_BYTES)
SECONDS = number(0, MAX_SECONDS)
SAMPLER = one_of(tuple(all_samplers()))
SNAPSHOT = {
    "candidates": listed(row(TOKEN, PIECE, SHARE, SHARE, whole(1, MAX_TOKEN), maybe(SAMPLER)), MAX_CANDIDATES, least=1),
    "links": listed(row(SAMPLER, TOKEN, maybe(SHARE), maybe(BITS), maybe(BITS)), len(all_samplers())),
    "vocab_size": whole(1, MAX_TOKEN),
    "support": TOKEN,
    "removed_mass": SHARE,
    "model_entropy_bits": BITS,
    "final_entropy_bits": BITS,
    "tail_count": TOKEN,
    "tail_model_mass": SHARE,
    "tail_final_mass": SHARE,
}
STEP = {
    "token_id": TOKEN,
    "piece": PIECE,
    "luck": number(0, 1, below=True),
    "model_prob": SHARE,
    "final_prob": SHARE,
    "rank": whole(1, MAX_TOKEN),
    "chosen": flag,
    "snapshot": _snapshot,
}
TIMING = keyed(
    {
        name: SECONDS if name.endswith("_s") and name != "tokens_per_s" else number(0, MAX_RATE)
        for name in Timing.__slots__
    }
)
RUN = keyed({
    "format": text(100),
    "version": whole(VERSION, VERSION),
    "model": name(200, least=1),
    "build": name(1_000),
    "exact_batch": whole(1, MAX_TOKEN),
    "params": _params,
    "kept_params": listed(row(whole(1, MAX_TOKENS), _params), MAX_TOKENS),
    "notes": listed(text(1_000), MAX_NOTES),
    "stop_reason": maybe(one_of(tuple(StopReason), StopReason)),
    "timing": maybe(_timing),
    "error": text(4_000),
    "prompt": listed(row(TOKEN, PIECE), MAX_TOKENS),
    "steps": listed(_step, MAX_TOKENS),
})  # fmt: skip
