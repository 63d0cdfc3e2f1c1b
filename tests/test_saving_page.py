"""In the browser, on the real SmolLM2: pictures leave with their settings, and a run comes back from its file."""

from __future__ import annotations

import base64
import html
import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser import CHROMIUM, RunningApp, Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

PLACE = 4
HOSTILE = ("<img src=x onerror=alert(1)>", "${alert(1)}", "</text><script>alert(1)</script>", "$x$ &amp;")
HEAD_PX = 2 * 100  # of a PNG: what stands above the bars
DROP = """([text, name]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([text], name));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def visit(browser: Browser, app: RunningApp) -> Iterator[Callable[[], Watched]]:
    """Open pages, each in a browser that kept nothing; afterwards nothing was complained of."""
    pages: list[Watched] = []

    def opened() -> Watched:
        pages.append(Watched(browser.new_context(reduced_motion="reduce"), app.url))
        return pages[-1]

    yield opened
    for watched in pages:
        watched.page.context.close()
        assert (watched.errors, watched.foreign) == ([], [])


def choose(watched: Watched, position: int) -> None:
    """Click a token of the strip and wait for its picture."""
    watched.page.locator(f'.tok[data-position="{position}"]').click()
    expect(watched.page.locator(".plot h2")).to_contain_text(f"Token {position + 1}:")


def saved(watched: Watched, kind: str, card: str = ".plot") -> tuple[str, bytes]:
    """Choose a kind from a card's menu; return name and content of the file."""
    with watched.page.expect_download() as download:
        watched.page.select_option(f"{card} select.save", kind)
    return download.value.suggested_filename, download.value.path().read_bytes()


def run_file(watched: Watched) -> bytes:
    """Press “save as JSON”."""
    with watched.page.expect_download() as download:
        watched.page.get_by_text("save as JSON", exact=True).click()
    assert re.fullmatch(r"run-[\w-]{8}\.json", download.value.suggested_filename)
    return download.value.path().read_bytes()


def open_run(watched: Watched, body: bytes, name: str = "mine.json") -> None:
    """Choose a file, before any text is there."""
    file: Any = {"name": name, "mimeType": "application/json", "buffer": body}
    watched.page.set_input_files(".empty input[type=file]", files=file)
    watched.page.wait_for_selector('.strip[data-running="false"]')


def words(svg: bytes) -> str:
    """Return the text of an SVG, its lines and styled parts joined."""
    return html.unescape(re.sub(r"<[^>]*>", "", svg.decode())).replace("\u00a0", " ")


def test_a_saved_run_comes_back_with_the_same_numbers(visit: Callable[[], Watched]) -> None:
    """On a fresh page the text, each distribution and the curves are those that were saved, and so is the file."""
    first = visit()
    first.set_number("top_k", "12")
    text = first.write(8)
    choose(first, PLACE)
    figure, numbers = first.figure(), first.page.locator(".numbers").text_content()
    body = run_file(first)

    second = visit()
    open_run(second, body)
    assert "".join(second.page.locator(".tok[data-position]").all_text_contents()) == text
    expect(second.page.locator(".stats")).to_contain_text("opened from file mine.json")
    expect(second.page.locator(".plot h2")).to_contain_text("Token 8:")
    choose(second, PLACE)
    assert second.figure() == figure
    assert second.page.locator(".numbers").text_content() == numbers
    expect(second.page.locator(".plot .settings")).to_contain_text("top-k 12")
    second.page.click("#curves summary")
    expect(second.page.locator("#curves .scatterlayer .points path")).to_have_count(8)
    assert run_file(second) == body
    second.page.click("#copy-link")
    expect(second.page.locator(".notice")).to_contain_text("not the text from the file")
    second.page.reload()
    expect(second.page.locator(".stats")).to_contain_text("opened from file mine.json")


def test_moved_settings_act_on_an_opened_run(visit: Callable[[], Watched]) -> None:
    """Its model is here, so that it is asked; and the text goes on from any token."""
    first = visit()
    first.write(8)
    second = visit()
    open_run(second, run_file(first))
    choose(second, PLACE)
    second.set_number("top_k", "1")
    expect(second.page.locator(".plot h2")).to_contain_text("What if: token 5")
    expect(second.page.locator(".numbers dd").nth(1)).to_have_text("1 of 49,152 tokens")
    second.page.fill("#length input", "2")
    second.page.locator("button.other").first.click()
    expect(second.page.locator(".turns span")).to_have_text("2 / 2")
    expect(second.page.locator(".strip")).to_have_attribute("data-running", "false")
    assert second.page.locator(".tok[data-position]").count() == PLACE + 2


def test_a_picture_leaves_with_its_settings(visit: Callable[[], Watched]) -> None:
    """PNG at twice the size and SVG of the distribution: title, settings, seed, numbers and colors stand in them."""
    watched = visit()
    watched.page.click("#theme")  # on white, whatever the page looks like
    watched.set_number("top_k", "12")
    watched.write(8)
    choose(watched, PLACE)
    name, svg = saved(watched, "svg")
    said = words(svg)
    assert (name, svg[:4]) == ("distribution-token-5.svg", b"<svg")
    line = "smollm2-135m-instruct · temperature 0.8 · top-k 12 · top-p 0.9 · order transformers · seed 42"
    for part in ("Token 5: drawn from this, after “", line, "entropy", "before (model)", "tail, 49,1"):
        assert part in said
    assert "rgb(255, 255, 255)" in svg.decode()

    name, png = saved(watched, "png")
    picture = Image.open(io.BytesIO(png))
    assert (name, picture.format) == ("distribution-token-5.png", "PNG")
    width = watched.page.evaluate("document.querySelector('.card.plot').clientWidth")
    assert picture.width == 2 * min(1100, width)
    gray = picture.convert("L")
    assert gray.getpixel((2, 2)) == 255
    lines = [min(gray.crop((0, top, picture.width // 2, top + 1)).tobytes()) < 90 for top in range(HEAD_PX)]
    assert (
        3 <= sum(now and not before for before, now in zip([False, *lines], lines, strict=False)) <= 8
    )  # lines of text


def test_every_picture_has_its_files(visit: Callable[[], Watched]) -> None:
    """The first look, the waterfall and the curves, each in four kinds, by names that say what it is."""
    watched = visit()
    names = [saved(watched, kind)[0] for kind in ("png", "svg", "csv", "json")]
    assert names == [f"distribution-next-token.{kind}" for kind in ("png", "svg", "csv", "json")]
    watched.write(8)
    choose(watched, PLACE)
    watched.page.click('[data-view="waterfall"]')
    watched.page.wait_for_selector(".waterfall .annotation-text")
    name, svg = saved(watched, "svg")
    assert name == "waterfall-token-5.svg"
    assert "order transformers · seed 42" in words(svg)
    assert saved(watched, "png")[1][:8] == b"\x89PNG\r\n\x1a\n"
    name, table = saved(watched, "json")
    assert (name, json.loads(table)["token"]) == ("waterfall-token-5.json", 5)
    watched.page.click("#curves summary")
    watched.page.wait_for_selector("#curves .scatterlayer")
    for kind, begins in (("png", b"\x89PNG"), ("svg", b"<svg"), ("csv", b"\xef\xbb\xbfmodel"), ("json", b'{"format"')):
        name, content = saved(watched, kind, "#curves")
        assert content.startswith(begins)
        if kind in {"png", "svg"}:
            assert name == f"curves.{kind}"
        if kind == "svg":
            assert "order transformers · seed 42" in words(content)


def test_a_file_opens_by_a_drop(visit: Callable[[], Watched]) -> None:
    """Anywhere on the page; one that is no run is refused with a sentence, and the page stays."""
    first = visit()
    text = first.write(4)
    body = run_file(first).decode()
    second = visit()
    second.page.evaluate(DROP, ["%PDF-1.7", "paper.pdf"])
    expect(second.page.locator(".notice")).to_contain_text("The file is no JSON. Choose a file that")
    expect(second.page.locator(".strip")).to_be_hidden()
    second.page.evaluate(DROP, [body, "dropped.json"])
    expect(second.page.locator(".stats")).to_contain_text("opened from file dropped.json")
    expect(second.page.locator(".notice")).to_be_hidden()
    assert "".join(second.page.locator(".tok[data-position]").all_text_contents()) == text


def hostile(body: bytes) -> bytes:
    """Return a run whose model, build, notes and tokens are what a page must not take for its own."""
    flat = json.loads(body)
    flat |= {"model": HOSTILE[0], "build": HOSTILE[1], "notes": list(HOSTILE)}
    for step, text in zip(flat["steps"], HOSTILE, strict=False):
        step["piece"] = text.encode().hex()
        for row in step["snapshot"]["candidates"]:
            if row[0] == step["token_id"]:
                row[1] = step["piece"]
    return json.dumps(flat).encode()


def test_what_stands_in_a_file_is_shown_and_never_run(visit: Callable[[], Watched]) -> None:
    """Tags, templates and formulas in a file are letters: on the page, in its pictures, and in what they leave as."""
    first = visit()
    first.write(8)
    body = hostile(run_file(first))
    second = visit()
    open_run(second, body, f"{HOSTILE[0]}.json")
    assert second.page.locator(".tok[data-position]").all_text_contents()[:4] == list(HOSTILE)
    expect(second.page.locator(".strip .settings")).to_contain_text(HOSTILE[0])
    expect(second.page.locator(".stats")).to_contain_text(f"opened from file {HOSTILE[0]}.json")
    for position, text in enumerate(HOSTILE):
        choose(second, position)
        assert any(text[:17].replace(" ", "␣") in name for name in second.names())
    second.page.click("#curves summary")
    second.page.wait_for_selector("#curves .scatterlayer")
    for card in (".plot", "#curves"):
        _, svg = saved(second, "svg", card)
        assert HOSTILE[0] in words(svg)
        assert [tag for tag in (b"<img", b"<script") if tag in svg] == []
        data = "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
        second.page.evaluate("(src) => { const image = new Image(); image.src = src; return image.decode(); }", data)
    assert second.page.locator(".playground img").count() == 0
    second.set_number("top_k", "3")
    expect(second.page.locator(".notice")).to_contain_text(f"models.yaml has no model “{HOSTILE[0]}”")


def test_a_file_is_not_opened_while_a_text_grows(visit: Callable[[], Watched]) -> None:
    """It says what to do first; the text goes on."""
    first = visit()
    first.write(4)
    body = run_file(first).decode()
    first.begin_long()
    first.page.wait_for_selector('.strip[data-running="true"] .tok[data-position="6"]')
    first.page.evaluate(DROP, [body, "dropped.json"])
    expect(first.page.locator(".notice")).to_contain_text("A text is being written. Press Stop")
    first.page.click("#stop")
    first.page.wait_for_function("document.querySelector('.strip').dataset.running === 'false'")
    expect(first.page.locator(".stats")).not_to_contain_text("opened from file")


def test_a_large_file_stays_here(visit: Callable[[], Watched], tmp_path: Path) -> None:
    """What is larger than the most that is read is not sent at all."""
    watched = visit()
    sent: list[str] = []
    watched.page.on("request", lambda request: sent.append(request.url))
    large = tmp_path / "large.json"
    large.write_bytes(b" " * 34_000_000)
    watched.page.set_input_files(".empty input[type=file]", large)
    expect(watched.page.locator(".notice")).to_contain_text("large.json is larger than 32 MB")
    assert not [url for url in sent if "open" in url]
