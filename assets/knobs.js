// The controls of one sampler, made from its declarations: sliders with a box, switches, lists of texts and of biases.
// A control is {name, row, set(value)}; it calls `change(value)` with what was typed, right or wrong: the answer says
// what is allowed.
(() => {
  "use strict";
  const { el, fill } = window.playground;

  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  /** A number where the text is one, else the text as it is. */
  function read(text) {
    const typed = text.trim();
    // 1,000 is a thousand, as the page writes it; 0,7 is seven tenths, as many people write it.
    const value = Number(/^-?[1-9]\d{0,2}(,\d{3})+$/.test(typed) ? typed.replaceAll(",", "") : typed.replace(",", "."));
    return typed !== "" && Number.isFinite(value) ? value : text;
  }

  function flag(knob, change) {
    const box = el("input", { type: "checkbox", "data-knob": knob.name, onchange: () => change(box.checked) });
    return { row: el("label", { class: "row" }, box, ` ${knob.label}`), set: (value) => { box.checked = value; } };
  }

  function number(knob, words, change) {
    const slider = el("input", { type: "range", min: knob.min, max: knob.max, step: knob.step, "aria-label": knob.label, oninput: () => change(Number(slider.value)) });
    // A text box, not a number box, which would swallow what is no number.
    const box = el("input", { type: "text", inputmode: "decimal", class: "number", "data-knob": knob.name, "aria-label": fill(words.number_of, knob),
      title: `${knob.range} ${knob.off}`, onchange: () => change(read(box.value)) });
    const set = (value) => {
      slider.value = value;
      slider.style.setProperty("--at", `${(100 * (slider.value - knob.min)) / (knob.max - knob.min)}%`);
      if (document.activeElement !== box || box.value === "") box.value = value;
    };
    return { slider, box, set, row: el("div", { class: "row", title: `${knob.range} ${knob.off}` }, el("span", {}, knob.label), slider, box) };
  }

  /** Texts hold line breaks and quotes: they are shown and read with a backslash before n, t and backslash. */
  const escaped = (text) => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t");
  const unescaped = (text) => text.replace(/\\([\\nt])/g, (_, char) => ({ "\\": "\\", n: "\n", t: "\t" })[char]);

  /** A list of entries, each a row of inputs; `parts(entry, changed)` makes a row and `value(row)` reads it. */
  function list(knob, words, fresh, parts, change) {
    const rows = el("div", { class: "entries" });
    let shown = [];
    const tell = () => { shown = [...rows.children].map((row) => row.read()); change(shown); };
    const line = (entry) => {
      const { inputs, read: value } = parts(entry, () => tell());
      const row = el("div", { class: "entry" }, ...inputs, el("button", { type: "button", class: "ask", "aria-label": words.list_out, onclick: () => { row.remove(); tell(); } }, "×"));
      row.read = value;
      return row;
    };
    const add = el("button", { type: "button", class: "plain", onclick: () => { rows.append(line(fresh)); rows.lastElementChild.querySelector("input").focus(); } }, words.list_add);
    const set = (value) => {
      if (same(value, shown)) return;
      shown = value;
      rows.replaceChildren(...(Array.isArray(value) ? value : []).map(line));
    };
    return { set, row: el("div", { class: "listing", "data-knob": knob.name }, el("div", { class: "row" }, el("span", {}, knob.label), add), rows) };
  }

  function texts(knob, words, change) {
    const parts = (entry, changed) => {
      const box = el("input", { type: "text", value: escaped(entry), "aria-label": `${knob.label}, ${words.list_text}`, onchange: changed });
      return { inputs: [box], read: () => unescaped(box.value) };
    };
    return list(knob, words, "", parts, change);
  }

  function biases(knob, words, change) {
    const parts = ([token, bias], changed) => {
      const kind = el("select", { onchange: changed, "aria-label": `${words.list_text}, ${words.list_id}` }, el("option", { value: "text" }, words.list_text), el("option", { value: "id" }, words.list_id));
      kind.value = typeof token === "number" ? "id" : "text";
      const box = el("input", { type: "text", value: typeof token === "number" ? token : escaped(token), "aria-label": knob.label, onchange: changed });
      const amount = el("input", { type: "text", inputmode: "decimal", class: "number", value: bias === false ? "" : bias, "aria-label": fill(words.number_of, knob), onchange: changed });
      const ban = el("input", { type: "checkbox", checked: bias === false, onchange: () => { amount.disabled = ban.checked; changed(); } });
      amount.disabled = ban.checked;
      return {
        inputs: [kind, box, amount, el("label", {}, ban, ` ${words.list_ban}`)],
        read: () => [kind.value === "id" ? read(box.value) : unescaped(box.value), ban.checked ? false : read(amount.value)],
      };
    };
    return list(knob, words, ["", -1], parts, change);
  }

  /** Make the control of a knob. */
  function control(knob, words, change) {
    const made = { bool: () => flag(knob, change), texts: () => texts(knob, words, change), biases: () => biases(knob, words, change) }[knob.kind] ?? (() => number(knob, words, change));
    return { name: knob.name, ...made() };
  }

  Object.assign(window.playground, { control, texts, same });
})();
