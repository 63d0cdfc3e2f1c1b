// The script of a comparison that was saved as one file: it draws the figures and shows what a token was drawn from.
(() => {
  "use strict";
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const figures = read("figures"), pictures = read("pictures");
  const CONFIG = { displayModeBar: false, responsive: true };
  const dark = matchMedia("(prefers-color-scheme: dark)");

  function draw(area, { data, layout }) {
    const { color, fontFamily: family } = getComputedStyle(document.body);
    return window.Plotly.react(area, data, { ...layout, font: { color, family, size: 12 } }, CONFIG);
  }

  function all() {
    document.querySelectorAll("[data-figure]").forEach((area) => draw(area, figures[area.dataset.figure]));
  }

  /** Every pane shows the token at the same place. */
  function show(token) {
    document.querySelectorAll(".tok.sel").forEach((node) => node.classList.remove("sel"));
    pictures.forEach((tokens, pane) => {
      const found = tokens[token];
      const box = document.getElementById(`picture-${pane}`);
      document.querySelector(`.tok[data-pane="${pane}"][data-token="${token}"]`)?.classList.add("sel");
      const line = document.createElement("p");
      line.textContent = found ? `${found.title} · ${found.numbers.map(([name, value]) => `${name} ${value}`).join(" · ")}` : "–";
      const area = document.createElement("div");
      box.replaceChildren(line, area);
      if (found) draw(area, found.figure);
    });
  }

  const chosen = ({ target }) => target.closest?.(".tok")?.dataset.token;
  document.addEventListener("click", (event) => pictures.length && chosen(event) && show(Number(chosen(event))));
  document.addEventListener("keydown", (event) => event.key === "Enter" && pictures.length && chosen(event) && show(Number(chosen(event))));
  dark.addEventListener("change", all);
  all();
})();
