"""What the view of comparisons asks of the server: what it answers, and what it survives."""

from __future__ import annotations

import io
import json
import os
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from playground.store import MAX_TOKENS
from playground.ui.compare import MAX_VOTES
from playground.ui.routes import READERS
from tests.browser import RunningApp

if TYPE_CHECKING:
    from collections.abc import Iterator

MODELS = """models:
  toy:
    title: Toy
    backend: toy
    context_tokens: 256
  other:
    title: Other words
    backend: toy
    source: path:other.json
    context_tokens: 1048576
  short:
    title: Short
    backend: toy
    context_tokens: 8
  broken:
    title: Broken
    backend: llamacpp
    source: path:broken.gguf
    context_tokens: 256
"""


TABLES = ("compare", "matrix", "gaps")
NOON = "2026-11-24T12:00:00+00:00"
ENDLESS = {"model": "other", "chain": {"temperature": 0}}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """Run the page on a toy, one that never ends, one with a small context and a file that is no model."""
    files = {"other.json": b'{"": {" la": 1.0}}', "broken.gguf": b"GGUF" + bytes(60)}
    with RunningApp.on(tmp_path_factory.mktemp("models"), MODELS, files) as running:
        yield running


def asked(*panes: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 (values of the page)
    """Return what the page sends."""
    flat = [{"model": "toy", "system": "", "chain": {}, "history": []} | pane for pane in panes]
    shared = {"mode": "completion", "prompt": "Then the cat", "luck": "common", "fast": False, "seed": "42"}
    return shared | {"max_new_tokens": 8, "panes": flat} | more


def begin(page: RunningApp, body: dict[str, Any]) -> str:
    """Begin a comparison and return its id."""
    answer = page.http.post("/playground/compare", json=body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["comparison"])


def followed(page: RunningApp, comparison: str) -> Iterator[dict[str, Any]]:
    """Yield what the page is told."""
    with page.http.stream("GET", f"/comparisons/{comparison}/follow") as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def end(page: RunningApp, body: dict[str, Any]) -> dict[str, Any]:
    """Return a comparison whose texts are there, whole."""
    comparison = begin(page, body)
    *_, last = followed(page, comparison)
    assert last["running"] is False
    return dict(page.http.get(f"/comparisons/{comparison}/panes").json())


def said(strip: dict[str, Any], name: str) -> str:
    """Return what stands under a pane's text by this name."""
    return str(next(value for known, value, _ in strip["stats"] if known == name))


def texts(news: dict[str, Any]) -> list[str]:
    """Return what each pane shows."""
    return ["".join(token[0] for token in pane["strip"]["tokens"]) for pane in news["panes"]]


def test_common_luck_is_one_text_and_own_luck_counts_the_seed_on(page: RunningApp) -> None:
    """Seeds that go on past the largest begin again at 0."""
    same = end(page, asked({}, {}, {}))
    assert len(set(texts(same))) == 1
    assert same["parted"] == "All texts are the same."
    own = end(page, asked({}, {}, luck="own", seed=str(2**32 - 1)))
    assert [pane["strip"]["seed"] for pane in own["panes"]] == [2**32 - 1, 0]


def test_a_text_that_is_the_others_beginning_parts_at_its_end(page: RunningApp) -> None:
    """The shorter one has no token there, which is said."""
    stop = {"chain": {"temperature": 0, "stop": [" sat"]}}
    found = end(page, asked({"chain": {"temperature": 0}}, stop))
    long, short = texts(found)
    assert long.startswith(short)
    assert len(long) > len(short)
    places = [pane["parts"] for pane in found["panes"]]
    assert places == [len(found["panes"][1]["strip"]["tokens"]), None]
    assert found["parted"].endswith("B: its end.")


@pytest.mark.parametrize(
    ("pane", "says"),
    [
        ({"model": "broken"}, "Broken cannot run here"),
        ({"model": "nobody"}, "no model “nobody”"),
        ({"model": "short", "history": []}, "context"),
        ({"chain": {"temperature": -1}}, "emperature is -1"),
        ({"chain": "nonsense"}, "The chain is"),
    ],
)
def test_what_is_wrong_in_one_pane_is_said_there(page: RunningApp, pane: dict[str, Any], says: str) -> None:
    """The others write, are counted and can be saved."""
    found = end(page, asked({}, pane, prompt="Then the cat sat and the dog saw the bird."))
    whole, failed = found["panes"]
    assert (whole["error"], len(whole["strip"]["tokens"]) > 0) == ("", True)
    assert says in failed["error"]
    address = f"/comparisons/{found['comparison']}"
    rows = page.http.post(f"{address}/summary", json={}).json()["rows"]
    assert [row[5] for row in rows] == [said(pane["strip"], "ended") for pane in (whole, failed)]
    assert rows[1][5] == "broken off"
    for name in ("compare.json", "compare.csv", "compare.html", "matrix", "matrix.csv", "gaps.csv"):
        assert page.http.get(f"{address}/{name}").status_code == 200
    flat = page.http.get(f"{address}/compare.json").json()
    assert flat["panes"][1]["error"] == failed["error"]
    assert "B" in flat["apart"]["problems"]
    opened = page.http.post("/playground/open", json=flat)
    again = page.http.get(f"/comparisons/{opened.json()['comparison']}/panes").json()
    assert texts(again) == texts(found)


def test_a_pane_that_failed_has_no_part_in_where_the_texts_part(page: RunningApp) -> None:
    """The others are compared; one alone with nothing."""
    greedy, failed = {"chain": {"temperature": 0}}, {"chain": {"temperature": -1}}
    same = end(page, asked(greedy, failed, greedy))
    assert (same["parted"], [pane["parts"] for pane in same["panes"]]) == ("All texts are the same.", [None] * 3)
    stop = {"chain": {"temperature": 0, "stop": [" sat"]}}
    parted = end(page, asked(greedy, failed, stop))["parted"]
    assert ("A: token" in parted, "B:" in parted, parted.endswith("C: its end.")) == (True, False, True)
    assert end(page, asked(greedy, failed))["parted"] == ""


def test_a_chat_with_a_model_without_a_template_is_said_there(page: RunningApp) -> None:
    """It is a matter of that pane."""
    found = end(page, asked({}, {}, mode="chat"))
    assert ["chat" in pane["error"] for pane in found["panes"]] == [True, True]


def test_a_killed_worker_ends_its_panes_alone(page: RunningApp) -> None:
    """What it had written stays; the other model's pane goes on to its end; the next comparison works."""
    body = asked({"model": "toy", "chain": {"temperature": 0}}, ENDLESS, max_new_tokens=100_000)
    comparison = begin(page, body)
    stream = followed(page, comparison)
    next(news for news in stream if len(news["panes"][1]["strip"]["tokens"]) > 0)
    os.kill(page.model_pid("other"), signal.SIGKILL)
    *_, last = stream
    error = last["panes"][1]["error"]
    assert "Other words" in error or "stopped" in error
    assert last["panes"][0]["error"] == ""
    assert last["running"] is False
    assert texts(end(page, asked({"model": "other"}, {})))[0].startswith(" la")


def test_stop_ends_one_pane_and_then_all(page: RunningApp) -> None:
    """A pane that is stopped keeps its text."""
    comparison = begin(page, asked(ENDLESS, ENDLESS, max_new_tokens=100_000))
    stream = followed(page, comparison)
    next(news for news in stream if all(pane["strip"]["from"] for pane in news["panes"]))
    page.http.post(f"/comparisons/{comparison}/stop?pane=0", json={})
    news = next(news for news in stream if not news["panes"][0]["strip"]["running"])
    assert news["panes"][1]["strip"]["running"] is True
    page.http.post(f"/comparisons/{comparison}/stop", json={})
    *_, last = stream
    assert last["running"] is False


def test_different_vocabularies_are_said_and_texts_compared(page: RunningApp) -> None:
    """No distance is made up; each text is encoded anew for the other model."""
    found = end(page, asked({}, {"model": "other"}))
    address = f"/comparisons/{found['comparison']}"
    *_, last = page.http.get(f"{address}/gaps?text_of=0").text.splitlines()
    apart = json.loads(last)
    assert apart["pairs"] == []
    assert any("tokenizers differ" in said for said in apart["problems"])
    matrix = page.http.get(f"{address}/matrix").json()
    assert any("Encoded anew" in note for note in matrix["notes"])


def test_a_reference_is_scored(page: RunningApp) -> None:
    """The text itself has all of it; the signature says how it was computed."""
    found = end(page, asked({}, {"chain": {"temperature": 0}}))
    text = texts(found)[0].removesuffix("<|end|>")
    answer = page.http.post(f"/comparisons/{found['comparison']}/summary", json={"reference": text})
    assert answer.json()["rows"][0][-2:] == ["100.0", "100.0"]
    assert "sacrebleu, nrefs:1" in answer.json()["note"]
    report = page.http.get(f"/comparisons/{found['comparison']}/compare.html").text
    assert "sacrebleu, nrefs:1" in report
    refused = page.http.post(f"/comparisons/{found['comparison']}/summary", json={"reference": 7})
    assert "The reference is 7; it must be a text." in refused.json()["text"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (asked({}), "There are 1 panes to compare; it must be 2 to 4."),
        (asked({}, {}, {}, {}, {}), "There are 5 panes to compare; it must be 2 to 4."),
        (asked({}, {}, panes="all"), "they must be a list of objects"),
        (asked({}, {}, luck="good"), "it must be one of common, own"),
        (asked({}, {}, seed="-2"), "eed is -2"),
        (asked({}, {}, max_new_tokens=0), "it must be"),
    ],
)
def test_what_all_share_is_refused_as_a_whole(page: RunningApp, body: dict[str, Any], says: str) -> None:
    """Nothing begins; the sentence says what is allowed."""
    answer = page.http.post("/playground/compare", json=body)
    assert answer.status_code == 400
    assert says in answer.json()["text"]


def test_votes_and_places_are_checked(page: RunningApp) -> None:
    """A pane that is not there, a comparison that is gone, a form of another site."""
    found = end(page, asked({}, {}))
    address = f"/comparisons/{found['comparison']}"
    refused = page.http.post(f"{address}/vote", json={"choice": "C"})
    assert "it must be one of A, B, tie, bad" in refused.json()["text"]
    assert page.http.post(f"{address}/vote", json={"choice": "tie"}).json()["votes"] == ["You voted: tie."]
    assert page.http.post(f"{address}/stop?pane=7", json={}).status_code == 400
    assert page.http.get(f"{address}/gaps?text_of=-1").status_code == 400
    assert page.http.post(f"{address}/vote", data={"choice": "A"}).status_code == 415
    assert page.http.get("/comparisons/nothing/panes").status_code == 404


def test_a_saved_comparison_opens_again(page: RunningApp) -> None:
    """Its texts, its settings and its votes; what it is saved as then is the same."""
    found = end(
        page, asked({"chain": {"temperature": 0.5}}, {"model": "other", "chain": {"temperature": 0}}, luck="own")
    )
    address = f"/comparisons/{found['comparison']}"
    page.http.post(f"{address}/vote", json={"choice": "B", "blind": True})
    saved = page.http.get(f"{address}/compare.json")
    headers = {"content-type": "application/json"}
    opened = page.http.post("/playground/open?file=mine.json", content=saved.content, headers=headers).json()
    assert opened["comparison"] != found["comparison"]
    again = page.http.get(f"/comparisons/{opened['comparison']}/panes").json()
    assert texts(again) == texts(found)
    assert (again["common"], again["votes"]) == (False, ["You voted: B."])
    assert [item["model"] for item in again["asked"]] == ["toy", "other"]
    assert again["asked"][0]["chain"] == {"order": "transformers", "temperature": 0.5}
    assert page.http.get(f"/comparisons/{opened['comparison']}/compare.json").json() == saved.json()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": 2}, "no comparison that this page reads"),
        ({"panes": []}, "no comparison that this page reads"),
        ({"panes": [{}, {}]}, "no saved run"),
        ({"votes": [{"choice": "D", "time": NOON, "blind": False}]}, "must be one of A, B, tie, bad"),
        ({"votes": [{"choice": "A", "time": "\ud800", "blind": False}]}, "votes[0].time is"),
        ({"votes": [{"choice": "A", "time": "noon", "blind": False}]}, "votes[0].time must be a time"),
        ({"votes": ["A"]}, "votes[0] is A; it must be"),
        ({"reference": "a" * 70_000}, "it must be a text of 0 to 65,536 characters"),
        ({"reference": "\ud800"}, "reference is"),
        ({"luck": "good"}, "luck is good; it must be one of common, own"),
        ({"messages": [[["user", "\ud800"]], []]}, "messages[0][0][1] is"),
        ({"messages": [[["user", "a" * 60_000]] * 2, []]}, "has more than 65,536 characters"),
        ({"messages": [[]]}, "messages is [[]]; it must be a list of 2"),
    ],
)
def test_a_damaged_comparison_is_refused(page: RunningApp, change: dict[str, Any], says: str) -> None:
    """With a sentence; nothing of it is shown."""
    found = end(page, asked({}, {}))
    flat = page.http.get(f"/comparisons/{found['comparison']}/compare.json").json() | change
    headers = {"content-type": "application/json"}
    answer = page.http.post("/playground/open", content=json.dumps(flat), headers=headers)  # half pairs, too
    assert answer.status_code == 400
    assert says in answer.json()["text"]


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("!!!", "The link holds no settings"),
        ("e30", "of version"),
        ("eyJ2IjoxfQ", "The link holds no comparison of 2 to 4 panes"),
        ("A" * 40_000, "longer than 32,768 characters"),
    ],
)
def test_a_hostile_link_is_refused(page: RunningApp, link: str, says: str) -> None:
    """In a sentence; the page stays as it was."""
    answer = page.http.post("/playground/compare/link", json={"link": link})
    assert answer.status_code == 400
    assert says in answer.json()["text"]


def test_what_of_a_link_does_not_hold_starts_anew(page: RunningApp) -> None:
    """With the letter of the pane; all else is filled in."""
    own = [
        {"model": "toy", "system": "", "chain": {"temperature": 0.5}, "seed": 3},
        {"model": "nobody", "chain": {"top_p": 7}},
        7,
    ]
    state = {"v": 1, "view": "beams", "prompt": "Then the cat", "seed": 7, "luck": "good", "fast": True, "panes": own}
    found = page.http.post("/playground/compare/link", json={"state": state}).json()
    assert (found["state"]["prompt"], found["state"]["seed"], found["state"]["luck"]) == ("Then the cat", 7, "common")
    assert found["state"]["panes"][0]["chain"]["temperature"] == 0.5
    assert found["state"]["panes"][1]["model"] == "toy"
    assert "B: models.yaml has no model “nobody”" in found["problems"]
    assert "Luck is good; it must be one of common, own." in found["problems"]
    assert "C: The pane is 7; it must be an object." in found["problems"]
    assert "A: There is no setting “seed”." in found["problems"]
    assert " There is no setting “view”." in found["problems"]
    again = page.http.post("/playground/compare/link", json={"link": found["link"]}).json()
    assert (again["state"], again["problems"]) == (found["state"], "")


def test_every_table_leaves_as_csv(page: RunningApp) -> None:
    """A row per pane, per text and model, per place and pair; the numbers are those of the JSON."""
    found = end(page, asked({"chain": {"temperature": 0.5}}, {}, {"chain": {"temperature": 0}}))
    address = f"/comparisons/{found['comparison']}"
    flat = page.http.get(f"{address}/compare.json").json()
    tables = {name: pd.read_csv(io.BytesIO(page.http.get(f"{address}/{name}.csv").content)) for name in TABLES}
    differ = [json.loads(text) for text in tables["compare"]["settings_that_differ"]]
    assert differ == flat["settings_that_differ"] == [{"temperature": value} for value in (0.5, None, 0)]
    count = len(flat["panes"][0]["steps"])
    assert [len(tables[name]) for name in TABLES] == [3, 9, 3 * count]
    ours = tables["gaps"].query("pane == 1 and other_pane == 2")["final_js_bits"]
    theirs = [place["final"]["js_bits"] for place in flat["apart"]["pairs"][0]["places"]]
    assert list(ours) == pytest.approx(theirs, abs=1e-12)
    assert list(tables["matrix"]["perplexity"]) == pytest.approx(
        [cell["perplexity"] for row in flat["matrix"] for cell in row]
    )


def test_votes_are_bounded_and_read_back_with_what_was_voted_on(page: RunningApp) -> None:
    """A line for each, with both texts; a file with too many is refused."""
    found = end(page, asked({"chain": {"temperature": 0}}, {}, prompt="Кот"))
    address = f"/comparisons/{found['comparison']}"
    for choice in ("A", "bad"):
        page.http.post(f"{address}/vote", json={"choice": choice, "blind": True})
    votes = [json.loads(line) for line in page.http.get(f"{address}/votes.jsonl").text.splitlines()]
    assert [vote["choice"] for vote in votes] == ["A", "bad"]
    assert [item["prompt"] for item in votes[0]["panes"]] == ["Кот", "Кот"]
    assert "Кот" in page.http.get(f"{address}/compare.html").text
    flat = page.http.get(f"{address}/compare.json").json()
    many = flat | {"votes": [{"time": NOON, "choice": "tie", "blind": False}] * (MAX_VOTES + 1)}
    answer = page.http.post("/playground/open", json=many)
    assert "it must be a list of 0 to 1,000" in answer.json()["text"]


def test_readers_of_a_model_that_stands_still_hold_nobody_up(page: RunningApp) -> None:
    """Sliders of another model answer meanwhile; when the readers have left, others can read."""
    slow = f"/comparisons/{end(page, asked({'model': 'other'}, {'model': 'other'}))['comparison']}/gaps"
    quick = f"/comparisons/{end(page, asked({}, {'chain': {'temperature': 0}}))['comparison']}/matrix"
    look = {"chain": {}, "seed": "1", "place": {"run": "", "position": 0}}
    process = page.model_pid("other")
    os.kill(process, signal.SIGSTOP)
    try:
        with ExitStack() as readers:
            for _ in range(READERS):
                stream = readers.enter_context(page.http.stream("GET", slow))
                assert json.loads(next(stream.iter_lines()))["done"] == 0
            assert page.http.post("/playground/what_if", json=look).status_code in {400, 404}
        assert len(page.http.get(quick).json()["figure"]["data"]) > 0
    finally:
        os.kill(process, signal.SIGCONT)


def test_a_comparison_too_large_to_keep_is_refused(page: RunningApp) -> None:
    """Before others are forgotten for it."""
    kept = end(page, asked({}, {}))
    flat = page.http.get(f"/comparisons/{kept['comparison']}/compare.json").json()
    for pane in flat["panes"]:
        pane["prompt"] *= MAX_TOKENS // 2 // len(pane["prompt"])
    answer = page.http.post("/playground/open", json=flat)
    assert "at most 30,000 are kept" in answer.json()["text"]
    assert page.http.get(f"/comparisons/{kept['comparison']}/panes").status_code == 200


def test_tokens_can_be_looked_at_as_long_as_their_comparison_is_kept(page: RunningApp) -> None:
    """Whatever else is written and opened meanwhile."""
    found = end(page, asked({}, {}))
    pane = found["panes"][0]["strip"]["run"]
    run = page.http.get(f"/runs/{pane}/run.json").json()
    long = run | {"prompt": run["prompt"] * (MAX_TOKENS // 2 // len(run["prompt"]))}
    others = [page.http.post("/playground/open", json=long).json()["run"] for _ in range(3)]
    assert [page.http.get(f"/runs/{other}/strip").status_code for other in others] == [404, 404, 200]
    assert page.http.get(f"/runs/{pane}/tokens/0").status_code == 200


def test_a_saved_chat_goes_on(page: RunningApp) -> None:
    """What was said before comes back from the file: the boxes of a reply have it, and so has the next file."""
    found = end(page, asked({}, {}))
    flat = page.http.get(f"/comparisons/{found['comparison']}/compare.json").json()
    flat["messages"] = [[["system", "Be brief."], ["user", "Hello"]], []]
    opened = page.http.post("/playground/open", json=flat).json()["comparison"]
    again = page.http.get(f"/comparisons/{opened}/panes").json()
    assert [pane["system"] for pane in again["asked"]] == ["Be brief.", ""]
    boxes = page.http.get(f"/runs/{again['panes'][0]['strip']['run']}/boxes").json()
    assert boxes["system"] == "Be brief."
    assert [turn["role"] for turn in boxes["history"]] == ["user", "assistant"]
    assert page.http.get(f"/comparisons/{opened}/compare.json").json()["messages"] == flat["messages"]
