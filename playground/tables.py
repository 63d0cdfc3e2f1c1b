"""Records as tables, for reports: DataFrames, CSV that spreadsheets open with the right letters, and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from playground.measures import measures
from playground.panes import Pane, settings_that_differ
from playground.records import Prompt, shallow
from playground.tokens import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playground.cross_score import Cell
    from playground.lockstep import Pair, Place
    from playground.records import Run, Snapshot

TAIL = "tail"
BYTE_ORDER_MARK = "\ufeff"  # or a spreadsheet takes UTF-8 for its own encoding


def steps_table(run: Run) -> pd.DataFrame:
    """Return one row per written token; probabilities as shares, surprisal and entropies in bits."""
    settings = [json.dumps(params.to_dict()) for params in (*run.kept_params, run.params)]
    rows = []
    for place, step in enumerate(run.steps):
        snapshot = step.snapshot
        rows.append({
            "model": run.model,
            "build": run.build,
            "exact_batch": run.exact_batch,
            "settings": settings[min(place, len(run.kept_params))],
            "token": step.position + 1,
            "token_id": step.token_id,
            "piece": json.dumps(visible(step.piece), ensure_ascii=False),  # in quotes: no spreadsheet runs it
            "model_prob": step.model_prob,
            "final_prob": step.final_prob,
            "rank": step.rank,
            "surprisal_bits": step.surprisal_bits,
            "luck": step.luck,
            "chosen": step.chosen,
            "model_entropy_bits": snapshot.model_entropy_bits,
            "final_entropy_bits": snapshot.final_entropy_bits,
            "support": snapshot.support,
            "removed_mass": snapshot.removed_mass,
        })  # fmt: skip
    return pd.DataFrame(rows)


def distribution_rows(snapshot: Snapshot, drawn: int | None, counts: Mapping[int, int]) -> list[dict[str, Any]]:
    """Return one row per token of a record, in the model's rank order, and one for all others; shares add up.

    With ``counts``, how often each token id came in a number of draws, rows say that, too.
    """
    total = sum(counts.values())
    rows: list[dict[str, Any]] = [
        {
            "rank": item.rank,
            "token_id": item.token_id,
            "text": item.text,
            "bytes": item.piece.hex(),
            "model_prob": item.model_prob,
            "final_prob": item.final_prob,
            "removed_by": item.removed_by,
            "drawn": item.token_id == drawn,
            "tokens": 1,
        }
        | ({"came": counts.get(item.token_id, 0)} if counts else {})
        for item in snapshot.candidates
    ]
    if not snapshot.tail_count:
        return rows
    tail: dict[str, Any] = dict.fromkeys(rows[0]) | {"text": TAIL, "bytes": "", "tokens": snapshot.tail_count}
    tail |= {"model_prob": snapshot.tail_model_mass, "final_prob": snapshot.tail_final_mass, "drawn": False}
    return [*rows, tail | ({"came": total - sum(row["came"] for row in rows)} if counts else {})]


def distribution_table(rows: list[dict[str, Any]], model: str, settings: Mapping[str, Any]) -> pd.DataFrame:
    """Return rows of a distribution with model and settings in each; text and bytes in quotes for spreadsheets."""
    table = pd.DataFrame(rows).astype({"rank": "Int64", "token_id": "Int64"})
    for name in ("text", "bytes"):  # or one runs the text, and takes the bytes for a number
        table[name] = [json.dumps(value, ensure_ascii=False) for value in table[name]]
    return table.assign(model=model, settings=json.dumps(settings))


def hypothesis_table(
    rows: Sequence[Mapping[str, Any]], model: str, length_penalty: float, settings: Mapping[str, Any]
) -> pd.DataFrame:
    """Return rows of ``hypotheses.rows`` with model, settings and length penalty in each; texts in quotes."""
    quoted = [
        {**row, "text": json.dumps(row["text"], ensure_ascii=False), "token_ids": json.dumps(row["token_ids"])}
        for row in rows
    ]
    return pd.DataFrame(quoted).assign(model=model, length_penalty=length_penalty, settings=json.dumps(settings))


def to_csv(table: pd.DataFrame) -> str:
    """Return a table as CSV text."""
    return BYTE_ORDER_MARK + table.to_csv(index=False, lineterminator="\n")


def measures_table(runs: Sequence[Run], prompts: Sequence[Prompt] = ()) -> pd.DataFrame:
    """Return one row per text of a comparison, with the settings in which the panes differ; logprobs in nats.

    ``prompts`` are what was asked for, of which system prompts and histories are such settings, too.
    """
    prompts = prompts or [Prompt()] * len(runs)
    asked = [Pane(prompt, run.params) for prompt, run in zip(prompts, runs, strict=True)]
    rows = [
        {
            "pane": place,
            "model": run.model,
            "settings_that_differ": json.dumps(differ, ensure_ascii=False),
            "end": run.stop_reason and run.stop_reason.value,
            "total_s": run.timing and run.timing.total_s,
            "time_to_first_token_s": run.timing and run.timing.time_to_first_token_s,
            "tokens_per_s": run.timing and run.timing.tokens_per_s,
            **shallow(measures(run)),
        }
        for place, (run, differ) in enumerate(zip(runs, settings_that_differ(asked), strict=True), start=1)
    ]
    return pd.DataFrame(rows)


def gaps_table(places: Sequence[Place], pairs: Sequence[Pair]) -> pd.DataFrame:
    """Return one row per place and pair of panes, which are counted from 1; distances in bits."""
    return pd.DataFrame(
        [
            {
                "pane": pair.one + 1,
                "other_pane": pair.other + 1,
                "token": place.position + 1,
                "token_id": place.token_id,
                "piece": json.dumps(visible(place.piece), ensure_ascii=False),
                **{f"raw_{name}": value for name, value in shallow(gap.raw).items()},
                **{f"final_{name}": value for name, value in shallow(gap.final).items()},
                "ignored": gap.ignored,
            }
            for number, pair in enumerate(pairs)
            for place in places
            if (gap := place.gaps[number]) is not None
        ]
    )


def matrix_table(matrix: Sequence[Sequence[Cell]]) -> pd.DataFrame:
    """Return one row per text and model of a cross-score, panes counted from 1."""
    return pd.DataFrame(
        [
            {"text_of_pane": text, "model_of_pane": reader, **shallow(cell)}
            for text, row in enumerate(matrix, start=1)
            for reader, cell in enumerate(row, start=1)
        ]
    )
