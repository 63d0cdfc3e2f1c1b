// The texts that a beam search found, ranked under a length penalty of one's own choice, which needs no model.
(() => {
  "use strict";
  const { el, control } = window.playground;
  const COLUMNS = ["rank", "score", "text", "total", "mean", "tokens", "ending"];

  /** Make the table; `about(path)` asks about the search that is shown, `chosen` hears of a length penalty. */
  window.playground.beamTexts = (words, knob, about, chosen) => {
    const head = el("tr", {}, ...COLUMNS.map((name) => el("th", { scope: "col" }, words[`beams_column_${name}`])));
    const body = el("tbody", {});
    const course = el("p", { class: "settings", role: "status" });
    const returned = el("p", { class: "settings" });
    const penalty = control({ ...knob, label: words.beam_rerank }, words, (value) => rank(value));
    penalty.row.classList.add("beam-knob");
    penalty.row.dataset.key = "ranked_length_penalty"; // another box at the top is the search's own
    const element = el("section", { class: "card beam-texts", "aria-label": words.beams_texts, hidden: true },
      el("div", { class: "card-head" }, el("h2", {}, words.beams_texts), penalty.row), course, el("div", { class: "beam-table", tabindex: 0, role: "group", "aria-label": words.beams_texts }, el("table", {}, el("thead", {}, head), body)), returned);
    let latest = 0; // answers may come in another order than the questions
    let ranked = null; // the length penalty that is shown

    async function rank(value) {
      penalty.set(value);
      const mine = ++latest;
      const news = await about(`texts?length_penalty=${encodeURIComponent(value)}`);
      if (!news || mine !== latest) return;
      ranked = value;
      chosen(value);
      element.hidden = !news.rows.length;
      course.textContent = news.sentence;
      returned.textContent = news.key;
      body.replaceChildren(...news.rows.map(line));
    }

    function line(row) {
      const cells = COLUMNS.map((name) => el("td", { class: name === "text" ? name : undefined }, String(row[name])));
      const made = el("tr", { class: row.returned ? "returned" : "" }, ...cells);
      if (row.returned) made.title = words.beam_returned;
      return made;
    }

    function hide() {
      latest += 1; // what was asked before is not wanted any more
      ranked = null;
      element.hidden = true;
    }

    return { element, rank, hide, ranked: () => ranked };
  };
})();
