// One pane of a comparison: its model and settings, its text as a strip of tokens, and what a token was drawn from.
(() => {
  "use strict";
  const { el, ask, fill, term } = window.playground;
  const MOST_TEXT = 700; // characters of a text in a picture's head
  const CONFIG = { displayModeBar: false, responsive: false };
  const FIELDS = ["text", "before", "after", "rank", "bits", "chosen", "entropy", "near"]; // as strip.py says a token

  const read = (values) => Object.fromEntries(FIELDS.map((name, place) => [name, values[place]]));
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  /** What a chain does in a few words each; a neutral one has none. */
  function chips(chain, names, words) {
    const said = (value) => (value !== null && typeof value === "object" && !Array.isArray(value) ? Object.entries(value).map(([knob, one]) => `${knob} ${one}`).join(" ") : JSON.stringify(value));
    const { order, stop, ...values } = chain;
    const found = Object.entries(values).map(([key, value]) => [key, `${names[key] ?? key} ${said(value)}`]);
    if (order !== "transformers") found.push(["order", `${words.order.toLowerCase()}: ${Array.isArray(order) ? words.order_own : order}`]);
    if (stop?.length) found.push(["stop", `${words.stop_texts} ${JSON.stringify(stop)}`]);
    return found;
  }

  /**
   * Make the pane number `place`. `told` has what it calls: edited(place), changed(place, settings), stop(place),
   * chosen(place, token).
   */
  window.playground.pane = (place, words, spec, colors, told) => {
    const pane = "ABCD"[place];
    let offered = [];
    const named = (key) => fill(words[key], { pane });
    const model = el("select", { class: "pane-model", "aria-label": named("compare_model"), onchange: () => told.changed(place, { model: model.value }) });
    offer(spec.models);
    document.addEventListener("playground:models", ({ detail }) => offer(Object.entries(detail).map(([key, { title, state }]) => [key, title, state === "failed"])));
    const badge = el("b", { class: "badge" }, pane);
    const edit = el("button", { type: "button", class: "plain", title: words.compare_edit_help, "aria-label": `${words.compare_edit}, ${pane}`, onclick: () => told.edited(place) }, words.compare_edit);
    const halt = el("button", { type: "button", class: "plain", hidden: true, "aria-label": named("compare_stop_one"), title: named("compare_stop_one"), onclick: () => told.stop(place) }, "■");
    const system = el("textarea", { rows: 2, class: "pane-system", "aria-label": named("compare_system"), placeholder: words.system, oninput: () => told.changed(place, { system: system.value }) });
    const settings = el("div", { class: "pane-chips" });
    const status = el("p", { class: "pane-status", role: "status" });
    const text = el("div", { class: "tokens", role: "group", "aria-label": `${pane}: ${words.text_tokens}`, dir: "auto" });
    const stats = el("div", { class: "stats" });
    const notes = el("p", { class: "settings" });
    const what = el("p", { class: "settings" });
    const area = el("div", { class: "compare-figure" });
    const picture = el("div", { class: "pane-picture", hidden: true }, what, area);
    const element = el("section", { class: "card pane", "data-pane": place, "aria-label": `${words.view_compare}, ${pane}` },
      el("div", { class: "pane-head" }, badge, model, edit, halt), system, settings, status, text, stats, notes, picture);
    let run = null, tokens = [], offsets = [0], drawn = null, asked = 0;

    /** Offer models, [key, title, whether it cannot run]; one that cannot says why when it is asked. */
    function offer(models) {
      const texts = models.map(([key, title, cannot]) => [key, cannot ? fill(words.compare_cannot, { title }) : title]);
      if (same(texts, offered)) return;
      offered = texts;
      const now = model.value;
      model.replaceChildren(...texts.map(([key, text]) => el("option", { value: key }, text)));
      if (now) model.value = now;
    }

    /** Show what will be written, and mark what the other panes have otherwise. */
    function set(own, all, { chat, editing }) {
      model.value = own.model;
      if (system.value !== own.system) system.value = own.system;
      system.hidden = !chat;
      element.classList.toggle("editing", editing);
      edit.setAttribute("aria-pressed", String(editing));
      const differs = (key) => !all.every(({ chain }) => same(chain[key], own.chain[key]));
      model.classList.toggle("differs", !all.every((other) => other.model === own.model));
      system.classList.toggle("differs", !all.every((other) => other.system === own.system));
      const found = chips(own.chain, spec.names, words);
      const missing = [...new Set(all.flatMap(({ chain }) => Object.keys(chain)))].filter((key) => own.chain[key] === undefined && differs(key) && spec.names[key]);
      const chip = ([key, label]) => el("span", { class: differs(key) ? "pane-chip differs" : "pane-chip" }, label);
      const off = missing.map((key) => [key, `${spec.names[key]} ${words.compare_off}`]);
      const turns = own.history?.length ? [el("span", { class: "pane-chip" }, fill(words.compare_turns, { count: own.history.length }))] : [];
      settings.replaceChildren(...turns, ...(found.length + off.length ? [...found, ...off].map(chip) : [el("span", { class: "pane-chip" }, words.compare_neutral)]));
    }

    function show({ strip, status: said, notes: lines, error, parts }) {
      if (strip.run !== run) begin(strip);
      if (strip.prompt?.length && !text.querySelector(".p")) text.prepend(...strip.prompt.map((piece, at) => el("span", { class: strip.controls.includes(at) ? "tok p control" : "tok p" }, piece)));
      for (const values of strip.tokens.slice(tokens.length - strip.from)) add(read(values));
      if (strip.rest && text.lastElementChild) text.lastElementChild.textContent = strip.rest;
      status.textContent = error || said;
      status.dataset.kind = error ? "error" : "";
      notes.textContent = [strip.prompt?.length || strip.from ? strip.settings : "", ...lines].filter(Boolean).join(" · ");
      halt.hidden = !strip.running;
      element.dataset.running = strip.running;
      text.querySelector(".parts")?.classList.remove("parts");
      const parted = parts === null ? null : text.querySelector(`[data-position="${parts}"]`);
      parted?.classList.add("parts");
      if (parted) parted.title = words.compare_parts_here;
      stats.replaceChildren(...strip.stats.map(([name, value, help]) => el("span", {}, term(name, help), " ", el("b", {}, value))));
      if (strip.running) text.scrollTop = text.scrollHeight;
    }

    function begin(strip) {
      [run, tokens, offsets] = [strip.run, [], [0]];
      drawn = null;
      picture.hidden = true;
      text.replaceChildren();
      text.dataset.color = colors.name;
    }

    function clear() {
      begin({ run: null });
      [settings, stats].forEach((box) => box.replaceChildren());
      [status, notes].forEach((box) => { box.textContent = ""; });
      halt.hidden = true;
    }

    function add(token) {
      const position = tokens.length;
      const node = el("span", { class: "tok", role: "button", tabindex: position ? -1 : 0, "data-position": position, onclick: () => told.chosen(place, position) }, token.text);
      tokens.push(token);
      offsets.push(offsets.at(-1) + token.text.length);
      color(node, token, position);
      text.append(node);
    }

    function color(node, token, position) {
      const share = window.playground.percent;
      const about = [fill(words.token_about, { before: share(token.before), after: share(token.after), rank: token.rank }), colors.said(token)].filter(Boolean).join(" · ");
      node.setAttribute("aria-label", fill(words.token_label, { piece: token.text, number: position + 1, about }));
      colors.paint(node, token);
    }

    function recolor() {
      text.dataset.color = colors.name;
      tokens.forEach((token, position) => color(text.querySelector(`[data-position="${position}"]`), token, position));
    }

    text.addEventListener("keydown", (event) => {
      const node = event.target.closest("[data-position]");
      const next = { ArrowRight: node?.nextElementSibling, ArrowLeft: node?.previousElementSibling, Enter: node, " ": node }[event.key];
      if (!next?.dataset.position) return;
      event.preventDefault();
      told.chosen(place, Number(next.dataset.position));
      next.focus();
    });

    /** Mark a token and show what it was drawn from; `chain` tries other settings there. */
    async function select(position, tried = null) {
      const mine = ++asked;
      text.querySelector(".sel")?.classList.remove("sel");
      const node = text.querySelector(`[data-position="${position}"]`);
      node?.classList.add("sel");
      if (node) scrollTo(node);
      picture.hidden = !run;
      if (!node) {
        drawn = null;
        area.hidden = true;
        what.textContent = words.compare_no_token;
        return;
      }
      const id = encodeURIComponent(run);
      const news = await (tried ? ask("/playground/what_if", { ...tried, place: { run, position } }) : ask(`/runs/${id}/tokens/${position}`));
      await window.playground.plotly;
      if (!news || mine !== asked) return;
      drawn = news;
      area.hidden = false;
      what.textContent = `${named(tried ? "compare_tried" : "compare_picture")} · ${news.numbers.map(([name, value]) => `${name} ${value}`).join(" · ")}`;
      paint();
      told.painted(place, news);
      element.dataset.painted = String(Number(element.dataset.painted ?? 0) + 1);
    }

    /** Bring a token into sight within its strip, without moving the page. */
    function scrollTo(node) {
      const box = text.getBoundingClientRect(), at = node.getBoundingClientRect();
      if (at.top < box.top || at.bottom > box.bottom) text.scrollTop += at.top - box.top - box.height / 2;
    }

    function paint() {
      if (!drawn || !element.clientWidth || area.hidden) return;
      const style = getComputedStyle(element);
      const width = area.clientWidth;
      const font = { color: style.color, family: style.fontFamily, size: 12 };
      const { data, layout } = window.playground.sized(drawn.figure.data, { ...window.playground.narrow(drawn.figure.layout, width), font });
      window.Plotly.react(area, data, { ...layout, width }, CONFIG);
    }

    new ResizeObserver(paint).observe(element);
    new MutationObserver(paint).observe(document.body, { attributeFilter: ["class"] });
    window.playground.peek(words, text, (position) => tokens[position]);
    return {
      element, set, show, clear, select, recolor,
      /** What it wrote, as a picture has room for it. */
      text: () => {
        const all = tokens.map((token) => token.text).join("").replace(/\s+/g, " ");
        return all.length > MOST_TEXT ? `${all.slice(0, MOST_TEXT)} …` : all;
      },
      /** What a picture of all panes shows of it. */
      about: () => ({
        settings: notes.textContent, error: status.dataset.kind ? status.textContent : "", text, stats: [...stats.children].map((child) => child.textContent).join(" · "),
        what: what.textContent, figure: picture.hidden || area.hidden ? null : drawn?.figure,
      }),
      call: (name) => { badge.textContent = name; },
      get run() { return run; },
      get count() { return tokens.length; },
      /** Characters before a token, and the token that holds a character. */
      offset: (position) => offsets[position],
      at: (offset) => offsets.findIndex((start, number) => number < tokens.length && offset < offsets[number + 1]),
    };
  };
})();
