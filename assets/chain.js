// The chain of samplers as cards. Its value is the flat form of the settings, so what is sent is what is shown.
(() => {
  "use strict";
  const { parts, el, tell } = window.playground;

  parts.chain = (element, props) => {
    const spec = JSON.parse(props.spec);
    const words = JSON.parse(props.words);
    const cards = new Map();
    let settings = JSON.parse(props.value);
    window.playground.chain = props.value;

    const send = () => {
      props.value = window.playground.chain = JSON.stringify(settings);
      tell("settings");
    };
    const order = el("select", { "aria-label": "Order of the chain", onchange: () => { settings.order = order.value; arrange(); send(); } },
      ...Object.keys(spec.orders).map((name) => el("option", { value: name }, `${words.order.toLowerCase()}: ${name}`)));
    const chips = el("div", { class: "presets" },
      ...[[words.preset_neutral, {}], [words.preset_greedy, { temperature: 0 }], [words.preset_start, spec.start]].map(([name, values]) =>
        el("button", { type: "button", class: "plain", onclick: () => { settings = { order: settings.order, ...values }; refresh(); send(); } }, name)));
    const list = el("div", { class: "cards" });
    element.append(el("div", { class: "chain-head" }, el("b", {}, words.chain), order), chips, list);
    spec.samplers.forEach((sampler) => cards.set(sampler.key, card(sampler)));

    function arrange() {
      order.value = settings.order;
      list.append(...spec.orders[settings.order].map((key) => cards.get(key).node), ...[...cards].filter(([key]) => !spec.orders[settings.order].includes(key)).map(([, item]) => item.node));
    }

    function refresh() {
      arrange();
      cards.forEach((item) => item.refresh());
    }

    /** Knob values of a sampler as set, neutral where it is not. */
    function values(sampler) {
      const set = settings[sampler.key];
      const neutral = Object.fromEntries(sampler.knobs.map((knob) => [knob.name, knob.neutral]));
      if (set === undefined) return neutral;
      return set !== null && typeof set === "object" ? { ...neutral, ...set } : { ...neutral, [sampler.knobs[0].name]: set };
    }

    function change(sampler, name, value) {
      const now = { ...values(sampler), [name]: value };
      const [main, ...others] = sampler.knobs;
      const plain = others.every((knob) => now[knob.name] === knob.neutral);
      if (plain && now[main.name] === main.neutral) delete settings[sampler.key];
      else settings[sampler.key] = plain ? now[main.name] : now;
      cards.get(sampler.key).refresh();
      send();
    }

    function card(sampler) {
      const [main, ...others] = sampler.knobs;
      let last = main.usual; // what the switch brings back
      const does = el("small", { class: "does" });
      const knobs = sampler.knobs.map((knob) => control(sampler, knob));
      const on = el("input", { type: "checkbox", role: "switch", class: "switch", "aria-label": `${sampler.label} on`,
        onchange: () => change(sampler, main.name, on.checked ? last : main.neutral) });
      const help = el("div", { class: "help", hidden: true, id: `help-${sampler.key}` }, ...sampler.help.map((text) => el("p", {}, text)));
      const ask = el("button", { type: "button", class: "ask", "aria-label": `${words.about} ${sampler.label}`, "aria-expanded": "false", "aria-controls": help.id,
        onclick: () => { help.hidden = !help.hidden; ask.setAttribute("aria-expanded", String(!help.hidden)); } }, "?");
      const more = others.length ? el("details", { class: "more" }, el("summary", {}, words.more), ...knobs.slice(1).map((item) => item.row)) : "";
      const node = el("div", { class: "card sampler", "data-key": sampler.key },
        el("div", { class: "head" }, el("b", {}, sampler.label), ask, knobs[0].number, on), help, knobs[0].slider, does, more);
      const refresh = () => {
        const now = values(sampler);
        on.checked = now[main.name] !== main.neutral;
        if (on.checked) last = now[main.name];
        node.classList.toggle("off", !on.checked);
        knobs.forEach((item) => item.set(now[item.name]));
      };
      return { node, refresh, says: (text) => { does.textContent = text; } };
    }

    function control(sampler, knob) {
      if (knob.kind === "bool") {
        const box = el("input", { type: "checkbox", onchange: () => change(sampler, knob.name, box.checked) });
        return { name: knob.name, row: el("label", { class: "row" }, box, ` ${knob.label}`), set: (value) => { box.checked = value; } };
      }
      const slider = el("input", { type: "range", min: knob.min, max: knob.max, step: knob.step, "aria-label": knob.label,
        oninput: () => change(sampler, knob.name, Number(slider.value)) });
      // A text box, not a number box: what was typed is sent as it is, and the answer says what is allowed.
      const number = el("input", { type: "text", inputmode: "decimal", class: "number", "data-knob": knob.name, "aria-label": `${knob.label}, number`, title: knob.range,
        onchange: () => change(sampler, knob.name, read(number.value)) });
      const set = (value) => {
        slider.value = value;
        slider.style.setProperty("--at", `${(100 * (slider.value - knob.min)) / (knob.max - knob.min)}%`);
        if (document.activeElement !== number || number.value === "") number.value = value;
      };
      return { name: knob.name, slider, number, set, row: el("div", { class: "row" }, el("span", {}, knob.label), slider, number) };
    }

    function read(text) {
      const value = Number(text.trim().replace(",", "."));
      return text.trim() !== "" && Number.isFinite(value) ? value : text;
    }

    document.addEventListener("playground:links", (event) => {
      spec.samplers.forEach(({ key }) => cards.get(key).says(event.detail[key] ?? ""));
    });
    refresh();
  };
})();
