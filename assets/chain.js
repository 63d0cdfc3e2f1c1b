// The chain of samplers as cards, and the stop texts. Its value is the flat form of the settings, so what is sent is
// what is shown.
(() => {
  "use strict";
  const { parts, el, tell, type, fill, control, texts, same } = window.playground;

  parts.chain = (element, props) => {
    const spec = JSON.parse(props.spec);
    const words = JSON.parse(props.words);
    const kinds = new Map(spec.samplers.map((sampler) => [sampler.key, sampler]));
    const cards = new Map();
    const origins = {}; // where a sampler's numbers come from: a preset's title, or nothing for one's own
    const added = new Set(); // cards that one asked for though they are neutral
    let settings = JSON.parse(props.value);
    let layout = [...spec.orders[settings.order]]; // every key, in the order in which they act
    let presets = spec.presets;
    window.playground.chain = props.value;

    const own = () => Array.isArray(settings.order);
    const send = () => {
      if (own()) settings.order = layout.filter((key) => key in settings);
      props.value = window.playground.chain = JSON.stringify(settings);
      tell("settings");
    };

    // Head: order, presets, and how the two orders differ.
    const order = el("select", { "aria-label": words.order, onchange: () => arrange(order.value) });
    const preset = el("select", { "aria-label": words.presets, onchange: () => apply(presets.find((item) => item.key === preset.value)) });
    const neutral = el("button", { type: "button", class: "plain", onclick: () => apply(spec.presets[0]) }, spec.presets[0].title);
    const differ = el("p", { class: "orders" });
    const list = el("div", { class: "cards" });
    const more = el("select", { class: "add", "aria-label": words.add_sampler, onchange: () => { add(more.value); more.value = ""; } });
    element.append(el("div", { class: "chain-head" }, el("b", {}, words.chain), order), el("div", { class: "presets" }, preset, neutral), differ, list, more);

    // They end a text and take no part in its distributions: no preset changes them.
    const stops = texts({ name: "stop", label: words.stop_texts }, words, (entries) => {
      const found = entries.filter((text) => text !== ""); // of an empty line nothing is to be searched
      if (found.length) settings.stop = found;
      else delete settings.stop;
      refresh();
      send();
    });
    stops.row.title = words.stop_texts_help;
    element.append(stops.row);

    function arrange(name) {
      preset.value = "";
      settings.order = name === "own" ? [] : name;
      if (name !== "own") layout = [...spec.orders[name]];
      refresh();
      send();
    }

    function apply(chosen) {
      const { order: wanted, seed, max_new_tokens: length, ...values } = chosen.settings;
      settings = { order: wanted ?? settings.order, ...values, ...(settings.stop && { stop: settings.stop }) };
      layOut();
      kinds.forEach((_, key) => { origins[key] = chosen.title; });
      added.clear();
      if (seed !== undefined) type("#seed textarea, #seed input", String(seed ?? ""));
      if (length !== undefined) type("#length input", String(length));
      refresh();
      send();
      preset.value = chosen.key;
      preset.title = fill(words.preset_from, { title: chosen.title, origin: chosen.origin });
    }

    /** Take settings over as they are; where they are a preset's, it is named. */
    function restore({ chain }) {
      if (same(chain, settings)) return;
      const { order: wanted, stop, ...values } = chain;
      const found = presets.find(({ settings: { order: named, seed, max_new_tokens: length, ...numbers }, problem }) => !problem && (named ?? wanted) === wanted && sameNumbers(numbers, values));
      settings = { ...chain };
      layOut();
      kinds.forEach((_, key) => { origins[key] = found?.title; });
      added.clear();
      refresh();
      preset.value = found?.key ?? "";
      props.value = window.playground.chain = JSON.stringify(settings);
    }

    const sameNumbers = (one, other) => Object.keys(one).length === Object.keys(other).length && Object.keys(one).every((key) => same(one[key], other[key]));

    function layOut() {
      if (!own()) layout = [...spec.orders[settings.order]];
      else layout = [...settings.order, ...layout.filter((key) => !settings.order.includes(key))];
    }

    function offer(models) {
      const model = Object.values(models).find(({ title }) => title === document.querySelector("#model input")?.value);
      const named = (item) => (item.key === "model" ? { ...item, title: words.preset_own, origin: fill(words.preset_own_from, model) } : item);
      const found = [...spec.presets, ...(model?.presets ?? []).map(named)];
      if (same(found, presets) && preset.options.length) return;
      presets = found;
      const now = preset.value;
      const options = presets.map(({ key, title, origin, problem }) => el("option", { value: key, title: problem || origin, disabled: problem !== "" }, problem ? `${title}: ${problem}` : title));
      preset.replaceChildren(el("option", { value: "", disabled: true }, words.presets), ...options);
      preset.value = now;
    }

    function refresh() {
      const shown = layout.filter((key) => spec.basics.includes(key) || added.has(key) || settings[key] !== undefined);
      const nodes = shown.map((key) => card(key).node);
      if (!same(shown, [...list.children].map((node) => node.dataset.key))) list.replaceChildren(...nodes);
      shown.forEach((key) => card(key).refresh());
      const orders = [...Object.keys(spec.orders), "own"].map((name) => el("option", { value: name }, `${words.order.toLowerCase()}: ${name === "own" ? words.order_own : name}`));
      order.replaceChildren(...orders);
      order.value = own() ? "own" : settings.order;
      const rest = layout.filter((key) => !shown.includes(key));
      more.replaceChildren(el("option", { value: "" }, words.add_sampler), ...rest.map((key) => el("option", { value: key }, kinds.get(key).label)));
      more.hidden = !rest.length;
      stops.set(settings.stop ?? []);
    }

    function add(key) {
      added.add(key);
      refresh();
      card(key).use();
      card(key).node.querySelector("input, button")?.focus();
      card(key).node.scrollIntoView({ block: "nearest" });
    }

    /** Knob values of a sampler as set, neutral where it is not. */
    function values({ key, knobs }) {
      const set = settings[key];
      const start = Object.fromEntries(knobs.map((knob) => [knob.name, knob.neutral]));
      if (set === undefined) return start;
      return set !== null && typeof set === "object" && !Array.isArray(set) ? { ...start, ...set } : { ...start, [knobs[0].name]: set };
    }

    function put(sampler, now) {
      const [main, ...others] = sampler.knobs;
      const plain = others.every((knob) => same(now[knob.name], knob.neutral));
      if (plain && same(now[main.name], main.neutral)) delete settings[sampler.key];
      else settings[sampler.key] = plain ? now[main.name] : now;
      delete origins[sampler.key];
      preset.value = "";
      added.add(sampler.key);
      card(sampler.key).refresh();
      send();
    }

    function takeOut(key) {
      delete settings[key];
      added.delete(key);
      refresh();
      send();
      more.focus();
    }

    /** Move a card before another, or to the end; from then on the order is one's own. */
    function move(key, before) {
      layout = layout.filter((item) => item !== key);
      layout.splice(before ? layout.indexOf(before) : layout.length, 0, key);
      settings.order = [];
      preset.value = "";
      refresh();
      send();
    }

    function step(key, by) {
      const shown = [...list.children].map((node) => node.dataset.key);
      const place = shown.indexOf(key) + by;
      if (place < 0 || place >= shown.length) return;
      move(key, by < 0 ? shown[place] : shown[place + 1]);
      card(key).handle.focus();
    }

    function card(key) {
      if (!cards.has(key)) cards.set(key, make(kinds.get(key)));
      return cards.get(key);
    }

    function make(sampler) {
      const acting = sampler.knobs.filter((knob) => sampler.active.includes(knob.name));
      const isOn = (now) => acting.some((knob) => !same(now[knob.name], knob.neutral));
      const first = sampler.knobs.filter((knob, place) => !place || Array.isArray(knob.neutral)); // a list is nothing to guess
      const usual = () => ({ ...values(sampler), ...Object.fromEntries(first.map((knob) => [knob.name, knob.usual])) });
      let last = null; // what the switch brings back
      const does = el("small", { class: "does" });
      const origin = el("small", { class: "origin" });
      const knobs = sampler.knobs.map((knob) => control(knob, words, (value) => put(sampler, { ...values(sampler), [knob.name]: value })));
      const [main, ...others] = knobs;
      const off = () => ({ ...values(sampler), ...Object.fromEntries(acting.map((knob) => [knob.name, knob.neutral])) });
      const on = el("input", { type: "checkbox", role: "switch", class: "switch", "aria-label": fill(words.switch_on, sampler), onchange: () => put(sampler, on.checked ? (last ?? usual()) : off()) });
      const help = el("div", { class: "help", hidden: true, id: `help-${sampler.key}` }, ...sampler.help.map((text) => el("p", {}, text)));
      const ask = el("button", { type: "button", class: "ask", "aria-label": `${words.about} ${sampler.label}`, "aria-expanded": "false", "aria-controls": help.id,
        onclick: () => { help.hidden = !help.hidden; ask.setAttribute("aria-expanded", String(!help.hidden)); } }, "?");
      const out = spec.basics.includes(sampler.key) ? "" : el("button", { type: "button", class: "ask", "aria-label": fill(words.take_out, sampler), onclick: () => takeOut(sampler.key) }, "×");
      const handle = el("button", { type: "button", class: "handle", title: fill(words.move, sampler), "aria-label": fill(words.move, sampler) }, "⠿");
      handle.addEventListener("keydown", (event) => {
        const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (by) { event.preventDefault(); step(sampler.key, by); }
      });
      const rest = others.length ? el("details", { class: "more" }, el("summary", {}, words.more), ...others.map((item) => item.row)) : "";
      const node = el("div", { class: "card sampler", "data-key": sampler.key },
        el("div", { class: "head" }, handle, el("b", {}, sampler.label), ask, main.box ?? "", on, out), help, main.slider ?? main.row, el("div", { class: "said" }, does, origin), rest);
      drag(handle, node, sampler.key);
      const refresh = () => {
        const now = values(sampler);
        on.checked = isOn(now);
        if (on.checked) last = now;
        node.classList.toggle("off", !on.checked);
        origin.textContent = !on.checked ? "" : origins[sampler.key] ? fill(words.by_preset, { title: origins[sampler.key] }) : words.by_you;
        knobs.forEach((item) => item.set(now[item.name]));
      };
      return { node, handle, refresh, use: () => put(sampler, last ?? usual()), says: (text) => { does.textContent = text; } };
    }

    /** Drag a card by its handle: it follows the pointer over the others and stays where it is let go. */
    function drag(handle, node, key) {
      let moved = false;
      handle.addEventListener("pointerdown", (event) => {
        handle.setPointerCapture(event.pointerId);
        moved = false;
        node.classList.add("dragged");
      });
      handle.addEventListener("pointermove", (event) => {
        if (!handle.hasPointerCapture(event.pointerId)) return;
        const over = [...list.children].find((other) => other !== node && event.clientY < other.getBoundingClientRect().top + other.offsetHeight / 2);
        if (over === node.nextElementSibling || (!over && !node.nextElementSibling)) return;
        list.insertBefore(node, over ?? null);
        handle.setPointerCapture(event.pointerId); // moving an element in the page lets go of the pointer
        moved = true;
      });
      const drop = () => {
        node.classList.remove("dragged");
        if (moved) move(key, node.nextElementSibling?.dataset.key);
        moved = false;
      };
      handle.addEventListener("pointerup", drop);
      handle.addEventListener("pointercancel", drop);
    }

    ["place", "links"].forEach((name) => document.addEventListener(`playground:${name}`, ({ detail }) => {
      kinds.forEach((_, key) => cards.get(key)?.says(detail.links[key] ?? ""));
      differ.textContent = detail.orders ?? "";
    }));
    document.addEventListener("playground:models", ({ detail }) => offer(detail));
    ["restore", "chain"].forEach((name) => document.addEventListener(`playground:${name}`, ({ detail }) => restore(detail)));
    spec.samplers.forEach(({ key }) => { if (settings[key] !== undefined) origins[key] = spec.presets.find((item) => item.key === spec.start).title; });
    offer({});
    preset.value = spec.start;
    refresh();
  };
})();
