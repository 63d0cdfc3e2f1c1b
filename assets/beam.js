// The view of beams: the settings of a search, its tree as it grows, the texts it found, and the place one clicked.
(() => {
  "use strict";
  const { parts, el, tell, ask, at, fill, control, term } = window.playground;
  const STORED = "playground-beams", SHOWN = "playground-search";
  const CONFIG = { displayModeBar: false, responsive: false };

  parts.beam = (element, props) => {
    const words = JSON.parse(props.words);
    const { knobs, start } = JSON.parse(props.spec);
    const here = () => location.hash === "#beams";
    let settings = { ...start, ...stored() };
    let search = null; // the id of the newest one
    let latest = null; // what is shown: of that one, or until it has a tree of the one before, unseen
    let stream = null, drawing = false, wanted = null, growing = false;

    /** Ask about the newest search; null where that is refused, undefined where another one has begun meanwhile. */
    async function about(path, body) {
      const mine = search;
      const news = await ask(`/searches/${encodeURIComponent(mine)}/${path}`, body);
      return mine === search ? news : undefined;
    }

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
    const begin = el("button", { type: "button", class: "go", id: "search", title: words.beam_search_help, onclick: () => go() }, words.beam_search);
    const halt = el("button", { type: "button", class: "plain", id: "stop-search", disabled: true, onclick: () => search && about("stop", {}) }, words.stop);
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
      const news = await answer.json();
      if (search) return; // somebody was faster
      search = kept;
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
    const note = el("p", { class: "settings beam-note" });
    const save = window.playground.saver(words, () => latest?.figure && latest.search === search && saved());
    const branch = el("div", { class: "beam-branch", hidden: true });
    const tree = el("section", { class: "card beam-tree", "aria-label": words.beam_tree, hidden: true },
      el("div", { class: "card-head" }, title, save), made, status, el("div", { class: "legend-row" }, keys, overlay, el("label", { class: "fold" }, folding, ` ${words.beam_fold}`)), frame, compared, note, branch);

    const texts = window.playground.beamTexts(words, knobs.find(({ name }) => name === "length_penalty"), about);
    const empty = el("p", { class: "empty" }, words.beam_empty);
    const view = el("div", { class: "beam-view" }, form, empty, tree, texts.element);
    element.append(view);
    set();

    const saved = () => ({
      name: "beams", figure: latest.figure, width: latest.figure.layout.width, title: latest.title, lines: [latest.settings, latest.status],
      legend: latest.legend,
      table: (kind) => at(`/searches/${encodeURIComponent(search)}/${kind === "csv" ? `texts.csv?length_penalty=${encodeURIComponent(texts.ranked() ?? latest.penalty)}` : "search.json"}`),
    });

    async function go() {
      const [model, mode, system, prompt, seed, length] = window.playground.controls();
      const asked = { model, mode, system: system ?? "", prompt: prompt ?? "", history: window.playground.history, chain: window.playground.chain, seed: seed ?? "", max_new_tokens: length, beams: settings, session: window.playground.session };
      begin.disabled = true;
      const news = await ask("/playground/beams", asked);
      begin.disabled = false;
      if (!news) return;
      left.textContent = news.note;
      remember(news.search);
      wait(true);
      running(true);
      document.body.classList.remove("beam-place");
      follow();
    }

    function remember(id) {
      search = id;
      try {
        if (id) window.sessionStorage.setItem(SHOWN, id);
      } catch { /* then a reload forgets it */ }
    }

    /** Until a search has a tree, that of the one before keeps its place, but can be neither seen nor pressed. */
    function wait(now) {
      view.dataset.waits = String(now);
    }

    /** The search before is shown again, where one never began. */
    function back() {
      running(false);
      remember(latest?.search ?? null);
      wait(false);
      tree.hidden = !latest;
      empty.hidden = Boolean(latest);
      if (!latest) return;
      head(latest);
      document.body.classList.toggle("beam-place", !branch.hidden);
    }

    function follow() {
      stream?.close();
      const mine = (stream = new EventSource(at(`/searches/${encodeURIComponent(search)}/follow?fold=${folding.checked}`)));
      mine.onerror = () => { if (mine === stream && mine.readyState === EventSource.CLOSED) back(); };
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
      const news = await about(`tree?fold=${folding.checked}&over=${laid.join(",")}`);
      if (news) show(news);
    }

    /** Write a text in another way, and lay it over the tree. */
    async function lay(box) {
      compared.querySelector(`[data-kind="${box.dataset.kind}"]`)?.remove();
      if (box.checked) {
        const news = await about(`paths/${box.dataset.kind}`, side());
        if (news === undefined) return;
        if (!news) box.checked = false;
        else compared.append(el("p", { "data-kind": box.dataset.kind }, news.sentence));
      }
      again();
    }

    /** What stands at the side and has a part in single places of the tree. */
    const side = () => ({ chain: window.playground.chain, seed: document.querySelector("#seed textarea, #seed input").value });

    function running(now) {
      halt.disabled = !now;
      begin.disabled = now;
      tree.dataset.running = String(now);
    }

    function head(news) {
      title.textContent = news.title || words.beam_tree;
      made.textContent = news.settings;
      status.textContent = news.status;
    }

    function show(news) {
      if (news.error) tell("notice", { kind: "error", text: news.error, field: "" });
      if (news.error && !news.figure) return back(); // it never began
      running(news.running);
      empty.hidden = true;
      tree.hidden = false;
      head(news);
      if (news.running && !news.figure) return; // it waits in line, or the model reads
      const other = latest?.search !== news.search || (latest.running && !news.running);
      if (latest?.search !== news.search) clear();
      growing ||= news.running;
      latest = news;
      overlay.hidden = news.running || !news.figure;
      frame.hidden = !news.figure;
      note.textContent = news.note;
      keys.replaceChildren(...news.legend.map(key), el("span", {}, words.beam_more_key));
      if (news.figure) paint(news);
      else wait(false);
      if (other && !news.running) texts.rank(news.penalty);
    }

    /** Nothing is left of what belonged to the search before. */
    function clear() {
      over.forEach((box) => { box.checked = false; });
      compared.replaceChildren();
      branch.hidden = true;
      texts.hide();
    }

    /** Draw the newest tree; what comes while one is drawn waits, and only the last of it is drawn. */
    async function paint(news) {
      wanted = news;
      if (drawing) return;
      drawing = true;
      await window.playground.plotly; // a reload has its tree before that is there
      while (wanted && element.clientWidth) {
        const { figure: { data, layout }, search: drawn } = wanted;
        const grew = growing;
        wanted = null;
        const style = getComputedStyle(tree);
        const atEnd = frame.scrollLeft + frame.clientWidth >= frame.scrollWidth - 40;
        // Updating in place, plotly loses texts of points that had none before: what stays is drawn anew.
        const anew = !latest.running || area.dataset.search !== drawn;
        area.dataset.search = drawn;
        await (anew ? window.Plotly.newPlot : window.Plotly.react)(area, data, { ...layout, font: { color: style.color, family: style.fontFamily, size: 12.5 } }, CONFIG);
        if (anew) area.on("plotly_click", ({ points: [{ customdata }] }) => /^\d+\.\d+$/.test(customdata?.[0]) && place(customdata[0].split(".").map(Number)));
        if (grew && atEnd) frame.scrollLeft = frame.scrollWidth; // at its end, too: there stand the scores
        growing = latest?.running ?? false;
        if (drawn === search) wait(false);
        tree.dataset.drawn = String(Number(tree.dataset.drawn ?? 0) + 1);
        await new Promise((done) => requestAnimationFrame(done));
      }
      drawing = false;
    }

    /** Show what a continuation was taken from, and the text that leads to it. */
    async function place([position, number]) {
      const news = await about("place", { position, number, ...side() });
      if (!news) return;
      const chips = news.tokens.map((text, index) => el("span", { class: index === news.tokens.length - 1 ? "tok sel" : "tok" }, text));
      branch.replaceChildren(el("b", {}, words.beam_branch), el("div", { class: "tokens" }, ...chips), ...news.told.map((line) => el("p", { class: "beam-told" }, line)), el("p", { class: "settings" }, words.beam_branch_help));
      branch.hidden = false;
      document.body.classList.add("beam-place");
      tell("picture", news.picture);
    }

    resume().catch(() => {}); // nothing is kept, or the server is away: the chip says so
    document.addEventListener("playground:view", () => { if (here() && latest?.figure) paint(latest); });
    new MutationObserver(() => latest?.figure && paint(latest)).observe(document.body, { attributeFilter: ["class"] });
  };
})();
