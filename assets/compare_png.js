// A comparison as one picture: settings, texts in color, what they were drawn from, the table, and what else is open.
(() => {
  "use strict";
  const { el, fill, whole: counted } = window.playground;
  const WIDTH_PX = 1280, PAD_PX = 20, GAP_PX = 16, SCALE = 2; // as wide as a page; pixels of the file for each of these
  const MOST_PX = 16_000; // the highest that every browser can draw
  const NOT_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
  const INK = "#0f172a", PAPER = "#ffffff"; // a picture is for paper, whatever the page's colors
  const LOOK = `
    * { box-sizing: border-box; margin: 0; }
    .whole { width: ${WIDTH_PX}px; padding: ${PAD_PX}px; background: ${PAPER}; color: ${INK}; font: 13px/1.5 system-ui, sans-serif; }
    h1 { font-size: 18px; } h2 { font-size: 14px; margin-top: 14px; } .mute { color: #475569; } .bad { color: #b91c1c; }
    .panes { display: grid; gap: ${GAP_PX}px; margin-top: 10px; } .pane { border: 1px solid #cbd5e1; border-radius: 8px; padding: 10px; min-width: 0; }
    .text { font: 13px/1.8 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin: 6px 0; }
    [data-color="surprisal"] { --pg-heat: 245, 158, 11; --pg-under: #b45309; } [data-color="probability"] { --pg-heat: 20, 184, 166; --pg-under: #0f766e; }
    [data-color="entropy"] { --pg-heat: 139, 92, 246; --pg-under: #6d28d9; }
    .tok { background: rgba(var(--pg-heat), calc(var(--heat, 0) * .62)); border-bottom: var(--line, 0) solid var(--pg-under); border-radius: 4px; unicode-bidi: isolate; }
    .tok.p { background: none; border: 0; color: #475569; } .tok.sel { outline: 2px solid #2563eb; } .tok.parts { outline: 2px dashed #c2410c; }
    i.tok { display: inline-block; width: 14px; height: 14px; }
    table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: 3px 8px 3px 0; border-bottom: 1px solid #e2e8f0; overflow-wrap: break-word; } th { font-size: 12px; }
    img { display: block; width: 100%; }`;

  const plain = (text, kind = "p", more = {}) => el(kind, more, text);

  /** A figure as an image of this width. */
  async function drawn(figure, width, font) {
    const { data, layout } = structuredClone({ data: figure.data, layout: window.playground.narrow(figure.layout, width) });
    Object.assign(layout, { width, paper_bgcolor: PAPER, plot_bgcolor: PAPER, font: { color: INK, family: font, size: 12 } });
    const address = await window.Plotly.toImage({ data, layout }, { format: "png", width, height: layout.height, scale: SCALE });
    return el("img", { src: address, width, height: layout.height });
  }

  async function column(pane, width, font) {
    const text = pane.text.cloneNode(true);
    text.className = "text";
    return el("section", { class: "pane" }, plain(pane.head, "b"), plain(pane.settings, "p", { class: "mute" }), ...(pane.error ? [plain(pane.error, "p", { class: "bad" })] : []),
      text, plain(pane.stats, "p", { class: "mute" }), ...(pane.figure ? [plain(pane.what, "p", { class: "mute" }), await drawn(pane.figure, width, font)] : []));
  }

  /** What the colors say, with the choice as a word. */
  function scale(legend) {
    const found = legend.cloneNode(true);
    found.querySelector("select").replaceWith(`${legend.querySelector("select").selectedOptions[0].text} · `);
    return found;
  }

  /** The picture as elements, as they stand below each other. */
  async function made({ title, lines, legend, panes, table, figures }, font) {
    const columns = panes.length === 3 ? 3 : 2;
    const width = Math.floor((WIDTH_PX - 2 * PAD_PX - (columns - 1) * GAP_PX) / columns) - 22;
    const grid = el("div", { class: "panes" }, ...(await Promise.all(panes.map((pane) => column(pane, width, font)))));
    grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    const below = figures.map(async ({ name, notes, figure }) => [plain(name, "h2"), ...notes.map((note) => plain(note, "p", { class: "mute" })), await drawn(figure, WIDTH_PX - 2 * PAD_PX, font)]);
    return el("div", { class: "whole" }, plain(title, "h1"), ...lines.filter(Boolean).map((line) => plain(line)), scale(legend), grid, plain(table.name, "h2"), table.element.cloneNode(true), ...(await Promise.all(below)).flat());
  }

  /** How high it becomes, where nobody sees it. */
  function height(whole) {
    const frame = el("div", { "aria-hidden": true });
    frame.style.cssText = "position: absolute; left: -99999px; top: 0";
    frame.attachShadow({ mode: "open" }).append(el("style", {}, LOOK), whole);
    document.body.append(frame);
    const found = Math.ceil(whole.getBoundingClientRect().height);
    frame.remove();
    return found;
  }

  /**
   * Return a comparison as a PNG. `what`: title, lines, legend (an element), panes of head, settings, error, text (an
   * element), stats, what and figure, table of name and element, and figures of name, notes and figure.
   */
  window.playground.comparisonPicture = async (what, words) => {
    await window.playground.plotly;
    const whole = await made(what, getComputedStyle(document.querySelector(".playground .card")).fontFamily);
    const high = height(whole);
    if (high > MOST_PX / SCALE) throw new Error(fill(words.compare_png_tall, { high: counted(high), most: counted(MOST_PX / SCALE) }));
    const body = new XMLSerializer().serializeToString(el("div", {}, el("style", {}, LOOK), whole)).replace(NOT_XML, "\uFFFD");
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH_PX}" height="${high}"><foreignObject width="100%" height="100%">${body}</foreignObject></svg>`)}`;
    await image.decode();
    const canvas = el("canvas", { width: WIDTH_PX * SCALE, height: high * SCALE });
    const pen = canvas.getContext("2d");
    pen.scale(SCALE, SCALE);
    pen.drawImage(image, 0, 0);
    return new Promise((done) => canvas.toBlob(done, "image/png"));
  };
})();
