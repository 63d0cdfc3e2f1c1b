"""What the routes give as files and take as one: tables, runs, and a run that opens where its model is not."""

from __future__ import annotations

import csv
import io
import json
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from playground import Playground, saved
from playground.saved import read_run, to_text
from tests.browser import RunningApp

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from playground.records import Run, Snapshot

SETTINGS: dict[str, Any] = {"seed": 42, "temperature": 0.9, "top_k": 5, "max_new_tokens": 6}
JSON_TYPE = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def run() -> Run:
    """Return a run of a toy."""
    with Playground() as playground:
        return playground.generate("toy", "Then the cat", **SETTINGS)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """Run a page that has one other model, which nobody asks."""
    models = tmp_path_factory.mktemp("models") / "models.yaml"
    models.write_text("models:\n  other: {backend: toy, context_tokens: 512}\n", encoding="utf-8")
    with RunningApp("--models", str(models)) as running:
        yield running


def post(app: RunningApp, run: Run | str, name: str = "mine.json") -> httpx.Response:
    """Send a file as the page does."""
    text = run if isinstance(run, str) else to_text(run)
    return app.http.post("/playground/open", params={"file": name}, content=text.encode(), headers=JSON_TYPE)


def opened(app: RunningApp, run: Run, name: str = "mine.json") -> str:
    """Open a run and return its new id."""
    return str(post(app, run, name).json()["run"])


def tabled(app: RunningApp, **asked: object) -> httpx.Response:
    """Ask for the table of a picture."""
    return app.http.post("/playground/table", json=asked)


def as_other(run: Run) -> Run:
    """Return a run as if the page's own model had written it."""
    return read_run(to_text(run).replace('"model":"toy"', '"model":"other"').encode())


def test_an_opened_run_is_shown_without_a_model(app: RunningApp, run: Run) -> None:
    """Text, recorded distributions and curves are there, though its model is not; the strip names the file."""
    strip = post(app, run).json()
    stats = {name: value for name, value, _ in strip["stats"]}
    assert (strip["running"], len(strip["tokens"]), stats["opened from file"]) == (False, len(run.steps), "mine.json")
    for place, step in enumerate(run.steps):
        shown = app.http.get(f"/runs/{strip['run']}/tokens/{place}").json()
        assert shown["settings"] == "toy · temperature 0.9 · top-k 5 · order transformers"
        best = max(step.snapshot.candidates, key=lambda item: item.final_prob)
        assert max(value or 0 for value in shown["figure"]["data"][1]["x"]) == best.final_prob
    curves = app.http.get(f"/runs/{strip['run']}/curves").json()
    assert curves["settings"] == ["toy · temperature 0.9 · top-k 5 · order transformers · seed 42"]
    assert list(app.http.get("/healthz").json()["models"]) == ["other"]


def test_an_opened_run_leaves_as_the_same_file(app: RunningApp, run: Run) -> None:
    """However often it goes to and fro, the JSON is the same to the last byte, and so is the table."""
    first = opened(app, run)
    saved_again = app.http.get(f"/runs/{first}/run.json")
    assert saved_again.text == to_text(run)
    assert saved_again.headers["content-disposition"] == f'attachment; filename="run-{first[:8]}.json"'
    second = opened(app, read_run(saved_again.content))
    assert app.http.get(f"/runs/{second}/run.json").text == to_text(run)
    tables = [app.http.get(f"/runs/{each}/tokens.csv").text for each in (first, second)]
    assert tables[0] == tables[1]
    assert len(tables[0].splitlines()) == 1 + len(run.steps)


def test_settings_on_an_opened_run_need_its_model(app: RunningApp, run: Run) -> None:
    """Where its model is not listed a sentence says so; where it is, the place is computed again."""
    place = {"run": opened(app, run), "position": 2}
    asked = {"chain": {"top_k": 2}, "seed": "42", "place": place}
    answer = app.http.post("/playground/what_if", json=asked)
    assert (answer.status_code, answer.json()["kind"]) == (400, "error")
    assert answer.json()["text"].startswith("models.yaml has no model “toy”")
    place = {"run": opened(app, as_other(run)), "position": 2}
    shown = app.http.post("/playground/what_if", json=asked | {"place": place}).json()
    assert shown["numbers"][1][1] == "2 of 270 tokens"
    assert "had to read this prefix again" in shown["note"]


def test_tokens_that_the_model_does_not_have_are_refused(app: RunningApp, run: Run) -> None:
    """A file may name any number; the model's process lives on."""
    flat = saved.to_dict(as_other(run))
    flat["prompt"][0][0] = 9_999_999
    place = {"run": opened(app, saved.from_dict(flat)), "position": 2}
    answer = app.http.post("/playground/what_if", json={"chain": {}, "seed": "42", "place": place})
    assert answer.status_code == 400
    assert "Token id 9999999 is not in the vocabulary" in answer.json()["text"].replace(",", "")
    assert app.http.get("/healthz").json()["models"]["other"]["state"] == "up"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The file is no JSON."),
        ("<html>", "The file is no JSON."),
        ('{"v": 1}', "The file is no saved run."),
        ('{"format": "sampling-playground-run", "version": 9}', "The file is of version 9; this page reads version 1."),
        ('{"format": "sampling-playground-run", "version": 1}', "In the file, the run lacks model."),
    ],
)
def test_a_file_that_is_no_run_is_refused(app: RunningApp, text: str, words: str) -> None:
    """With status 400, a sentence and no traceback."""
    answer = post(app, text)
    assert (answer.status_code, answer.json()["kind"], answer.json()["field"]) == (400, "error", "")
    assert answer.json()["text"].startswith(words)


def test_a_run_that_never_began_is_refused(app: RunningApp, run: Run) -> None:
    """There is nothing to show of it."""
    flat = saved.to_dict(run) | {"prompt": [], "steps": []}
    assert post(app, json.dumps(flat)).json()["text"] == "The run in this file never began. Choose another."


def test_a_file_that_is_too_large_is_refused(app: RunningApp) -> None:
    """Of its 40 MB no more is read than shows that; the page goes on."""
    answer = post(app, " " * 40_000_000)
    assert (answer.status_code, answer.json()["text"][:45]) == (400, "The file is larger than 32 MB, the most that ")
    assert app.http.get("/healthz").json()["ok"] is True


def test_a_file_that_does_not_arrive_keeps_nobody_from_opening_another(app: RunningApp, run: Run) -> None:
    """Two that say half of what they hold and then nothing; when they go, the page goes on."""
    address = urlsplit(app.url)
    head = f"POST /playground/open HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
    with ExitStack() as held:
        for _ in range(2):
            stalled = held.enter_context(socket.create_connection((address.hostname or "", address.port or 0)))
            stalled.sendall(f"{head}Content-Length: 1000\r\n\r\n{{".encode())
        assert post(app, run).json()["running"] is False
    assert post(app, run).json()["running"] is False


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_only_json_is_taken(app: RunningApp, run: Run, kind: str) -> None:
    """What a form of another site can send is not read."""
    answer = app.http.post("/playground/open", content=to_text(run), headers={"content-type": kind})
    assert (answer.status_code, answer.json()["text"]) == (415, "This takes JSON. Set the content type.")


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>.json", "a\nb\x00.json", "x" * 10_000, ""])
def test_any_name_of_a_file_is_taken(app: RunningApp, run: Run, name: str) -> None:
    """On one line and not too long; a nameless one is not named."""
    stats = {label: value for label, value, _ in post(app, run, name).json()["stats"]}
    said = stats.get("opened from file", "")
    assert len(said) <= 80
    assert said.isprintable()
    assert bool(said) == bool(name)


def test_the_table_of_a_recorded_picture_is_its_record(app: RunningApp, run: Run) -> None:
    """As CSV and as JSON: a row per token of the record and the tail, shares that add up to one, and the settings."""
    place = {"run": opened(app, run), "position": 1}
    snapshot: Snapshot = run.steps[1].snapshot
    text = tabled(app, place=place, recorded=True, format="csv").json()["text"]
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert [
        (int(row["token_id"]), float(row["model_prob"]), float(row["final_prob"])) for row in rows if row["rank"]
    ] == [(item.token_id, item.model_prob, item.final_prob) for item in snapshot.candidates]
    assert [bytes.fromhex(json.loads(row["bytes"])) for row in rows if row["rank"]] == [
        item.piece for item in snapshot.candidates
    ]
    assert {json.loads(row["settings"])["top_k"] for row in rows} == {5}
    flat = json.loads(tabled(app, place=place, recorded=True, format="json").json()["text"])
    assert (flat["model"], flat["token"], flat["drawn"]) == ("toy", 2, run.steps[1].token_id)
    assert flat["settings"] == run.params.to_dict()
    assert sum(row["model_prob"] for row in flat["rows"]) == pytest.approx(1)
    assert sum(row["final_prob"] for row in flat["rows"]) == pytest.approx(1)
    assert {row["removed_by"] for row in flat["rows"]} == {None, "top_k"}
    assert sum(row["tokens"] for row in flat["rows"]) == len(snapshot.candidates) + snapshot.tail_count
    assert [row["token_id"] for row in flat["rows"] if row["drawn"]] == [flat["drawn"]]


def test_the_table_of_a_what_if_is_computed_again(app: RunningApp, run: Run) -> None:
    """With the settings that the picture shows, and with what came in as many draws as it counted."""
    place = {"run": opened(app, as_other(run)), "position": 1}
    asked = {"place": place, "recorded": False, "chain": {"top_k": 3}, "seed": 42, "draws": 500}
    flat = json.loads(tabled(app, **asked, format="json").json()["text"])
    assert (flat["support"], flat["recorded"], flat["settings"]["top_k"]) == (3, False, 3)
    assert "max_new_tokens" not in flat["settings"]
    assert sum(row["came"] for row in flat["rows"]) == 500
    without_seed = json.loads(tabled(app, **asked | {"seed": ""}, format="json").json()["text"])
    assert (without_seed["drawn"], without_seed["luck"]) == (None, None)
    assert not any(row["drawn"] for row in without_seed["rows"])


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"format": "xls"}, "Format is xls; it must be one of csv, json."),
        ({"format": ["csv"]}, "Format is ['csv']; it must be one of"),
        ({"format": "csv"}, "The chain is None"),
        ({"format": "csv", "recorded": True, "place": {"run": "x", "position": 0}}, "This run is no longer kept."),
        ({"format": "csv", "chain": {}, "seed": "", "place": {"look": "x"}}, "This look is no longer kept."),
    ],
)
def test_a_table_of_nothing_is_refused(app: RunningApp, asked: dict[str, object], words: str) -> None:
    """With a sentence."""
    answer = tabled(app, **asked)
    assert answer.status_code in {400, 404}
    assert answer.json()["text"].startswith(words)
