// The picture: title, numbers and a plotly figure that is updated in place.
(() => {
  "use strict";
  const { parts, el, message, tell, ask, term, whole, fill } = window.playground;
  const CONFIG = { displayModeBar: false, responsive: false };

  /** Load plotly once the controls are painted: five megabytes that they need not wait for. */
  const load = (words) => new Promise((done) => {
    const onerror = () => tell("notice", { kind: "error", text: words.plotly_missing, field: "" });
    const script = el("script", { src: "/playground/plotly.min.js", onload: done, onerror });
    requestAnimationFrame(() => setTimeout(() => document.head.append(script), 0));
  });

  let loaded = null;
  const plotly = (window.playground.plotly = new Promise((done) => { loaded = done; }));

  parts.plot = (element, props, watch) => {
    const words = JSON.parse(props.words);
    load(words).then(loaded);
    const title = el("h2", {});
    const numbers = el("dl", { class: "numbers" });
    const area = el("div", { class: "figure" });
    const draw = el("p", { class: "draw" });
    const dart = window.playground.dart(words);
    const formula = window.playground.formula(words, () => completeFormula());
    const note = el("p", { class: "draw" });
    const others = el("div", { class: "others" });
    const settings = el("p", { class: "settings" });
    const many = el("button", { type: "button", class: "plain", onclick: () => drawMany() }, words.draw_many);
    const names = JSON.parse(props.views);
    const views = names.map((name) => el("button", { type: "button", role: "tab", class: "view", "data-view": name, "aria-selected": String(name === names[0]), onclick: () => choose(name) }, words[`view_${name}`]));
    const stages = el("div", { class: "figure waterfall", hidden: true });
    const counted = el("span", { hidden: true }, el("i", { class: "key counted" }), el("span", {}));
    const empty = el("p", { class: "empty" }, words.plot_empty);
    const stands = el("span", {}, el("i", { class: "key drawn" }), el("span", {}, words.drawn)); // or what a prompt has
    const legendRow = el("div", { class: "legend-row" }, legend(words, stands, counted), many);
    const card = el("section", { class: "card plot", "aria-label": words.plot_title },
      el("div", { class: "card-head" }, title, el("div", { class: "views", role: "tablist", "aria-label": words.view }, ...views), window.playground.saver(words, () => latest && saved())),
      settings, numbers, legendRow, area, stages, draw, dart.element, others, formula.element, note);
    card.hidden = true;
    element.append(empty, card);
    let view = (window.playground.view = names[0]);
    let latest = null; // what the picture shows; other settings are tried on its place
    let newest = null; // what came last, shown as soon as plotly is there
    let width = 0;
    let next = 0;

    const paint = () => {
      if (!latest) return;
      const waterfall = view === "waterfall";
      stages.style.visibility = latest.waterfall ? "visible" : "hidden"; // never another place's panels
      if (waterfall && !latest.waterfall) return;
      const here = waterfall ? stages : area;
      width = here.clientWidth;
      const style = getComputedStyle(card);
      const figure = waterfall ? latest.waterfall : latest.figure;
      const font = { color: style.color, family: style.fontFamily, size: 12.5 };
      const { data, layout } = window.playground.sized(figure.data, { ...(waterfall ? figure.layout : narrow(figure.layout, width)), font });
      layout.width = width || undefined;
      window.Plotly.react(here, data, layout, CONFIG);
      formula.listen(here);
      if (!waterfall && !area.dataset.listens) {
        area.dataset.listens = "true";
        area.on("plotly_click", ({ points: [{ customdata: token }] }) => Number.isInteger(token) && goOn(token));
      }
    };

    /** The picture as it leaves the page: with the settings, the numbers and the colors, which stand around it here. */
    const saved = () => {
      const { place, recorded, counted, chain, seed: number } = latest;
      const figure = view === "waterfall" ? latest.waterfall : latest.figure;
      const where = place.look ? "next-token" : `token-${place.position + 1}${recorded ? "" : "-what-if"}`;
      const settings = number === null ? latest.settings : fill(words.save_seed, { settings: latest.settings, seed: number });
      const keys = [["#94a3b8", "■", words.before], ["#3b82f6", "■", words.after], ["#94a3b8", "▨", words.removed], ["#ea580c", "■", latest.stands]];
      if (counted) keys.push(["#a21caf", "■", fill(words.counted_legend, { total: whole(counted) })]);
      const body = { place, recorded, chain, seed: number, draws: counted };
      return figure && {
        name: `${view}-${where}`, figure, width: card.clientWidth, title: latest.title,
        lines: [settings, latest.numbers.map(([name, value]) => `${name} ${value}`).join(" · ")],
        legend: view === "waterfall" ? [] : keys,
        table: async (format) => (await ask("/playground/table", { ...body, format }))?.text,
      };
    };

    /** Write on from the place that is shown, with a token of one's own choice. */
    const goOn = (token) => {
      if (document.querySelector(".strip")?.dataset.running === "true") return tell("notice", { kind: "info", text: words.go_on_later, field: "" });
      window.playground.goOn({ place: latest.place, token });
    };

    const offer = (alternatives) => {
      others.hidden = !alternatives.length;
      const button = ([token, text, share]) => el("button", { type: "button", class: "plain other", "data-token": token, onclick: () => goOn(token) }, el("b", {}, text), ` ${share}`);
      others.replaceChildren(term(words.go_on, words.go_on_help), ...alternatives.map(button));
    };

    const show = (news) => {
      latest = news;
      empty.hidden = true;
      card.hidden = false;
      const start = performance.now();
      paint();
      // Following a text may take a sixteenth of a core and no more, however slow the machine draws.
      if (news.follow) next = performance.now() + 15 * (performance.now() - start);
      title.textContent = news.title;
      settings.textContent = news.settings;
      draw.textContent = news.draw;
      dart.show(news.dart);
      note.textContent = news.note;
      numbers.replaceChildren(...news.numbers.flatMap(([name, value, help]) => [el("dt", {}, term(name, help)), el("dd", {}, value)]));
      offer(news.follow && !news.last ? [] : news.alternatives); // a text that grows cannot go on elsewhere
      stands.lastChild.textContent = news.stands;
      formula.show(news);
      if (!news.follow || news.last) completeFormula();
      counted.hidden = !news.counted;
      counted.lastChild.textContent = fill(words.counted_legend, { total: whole(news.counted) });
      many.textContent = news.counted ? words.draw_more : words.draw_many;
      tell("place", news);
      if (view === "waterfall" && (!news.follow || news.last)) complete();
      tell("painted");
    };

    /** Show the other picture of the same place, with the settings that this one shows. */
    const choose = (name) => {
      view = window.playground.view = name;
      tell("shows", name);
      views.forEach((button) => button.setAttribute("aria-selected", String(button.dataset.view === name)));
      area.hidden = legendRow.hidden = name === "waterfall";
      stages.hidden = !area.hidden;
      complete();
    };

    const columns = () => (view === "waterfall" ? (card.clientWidth < (window.playground.large() > 1 ? 800 : 560) ? 1 : 2) : 0);

    const complete = async () => {
      if (view !== "waterfall" || !latest || latest.waterfall) return paint();
      const { chain, seed: number, place: here } = latest;
      const body = { chain, seed: number, place: here, columns: columns() };
      const news = await ask("/playground/what_if", body);
      if (!news || here !== latest.place) return;
      Object.assign(latest, { waterfall: news.waterfall, columns: body.columns });
      paint();
    };

    /** Ask for the numbers behind the tokens of a picture that came without them, where somebody wants to see them. */
    const completeFormula = async () => {
      if (!formula.open || !latest || latest.formula) return;
      const { chain, seed: number, place: here } = latest;
      const news = await ask("/playground/what_if", { chain, seed: number, place: here, formula: true });
      if (!news || here !== latest.place || latest.formula) return;
      latest.formula = news.formula;
      formula.show(latest);
    };

    const arrived = async (news) => {
      const early = news && news.follow && !news.last && (view === "waterfall" || performance.now() < next);
      if (!news || early || (news.follow && window.playground.pinned)) return;
      if (news.asked && window.playground.untouched) return; // a first visitor sees the recorded text
      newest = news;
      await plotly;
      if (newest !== news) return;
      show(news);
      // Settings that moved while the model was looking are tried at once.
      if (news.asked && (news.asked[0] !== window.playground.chain || news.asked[1] !== seed())) tryOut();
    };

    const seed = () => document.querySelector("#seed textarea, #seed input").value;

    /** Questions about the place that is shown: one is under way at most, and the newest of each kind is never lost. */
    const wanted = new Map();
    let busy = false;
    const question = async (kind, body) => {
      wanted.set(kind, body);
      if (busy) return;
      busy = true;
      while (wanted.size && latest) {
        const [first] = ["settings", "draws"].filter((name) => wanted.has(name));
        const make = wanted.get(first);
        wanted.delete(first);
        window.playground.pinned = true; // a text that grows no longer moves what one works on
        const here = latest.place;
        const body = { ...make(), place: here };
        const news = await ask("/playground/what_if", body);
        if (news && here === latest.place) show({ ...news, columns: body.columns });
      }
      wanted.clear();
      busy = false;
    };
    const tryOut = () => question("settings", () => ({ chain: window.playground.chain, seed: seed(), columns: columns(), formula: formula.open }));
    const drawMany = () => question("draws", () => ({ chain: latest.chain, seed: latest.seed, draws: latest.counted + MANY }));
    document.addEventListener("playground:settings", () => document.body.dataset.view !== "compare" && tryOut()); // its panes try them
    document.addEventListener("playground:restore", ({ detail }) => detail.view !== view && choose(detail.view));
    let chosen = 0; // answers may come in another order than the questions
    document.addEventListener("playground:choose", async ({ detail }) => {
      const mine = ++chosen;
      const token = detail.place === undefined ? `tokens/${detail.position}` : `prompt/${detail.place}`;
      const news = await ask(`/runs/${encodeURIComponent(detail.run)}/${token}`);
      await plotly; // a reload selects a token at once
      if (!news || mine !== chosen) return;
      show(news);
      if (window.playground.trying) tryOut(); // the whole text is shown under other settings, and so is this place
    });

    arrived(message(props));
    watch("value", () => arrived(message(props)));
    document.addEventListener("playground:picture", ({ detail }) => arrived(detail));
    const resize = () => {
      if (latest?.waterfall && columns() !== latest.columns) latest.waterfall = null;
      complete();
    };
    const resized = new ResizeObserver(([{ target }]) => target.clientWidth && target.clientWidth !== width && resize());
    [area, stages].forEach((box) => resized.observe(box));
    new MutationObserver(paint).observe(document.body, { attributeFilter: ["class"] });
  };

  const MANY = 1000; // draws at a press
  /** On a phone the names get less room. */
  function narrow(layout, width) {
    return !width || width / window.playground.large() > 560 ? layout : { ...layout, margin: { ...layout.margin, l: 106, r: 166 } };
  }

  window.playground.narrow = narrow;

  function legend(words, ...more) {
    const item = (kind, text) => el("span", {}, el("i", { class: `key ${kind}` }), text);
    return el("div", { class: "legend" }, item("before", words.before), item("after", words.after), item("removed", words.removed), ...more);
  }

  window.playground.legend = legend;
})();
