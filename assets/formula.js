// The numbers behind one token: that under the pointer in the picture, else that which somebody chose, else the drawn one.
(() => {
  "use strict";
  const { el, term } = window.playground;

  /** A box that `wanted()` fills when it is opened; `show` takes what explore.py says of a place. */
  window.playground.formula = (words, wanted) => {
    const select = el("select", { class: "plain code", "aria-label": words.formula_token, onchange: () => {
      chosen = Number(select.value);
      draw();
    } });
    const lines = el("dl", {});
    const box = el("details", { class: "formula", ontoggle: () => box.open && wanted() },
      el("summary", {}, words.formula), el("p", {}, el("label", {}, term(words.formula_token, words.formula_help), " ", select)), lines);
    let tokens = new Map(); // id → [text, lines]
    let place = "";
    let chosen = null;
    let pointed = null; // the token under the pointer

    function draw() {
      const id = tokens.has(pointed) ? pointed : chosen;
      const [text, said] = tokens.get(id) ?? ["", []];
      select.value = id;
      lines.replaceChildren(...said.flatMap(([name, computed]) => [el("dt", {}, name), el("dd", {}, computed)]));
      lines.dataset.token = text;
      box.classList.toggle("pointed", tokens.has(pointed));
    }

    return {
      element: box,
      get open() { return box.open; },
      /** Take in the numbers of a place; those of another place are never left standing. */
      show({ formula, drawn, place: where }) {
        const now = JSON.stringify(where);
        const kept = now === place ? chosen : null;
        place = now;
        tokens = new Map((formula ?? []).map(([id, text, said]) => [id, [text, said]]));
        select.replaceChildren(...(formula ?? []).map(([id, text]) => el("option", { value: id }, text)));
        chosen = [kept, drawn, ...tokens.keys()].find((id) => tokens.has(id)) ?? null;
        draw();
      },
      /** Follow the pointer over a figure of plotly's. */
      listen(figure) {
        if (figure.dataset.pointed) return;
        figure.dataset.pointed = "true";
        const point = (id) => {
          pointed = Number.isInteger(id) ? id : null;
          if (box.open) draw();
        };
        figure.on("plotly_hover", ({ points: [{ customdata }] }) => point(customdata));
        figure.on("plotly_unhover", () => point(null));
      },
    };
  };
})();
