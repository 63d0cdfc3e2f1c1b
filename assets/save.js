// What leaves the page as a file, and what comes back: pictures with their settings written into them, tables, runs.
(() => {
  "use strict";
  const { el, ask, tell, fill } = window.playground;
  const PIXELS = 2; // of a PNG, for each of the screen
  const LEAST_PX = 640, MOST_PX = 1100; // how wide a picture is, whatever the screen
  const PAD_PX = 12, TEXT_PX = 12.5, TITLE_PX = 15, LINE_PX = 1.3 * TEXT_PX; // 1.3 is plotly's own
  const GAP = "\u00a0\u00a0\u00a0 "; // plotly folds other spaces
  const INK = "#0f172a", PAPER = "#ffffff";
  const SIGNS = { "&": "&amp;", "<": "&lt;", ">": "&gt;", $: "&#36;" };
  const literal = (text) => text.replace(/[&<>$]/g, (sign) => SIGNS[sign]); // as views/base.py

  function offer(content, name) {
    const address = URL.createObjectURL(content);
    const link = el("a", { href: address, download: name, hidden: true });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  }

  window.playground.offer = offer;

  /** Fetch a file of ours and offer it; where it is no longer kept, a notice says so. */
  async function fetched(address) {
    const answer = await fetch(address);
    const [, name] = /filename="([^"]*)"/.exec(answer.headers.get("content-disposition")) ?? [null, ""];
    if (answer.ok) return offer(await answer.blob(), name);
    const { text, detail } = await answer.json();
    tell("notice", { kind: "error", text: text ?? detail, field: "" });
  }

  /** What a link to a file does. */
  window.playground.take = (event) => {
    event.preventDefault();
    fetched(event.currentTarget.href).catch(broken);
  };

  const broken = (error) => tell("notice", { kind: "error", text: fill(words.save_broken, { reason: String(error?.message ?? error) }), field: "" });

  window.playground.notSaved = broken;

  /** Say whether a text fits into a width. */
  function measure(width, font) {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = font;
    return (text) => pen.measureText(text).width <= width;
  }

  /** Break a text into lines that fit, between words where that is possible. */
  function wrapped(text, fits) {
    const lines = [""];
    for (const word of text.split(/(?<=\s)/)) {
      if (lines.at(-1) && !fits(lines.at(-1) + word.trimEnd())) lines.push("");
      for (const letter of fits(word.trimEnd()) ? [word] : word) {
        if (lines.at(-1) && !fits(lines.at(-1) + letter.trimEnd())) lines.push("");
        lines[lines.length - 1] += letter;
      }
    }
    return lines.map((line) => line.trimEnd());
  }

  /** What stands above a picture: its title, what it was made with, its numbers and what its colors mean. */
  function heading({ title, lines, legend }, width, family) {
    const room = width - 2 * PAD_PX;
    const fits = measure(room, `${TEXT_PX}px ${family}`);
    const bold = wrapped(title, measure(room, `bold ${TITLE_PX}px ${family}`)).map((line) => `<b style="font-size:${TITLE_PX}px">${literal(line)}</b>`);
    const plain = lines.flatMap((line) => wrapped(line, fits)).map(literal);
    const rows = []; // of the legend
    for (const [color, sign, text] of legend) {
      const key = { shown: `${sign} ${text}`, made: `<span style="color:${color}">${sign}</span> ${literal(text)}` };
      if (rows.length && fits([...rows.at(-1), key].map(({ shown }) => shown).join(GAP))) rows.at(-1).push(key);
      else rows.push([key]);
    }
    return [...bold, ...plain, ...rows.map((row) => row.map(({ made }) => made).join(GAP))];
  }

  async function image(kind, { figure, width: shown, ...head }) {
    const width = Math.round(Math.min(MOST_PX, Math.max(LEAST_PX, shown)));
    const family = getComputedStyle(document.querySelector(".playground .card")).fontFamily;
    const { data, layout } = structuredClone(figure);
    const text = heading(head, width, family);
    const above = Math.ceil(text.length * LINE_PX + 2 * PAD_PX);
    const height = layout.height + above;
    Object.assign(layout, {
      width, height, paper_bgcolor: PAPER, plot_bgcolor: PAPER, font: { color: INK, family, size: TEXT_PX },
      margin: { ...layout.margin, t: layout.margin.t + above },
      title: { text: text.join("<br>"), x: 0, y: 1, xref: "container", yref: "container", xanchor: "left", yanchor: "top", pad: { l: PAD_PX, t: 2 * PAD_PX }, font: { size: TEXT_PX } },
    });
    const made = await window.Plotly.toImage({ data, layout }, { format: kind, width, height, scale: kind === "png" ? PIXELS : 1, imageDataOnly: true });
    if (kind === "svg") return new Blob([made], { type: "image/svg+xml" });
    return new Blob([Uint8Array.from(atob(made), (letter) => letter.charCodeAt(0))], { type: "image/png" });
  }

  /**
   * A menu that saves what `picture()` returns, or nothing where that is null: name, figure, width, title, lines and
   * legend, and `table(format)`, which returns an address or a promise of text.
   */
  window.playground.saver = (words, picture) => {
    const kinds = ["png", "svg", "csv", "json"].map((kind) => el("option", { value: kind }, kind.toUpperCase()));
    const select = el("select", { class: "plain save", title: words.save_as_help, "aria-label": words.save_as, onchange: () => save() }, el("option", { value: "" }, words.save_as), ...kinds);
    async function save() {
      const kind = select.value;
      select.value = "";
      const what = picture();
      if (!what) return tell("notice", { kind: "info", text: words.save_wait, field: "" });
      const name = `${what.name}.${kind}`;
      try {
        if (kind === "png" || kind === "svg") return offer(await image(kind, what), name);
        const table = what.table(kind);
        if (typeof table === "string") return await fetched(table);
        const text = await table;
        if (text) offer(new Blob([text], { type: kind === "csv" ? "text/csv" : "application/json" }), name);
      } catch (error) {
        broken(error);
      }
    }
    return select;
  };

  let words = null, most = 0;

  /** Send a file to be read, and show the text in it. */
  async function open(file) {
    const refuse = (kind, text) => tell("notice", { kind, text, field: "" });
    const running = () => document.querySelector(".strip")?.dataset.running === "true" && (refuse("info", words.write_later), true);
    if (running()) return;
    if (file.size > most) return refuse("error", fill(words.open_large, { name: file.name, most: Math.floor(most / 1e6) }));
    try {
      await file.slice(0, 1).arrayBuffer(); // a folder that was dropped is none
    } catch {
      return refuse("error", fill(words.open_unreadable, { name: file.name }));
    }
    const news = await ask(`/playground/open?${new URLSearchParams({ file: file.name })}`, file);
    if (!news || running()) return; // somebody may have begun to write meanwhile
    if (news.comparison) return tell("comparison", news.comparison);
    tell("opening");
    tell("opened", news);
  }

  /** A button that opens a saved run; the first one lets files be dropped on the page, too. */
  window.playground.opener = (said, limit) => {
    if (!words) listen();
    [words, most] = [said, limit];
    const input = el("input", { type: "file", accept: ".json,application/json", hidden: true, onchange: () => {
      const [file] = input.files;
      if (file) open(file);
      input.value = "";
    } });
    const button = el("button", { type: "button", class: "plain open", title: words.open_run_help, onclick: () => input.click() }, words.open_run);
    return el("span", {}, button, input);
  };

  function listen() {
    const files = (event) => event.dataTransfer?.types.includes("Files");
    document.addEventListener("dragover", (event) => files(event) && event.preventDefault());
    document.addEventListener("drop", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      const [file] = event.dataTransfer.files;
      if (file) open(file);
    });
  }
})();
