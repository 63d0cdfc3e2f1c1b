// How the page looks: light or dark, and large for a projector. The system decides on light or dark until somebody does.
(() => {
  "use strict";
  const { el, kept, keep } = window.playground;
  const LARGE = 1.3; // as visit.css has it
  const wide = matchMedia("(min-width: 861px)"); // a phone has no room for it
  const system = matchMedia("(prefers-color-scheme: dark)");
  let { dark = null, projector = false } = kept("display") ?? {};

  /** How many times as large as usual all is. */
  window.playground.large = () => (projector && wide.matches ? LARGE : 1);

  const isDark = () => dark ?? system.matches;
  /** Gradio sets the color by the system, when it comes and when that changes; what somebody chose stays. */
  const apply = () => {
    for (const [name, on] of [["dark", isDark()], ["projector", window.playground.large() > 1]]) if (document.body.classList.contains(name) !== on) document.body.classList.toggle(name, on);
  };

  function change(news) {
    ({ dark, projector } = { dark, projector, ...news });
    keep("display", { dark, projector });
    apply();
  }

  /** The buttons of the bar. */
  window.playground.displays = (words) => {
    const large = el("button", { type: "button", class: "plain", id: "projector", "aria-label": words.projector, "aria-pressed": String(projector), title: words.projector, onclick: () => {
      change({ projector: !projector });
      large.setAttribute("aria-pressed", String(projector));
    } }, "A+");
    // Whoever chooses what the system says follows the system again.
    const flip = () => change({ dark: !isDark() === system.matches ? null : !isDark() });
    return [large, el("button", { type: "button", class: "plain", id: "theme", "aria-label": words.theme, title: words.theme, onclick: flip }, "◐")];
  };

  /** A figure of plotly's as large as the type is: heights, margins, fonts and lines. Widths are those of the page. */
  window.playground.sized = (data, layout, by = LARGE) => {
    if (window.playground.large() === 1) return { data, layout };
    const grown = structuredClone({ data, layout });
    grow(grown, by);
    return grown;
  };

  const SIZES = new Set(["size", "standoff", "height"]);
  function grow(node, by, within = "") {
    for (const [name, value] of Object.entries(node)) {
      const grows = SIZES.has(name) || within === "margin" || (within === "line" && name === "width");
      if (typeof value === "number" && grows) node[name] = value * by;
      else if (Array.isArray(value) && grows) node[name] = value.map((one) => one * by);
      else if (value && typeof value === "object") grow(value, by, name);
    }
  }

  apply();
  [system, wide].forEach((query) => query.addEventListener("change", apply));
  new MutationObserver(apply).observe(document.body, { attributeFilter: ["class"] });
})();
