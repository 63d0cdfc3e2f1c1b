// The page's scripts: every component of ours is a function `parts[name](element, props, trigger, watch)`.
// Values arrive as JSON strings; text from models and people enters the page as textContent, never as HTML.
(() => {
  "use strict";
  const parts = {};

  // Gradio says the browser's language of every page; ours is what the server wrote.
  const language = document.documentElement.lang;
  const keepLanguage = () => { if (document.documentElement.lang !== language) document.documentElement.lang = language; };
  new MutationObserver(keepLanguage).observe(document.documentElement, { attributeFilter: ["lang"] });

  // Where the choice of a language is kept, the address need not say it.
  const said = new URLSearchParams(location.search);
  if (document.cookie.includes(`language=${language}`) && said.has("language")) {
    said.delete("language");
    history.replaceState(null, "", location.pathname + (said.size ? `?${said}` : "") + location.hash);
  }

  /** Make an element: el("b", {class: "x"}, "text", child). Text stays text. */
  function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children);
    return node;
  }

  /** A word with its meaning, for the pointer and for the keyboard. */
  function term(name, help) {
    return help ? el("span", { class: "term", tabindex: 0, title: help, "aria-label": `${name}: ${help}` }, name) : name;
  }

  const NO_NOTICE = { kind: "", text: "", field: "" };

  /** Read a component's value; nothing where there is none yet. */
  function message(props) {
    return props.value ? JSON.parse(props.value) : null;
  }

  /** Type into one of gradio's own boxes. */
  function type(selector, text) {
    const box = document.querySelector(selector);
    if (!box) return;
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function mount(name, element, props, watch) {
    element.replaceChildren();
    parts[name](element, props, watch);
  }

  /** The address of a question in the page's language: those of the Russian page begin with /ru, as its own does. */
  const base = location.pathname.replace(/\/[^/]*$/, "");
  const at = (path) => base + path;

  /** A whole number as the page's language writes it. */
  const whole = (number) => number.toLocaleString(language);

  const tell = (name, detail) => document.dispatchEvent(new CustomEvent(`playground:${name}`, { detail }));

  /** Ask our server for a picture; what went wrong becomes a notice, and the answer is null. `gone` hears of a 404. */
  let refused = false; // the notice that is shown, if any, is this function's own
  async function ask(url, body, gone) {
    const options = body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: body instanceof Blob ? body : JSON.stringify(body) };
    try {
      const answer = await fetch(at(url), options);
      const news = await answer.json();
      if (!answer.ok || refused) tell("notice", answer.ok ? NO_NOTICE : news);
      refused = !answer.ok;
      if (answer.status === 404) gone?.();
      return answer.ok ? news : null;
    } catch {
      refused = true;
      tell("notice", { kind: "error", text: texts.connection_lost, field: "" });
      return null;
    }
  }

  /** Write on from a place with a token of one's own choice, or without one from the end of a text, as luck draws. */
  let way = {}, stepping = false;
  function goOn(branch, { step = stepping } = {}) {
    [way, stepping] = [branch, step];
    document.querySelector("#go-on").click();
  }
  const branch = (length) => [stepping ? 1 : length, JSON.stringify(way)]; // for gradio: the length, and what goOn was told
  document.addEventListener("click", ({ target }) => { if (target.closest?.("#write")) stepping = false; }, true);

  const BOXES = { prompt: "#prompt", history: "#history", stop: "#chain .listing[data-knob=stop]", model: "#model", mode: "#mode", seed: "#seed", max_new_tokens: "#length" };

  /** Mark the controls that a refusal is about; their names have spaces between them. */
  function mark(fields) {
    document.querySelectorAll(".bad").forEach(unmark);
    fields.split(" ").filter(Boolean).forEach(markOne);
  }

  function unmark(box) {
    box.classList.remove("bad");
    box.querySelectorAll("[aria-invalid]").forEach((input) => input.removeAttribute("aria-invalid"));
  }

  function markOne(field) {
    const [key, knob] = field.split(".");
    const box = [...document.querySelectorAll(BOXES[key] ?? `:is(.sampler, .beam-knob)[data-key="${CSS.escape(key)}"]`)].find((found) => found.offsetParent);
    box?.classList.add("bad");
    const input = knob ? box?.querySelector(`[data-knob="${CSS.escape(knob)}"]`) : (box?.querySelector(".number") ?? box?.querySelector("textarea, input"));
    input?.setAttribute("aria-invalid", "true");
    if (input?.closest("details")) input.closest("details").open = true;
  }

  parts.notice = (element, props, watch) => {
    const line = el("div", { class: "notice", role: "status", "aria-live": "polite" });
    element.append(line);
    let stays = false; // until somebody does something: a look that the page does by itself must not take it away
    ["pointerdown", "keydown"].forEach((name) => document.addEventListener(name, () => { stays = false; }, true));
    const show = ({ kind, text, field, stay }) => {
      if (stays && !text) return;
      stays = stay === true;
      line.textContent = text;
      line.dataset.kind = text ? kind : "";
      mark(field);
    };
    const arrived = () => show(message(props) ?? NO_NOTICE);
    arrived();
    watch("value", arrived);
    document.addEventListener("playground:notice", (event) => show(event.detail));
    document.addEventListener("playground:view", () => line.dataset.kind === "error" && show(NO_NOTICE)); // it spoke of the other view
    document.addEventListener("input", (event) => {
      const box = event.target.closest?.(".bad");
      if (box) unmark(box);
      if (box && !document.querySelector(".bad")) show(NO_NOTICE); // what it spoke of is gone
    });
  };

  let texts = {};

  const VIEWS = ["explore", "compare", "beams", "models"];

  parts.bar = (element, props) => {
    const words = (texts = JSON.parse(props.words));
    const chip = el("span", { class: "chip", "data-state": "loading" }, "…");
    const views = VIEWS.map((name) => el("a", { class: "view", href: `#${name}`, "data-view": name }, words[`view_${name}`]));
    element.append(el("header", { class: "bar" }, el("h1", {}, words.title), el("nav", { class: "views" }, ...views), el("span", { class: "space" }), chip, languages(props, words), window.playground.tours(words), ...window.playground.displays(words)));
    const choose = () => {
      const name = VIEWS.find((view) => location.hash === `#${view}` || location.hash.startsWith(`#${view}/`)) ?? VIEWS[0]; // what follows holds settings: link.js, compare.js
      document.body.dataset.view = name;
      views.forEach((view) => (view.dataset.view === name ? view.setAttribute("aria-current", "page") : view.removeAttribute("aria-current")));
      tell("view", name);
    };
    window.addEventListener("hashchange", choose);
    choose();
    follow(chip, words);
  };

  /** Links to the page in its other languages, with what the address holds; the choice is remembered. */
  function languages(props, words) {
    const links = JSON.parse(props.languages).map(([key, name, path]) => {
      const aim = () => { link.href = `${path}?language=${key}${location.hash}`; }; // where no cookie is kept, that one counts
      const choose = () => {
        aim();
        document.cookie = `language=${key}; path=/; max-age=31536000; samesite=lax`;
      };
      const link = el("a", { href: path, lang: key, hreflang: key, title: name, "aria-label": name, onpointerdown: aim, onclick: choose }, key.toUpperCase());
      if (key === language) link.setAttribute("aria-current", "true");
      return link;
    });
    return el("nav", { class: "languages", "aria-label": words.language }, ...links.flatMap((link, place) => (place ? [" · ", link] : [link])));
  }

  /** Put values into a sentence: fill("{a} of {b}", {a: 1, b: 2}). */
  function fill(sentence, values) {
    return sentence.replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);
  }

  /** Keep the chip saying where the models stand; asks more often while one loads. */
  async function follow(chip, words) {
    let wait = 5000;
    try {
      const { models } = await (await fetch(at("/healthz"))).json();
      const known = Object.values(models);
      tell("models", models);
      const busy = known.filter((model) => model.state === "loading");
      const up = known.filter((model) => model.state === "up");
      const failed = known.filter((model) => model.state === "failed");
      chip.dataset.state = busy.length ? "loading" : up.length ? "up" : "failed";
      chip.textContent = busy.length
        ? fill(words.model_loading, busy[0])
        : up.length ? up.map((model) => fill(words.model_up, { title: model.title, memory: model.memory_mb })).join(" · ") : words.model_none;
      chip.title = [chip.textContent, ...failed.map((model) => `${model.title}: ${model.reason}`)].join("\n");
      wait = busy.length ? 500 : 5000;
    } catch {
      chip.dataset.state = "failed";
      chip.textContent = words.connection_lost;
      wait = 2000;
    }
    setTimeout(() => follow(chip, words), wait);
  }

  /** Look by itself after a pause in typing. */
  const PAUSE_MS = 450;
  let pause = 0;
  document.addEventListener("input", (event) => {
    if (!event.target.closest?.("#prompt, #system")) return;
    clearTimeout(pause);
    pause = setTimeout(() => document.querySelector("#look")?.click(), PAUSE_MS);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#write, #look")) clearTimeout(pause); // nothing is left to look at, or it is done now
  }, true);
  document.addEventListener("change", (event) => {
    if (event.target.closest?.("#mode")) setTimeout(() => document.querySelector("#look")?.click(), 0);
  });

  document.addEventListener("input", (event) => {
    if (event.target.closest?.("#seed")) tell("settings");
  });

  /** What this browser keeps beside the settings; null where it keeps nothing for pages. */
  function kept(name) {
    try {
      return JSON.parse(localStorage.getItem(`playground-${name}`)) ?? {};
    } catch {
      return null;
    }
  }

  function keep(name, value) {
    try {
      localStorage.setItem(`playground-${name}`, JSON.stringify(value));
    } catch {
      // full or denied: the page works without
    }
  }

  /** Whose work it is, for as long as this page stands: who asks for much does not hold up the others. */
  const session = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("");

  window.playground = { session, kept, keep, parts, el, term, message, type, mount, tell, ask, at, whole, fill, goOn, branch };
})();
