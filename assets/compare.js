// The view of comparisons: what each pane writes with, all texts as they grow, and the place that is shown in each.
(() => {
  "use strict";
  const { el, tell, ask, at, fill, kept, keep } = window.playground;
  const SHOWN = "playground-comparison";

  /** `landed`: the page began here, so that the chain at its side is a pane's. */
  window.playground.compareView = (element, props, landed) => {
    const words = JSON.parse(props.words), spec = JSON.parse(props.spec);
    const here = () => document.body.dataset.view === "compare";
    const own = kept("compare") ?? {};
    let panes = null; // {model, system, chain, history} of each, once the side has its settings
    let editing = 0, outside = own.outside ?? null; // the pane whose chain stands at the side, and what stands there elsewhere
    let shown = null, latest = null, stream = null, selected = null; // the comparison that is shown and with what it was written

    const controls = window.playground.compareForm(words, spec, {
      choose, resize, settle, write, stop, answer, anew: () => { panes.forEach((pane) => { pane.history = []; }); settle(); }, asked: () => asked(),
    });
    const { form, preset, count, luck, fast, blind, said, begin, halt, reply, anew, changed } = controls;

    const colors = window.playground.colors(words, JSON.parse(props.colors), () => views.forEach((view) => view.recolor()));
    const told = { edited: edit, changed: change, stop, chosen: select, painted };
    const views = Array.from({ length: spec.most }, (_, place) => window.playground.pane(place, words, spec, colors, told));
    const grid = el("div", { class: "compare-panes" }, ...views.map((view) => view.element));
    const parted = el("p", { class: "compare-parted", role: "status" });
    const over = el("div", { class: "compare-over", hidden: true }, parted, colors.element, el("span", { class: "settings" }, words.compare_click));
    const empty = el("p", { class: "empty" }, words.compare_empty, " ", window.playground.opener(words, props.most));
    const numbers = window.playground.compareNumbers(words, spec, {
      show: select, vote, views, names: () => names(), latest: () => latest, legend: colors.element, id: () => shown?.id, name: (place) => names()[place], lines: () => latest.panes.flatMap(({ strip }, place) => [`${"ABCD"[place]}: ${strip.settings} · seed ${strip.seed}`, `“${views[place].text()}”`]),
    });
    const note = el("p", { class: "compare-editing", role: "status" });
    element.append(el("div", { class: "compare-view" }, form, over, grid, empty, numbers.element));

    const chat = () => window.playground.controls()[1] === "chat";
    const chain = () => JSON.parse(window.playground.chain);

    /** The settings of all panes, at first two temperatures of the chain at the side. */
    function ready() {
      if (panes) return;
      const found = Array.isArray(own.panes) && own.panes.length >= spec.least && own.panes.length <= spec.most && own.panes.every(window.playground.fits);
      if (found) {
        panes = own.panes;
        [preset.value, luck.value, fast.checked] = [own.preset ?? "own", own.luck === "own" ? "own" : "common", own.fast === true];
      } else choose("temperatures_two");
    }

    function fresh() {
      const [model, , system] = window.playground.controls();
      return { model, system: system ?? "", chain: structuredClone(panes?.[0]?.chain ?? outside), history: [] };
    }

    /** Make all panes like the first, but for what the choice is about. */
    function choose(name) {
      preset.value = name;
      if (name === "own") return settle();
      const first = panes?.[0] ?? fresh();
      const models = { models: spec.two, adapter: spec.adapter }[name];
      const changes = models ?? spec.presets[name];
      panes = changes.map((item) => (models ? { ...structuredClone(first), model: item } : { ...structuredClone(first), chain: window.playground.merged(first.chain, item) }));
      editing = 0;
      settle(true);
    }

    function resize(number) {
      while (panes.length < number) panes.push(structuredClone(panes[0]));
      panes.length = number;
      editing = Math.min(editing, number - 1);
      preset.value = "own";
      settle(true);
    }

    function change(place, news) {
      Object.assign(panes[place], news);
      preset.value = "own";
      settle();
    }

    function edit(place) {
      editing = place;
      settle(true);
      document.querySelector("#chain")?.scrollIntoView({ block: "nearest" });
    }

    /** Show what the panes will write with, and keep it; `side` puts the edited pane's chain at the side, too. */
    function settle(side = false) {
      if (!panes) return;
      if (side && here()) {
        tell("chain", { chain: panes[editing].chain });
        tell("links", { links: {} });
        if (selected && latest) select(...selected);
      }
      note.textContent = fill(words.compare_editing, { pane: "ABCD"[editing] });
      count.value = String(panes.length);
      said.textContent = words[`compare_luck_${luck.value}_said`];
      panes.forEach((pane, place) => views[place].set(pane, panes, { chat: chat(), editing: here() && place === editing }));
      views.forEach((view, place) => { view.element.hidden = place >= panes.length; });
      grid.dataset.count = String(panes.length);
      anew.hidden = !panes.some(({ history }) => history.length);
      changed.textContent = shown && shown.asked !== null && JSON.stringify(asked()) !== shown.asked ? words.compare_changed : "";
      keep("compare", { panes, preset: preset.value, luck: luck.value, fast: fast.checked, outside });
    }

    /** Take what a link holds into the view; nothing is written by that. */
    async function open() {
      const news = panes && (await window.playground.readCompareLink());
      if (!news) return;
      const { panes: found, luck: lucky, fast: batch, ...boxes } = news.state;
      tell("boxes", boxes);
      panes = found.map((pane) => ({ ...pane, history: [] }));
      [luck.value, fast.checked, preset.value, editing] = [lucky, batch, "own", 0];
      settle(true);
      if (news.problems) tell("notice", { kind: "error", text: fill(words.link_part, news), field: "", stay: true });
    }

    window.addEventListener("hashchange", () => open());

    // Writing.
    function asked() {
      const [, mode, , prompt, seed, length] = window.playground.controls();
      return { panes, mode, prompt: prompt ?? "", luck: luck.value, fast: fast.checked, seed: seed ?? "", max_new_tokens: length };
    }

    async function write() {
      const body = asked(), text = JSON.stringify(body); // panes may be changed meanwhile
      begin.disabled = true;
      const news = await ask("/playground/compare", { ...body, session: window.playground.session });
      begin.disabled = false;
      if (!news) return;
      remember(news.comparison, text);
      follow();
    }

    /** Where each pane stands while nobody may know which is which, and what it is called there; who has seen it knows. */
    const shuffled = () => blind.checked && !shown.seen && !latest?.votes.length;
    const names = () => latest.panes.map((_, place) => (shuffled() ? String(shown.order.indexOf(place) + 1) : "ABCD"[place]));

    function remember(id, body) {
      shown = { id, asked: body, seen: body === null, order: window.playground.shuffled(latest && body === null ? latest.panes.length : panes.length) };
      selected = null;
      noteDown({});
    }

    /** A reload shows it again, as blind as it was. */
    const noteDown = (news) => window.playground.noteDown(SHOWN, Object.assign(shown, news));

    function follow() {
      stream?.close();
      const mine = (stream = new EventSource(at(`/comparisons/${encodeURIComponent(shown.id)}/follow`)));
      mine.onerror = () => { if (mine === stream && mine.readyState === EventSource.CLOSED) running(false); };
      mine.onmessage = ({ data }) => {
        if (mine !== stream) return;
        const news = JSON.parse(data);
        if (!news.running) mine.close(); // or it would connect again
        show(news);
      };
    }

    function stop(place) {
      if (shown) ask(`/comparisons/${encodeURIComponent(shown.id)}/stop${place === undefined ? "" : `?pane=${place}`}`, {});
    }

    function running(now) {
      halt.disabled = !now;
      begin.disabled = now;
      element.firstElementChild.dataset.running = String(now);
    }

    function show(news) {
      if (news.running && news.comparison !== latest?.comparison) numbers.hide();
      latest = news;
      empty.hidden = true;
      over.hidden = false;
      running(news.running);
      const hidden = shuffled();
      if (!hidden) noteDown({ seen: true });
      news.panes.forEach((pane, place) => {
        views[place].show(pane);
        views[place].element.style.order = hidden ? shown.order.indexOf(place) : place;
        views[place].call(names()[place]);
      });
      views.slice(news.panes.length).forEach((view) => view.clear());
      element.firstElementChild.classList.toggle("is-blind", hidden);
      parted.textContent = news.parted;
      reply.hidden = news.running || !chat() || news.panes.some(({ error }) => error);
      if (news.running) return;
      settle();
      numbers.show(news);
      const first = news.panes.findIndex(({ parts }) => parts !== null);
      if (selected === null && first >= 0) select(first, news.panes[first].parts);
    }

    async function vote(choice) {
      const news = await ask(`/comparisons/${encodeURIComponent(shown.id)}/vote`, { choice, blind: !shown.seen });
      if (news) show(news);
    }

    /** Every answer becomes a turn of its pane's chat. */
    async function answer() {
      const { asked: written } = latest, { prompt } = JSON.parse(shown.asked) ?? {}, box = document.querySelector("#prompt textarea");
      const boxes = await Promise.all(written.map((_, place) => ask(`/runs/${encodeURIComponent(views[place].run)}/boxes`)));
      if (boxes.some((box) => !box?.history)) return;
      if (panes.length !== written.length) panes = written;
      panes.forEach((pane, place) => { pane.history = boxes[place].history; });
      if (box.value === prompt) window.playground.type("#prompt textarea", ""); // else the next turn stands there already
      box.focus();
      settle();
    }

    /** Show one place in every pane: the same token where one model wrote all, else the token at the same character. */
    function select(place, position) {
      selected = [place, position];
      latest.panes.forEach((_, other) => views[other].select(there(other)));
    }

    /** The token of a pane that is shown with the selected one. */
    function there(other) {
      const [place, position] = selected;
      const one = new Set(latest.panes.map(({ model }) => model)).size === 1;
      return one || other === place ? position : views[other].at(views[place].offset(position));
    }

    /** A slider moved: the edited pane's picture shows what it would draw from now. */
    document.addEventListener("playground:settings", () => {
      if (!here() || !panes) return;
      const now = chain();
      if (JSON.stringify(now) === JSON.stringify(panes[editing].chain)) return settle();
      panes[editing].chain = now;
      preset.value = "own";
      settle();
      if (selected && latest && views[editing].run) tryOut();
    });

    /** The cards at the side say what each sampler does at the place that is shown. */
    function painted(place, news) {
      if (here() && place === editing) tell("links", news);
    }

    let trying = false, wanted = false; // one question at a time, and the newest is never lost
    async function tryOut() {
      wanted = true;
      if (trying) return;
      trying = true;
      while (wanted && selected && latest.panes[editing]) {
        wanted = false;
        await views[editing].select(there(editing), { chain: window.playground.chain, seed: String(latest.panes[editing].strip.seed) }).catch(() => {}); // the next move asks again
      }
      trying = false;
    }

    /** The side shows the edited pane's chain here, and in the other views what it showed before. */
    let was = false;
    function arrive() {
      if (here() === was || (here() && !window.playground.controls().length)) return;
      was = here();
      if (was) {
        if (!landed || !outside) outside = chain(); // a page that begins here has that of a pane at its side
        ready();
        document.querySelector("#chain")?.before(note);
        settle(true);
        open();
      } else if (outside) {
        tell("chain", { chain: outside });
        tell("settings");
      }
      landed = false;
      note.hidden = !was;
    }

    /** A file, of which nobody here has written the settings. */
    document.addEventListener("playground:comparison", async ({ detail }) => {
      const news = await ask(`/comparisons/${encodeURIComponent(detail)}/panes`);
      if (!news) return;
      location.hash = "#compare";
      stream?.close();
      latest = news;
      remember(detail, null);
      ready();
      panes = news.asked;
      editing = 0;
      show(news);
      settle(true);
    });

    async function resume() {
      const found = JSON.parse(window.sessionStorage.getItem(SHOWN));
      const answered = found?.id && (await fetch(at(`/comparisons/${encodeURIComponent(found.id)}/panes`)));
      if (!answered?.ok) return;
      shown = found;
      const news = await answered.json();
      if (news.running) follow();
      else show(news);
    }

    document.addEventListener("playground:restore", () => here() && queueMicrotask(() => settle(true))); // boxes were filled in: the chain is the pane's
    ["view", "filled", "shows"].forEach((name) => document.addEventListener(`playground:${name}`, arrive)); // the side has its settings by now
    ["change", "input"].forEach((name) => document.addEventListener(name, ({ target }) => { if (here() && target.closest?.("#mode, #prompt, #seed, #length")) setTimeout(settle, 0); }));
    resume().catch(() => {}); // nothing is kept, or the server is away: the chip says so
    arrive();
  };
})();
