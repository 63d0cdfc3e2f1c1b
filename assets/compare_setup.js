// What the view of comparisons does with settings, apart from showing them.
(() => {
  "use strict";
  const { parts, el, ask, tell, fill, whole } = window.playground;
  const PAGE = "#compare/", MOST = 32_768; // as link.py

  /** The numbers below `count` in an order that nobody knows beforehand. */
  window.playground.shuffled = (count) => {
    const order = Array.from({ length: count }, (_, place) => place);
    for (let place = count - 1; place > 0; place--) {
      const other = crypto.getRandomValues(new Uint32Array(1))[0] % (place + 1);
      [order[place], order[other]] = [order[other], order[place]];
    }
    return order;
  };

  /** Keep a value until the tab is closed. */
  window.playground.noteDown = (name, value) => {
    try {
      window.sessionStorage.setItem(name, JSON.stringify(value));
    } catch { /* then a reload forgets it */ }
  };

  /** A chain with other samplers; null takes one out. An order of one's own has each that acts. */
  window.playground.merged = (base, changes) => {
    const found = structuredClone(base);
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) delete found[key];
      else found[key] = value;
    }
    if (Array.isArray(found.order)) found.order = [...found.order.filter((key) => key in found), ...Object.keys(changes).filter((key) => key in found && !found.order.includes(key))];
    return found;
  };

  /** Whether what a browser kept has the form of a pane; the server says what of it does not hold. */
  window.playground.fits = (pane) => Boolean(pane) && [pane.model, pane.system].every((value) => typeof value === "string") && Boolean(pane.chain) && typeof pane.chain === "object" && Array.isArray(pane.history);

  /** Put the address of a comparison's settings into the clipboard; the turns of chats stay here. */
  window.playground.copyCompareLink = async ({ panes, ...shared }, words) => {
    const own = panes.map(({ model, system, chain }) => ({ model, system, chain }));
    const news = await ask("/playground/compare/link", { state: { v: 1, ...shared, panes: own } });
    const refuse = (text, field) => tell("notice", { kind: "error", text, field });
    if (!news) return;
    if (news.problems) return refuse(fill(words.not_copied, news), "");
    if (!news.link) return refuse(fill(words.link_long, { most: whole(MOST) }), "prompt");
    window.playground.give(`${location.origin}${location.pathname}${PAGE}${news.link}`, words.compare_link_copied);
  };

  /** Return what the address holds of a comparison, and take it out of there; null where that is nothing. */
  window.playground.readCompareLink = async () => {
    if (!location.hash.startsWith(PAGE)) return null;
    const link = location.hash.slice(PAGE.length, PAGE.length + MOST + 1);
    history.replaceState(null, "", `${location.pathname}${location.search}#compare`);
    return ask("/playground/compare/link", { link });
  };

  /** The card of what to compare; `acts` has what its controls do. */
  window.playground.compareForm = (words, spec, acts) => {
    const option = (value, text, more = {}) => el("option", { value, ...more }, text);
    const offered = [...Object.keys(spec.presets), ...(spec.two.length > 1 ? ["models"] : []), ...(spec.adapter.length ? ["adapter"] : [])];
    const preset = el("select", { id: "compare-preset", "aria-label": words.compare_preset, onchange: () => acts.choose(preset.value) },
      option("own", words.compare_preset_own), ...offered.map((name) => option(name, words[`compare_preset_${name}`])));
    const count = el("select", { id: "compare-count", "aria-label": words.compare_panes, onchange: () => acts.resize(Number(count.value)) }, ...[2, 3, 4].map((value) => option(value, value)));
    const luck = el("select", { id: "compare-luck", "aria-label": words.compare_luck, onchange: () => acts.settle() }, ...["common", "own"].map((name) => option(name, words[`compare_luck_${name}`])));
    const fast = el("input", { type: "checkbox", id: "compare-fast", onchange: () => acts.settle() });
    const blind = el("input", { type: "checkbox", id: "compare-blind" });
    const said = el("p", { class: "settings" });
    const begin = el("button", { type: "button", class: "go", id: "write-all", title: words.compare_write_help, onclick: () => acts.write() }, words.compare_write);
    const halt = el("button", { type: "button", class: "plain", id: "stop-all", disabled: true, onclick: () => acts.stop() }, words.compare_stop);
    const reply = el("button", { type: "button", class: "plain", hidden: true, title: words.compare_reply_help, onclick: () => acts.answer() }, words.compare_reply);
    const anew = el("button", { type: "button", class: "plain", hidden: true, onclick: () => acts.anew() }, words.compare_anew);
    const copy = el("button", { type: "button", class: "plain", title: words.copy_link_help, onclick: () => window.playground.copyCompareLink(acts.asked(), words) }, words.copy_link);
    const changed = el("p", { class: "settings", role: "status" });
    const field = (name, control) => el("label", { class: "compare-field" }, el("span", {}, words[name]), control);
    const form = el("section", { class: "card compare-form", "aria-label": words.compare_preset },
      el("div", { class: "compare-fields" }, field("compare_preset", preset), field("compare_panes", count), field("compare_luck", luck),
        el("label", { class: "compare-check", title: words.compare_fast_help }, fast, ` ${words.compare_fast}`), el("label", { class: "compare-check" }, blind, ` ${words.compare_blind}`)),
      said, el("div", { class: "compare-go" }, begin, halt, reply, anew, copy, changed));
    return { form, preset, count, luck, fast, blind, said, begin, halt, reply, anew, changed };
  };

  /** Nobody waits for what is not shown: the view is made when somebody goes there, or opens a file that belongs there. */
  parts.compare = (element, props) => {
    const landed = location.hash.startsWith("#compare");
    let made = false;
    const make = () => {
      if (made) return;
      made = true;
      window.playground.compareView(element, props, landed);
    };
    document.addEventListener("playground:view", ({ detail }) => detail === "compare" && make());
    document.addEventListener("playground:comparison", ({ detail }) => {
      if (made) return;
      make();
      tell("comparison", detail); // to what has just been made
    });
    if (document.body.dataset.view === "compare") make();
  };
})();
