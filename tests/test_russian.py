"""The page in Russian: all is translated, nothing has drifted from the English, a visitor gets the right one."""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from playground.entry import BACKENDS, KINDS, adjustable
from playground.presets import PRESETS
from playground.samplers import all_samplers
from playground.ui import russian
from playground.ui.controls import help_paragraphs
from playground.ui.languages import RU, FirstLanguage
from playground.ui.russian import RUSSIAN, SAMPLERS
from playground.ui.text import ENGLISH
from tests.browser import Watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from playground.samplers.base import Sampler
    from tests.browser import RunningApp

SAME = {
    "save_seed",
    "tree_root",
    "prompt_default",
    "seed",
    "stat_seed",
    "list_id",
    "thousands",
    "quoted",
    "models_usual",
    "waterfall_rule_shape",
}
LONG = 8  # characters of an English text that cannot stand in a Russian one by chance
# What the page shows and says.
SAID = """() => {
  const marks = [...document.querySelectorAll("[aria-label], [title], [placeholder]")];
  const named = ["aria-label", "title", "placeholder"].flatMap((name) => marks.map((node) => node.getAttribute(name)));
  const drawn = [...document.querySelectorAll("svg text")].map((node) => node.textContent);
  const options = [...document.querySelectorAll("option")].map((node) => node.textContent);
  return [document.title, document.body.innerText, ...named, ...drawn, ...options].join("\\n");
}"""
FIRST = TestClient(FirstLanguage(Starlette(routes=[Route("/", lambda _: PlainTextResponse("English"))])))


def numbers(text: str) -> list[str]:
    """Return the numbers in a text, whatever sets their thousands apart."""
    return sorted(re.findall(r"\d+(?:\.\d+)?", re.sub(r"(?<=\d)[,\u00a0](?=\d{3})", "", text)))


def is_russian(text: str) -> bool:
    """Tell whether there is a Russian letter in it."""
    return bool(re.search("[а-яё]", text, re.IGNORECASE))


def english_parts() -> set[str]:
    """Return what of the English texts stands between their placeholders, where the Russian text has it not."""
    parts = {part for key, text in ENGLISH.items() if key not in SAME for part in re.split(r"\{[^}]*\}|\n", text)}
    found = {part.strip(" .,;:·“”") for part in parts}
    return {part for part in found if len(part) >= LONG and not any(part in text for text in RUSSIAN.values())}


def test_both_languages_have_the_same_texts() -> None:
    """Russian also has what English takes from declarations: names of samplers, what a model's numbers may be."""
    names = {f"sampler_{key}" for key in all_samplers()}
    allowed = {f"allowed_{name}" for backend in BACKENDS for name in adjustable(backend)}
    assert set(RUSSIAN) == {*ENGLISH, *names, *allowed}


@pytest.mark.parametrize("key", ENGLISH)
def test_a_text_has_the_same_placeholders_in_both(key: str) -> None:
    """With the same formats, or the page would break in one of them."""

    def fields(text: str) -> set[tuple[str, str | None]]:
        return {(name, form) for _, name, form, _ in Formatter().parse(text) if name is not None}

    assert fields(RUSSIAN[key]) == fields(ENGLISH[key])


@pytest.mark.parametrize("key", sorted(RUSSIAN))
def test_a_russian_text_is_russian(key: str) -> None:
    """All but a few that are the same in both, and the samplers that have no other name."""
    own = key.startswith("sampler_") and not is_russian(RUSSIAN[key])
    assert is_russian(RUSSIAN[key]) or key in SAME or (own and RUSSIAN[key] == all_samplers()[key[8:]].label)


@pytest.mark.parametrize("kind", all_samplers().values(), ids=all_samplers())
def test_a_sampler_says_in_russian_what_it_says_in_english(kind: type[Sampler]) -> None:
    """The same knobs, the same paragraphs, and in each the same numbers."""
    said = SAMPLERS[kind.key]
    assert list(said.knobs) == list(kind.knobs())
    assert set(said.off) == {name for name, spec in kind.knobs().items() if spec.off}
    assert all(is_russian(text) for text in (*said.help, *said.off.values()))
    assert [numbers(text) for text in said.help] == [numbers(text) for text in help_paragraphs(kind)]


def test_every_preset_has_its_russian_title_and_origin() -> None:
    """With the numbers of the English origin."""
    assert list(russian.PRESETS) == [preset.key for preset in PRESETS]
    for preset in PRESETS:
        assert all(is_russian(text) for text in russian.PRESETS[preset.key])
        assert numbers(russian.PRESETS[preset.key][1]) == numbers(preset.origin)


@pytest.mark.parametrize("name", sorted(key for key in RUSSIAN if key.startswith("allowed_")))
def test_what_a_models_number_may_be_is_the_same_in_russian(name: str) -> None:
    """The same range."""
    assert numbers(RUSSIAN[name]) == numbers(KINDS[name.removeprefix("allowed_")]["allowed"])


@pytest.mark.parametrize(
    ("accepted", "cookie", "target"),
    [
        ("ru-RU,ru;q=0.9,en;q=0.8", "", "/ru/"),
        ("de,ru;q=0.4", "", "/ru/"),
        ("en-US,en;q=0.9,ru;q=0.8", "", ""),
        ("en;q=0.5,ru;q=0.8", "", "/ru/"),
        ("ru;q=0,en;q=0.1", "", ""),
        ("ru;q=what", "", ""),
        ("de", "", ""),
        ("", "", ""),
        ("ru", "language=en", ""),
        ("en", "language=ru", "/ru/"),
        ("ru", "language=xx", "/ru/"),
        ("en", 'a="; language', ""),
    ],
)
def test_the_first_address_leads_to_the_visitors_language(accepted: str, cookie: str, target: str) -> None:
    """What somebody chose counts before what the browser prefers; the question mark and what follows stay."""
    headers = {"accept-language": accepted, "cookie": cookie}
    answer = FIRST.get("/?a=1", headers=headers, follow_redirects=False)
    assert (answer.status_code, answer.headers.get("location", "")) == ((307, f"{target}?a=1") if target else (200, ""))


def test_an_address_may_ask_for_a_language() -> None:
    """For browsers that keep no cookie; it counts before one. What is no language is nothing."""
    asked = {"?language=en": 200, "?language=ru": 307, "?language=xx": 307, "?language=en&language=xx": 307}
    headers = {"accept-language": "ru", "cookie": "language=ru"}
    assert {
        query: FIRST.get(f"/{query}", headers=headers, follow_redirects=False).status_code for query in asked
    } == asked


def test_the_first_address_says_what_its_answer_hangs_on() -> None:
    """Or a cache on the way would give one visitor's language to another."""
    english, russian = (
        FIRST.get("/", headers={"accept-language": key}, follow_redirects=False) for key in ("en", "ru")
    )
    assert (english.headers["vary"], russian.headers["vary"]) == ("Cookie, Accept-Language",) * 2
    assert "vary" not in FIRST.get("/else", headers={"accept-language": "en"}).headers


def test_an_address_of_a_language_is_never_left() -> None:
    """Whoever asks for the Russian page gets it; without its last stroke, too."""
    assert FIRST.get("/ru", headers={"accept-language": "en"}, follow_redirects=False).headers["location"] == "/ru/"
    assert FIRST.get("/ru/", headers={"accept-language": "en"}, follow_redirects=False).status_code == 404
    assert FIRST.post("/", headers={"accept-language": "ru"}, follow_redirects=False).status_code == 405


def test_each_page_answers_in_its_language(app: RunningApp) -> None:
    """The document, the questions and the list of models."""
    assert '<html\n\tlang="ru"' in app.http.get("/ru/").text
    assert '<html\n\tlang="en"' in app.http.get("/").text
    assert "Все модели" in app.http.get("/ru/playground/models").json()["memory"]
    assert "All models" in app.http.get("/playground/models").json()["memory"]
    assert app.http.post("/ru/gradio_api/upload").status_code == 403


@pytest.fixture
def watched(browser: Browser, app: RunningApp) -> Watched:
    """Open the Russian page in a browser that keeps nothing from another test."""
    return Watched(browser.new_context(), app.url, fragment="/ru/")


def test_the_russian_page_shows_no_english(watched: Watched) -> None:
    """A text, a token, moved settings, curves, the waterfall, help and the models: no word of the English page."""
    page, english = watched.page, english_parts()
    said = [page.evaluate(SAID)]
    watched.write(6)
    page.click('.tok[data-position="2"]')
    expect(page.locator(".plot h2")).to_contain_text("Токен 3")
    page.click(".curves-figure >> xpath=ancestor::details/summary")
    page.wait_for_selector(".curves-figure .main-svg")
    said.append(page.evaluate(SAID))
    page.get_by_role("button", name="Разыграть").click()
    expect(page.locator(".plot p.draw >> nth=1")).to_contain_text("Розыгрышей")
    watched.set_number("temperature", "1.7")
    expect(page.locator(".replay [role=status]")).to_contain_text("жребии")
    page.get_by_role("tab", name="Водопад").click()
    page.wait_for_selector(".waterfall .main-svg")
    page.click('.sampler[data-key="top_p"] .ask')
    said.append(page.evaluate(SAID))
    page.evaluate("location.hash = '#models'")
    page.wait_for_selector("#models .model")
    said.append(page.evaluate(SAID))
    assert {part for text in said for part in english if part in text} == set()
    assert RU.texts["models_ready"] in said[-1]
    assert page.evaluate("document.documentElement.lang") == "ru"
    assert (watched.errors, watched.foreign) == ([], [])


def test_a_phone_shows_the_russian_page_without_scrolling_sideways(watched: Watched) -> None:
    """390 pixels: everything fits."""
    watched.write(4)
    watched.page.set_viewport_size({"width": 390, "height": 844})
    watched.page.wait_for_function("document.querySelector('.figure .main-svg')?.clientWidth < 390")
    assert watched.page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_other_language_keeps_what_the_address_holds(watched: Watched, app: RunningApp) -> None:
    """The settings and the text come along, and the choice is remembered for the first address."""
    page = watched.page
    watched.set_number("temperature", "1.3")
    watched.write(4)
    page.wait_for_function("location.hash.startsWith('#explore/')")
    link = page.evaluate("location.hash")
    page.get_by_role("link", name="English").click()
    page.wait_for_url(f"{app.url}/{link}")
    expect(page.locator(".plot h2")).to_contain_text("What could come after")
    expect(page.locator(".tok[data-position]")).to_have_count(4)
    expect(page.locator('.sampler[data-key="temperature"] .number').first).to_have_value("1.3")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.get_by_role("link", name="Русский").click()
    page.wait_for_url(f"{app.url}/ru/{link}")
    page.goto(f"{app.url}/{link}")
    page.wait_for_url(f"{app.url}/ru/{link}")
    assert watched.errors == []
