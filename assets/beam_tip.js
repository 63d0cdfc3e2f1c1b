// What the pointer is told of a mark of the tree: on a card below the tree, so that no lane is covered and nothing is cut.
(() => {
  "use strict";
  const { el } = window.playground;
  const SIGNS = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&#36;": "$" };
  const GAP_PX = 6;

  /** Plotly's words of a point as lines of plain text. */
  function lines({ data: { tip }, customdata, pointNumber }) {
    const form = Array.isArray(tip) ? tip[pointNumber] : tip;
    const filled = (form ?? "").replace("<extra></extra>", "").replace(/%\{customdata\[(\d+)\]\}/g, (_, place) => customdata[place]);
    const [told, text = ""] = filled.split("<i>"); // the text of a beam comes cut into lines, for plotly
    const plain = (line) => line.replace(/<\/?[bi]>|<br>/g, "").replace(/&(amp|lt|gt|#36);/g, (sign) => SIGNS[sign]);
    return [...told.split("<br>"), text].map(plain).filter(Boolean);
  }

  /** Make the card and the ring of a tree in a frame; `quiet(data)` takes plotly's own tips out of its traces. */
  window.playground.beamTip = (frame) => {
    const ring = el("div", { class: "beam-ring", hidden: true });
    const card = el("div", { class: "peek beam-tip", hidden: true });
    document.body.append(card);

    const quiet = (data) => data.map(({ hovertemplate, hovertext, ...trace }) => (trace.hoverinfo === "skip" ? trace : { ...trace, tip: hovertemplate ?? hovertext, hoverinfo: "none" }));

    function hide() {
      ring.hidden = card.hidden = true;
    }

    function show({ points: [point] }) {
      const said = lines(point);
      if (!said.length) return hide();
      const { x0, x1, y0, y1 } = point.bbox;
      Object.assign(ring.style, { left: `${(x0 + x1) / 2}px`, top: `${(y0 + y1) / 2}px` });
      card.replaceChildren(...said.map((line, place) => el(place ? "p" : "b", {}, line)));
      ring.hidden = card.hidden = false;
      const { left, right } = ring.getBoundingClientRect();
      const { top, bottom } = frame.getBoundingClientRect();
      const below = bottom + GAP_PX + card.offsetHeight <= innerHeight;
      card.style.top = `${below ? bottom + GAP_PX : Math.max(GAP_PX, top - GAP_PX - card.offsetHeight)}px`;
      card.style.left = `${Math.max(GAP_PX, Math.min((left + right) / 2 - card.offsetWidth / 2, innerWidth - card.offsetWidth - GAP_PX))}px`;
    }

    frame.addEventListener("scroll", hide);
    document.addEventListener("scroll", hide, { passive: true });
    return { ring, quiet, hide, listen: (area) => { area.on("plotly_hover", show); area.on("plotly_unhover", hide); } };
  };
})();
