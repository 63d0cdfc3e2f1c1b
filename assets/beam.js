// The view of beams: a search, its tree as it grows, the texts it found, and the place one clicked.
(() => {
  "use strict";
  const { parts, el, tell, ask, at } = window.playground;
  const SHOWN = "playground-search";
  const CONFIG = { displayModeBar: false, responsive: false };
  const END_PX = 40; // so near is at the end
  const LARGE = 1.6; // how much larger a tree is for a projector: its tokens are smaller than other text

  parts.beam = (element, props) => {
    const words = JSON.parse(props.words);
    const spec = JSON.parse(props.spec);
    const here = () => location.hash === "#beams";
    const NOTHING = { search: null, core: null, laid: [], penalty: null, place: null, left: null };
    let tab = { ...NOTHING, fold: true }; // what a reload shows again: which search, and what of it
    let before = null; // the same of the search before, until the newest has a tree
    let latest = null; // what is shown: of the newest search, or until it has a tree of the one before, unseen
    let pictured = null; // the place of the tree that was clicked, as the picture names it
    let stream = null, drawing = false, wanted = null, growing = false, fresh = false;

    function remember(news) {
      Object.assign(tab, news);
      try {
        window.sessionStorage.setItem(SHOWN, JSON.stringify(tab));
      } catch { /* then a reload forgets it */ }
    }

    /** Ask about the newest search; null where that is refused, undefined where another one has begun meanwhile. */
    async function about(path, body) {
      const mine = tab.search;
      const news = await ask(`/searches/${encodeURIComponent(mine)}/${path}`, body);
      return mine === tab.search ? news : undefined;
    }

    const form = window.playground.beamForm(words, spec, { search: () => go(), stop: () => tab.search && about("stop", {}), changed: () => age() });
    const texts = window.playground.beamTexts(words, spec.knobs.find(({ name }) => name === "length_penalty"), about, (penalty) => remember({ penalty }));

    // The tree.
    const title = el("h2", {});
    const status = el("p", { class: "beam-status", role: "status" });
    const made = el("p", { class: "settings" });
    const old = el("p", { class: "beam-old", role: "status" });
    const folding = el("input", { type: "checkbox", checked: true, onchange: () => { remember({ fold: folding.checked }); again(); } });
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
    const laid = () => over.filter((box) => box.checked).map((box) => box.dataset.kind);
    const overlay = el("span", { class: "fold", hidden: true }, `${words.beam_path_over} `, ...over.map((box) => el("label", {}, box, ` ${words[`beam_path_${box.dataset.kind}_label`]} `)));
    const compared = el("div", { class: "beam-compared", role: "status" });
    const area = el("div", {});
    const drawn = el("div", { class: "beam-figure" }, area);
    const frame = el("div", { class: "beam-frame", tabindex: 0, role: "group", "aria-label": words.beam_tree }, drawn);
    const tip = window.playground.beamTip(frame);
    drawn.append(tip.ring);
    const note = el("p", { class: "settings beam-note" });
    const save = window.playground.saver(words, () => latest?.figure && latest.search === tab.search && saved());
    const branch = el("div", { class: "beam-branch", hidden: true });
    const tree = el("section", { class: "card beam-tree", "aria-label": words.beam_tree, hidden: true },
      el("div", { class: "card-head" }, title, save), made, old, status, el("div", { class: "legend-row" }, keys, overlay, el("label", { class: "fold" }, folding, ` ${words.beam_fold}`)), frame, compared, note, branch);
    const empty = el("p", { class: "empty" }, words.beam_empty);
    const view = el("div", { class: "beam-view" }, form.element, empty, tree, texts.element);
    element.append(view);

    const saved = () => ({
      name: `beams-${tab.search.slice(0, 8)}`, figure: latest.figure, width: latest.figure.layout.width, title: latest.title, lines: [latest.settings, latest.status],
      legend: latest.legend,
      table: (kind) => at(`/searches/${encodeURIComponent(tab.search)}/${kind === "csv" ? `texts.csv?length_penalty=${encodeURIComponent(texts.ranked() ?? latest.penalty)}` : "search.json"}`),
    });

    async function go() {
      const [asked, core] = [form.asked(), form.core()];
      form.asks(true);
      const news = await ask("/playground/beams", asked);
      form.asks(false);
      if (!news) return;
      before = { ...tab };
      remember({ ...NOTHING, search: news.search, core });
      wait(true);
      running(true);
      document.body.classList.remove("beam-place");
      follow();
    }

    /** A reload shows the search again that this tab showed, as it was shown. */
    async function resume() {
      const kept = { ...tab, ...JSON.parse(window.sessionStorage.getItem(SHOWN) ?? "{}") };
      const answer = kept.search && (await fetch(at(`/searches/${encodeURIComponent(kept.search)}/tree?fold=${kept.fold}&over=${kept.laid.join(",")}`)));
      if (!answer?.ok) return;
      const news = await answer.json();
      if (tab.search) return; // somebody was faster
      tab = kept;
      folding.checked = kept.fold;
      over.forEach((box) => { box.checked = kept.laid.includes(box.dataset.kind); });
      if (news.running) return follow();
      fresh = true;
      show(news);
      // After the page's own first look, which would take its place.
      if (kept.place && here()) document.addEventListener("playground:place", () => place(kept.place), { once: true });
    }

    /** Until a search has a tree, that of the one before keeps its place, but can be neither seen nor pressed. */
    function wait(now) {
      view.dataset.waits = String(now);
      age();
    }

    /** The search before is shown again, where one never began. */
    function back() {
      running(false);
      if (latest?.search === tab.search) return;
      remember(before ?? NOTHING);
      wait(false);
      tree.hidden = !latest;
      empty.hidden = Boolean(latest);
      if (!latest) return;
      head(latest);
      document.body.classList.toggle("beam-place", pictured !== null);
    }

    function follow() {
      stream?.close();
      const mine = (stream = new EventSource(at(`/searches/${encodeURIComponent(tab.search)}/follow?fold=${folding.checked}`)));
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
      if (!latest) return;
      if (latest.running) return follow();
      const news = await about(`tree?fold=${folding.checked}&over=${laid().join(",")}`);
      if (news) show(news);
    }

    /** Write a text in another way, and lay it over the tree. */
    async function lay(box) {
      if (box.checked) {
        const news = await about(`paths/${box.dataset.kind}`, side());
        if (news === undefined) return;
        if (!news) box.checked = false;
      }
      remember({ laid: laid() });
      again();
    }

    /** What stands at the side and has a part in single places of the tree. */
    const side = () => ({ chain: window.playground.chain, seed: document.querySelector("#seed textarea, #seed input").value });

    function running(now) {
      form.running(now);
      tree.dataset.running = String(now);
    }

    /** Say where the tree is not that of the settings as they stand. */
    function age() {
      const known = latest && tab.core && window.playground.controls().length && view.dataset.waits !== "true";
      old.textContent = known && tab.core !== form.core() ? words.beam_old : "";
    }

    function head(news) {
      title.textContent = news.title || words.beam_tree;
      made.textContent = news.settings;
      status.textContent = news.status;
      form.leaves(news.left_out);
    }

    function show(news) {
      if (news.error) tell("notice", { kind: "error", text: news.error, field: "" });
      if (news.error && !news.figure) return back(); // it never began
      running(news.running);
      empty.hidden = true;
      tree.hidden = false;
      head(news);
      if (news.running && !news.figure) return; // it waits in line, or the model reads
      const ended = !news.running && (latest?.search !== news.search || latest.running);
      if (latest && latest.search !== news.search) clear();
      growing ||= news.running;
      latest = news;
      overlay.hidden = news.running || !news.figure;
      frame.hidden = !news.figure;
      note.textContent = news.note;
      keys.replaceChildren(...news.legend.map(key));
      compared.replaceChildren(...laid().filter((kind) => news.paths[kind]).map((kind) => el("p", {}, news.paths[kind])));
      if (news.figure) paint(news);
      else wait(false);
      age();
      if (ended) texts.rank(tab.penalty ?? news.penalty);
    }

    /** Nothing is left of what belonged to the search before. */
    function clear() {
      over.forEach((box) => { box.checked = false; });
      branch.hidden = true;
      pictured = null;
      texts.hide();
    }

    const atEnd = () => frame.scrollLeft + frame.clientWidth >= frame.scrollWidth - END_PX;

    /** Draw the newest tree; what comes while one is drawn waits, and only the last of it is drawn. */
    async function paint(news) {
      wanted = news;
      if (drawing) return;
      drawing = true;
      await window.playground.plotly; // a reload has its tree before that is there
      while (wanted && element.clientWidth) {
        const { figure, search } = wanted;
        const grows = growing && atEnd();
        const stood = fresh ? tab.left : frame.scrollLeft;
        const ends = grows || (fresh && stood === null);
        wanted = null;
        const style = getComputedStyle(tree);
        const font = { color: style.color, family: style.fontFamily, size: 12.5 };
        const { data, layout } = window.playground.sized(figure.data, { ...figure.layout, font }, LARGE);
        if (window.playground.large() > 1) layout.width *= LARGE; // its columns are in pixels
        // Updating in place, plotly loses texts of points that had none before: what stays is drawn anew.
        const anew = !latest.running || area.dataset.search !== search;
        area.dataset.search = search;
        await (anew ? window.Plotly.newPlot : window.Plotly.react)(area, tip.quiet(data), layout, CONFIG);
        if (anew) tip.hide();
        if (anew) tip.listen(area);
        if (anew) area.on("plotly_click", ({ points: [{ customdata }] }) => /^\d+\.\d+$/.test(customdata?.[0]) && place(customdata[0].split(".").map(Number)));
        frame.scrollLeft = ends ? frame.scrollWidth : stood; // at its end stand the scores
        growing = latest?.running ?? false;
        fresh = false;
        if (search === tab.search) wait(false);
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
      remember({ place: [position, number] });
      pictured = news.picture.place.look;
      tell("picture", news.picture);
    }

    // The picture below is that of the place as long as nobody has looked at another one.
    document.addEventListener("playground:place", ({ detail }) => document.body.classList.toggle("beam-place", pictured !== null && detail.place.look === pictured));
    resume().catch(() => {}); // nothing is kept, or the server is away: the chip says so
    window.addEventListener("pagehide", () => frame.clientWidth && remember({ left: atEnd() ? null : frame.scrollLeft }));
    ["settings", "held"].forEach((name) => document.addEventListener(`playground:${name}`, age));
    document.addEventListener("playground:view", () => { if (here() && latest?.figure) paint(latest); });
    new MutationObserver(() => latest?.figure && paint(latest)).observe(document.body, { attributeFilter: ["class"] });
  };
})();
