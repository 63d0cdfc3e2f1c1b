// What the color of a written token says and how strong it is. The thickness of the line under it says the same.
(() => {
  "use strict";
  const { el, fill, term } = window.playground;
  const FULL_BITS = { surprisal: 10, entropy: 6 }; // at which color and line are full
  const STEPS = 4; // of the line, a pixel each

  const strengths = {
    surprisal: ({ bits }) => (bits ?? FULL_BITS.surprisal) / FULL_BITS.surprisal,
    probability: ({ after }) => 1 - after,
    entropy: ({ entropy }) => entropy / FULL_BITS.entropy,
    none: () => 0,
  };

  window.playground.bits = (bits) => (bits === null ? "∞" : bits.toFixed(bits < 10 ? 2 : 1));

  /** The choice with its legend; `changed` is called when somebody has chosen. */
  window.playground.colors = (words, names, changed) => {
    const bits = window.playground.bits;
    const select = el("select", { class: "plain code", "aria-label": words.color, title: words.color_help, onchange: () => choose(select.value) },
      ...names.map((name) => el("option", { value: name }, words[`color_${name}`])));
    const [low, high] = [el("span", {}), el("span", {})];
    const steps = Array.from({ length: STEPS + 1 }, (_, step) => paint(el("i", { class: "tok" }), step / STEPS));
    const legend = el("span", { class: "steps" }, low, " ", el("span", { "aria-hidden": true }, ...steps), " ", high);
    const element = el("span", { class: "scale" }, el("label", {}, `${words.color} `, select), legend);
    let name = null;

    function set(chosen) {
      name = select.value = window.playground.color = element.dataset.color = chosen;
      legend.hidden = name === "none";
      if (legend.hidden) return;
      low.replaceChildren(term(words[`color_${name}_low`], words[`color_${name}_help`]));
      high.textContent = fill(words[`color_${name}_high`], { bits: FULL_BITS[name] });
    }

    function choose(chosen) {
      if (chosen === name) return;
      set(chosen);
      changed();
      window.playground.tell("color", name); // one choice for all texts of the page
      window.playground.tell("shows");
    }

    const saids = {
      surprisal: (token) => fill(words.color_surprisal_said, { bits: bits(token.bits) }),
      entropy: (token) => fill(words.color_entropy_said, { bits: bits(token.entropy) }),
    };

    document.addEventListener("playground:restore", ({ detail }) => choose(detail.color));
    document.addEventListener("playground:color", ({ detail }) => choose(detail));
    set(window.playground.color ?? names[0]);
    return {
      element,
      get name() { return name; },
      /** What the color says of a token in words; nothing where its label says it anyway. */
      said: (token) => saids[name]?.(token) ?? "",
      paint: (node, token) => paint(node, strengths[name](token)),
    };
  };

  function paint(node, strength) {
    const full = Math.min(1, Math.max(0, strength));
    node.style.setProperty("--heat", full.toFixed(3));
    node.style.setProperty("--line", `${Math.round(full * STEPS)}px`);
    return node;
  }
})();
