// The settings of a beam search, its buttons, and what of the chain at the side it leaves out.
(() => {
  "use strict";
  const { el, control, term, kept, keep } = window.playground;
  const EARLY = { false: false, true: true, never: "never" };

  /** Make the form; `press` has what `search` and `stop` do, and `changed` hears of every setting. */
  window.playground.beamForm = (words, { knobs, start, penalties }, press) => {
    const settings = { ...start, ...known(kept("beams") ?? {}) };
    const set = (name) => (value) => {
      settings[name] = value;
      show();
      press.changed();
    };
    const controls = knobs.map((knob) => control(knob, words, set(knob.name)));
    controls.forEach(({ row, name }, place) => {
      row.classList.add("beam-knob");
      row.dataset.key = name;
      const named = row.querySelector("span");
      if (named) named.replaceChildren(term(knobs[place].label, knobs[place].off));
      else row.title = knobs[place].off;
    });
    const early = el("select", { "aria-label": words.beam_early_stopping, onchange: () => set("early_stopping")(EARLY[early.value]) },
      ...Object.keys(EARLY).map((value) => el("option", { value }, words[`beam_early_stopping_${value}`])));
    const stopping = el("label", { class: "row beam-knob wide", "data-key": "early_stopping" }, el("span", {}, words.beam_early_stopping), early);
    const begin = el("button", { type: "button", class: "go", id: "search", title: words.beam_search_help, onclick: press.search }, words.beam_search);
    const halt = el("button", { type: "button", class: "plain", id: "stop-search", disabled: true, onclick: press.stop }, words.stop);
    const left = el("p", { class: "settings" });
    const element = el("section", { class: "card beam-form", "aria-label": words.view_beams }, el("div", { class: "beam-knobs" }, ...controls.map(({ row }) => row), stopping), el("div", { class: "beam-go" }, begin, halt, left));

    /** What this browser keeps of the settings, where it is of their kind. */
    function known(stored) {
      return Object.fromEntries(Object.entries(stored).filter(([name, value]) => name in start && ["number", "boolean", "string"].includes(typeof value)));
    }

    function show() {
      controls.forEach(({ name, set: fill }) => fill(settings[name]));
      early.value = String(settings.early_stopping);
      keep("beams", settings);
    }

    /** What a search is asked for: all that stands here and at the side. */
    function asked() {
      const [model, mode, system, prompt, seed, length] = window.playground.controls();
      return { model, mode, system: system ?? "", prompt: prompt ?? "", history: window.playground.history, chain: window.playground.chain, seed: seed ?? "", max_new_tokens: length, beams: { ...settings }, session: window.playground.session };
    }

    /** What of that has a part in the tree, as one text: of the chain and the seed only what acts on beams. */
    function core() {
      const { mode, system, history, chain, seed, session, ...others } = asked();
      const { sample } = settings;
      const acting = Object.entries(JSON.parse(chain)).filter(([name]) => penalties.includes(name) || (sample && !["order", "stop"].includes(name)));
      return JSON.stringify([others, mode, mode === "chat" ? [system, history] : null, acting.sort(), sample ? seed : null]);
    }

    function asks(now) {
      begin.disabled = now;
    }

    function running(now) {
      halt.disabled = !now;
      begin.disabled = now;
    }

    show();
    return { element, asked, core, asks, running, leaves: (text) => { left.textContent = text; } };
  };
})();
