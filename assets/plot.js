// The picture: title, numbers and a plotly figure that is updated in place.
(() => {
  "use strict";
  const { parts, el, message } = window.playground;
  const CONFIG = { displayModeBar: false, responsive: false };

  parts.plot = (element, props, _trigger, watch) => {
    const words = JSON.parse(props.words);
    const title = el("h2", {});
    const numbers = el("dl", { class: "numbers" });
    const area = el("div", { class: "figure" });
    const draw = el("p", { class: "draw" });
    const note = el("p", { class: "draw" });
    const settings = el("p", { class: "settings" });
    const empty = el("p", { class: "empty" }, words.plot_empty);
    const card = el("section", { class: "card plot", "aria-label": "Next-token distribution" }, title, settings, numbers, legend(words), area, draw, note);
    card.hidden = true;
    element.append(empty, card);
    let figure = null;
    let next = 0;

    const paint = () => {
      if (!figure) return;
      const style = getComputedStyle(card);
      const layout = { ...narrow(figure.layout, area.clientWidth), width: area.clientWidth || undefined, font: { color: style.color, family: style.fontFamily, size: 12.5 } };
      return window.Plotly.react(area, figure.data, layout, CONFIG);
    };
    const show = () => {
      const news = message(props);
      if (!news || (news.follow && (window.playground.pinned || (!news.last && performance.now() < next)))) return;
      empty.hidden = true;
      card.hidden = false;
      title.textContent = news.title;
      settings.textContent = news.settings;
      draw.textContent = news.draw;
      note.textContent = news.note;
      numbers.replaceChildren(...news.numbers.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
      figure = news.figure;
      const start = performance.now();
      paint();
      // Following a text may take an eighth of a core and no more, however slow the machine draws.
      next = performance.now() + 7 * (performance.now() - start);
      document.dispatchEvent(new CustomEvent("playground:painted"));
      document.dispatchEvent(new CustomEvent("playground:links", { detail: news.links }));
      document.dispatchEvent(new CustomEvent("playground:position", { detail: news.position }));
    };
    show();
    watch("value", show);
    let width = 0;
    new ResizeObserver(() => {
      if (area.clientWidth !== width) paint();
      width = area.clientWidth;
    }).observe(area);
    new MutationObserver(paint).observe(document.body, { attributeFilter: ["class"] });
  };

  /** On a phone the numbers get more of the width and the names less. */
  function narrow(layout, width) {
    if (!width || width > 560 || !layout.xaxis2) return layout;
    const split = 0.5;
    return {
      ...layout,
      margin: { ...layout.margin, l: 118 },
      xaxis: { ...layout.xaxis, domain: [0, split] },
      xaxis2: { ...layout.xaxis2, domain: [split, 1] },
    };
  }

  function legend(words) {
    const item = (kind, text) => el("span", {}, el("i", { class: `key ${kind}` }), text);
    return el("div", { class: "legend" }, item("before", words.before), item("after", words.after), item("removed", words.removed), item("drawn", words.drawn));
  }
})();
