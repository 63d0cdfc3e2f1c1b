"""The page: gradio's own controls where they serve, components of ours, and which event calls which handler."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gradio as gr

from playground.saved import MAX_FILE_BYTES
from playground.scripts import LIBRARIES
from playground.ui.beam_controls import beam_spec
from playground.ui.compare_controls import compare_spec
from playground.ui.controls import chain_spec, to_json
from playground.ui.handlers import Handlers
from playground.ui.languages import LANGUAGES
from playground.ui.link import COLORS, MAX_LINK_CHARS, VIEWS, examples, start_state
from playground.ui.notices import CLEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.catalog import Catalog
    from playground.ui.explore import Explorer
    from playground.ui.wording import Language

QUEUE_POLL_S = 0.02

# Run in the browser. The system prompt is there for chats only; link.js hears of what the controls hold and fills them;
# page.js says where a text goes on and with what.
SHOW_MODE = "(mode) => { document.querySelector('.playground')?.classList.toggle('is-chat', mode === 'chat'); }"
TOLD = "(...held) => window.playground.held(held)"
FILLED = "(...held) => window.playground.filled(held)"
BRANCH = "(chain, seed, length) => [chain, seed, ...window.playground.branch(length)]"


def part(name: str, *, value: str, **props: Any) -> gr.HTML:
    """Return a component of ours: drawn by ``assets/<name>.js`` from a JSON string, its template forever empty."""
    return gr.HTML(
        value=value,
        html_template="",
        js_on_load=f"window.playground.mount('{name}', element, props, watch);",
        elem_id=name,
        apply_default_css=False,
        **props,
    )


Prompting = tuple[gr.Dropdown, gr.Radio, gr.Textbox, gr.Textbox]


@dataclass(frozen=True)
class Parts:
    """The components of the page that events read and write."""

    prompt: tuple[gr.Dropdown, gr.Radio, gr.Textbox, gr.Textbox]  # model, mode, system prompt, text
    chain: gr.HTML
    seed: gr.Textbox
    length: gr.Number
    write: gr.Button
    stop: gr.Button
    look: gr.Button
    fill: gr.Button  # pressed by link.js only
    go_on: gr.Button  # pressed by page.js only, for a text to go on from a place
    branch: gr.Textbox  # never shown: page.js says the place and the token
    history: gr.HTML
    note: gr.HTML
    strip: gr.HTML
    plot: gr.HTML


def build_page(catalog: Catalog, explorer: Explorer, language: Language) -> gr.Blocks:
    """Lay the page out in a language and connect it."""
    page: gr.Blocks
    with gr.Blocks(title=language.texts["title"], analytics_enabled=False, fill_width=True) as page:
        parts = _layout(catalog, language)
        _connect(page, parts, Handlers(explorer))
    # Gradio looks for new events a thousand times a second, which takes a tenth of a core while nothing happens.
    page._queue.sleep_when_free = page._queue.progress_update_sleep_when_free = QUEUE_POLL_S  # noqa: SLF001
    return page


def _layout(catalog: Catalog, language: Language) -> Parts:
    texts = language.texts
    words, start = to_json(dict(texts)), start_state(catalog, texts)
    languages = to_json([[each.key, each.name, each.path] for each in LANGUAGES.values()])
    part("bar", value="", words=words, languages=languages)
    with gr.Row(elem_classes="playground"):
        with gr.Column(scale=0, min_width=340, elem_classes="side"):
            prompt, history = _prompt_controls(catalog, texts, start)
            part("examples", value="", words=words, examples=to_json(examples(texts)))
            with gr.Row(elem_classes="buttons"):
                write = gr.Button(texts["write"], variant="primary", elem_id="write")
                stop = gr.Button(texts["stop"], elem_id="stop")
                look = gr.Button(texts["look"], elem_id="look")
                fill = gr.Button(elem_id="fill")
                go_on = gr.Button(elem_id="go-on")
                branch = gr.Textbox(visible=False)
            seed, length = _run_controls(texts, start)
            part("keep", value="", words=words, start=to_json(start), most=MAX_LINK_CHARS)
            chain = part("chain", value=to_json(start["chain"]), spec=chain_spec(language), words=words)
        with gr.Column(scale=1, min_width=300, elem_classes="stage"):
            offered = {"libraries": to_json(list(LIBRARIES)), "colors": to_json(COLORS)}
            part("first", value="", words=words)
            strip = part("strip", value="", words=words, most=MAX_FILE_BYTES, **offered)
            part("beam", value="", words=words, spec=beam_spec(language.spoken))
            part(
                "compare",
                value="",
                words=words,
                spec=compare_spec(catalog, language.spoken),
                most=MAX_FILE_BYTES,
                **offered,
            )
            part("replay", value="", words=words)
            part("curves", value="", words=words)
            plot = part("plot", value="", words=words, views=to_json(VIEWS))
    part("models", value="", words=words)
    note = part("notice", value=CLEAR)
    return Parts(prompt, chain, seed, length, write, stop, look, fill, go_on, branch, history, note, strip, plot)


def _connect(page: gr.Blocks, parts: Parts, handlers: Handlers) -> None:
    """Say which event calls which handler; few outputs, since gradio keeps a copy of each at every message.

    Sliders and clicks on tokens do not come this way: ``plot.js`` asks ``server.py`` for their pictures.
    """
    run_id = gr.State(None)
    controls = [*parts.prompt, parts.chain, parts.seed]  # and at the end what a program may leave out
    private: dict[str, Any] = {"api_visibility": "private"}
    looked: dict[str, Any] = {
        "fn": handlers.look, "inputs": [*controls, parts.history], "outputs": [parts.plot, parts.note],
        "show_progress": "hidden", "trigger_mode": "always_last", "concurrency_limit": None,
    }  # fmt: skip
    held: list[Any] = [*parts.prompt, parts.seed, parts.length]
    gr.on([box.change for box in held], None, held, js=TOLD)
    parts.look.click(**looked, api_name="look")
    parts.prompt[0].change(**looked, **private)
    page.load(lambda: gr.Dropdown(choices(handlers.pool.catalog)), None, parts.prompt[0], queue=False, **private)
    gr.on([page.load, parts.fill.click], None, held, held, js=FILLED).then(**looked, **private)
    writes: dict[str, Any] = {
        "outputs": [parts.strip, parts.plot, parts.note, run_id], "show_progress": "hidden", "concurrency_limit": None,
    }  # fmt: skip
    parts.write.click(handlers.write, [*controls, parts.length, parts.history], **writes, api_name="write")
    parts.go_on.click(
        handlers.go_on, [parts.chain, parts.seed, parts.length, parts.branch], **writes, **private, js=BRANCH
    )
    parts.stop.click(handlers.stop, run_id, parts.note, queue=False, show_progress="hidden", **private)
    parts.prompt[1].change(None, parts.prompt[1], js=SHOW_MODE)


def choices(catalog: Catalog) -> list[tuple[str, str]]:
    """Return the models to choose from; one that cannot run yet says why when it is asked."""
    return [(spec.title, spec.key) for spec in catalog.models]


def _prompt_controls(catalog: Catalog, texts: Mapping[str, str], start: Mapping[str, Any]) -> tuple[Prompting, gr.HTML]:
    model = gr.Dropdown(choices(catalog), value=start["model"], label=texts["model"], elem_id="model", filterable=False)
    modes = [(texts["completion"], "completion"), (texts["chat"], "chat")]
    mode = gr.Radio(modes, value=start["mode"], label=texts["mode"], elem_id="mode")
    system = gr.Textbox(
        start["system"], label=texts["system"], lines=2, max_lines=6, elem_id="system", elem_classes="chat-only"
    )
    history = part("history", value="[]", words=to_json(dict(texts)))
    text = gr.Textbox(start["prompt"], label=texts["prompt"], lines=3, max_lines=12, elem_id="prompt")
    return (model, mode, system, text), history


def _run_controls(texts: Mapping[str, str], start: Mapping[str, Any]) -> tuple[gr.Textbox, gr.Number]:
    with gr.Row(elem_classes="run-row"):
        seed = gr.Textbox(
            str(start["seed"]),
            label=texts["seed"],
            placeholder=texts["seed_hint"],
            elem_id="seed",
            min_width=120,
            max_lines=1,
        )
        length = gr.Number(start["max_new_tokens"], label=texts["max_new_tokens"], elem_id="length", min_width=120)
    return seed, length
