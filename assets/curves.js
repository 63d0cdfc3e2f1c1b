// The curves of a text: drawn when they are opened, and again when another text has ended.
(() => {
  "use strict";
  const { parts, el, ask, at, tell, term } = window.playground;

  parts.curves = (element, props) => {
    const words = JSON.parse(props.words);
    const area = el("div", { class: "curves-figure" });
    const legend = el("div", { class: "legend" }, ...["before", "after", "drawn"].map((kind) => el("span", {}, el("i", { class: `key ${kind}` }), words[`curves_${kind}`])));
    const save = window.playground.saver(words, () => figure && drawn === run && saved());
    const card = el("details", { class: "card", hidden: true, ontoggle: () => draw() }, el("summary", {}, el("h2", {}, words.curves)), el("div", { class: "card-head" }, el("p", { class: "settings" }, term(words.curves_how, words.curves_help)), save), legend, area);
    element.append(card);
    let run = null, drawn = null, figure = null, shown = null, settings = [];

    const saved = () => ({
      name: "curves", figure, width: area.clientWidth, title: words.save_curves, lines: settings,
      legend: [["#94a3b8", "━", words.curves_before], ["#3b82f6", "━", words.curves_after], ["#ea580c", "●", words.curves_drawn]],
      table: (kind) => at(`/runs/${encodeURIComponent(run)}/${kind === "csv" ? "tokens.csv" : "run.json"}`),
    });

    async function draw() {
      if (!card.open || !run || !window.Plotly) return;
      const mine = run;
      if (drawn !== mine) {
        const news = await ask(`/runs/${encodeURIComponent(mine)}/curves`);
        if (!news || mine !== run) return;
        [drawn, figure, settings] = [mine, news.figure, news.settings];
      }
      const style = getComputedStyle(card);
      const font = { color: style.color, family: style.fontFamily, size: 12 };
      const { data, layout } = window.playground.sized(figure.data, { ...figure.layout, font });
      layout.width = area.clientWidth || undefined;
      const first = !area.data;
      window.Plotly.react(area, data, layout, { displayModeBar: false, responsive: false });
      if (first) area.on("plotly_click", ({ points: [{ x }] }) => drawn === shown && tell("select", x - 1));
    }

    document.addEventListener("playground:begin", ({ detail }) => { shown = detail; });
    document.addEventListener("playground:ended", ({ detail }) => {
      run = detail;
      card.hidden = false;
      draw();
    });
    new ResizeObserver(([{ contentRect }]) => contentRect.width && area.data && draw()).observe(card);
    new MutationObserver(draw).observe(document.body, { attributeFilter: ["class"] });
  };
})();
