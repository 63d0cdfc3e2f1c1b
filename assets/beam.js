// The view of beams: the settings of a search, its tree as it grows, the texts it found, and the place one clicked.
(() => {
  "use strict";
  const { parts, el, tell, ask, at, fill, control, term } = window.playground;
  const STORED = "playground-beams", SHOWN = "playground-search";
  const CONFIG = { displayModeBar: false, responsive: false };
  const COLUMNS = ["rank", "score", "total", "mean", "tokens", "ending", "text"];

  parts.beam = (element, props) => {
    const words = JSON.parse(props.words);
    const { knobs, start } = JSON.parse(props.spec);
    const here = () => location.hash === "#beams";
    let settings = { ...start, ...stored() };
    let search = null; // its id
    let latest = null; // what is shown of it
    let stream = null, drawing = false, wanted = null, growing = false;

    // Settings.
    const controls = knobs.map((knob) => control(knob, words, (value) => { settings[knob.name] = value; set(); }));
    controls.forEach(({ row, name }, place) => {
      row.classList.add("beam-knob");
      row.dataset.key = name;
      const named = row.querySelector("span");
      if (named) named.replaceChildren(term(knobs[place].label, knobs[place].off));
      else row.title = knobs[place].off;
    });
    const early = el("select", { "aria-label": words.beam_early_stopping, onchange: () => { settings.early_stopping = { false: false, true: true, never: "never" }[early.value]; set(); } },
      ...["false", "true", "never"].map((value) => el("option", { value }, words[`beam_early_stopping_${value}`])));
    const stopping = el("label", { class: "row beam-knob wide", "data-key": "early_stopping" }, el("span", {}, words.beam_early_stopping), early);
    const begin = el("button", { type: "button", class: "go", id: "search", title: words.beam_search_help, onclick: () => start_() }, words.beam_search);
    const halt = el("button", { type: "button", class: "plain", id: "stop-search", disabled: true, onclick: () => search && ask(`/searches/${encodeURIComponent(search)}/stop`, {}) }, words.stop);
    const left = el("p", { class: "settings" });
    const form = el("section", { class: "card beam-form", "aria-label": words.view_beams }, el("div", { class: "beam-knobs" }, ...controls.map(({ row }) => row), stopping), el("div", { class: "beam-go" }, begin, halt, left));

    /** What this browser keeps of the settings, where it is of their kind. */
    function stored() {
      try {
        const kept = JSON.parse(window.localStorage.getItem(STORED)) ?? {};
        return Object.fromEntries(Object.entries(kept).filter(([name, value]) => name in start && ["number", "boolean", "string"].includes(typeof value)));
      } catch {
        return {};
      }
    }

    /** A reload shows the search again that this tab showed. */
    async function resume() {
      const kept = window.sessionStorage.getItem(SHOWN);
      const answer = kept && (await fetch(at(`/searches/${encodeURIComponent(kept)}/tree`)));
      if (!answer?.ok) return;
      search = kept;
      const news = await answer.json();
      if (news.running) follow();
      else show(news);
    }

    function set() {
      controls.forEach(({ name, set: show }) => show(settings[name]));
      early.value = String(settings.early_stopping);
      try {
        window.localStorage.setItem(STORED, JSON.stringify(settings));
      } catch { /* then it is not kept */ }
    }

    // The tree.
    const title = el("h2", {});
    const status = el("p", { class: "beam-status", role: "status" });
    const made = el("p", { class: "settings" });
    const folding = el("input", { type: "checkbox", checked: true, onchange: () => search && again() });
    const keys = el("div", { class: "legend" });
    const key = ([color, sign, text]) => {
      const mark = el("b", { "aria-hidden": "true" }, `${sign} `);
      mark.style.color = color;
      return el("span", {}, mark, text);
    };
    const over = ["greedy", "sampled"].map((kind) => {
      const box = el("input", { type: "checkbox", "data-kind": kind, onchange: () => lay(box) });
      return box;
    });
    const overlay = el("span", { class: "fold", hidden: true }, `${words.beam_path_over} `, ...over.map((box) => el("label", {}, box, ` ${words[`beam_path_${box.dataset.kind}_label`]} `)));
    const compared = el("div", { class: "beam-compared", role: "status" });
    const area = el("div", {});
    const frame = el("div", { class: "beam-frame", tabindex: 0, role: "group", "aria-label": words.beam_tree }, area);
    const note = el("p", { class: "settings" });
    const save = window.playground.saver(words, () => latest?.figure && saved());
    const branch = el("div", { class: "beam-branch", hidden: true });
    const tree = el("section", { class: "card", "aria-label": words.beam_tree, hidden: true },
      el("div", { class: "card-head" }, title, save), made, status, el("div", { class: "legend-row" }, keys, overlay, el("label", { class: "fold" }, folding, ` ${words.beam_fold}`)), frame, compared, note, branch);

    // The texts.
    const head = el("tr", {}, ...COLUMNS.map((name) => el("th", { scope: "col" }, words[`beams_column_${name}`])));
    const body = el("tbody", {});
    const course = el("p", { class: "settings", role: "status" });
    const penaltyKnob = knobs.find(({ name }) => name === "length_penalty");
    const penalty = control({ ...penaltyKnob, label: words.beam_rerank }, words, (value) => { penalty.set(value); rank(value); });
    penalty.row.classList.add("beam-knob");
    const found = el("section", { class: "card", "aria-label": words.beams_texts, hidden: true },
      el("div", { class: "card-head" }, el("h2", {}, words.beams_texts), penalty.row), course, el("div", { class: "beam-table", tabindex: 0, role: "group", "aria-label": words.beams_texts }, el("table", {}, el("thead", {}, head), body)));
    const empty = el("p", { class: "empty" }, words.beam_empty);
    element.append(el("div", { class: "beam-view" }, form, empty, tree, found));
    set();

    const saved = () => ({
      name: "beams", figure: latest.figure, width: latest.figure.layout.width, title: latest.title, lines: [latest.settings, latest.status],
      legend: latest.legend,
      table: (kind) => at(`/searches/${encodeURIComponent(search)}/${kind === "csv" ? `texts.csv?length_penalty=${latest.penalty}` : "search.json"}`),
    });

    async function start_() {
      const [model, mode, system, prompt, seed, length] = window.playground.controls();
      const asked = { model, mode, system: system ?? "", prompt: prompt ?? "", history: window.playground.history, chain: window.playground.chain, seed: seed ?? "", max_new_tokens: length, beams: settings, session: window.playground.session };
      begin.disabled = true;
      const news = await ask("/playground/beams", asked);
      begin.disabled = false;
      if (!news) return;
      left.textContent = news.note;
      over.forEach((box) => { box.checked = false; });
      compared.replaceChildren();
      remember(news.search);
      document.body.classList.remove("beam-place");
      follow();
    }

    function remember(id) {
      search = id;
      try {
        if (id) window.sessionStorage.setItem(SHOWN, id);
      } catch { /* then a reload forgets it */ }
    }

    function follow() {
      stream?.close();
      const mine = (stream = new EventSource(at(`/searches/${encodeURIComponent(search)}/follow?fold=${folding.checked}`)));
      mine.onerror = () => { if (mine === stream && mine.readyState === EventSource.CLOSED) running(false); };
      mine.onmessage = ({ data }) => {
        if (mine !== stream) return;
        const news = JSON.parse(data);
        if (!news.running) mine.close(); // or it would connect again
        show(news);
      };
    }

    /** The same search, folded or not, with other texts laid over it or without. */
    async function again() {
      if (latest?.running) return follow();
      const laid = over.filter((box) => box.checked).map((box) => box.dataset.kind);
      const news = await ask(`/searches/${encodeURIComponent(search)}/tree?fold=${folding.checked}&over=${laid.join(",")}`);
      if (news) show(news);
    }

    /** Write a text in another way, and lay it over the tree. */
    async function lay(box) {
      compared.querySelector(`[data-kind="${box.dataset.kind}"]`)?.remove();
      if (box.checked) {
        const news = await ask(`/searches/${encodeURIComponent(search)}/paths/${box.dataset.kind}`, at_side());
        if (!news) box.checked = false;
        else compared.append(el("p", { "data-kind": box.dataset.kind }, news.sentence));
      }
      again();
    }

    const at_side = () => ({ chain: window.playground.chain, seed: document.querySelector("#seed textarea, #seed input").value });

    function running(now) {
      halt.disabled = !now;
      begin.disabled = now;
      tree.dataset.running = String(now);
    }

    function show(news) {
      if (news.error && !news.figure) { // it never began: what was found before stays
        running(false);
        remember(latest?.search ?? null);
        return tell("notice", { kind: "error", text: news.error, field: "" });
      }
      growing ||= news.running;
      latest = news;
      empty.hidden = true;
      tree.hidden = false;
      running(news.running);
      if (news.running) branch.hidden = found.hidden = true;
      overlay.hidden = news.running || !news.figure;
      title.textContent = news.title || words.beam_tree;
      made.textContent = news.settings;
      status.textContent = news.status;
      note.textContent = news.note;
      keys.replaceChildren(...news.legend.map(key), el("span", {}, words.beam_more_key));
      if (news.error) tell("notice", { kind: "error", text: news.error, field: "" });
      paint(news.figure);
      if (news.running) return;
      penalty.set(news.penalty);
      rank(news.penalty);
    }

    /** Draw the newest tree; what comes while one is drawn waits, and only the last of it is drawn. */
    async function paint(figure) {
      wanted = figure;
      if (drawing) return;
      drawing = true;
      await window.playground.plotly; // a reload has its tree before that is there
      while (wanted && element.clientWidth) {
        const { data, layout } = wanted;
        const grew = growing;
        wanted = null;
        const style = getComputedStyle(tree);
        const atEnd = frame.scrollLeft + frame.clientWidth >= frame.scrollWidth - 40;
        // Updating in place, plotly loses texts of points that had none before: what stays is drawn anew.
        const anew = !latest.running || !area.data;
        await (anew ? window.Plotly.newPlot : window.Plotly.react)(area, data, { ...layout, font: { color: style.color, family: style.fontFamily, size: 12.5 } }, CONFIG);
        if (anew) area.on("plotly_click", ({ points: [{ customdata }] }) => /^\d+\.\d+$/.test(customdata?.[0]) && place(customdata[0].split(".").map(Number)));
        if (grew && atEnd) frame.scrollLeft = frame.scrollWidth; // at its end, too: there stand the scores
        growing = latest?.running ?? false;
        tree.dataset.drawn = String(Number(tree.dataset.drawn ?? 0) + 1);
        await new Promise((done) => requestAnimationFrame(done));
      }
      drawing = false;
    }

    /** Rank the texts under a length penalty; answers may come in another order than the questions. */
    let ranking = 0;
    async function rank(value) {
      const mine = ++ranking;
      const news = await ask(`/searches/${encodeURIComponent(search)}/texts?length_penalty=${encodeURIComponent(value)}`);
      if (!news || mine !== ranking) return;
      found.hidden = !news.rows.length;
      course.textContent = news.sentence;
      body.replaceChildren(...news.rows.map((row) => {
        const cells = [row.rank, row.score, row.total, row.mean, row.tokens, row.ending].map((value_) => el("td", {}, String(value_)));
        const line = el("tr", { class: row.returned ? "returned" : "" }, ...cells, el("td", { class: "text" }, row.text));
        if (row.returned) line.title = words.beam_returned;
        return line;
      }));
    }

    /** Show what a continuation was taken from, and the text that leads to it. */
    async function place([position, number]) {
      const news = await ask(`/searches/${encodeURIComponent(search)}/place`, { position, number, ...at_side() });
      if (!news) return;
      const chips = news.tokens.map((text, at_) => el("span", { class: at_ === news.tokens.length - 1 ? "tok sel" : "tok" }, text));
      branch.replaceChildren(el("b", {}, words.beam_branch), el("div", { class: "tokens" }, ...chips), ...news.told.map((line) => el("p", { class: "beam-told" }, line)), el("p", { class: "settings" }, words.beam_branch_help));
      branch.hidden = false;
      document.body.classList.add("beam-place");
      tell("picture", news.picture);
    }

    resume().catch(() => {}); // nothing is kept, or the server is away: the chip says so
    document.addEventListener("playground:view", () => { if (here() && latest) paint(latest.figure); });
    new MutationObserver(() => latest && paint(latest.figure)).observe(document.body, { attributeFilter: ["class"] });
  };
})();
