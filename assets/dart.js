// The draw as it happens: what can be drawn piled up to a bar of length 1, and luck as a dart that falls on it.
(() => {
  "use strict";
  const { el } = window.playground;
  const NAMED = 0.06; // of the bar's length; a narrower part has its name at the pointer only

  window.playground.dart = (words) => {
    const bar = el("div", { class: "pile" });
    const [point, number] = [el("span", { class: "point" }, "▲"), el("span", { class: "number-of" })];
    const mark = el("div", { class: "mark" }, point, number);
    const element = el("div", { class: "dart", "aria-hidden": true, hidden: true }, bar, mark); // the sentence above says it
    let last = "";

    const part = (text, share, hit) => {
      const name = el("span", { class: hit ? "part hit" : "part", title: `${text} ${(share * 100).toFixed(1)}%` }, share < NAMED ? "" : text);
      name.style.flexBasis = `${share * 100}%`;
      return name;
    };

    const show = (news) => {
      element.hidden = !news;
      if (!news) return;
      const rest = Math.max(0, 1 - news.parts.reduce((sum, [, share]) => sum + share, 0));
      const all = news.parts.map(([text, share], place) => part(text, share, place === news.hit));
      if (rest > 1e-9) all.push(part(words.dart_rest, rest, news.hit === null));
      bar.replaceChildren(...all);
      point.style.left = `${news.luck * 100}%`;
      number.textContent = news.luck.toFixed(3);
      const late = news.luck > 0.5; // the number stands where there is room
      number.style.left = late ? "" : `calc(${news.luck * 100}% + 11px)`;
      number.style.right = late ? `calc(${(1 - news.luck) * 100}% + 11px)` : "";
      const now = JSON.stringify(news);
      if (now !== last) fall(mark);
      last = now;
    };
    return { element, show };
  };

  /** Let an element's animation begin again. */
  function fall(node) {
    node.classList.remove("falls");
    void node.offsetWidth; // or the browser sees no change
    node.classList.add("falls");
  }
})();
