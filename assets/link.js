// What the page shows as one value: in a link, in this browser's storage, and back on the page. link.py checks it.
// An address that ends in #explore/STATE holds what is shown; as soon as something else is shown, it ends without it.
(() => {
  "use strict";
  const { parts, el, tell, ask, whole, fill } = window.playground;
  const KEY = "playground", PAGE = "#explore/";
  const IDLE_MS = 300, SHOWN_MS = 4000;
  const FILE = "file"; // instead of the settings of a text that came from one

  /** Storage may be full or denied: then nothing is kept, and the page works. */
  const storage = {
    get: (kind) => {
      try {
        return JSON.parse(window[kind].getItem(KEY)) ?? {};
      } catch {
        return {};
      }
    },
    set: (kind, value) => {
      try {
        window[kind].setItem(KEY, JSON.stringify(value));
        return true;
      } catch {
        return false;
      }
    },
  };

  const fragment = () => (location.hash.startsWith(PAGE) ? location.hash.slice(PAGE.length) : "");
  const address = (link) => history.replaceState(null, "", link ? PAGE + link : location.pathname + location.search);

  let words = {}, start = {}, most = 0;
  let controls = null; // what gradio's own controls hold: model, mode, system prompt, prompt, seed, length
  let next = null; // the state to fill in, where it is not that of the address or of the storage
  let linked = { link: "", core: "" }; // the address that was read or made last, and the settings in it
  let before = null; // the state to go back to
  let run = "", asked = null, starts = null; // the text that is shown, its settings, and those of the one that begins
  const settingsOf = new Map(); // of each text of this page, which one can go back to
  let chosen = null; // the selected token of that text
  let wanted = null; // a token to select when its text has ended; {token, settings}, or settings null: whatever they are
  let ended = false, looked = false;
  let ready = false; // what was kept has been read, or somebody has begun anew

  const shownToken = (settings) => (chosen !== null && settings === asked ? chosen : wanted?.settings === settings ? wanted.token : null);

  function snapshot() {
    const [model, mode, system, prompt, seed, length] = controls;
    const settings = { v: 1, model, mode, system: system ?? "", history: window.playground.history, prompt: prompt ?? "", chain: JSON.parse(window.playground.chain), seed: seed ?? "", max_new_tokens: length };
    const core = JSON.stringify(settings);
    return { core, state: { ...settings, view: window.playground.view, color: window.playground.color, token: settings.seed === "" ? null : shownToken(core) } };
  }

  // Keeping. Nothing is done while a slider moves.
  let timer = 0;
  function later() {
    clearTimeout(timer);
    timer = setTimeout(settled, IDLE_MS);
  }

  function settled() {
    const link = fragment(); // one that has just been opened waits for its event
    if (link && link === linked.link && snapshot().core !== linked.core) address("");
    save();
  }

  function save() {
    if (!controls || !ready) return;
    const { state } = snapshot();
    const kept = { state, link: fragment(), run, asked, chosen };
    const texts = window.playground.texts().map((text) => ({ ...text, asked: settingsOf.get(text.id) ?? null }));
    if (!storage.set("sessionStorage", { ...kept, texts })) storage.set("sessionStorage", kept); // the tree is what takes room
    storage.set("localStorage", { state });
  }

  window.playground.controls = () => controls ?? [];
  window.playground.held = (values) => {
    controls = values;
    tell("held");
    later();
  };
  ["settings", "shows"].forEach((name) => document.addEventListener(`playground:${name}`, later));
  window.addEventListener("pagehide", save); // with the address as it is: a reload asks for this one

  // Filling in: gradio asks for it when the page is there and when #fill is pressed, then looks by itself.
  window.playground.filled = async (values) => {
    controls = values;
    const state = next ?? (await remembered());
    next = null;
    if (state) put(state);
    tell("filled");
    const { core } = snapshot();
    linked = { link: fragment(), core };
    if (state && state.token !== null) wanted ??= { token: state.token, settings: core };
    later();
    return state ? controls : undefined;
  };

  function put(state) {
    const { model, mode, system, prompt, seed, max_new_tokens: length } = state;
    tell("restore", state);
    controls = [model, mode, system, prompt, String(seed ?? ""), length];
    looked = false;
  }

  /** Return the state of the address, or what this tab or this browser kept; null where there is none. */
  async function remembered() {
    const link = fragment();
    const kept = storage.get("sessionStorage");
    const own = kept.state && (!link || link === kept.link); // a reload: what this tab showed is the link or newer
    const state = own ? kept.state : storage.get("localStorage").state;
    const body = link && !own ? { link: link.slice(0, most + 1) } : state ? { state, run: own ? kept.run : "" } : null;
    const news = body && (await ask("/playground/link", body));
    ready = Boolean(news) || !body;
    if (!ready) ["pointerdown", "keydown"].forEach((name) => document.addEventListener(name, () => { ready = true; }, { once: true }));
    if (!news) return null;
    doubt(news, body.link ? words.link_part : words.kept_part);
    if (news.run) {
      [run, asked] = [news.run, kept.asked];
      settingsOf.set(run, asked);
      wanted = Number.isInteger(kept.chosen) ? { token: kept.chosen, settings: null } : null;
      const texts = kept.texts ?? [];
      texts.forEach((text) => settingsOf.set(text.id, text.asked));
      tell("texts", texts);
      tell("resume", news.run);
    } else if (body.run) tell("gone");
    return news.state;
  }

  /** Fill in another state, of the address or not; the one before can be had back. */
  function change(state, { link = "" } = {}) {
    before = snapshot().state;
    next = state;
    wanted = null;
    if (fragment() !== link) address(link);
    tell("before");
    document.querySelector("#fill").click();
  }

  window.addEventListener("hashchange", async () => {
    const link = fragment();
    if (!link || !controls || (link === linked.link && snapshot().core === linked.core)) return;
    const news = await ask("/playground/link", { link: link.slice(0, most + 1) });
    if (!news) return;
    doubt(news, words.link_part);
    if (news.state) change(news.state, { link });
    else address("");
  });

  // The text and its tokens.
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#look") && event.isTrusted) wanted = null;
    if (event.target.closest?.("#go-on")) starts = null; // no settings alone lead to such a text
    if (!event.target.closest?.("#write") || !controls) return;
    const { core, state } = snapshot();
    starts = core;
    name({ core, state: { ...state, token: wanted?.settings === core ? wanted.token : null } });
  });

  document.addEventListener("playground:boxes", ({ detail }) => change({ ...snapshot().state, token: null, ...detail }));
  document.addEventListener("playground:opening", () => { starts = FILE; });

  /** Put the settings into the address. */
  async function name({ core, state }) {
    const news = await ask("/playground/link", { state });
    if (!news || news.problems || core !== snapshot().core) return;
    linked = { link: news.link, core };
    address(news.link);
    save();
  }

  document.addEventListener("playground:begin", ({ detail }) => {
    ended = false;
    if (detail === run || detail === window.playground.recorded) return;
    if (!settingsOf.has(detail)) settingsOf.set(detail, starts);
    [run, asked, chosen] = [detail, settingsOf.get(detail), null];
    save();
  });
  document.addEventListener("playground:ended", () => {
    ended = true;
    select();
  });
  document.addEventListener("playground:choose", ({ detail }) => {
    chosen = detail.position ?? null; // none of the prompt
    later();
  });
  document.addEventListener("playground:place", ({ detail }) => {
    if (!detail.place.look) return;
    looked = true;
    chosen = null;
    select();
  });

  /** Select the token that a link or the tab before its reload had selected; the page's own first look comes before. */
  function select() {
    if (!wanted || !ended || (wanted.settings !== null && wanted.settings !== asked)) return;
    tell("select", wanted.token);
    if (looked) wanted = null;
  }

  // Buttons.
  function say(text, { kind = "info", field = "", stay = false } = {}) {
    tell("notice", { kind, text, field, stay });
    if (kind !== "info") return;
    setTimeout(() => document.querySelector(".notice")?.textContent === text && tell("notice", { kind: "", text: "", field: "" }), SHOWN_MS);
  }

  /** Say what of a link or of the storage does not hold. */
  function doubt({ state, problems }, sentence) {
    if (problems) say(state ? fill(sentence, { problems }) : problems, { kind: "error", stay: true });
  }

  async function copy(what) {
    const { core, state } = snapshot();
    const news = await ask("/playground/link", { state });
    if (!news) return;
    if (news.problems) return say(fill(words.not_copied, news), { kind: "error", field: news.field });
    if (what === "settings") return give(news.settings, words.settings_copied);
    if (!news.link) return say(fill(words.link_long, { most: whole(most) }), { kind: "error", field: "prompt" });
    linked = { link: news.link, core };
    address(news.link);
    save();
    give(location.href, !run ? words.link_copied : asked === FILE ? words.link_copied_file : asked === null ? words.link_copied_branch : words.link_copied);
  }

  /** Put a text into the clipboard; on a page without https by the old way, and by hand where that is closed, too. */
  async function give(text, done) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      if (!copied(text)) return byHand(text);
    }
    say(done);
  }

  window.playground.give = give;

  function copied(text) {
    const box = el("textarea", { "aria-hidden": "true", class: "unseen" });
    box.value = text;
    document.body.append(box);
    box.select();
    const done = document.execCommand("copy");
    box.remove();
    return done;
  }

  function byHand(text) {
    const box = el("textarea", { readonly: true, rows: 8, "aria-label": words.copy_by_hand });
    box.value = text;
    const close = el("button", { type: "button", class: "plain", onclick: () => dialog.close() }, words.close);
    const dialog = el("dialog", { class: "by-hand", onclose: () => dialog.remove() }, el("p", {}, words.copy_by_hand), box, close);
    document.body.append(dialog);
    dialog.showModal();
    box.focus();
    box.select();
    box.scrollTop = 0;
  }

  parts.keep = (element, props) => {
    words = JSON.parse(props.words);
    start = JSON.parse(props.start);
    most = props.most;
    const button = (name, press) => el("button", { type: "button", class: "plain", id: name.replace("_", "-"), title: words[`${name}_help`], onclick: press }, words[name]);
    const undo = button("undo", () => change(before));
    undo.hidden = true;
    const acts = [button("copy_link", () => copy("link")), button("copy_settings", () => copy("settings")), button("reset", () => change(start)), undo];
    document.addEventListener("playground:before", () => { undo.hidden = false; });
    element.append(el("div", { class: "keep" }, ...acts));
  };

  parts.examples = (element, props) => {
    const texts = JSON.parse(props.words);
    const known = JSON.parse(props.examples);
    const select = el("select", { "aria-label": texts.examples });
    const option = (value, text, more = {}) => el("option", { value, ...more }, text);
    const first = option("", texts.examples, { disabled: true });
    const back = option("back", texts.examples_back, { hidden: true });
    let typed = null; // the boxes as they were before the first of several examples
    select.append(first, back, ...known.map(({ key, title }) => option(key, title)));
    select.value = "";
    const boxes = ({ mode, system, history = [], prompt }) => ({ mode, system, history, prompt });
    const isExample = ({ state }) => known.some((item) => JSON.stringify(boxes(item)) === JSON.stringify(boxes(state)));
    select.addEventListener("change", () => {
      const now = snapshot();
      const picked = select.value === "back" ? typed : boxes(known.find(({ key }) => key === select.value));
      if (!isExample(now)) typed = boxes(now.state);
      back.hidden = !typed || select.value === "back";
      select.value = "";
      change({ ...now.state, token: null, ...picked });
    });
    element.append(el("div", { class: "examples" }, select));
  };
})();
