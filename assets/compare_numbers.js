// Below the panes of a comparison: the vote, the table of numbers, words that differ, each text under each model, and
// how far apart the panes are along one text. What asks the models again waits until somebody opens it.
(() => {
  "use strict";
  const { el, ask, at, fill, term, tell } = window.playground;
  const CONFIG = { displayModeBar: false, responsive: false };

  /** `told` has show(place), vote(choice), id() and view(), what is shown of the comparison. */
  window.playground.compareNumbers = (words, spec, told) => {
    const path = (name) => `/comparisons/${encodeURIComponent(told.id())}/${name}`;
    const letter = (place) => "ABCD"[place];
    let count = 0, ended = null; // panes, and the comparison that is shown

    // The vote.
    const choices = el("span", { class: "compare-choices" });
    const result = el("span", { role: "status" });
    const votes = el("a", { class: "plain", download: "", hidden: true, onclick: window.playground.take }, words.compare_votes);
    const voting = el("section", { class: "card compare-vote", "aria-label": words.compare_vote }, el("b", {}, words.compare_vote), " ", choices, " ", result, " ", votes);

    function offer(news) {
      const last = news.votes.at(-1);
      const options = [...news.panes.map((_, place) => [letter(place), told.name(place)]), ["tie", words.compare_vote_tie], ["bad", words.compare_vote_bad]];
      options.sort(([, one], [, other]) => (one.length === 1 && other.length === 1 ? one.localeCompare(other) : 0));
      choices.replaceChildren(...options.map(([choice, label]) => el("button", { type: "button", class: "plain", "data-choice": choice, onclick: () => told.vote(choice) }, label)));
      result.textContent = last ?? "";
      votes.hidden = !last;
      votes.href = at(path("votes.jsonl"));
    }

    // The table.
    const reference = el("textarea", { rows: 2, "aria-label": words.compare_reference, placeholder: words.compare_reference, onchange: () => sum() });
    const head = el("tr", {}), body = el("tbody", {});
    const saves = [["compare.csv", "CSV"], ["compare.json", "JSON"], ["compare.html", "HTML"]].map(([name, label]) => el("a", { class: "plain", download: "", "data-name": name, title: name.endsWith("html") ? words.compare_html_help : undefined, onclick: window.playground.take }, label));
    const whole = el("button", { type: "button", class: "plain", "data-name": "compare.png", title: words.compare_png_help, onclick: () => paintWhole().catch(window.playground.notSaved) }, "PNG");
    const chrf = el("p", { class: "settings" });
    const changes = el("div", { class: "compare-diff" });
    const summary = el("section", { class: "card", "aria-label": words.compare_summary },
      el("div", { class: "card-head" }, el("h2", {}, words.compare_summary), el("span", {}, ...saves.flatMap((link) => [link, " "]), whole)),
      el("div", { class: "compare-table", tabindex: 0, role: "group", "aria-label": words.compare_summary }, el("table", {}, el("thead", {}, head), body)), reference, chrf,
      el("h3", {}, words.compare_diff), el("p", { class: "settings" }, words.compare_diff_help), changes);

    async function sum() {
      const mine = told.id();
      const news = await ask(path("summary"), { reference: reference.value });
      if (!news || mine !== told.id()) return;
      head.replaceChildren(...news.heads.map(([name, help]) => el("th", { scope: "col" }, term(name, help))));
      body.replaceChildren(...news.rows.map((row) => el("tr", {}, ...row.map((value, place) => (place ? el("td", {}, value) : el("th", { scope: "row" }, value))))));
      chrf.textContent = news.note;
      changes.replaceChildren(...news.diff.map(({ name, note, parts }) => el("p", {}, el("b", {}, name), " ", note, ...parts.flatMap(changed))));
    }

    /** Offer everything that is shown as one picture; what asks the models is in it where it is open. */
    async function paintWhole() {
      const table = { name: words.compare_summary, element: body.parentElement };
      const { panes, parted, common } = told.latest();
      const picture = await window.playground.comparisonPicture({
        title: words.view_compare, lines: [words[`compare_luck_${common ? "common" : "own"}_said`], parted, reference.value && `${words.compare_reference}: ${reference.value}`], legend: told.legend, table,
        panes: panes.map(({ model }, place) => ({ head: `${told.names()[place]} · ${model}`, ...told.views[place].about() })), figures: [gaps, matrix].map((one) => one.about()).filter(Boolean),
      }, words);
      window.playground.offer(picture, `compare-${told.id().slice(0, 8)}.png`);
    }

    const changed = ([kind, left, right]) => (kind === "equal" ? [left] : [...(left ? [el("del", {}, left)] : []), ...(right ? [el("ins", {}, right)] : [])]);

    // Pictures that ask the models.
    const matrix = picture("compare_matrix", () => "matrix.csv", async () => {
      const news = await ask(path("matrix"));
      return news && { figure: news.figure, notes: news.notes };
    });
    const along = el("select", { class: "plain code", "aria-label": words.compare_text_of, onchange: () => gaps.again() });
    const pair = el("select", { class: "plain code", "aria-label": words.compare_pair, onchange: () => gaps.paint(chosen()) });
    let pairs = [];
    const chosen = () => pairs[Number(pair.value)] ?? pairs[0];
    const gaps = picture("compare_gaps", () => `gaps.csv?text_of=${along.value || 0}`, async (said) => {
      const news = await read(`${path("gaps")}?text_of=${along.value || 0}`, said);
      if (!news) return null;
      pairs = news.pairs.map(({ figure, note, name }) => ({ figure, name, notes: [note, ...news.problems].filter(Boolean) }));
      const now = pair.value;
      pair.replaceChildren(...pairs.map(({ name }, place) => el("option", { value: place }, name)));
      if (Number(now) < pairs.length && now) pair.value = now;
      return chosen() ?? { figure: null, notes: news.problems };
    }, el("label", {}, `${words.compare_text_of} `, along), " ", el("label", {}, `${words.compare_pair} `, pair));

    /** Read lines as they come: how far it is, then what was found. */
    async function read(address, said) {
      const answer = await fetch(at(address));
      if (!answer.ok) return tell("notice", await answer.json());
      let rest = "", last = null;
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let { value, done } = await reader.read(); !done; { value, done } = await reader.read()) {
        const lines = (rest + value).split("\n");
        rest = lines.pop();
        for (const line of lines) {
          const news = JSON.parse(line);
          if (news.notice) tell("notice", news.notice);
          else if (news.pairs) last = news;
          else said(fill(words.compare_reading, news));
        }
      }
      return last;
    }

    /** A card that asks when it is opened, and again when another comparison is shown. */
    function picture(name, csv, find, ...controls) {
      const area = el("div", { class: "compare-figure" });
      const status = el("p", { class: "settings", role: "status" });
      const notes = el("div", { class: "compare-notes" });
      const save = window.playground.saver(words, () => drawn?.figure && saved());
      const card = el("details", { class: "card", hidden: true, ontoggle: () => card.open && again() }, el("summary", {}, el("h2", {}, words[name])),
        el("div", { class: "card-head" }, el("p", { class: "settings" }, words[`${name}_help`]), el("span", {}, ...controls, " ", save)), status, area, notes);
      let drawn = null, of = null, asked = 0;

      const saved = () => ({
        name: name.replace("_", "-"), figure: drawn.figure, width: area.clientWidth, title: [words[name], drawn.name].filter(Boolean).join(" · "),
        lines: told.lines(), legend: [], table: (kind) => at(kind === "csv" ? path(csv()) : path("compare.json")),
      });

      async function again() {
        const mine = ++asked;
        of = told.id();
        status.textContent = "…";
        card.dataset.ready = "false";
        const news = await find((text) => { if (mine === asked) status.textContent = text; });
        if (mine !== asked) return;
        status.textContent = "";
        await window.playground.plotly;
        paint(news);
        card.dataset.ready = String(Boolean(news));
      }

      function paint(news = drawn) {
        drawn = news;
        notes.replaceChildren(...(news?.notes ?? []).map((text) => el("p", {}, text)));
        area.hidden = !news?.figure;
        if (!news?.figure || !area.clientWidth) return;
        const style = getComputedStyle(card);
        const font = { color: style.color, family: style.fontFamily, size: 12 };
        const { data, layout } = window.playground.sized(news.figure.data, { ...news.figure.layout, font });
        const first = !area.data;
        window.Plotly.react(area, data, { ...layout, width: area.clientWidth }, CONFIG);
        if (first && name === "compare_gaps") area.on("plotly_click", ({ points: [{ x }] }) => told.show(Number(along.value || 0), x - 1));
      }

      new ResizeObserver(([{ contentRect }]) => contentRect.width && drawn && paint()).observe(card);
      new MutationObserver(() => drawn && paint()).observe(document.body, { attributeFilter: ["class"] });
      const about = () => card.open && drawn?.figure && { name: [words[name], drawn.name].filter(Boolean).join(" · "), notes: drawn.notes, figure: drawn.figure };
      return { card, again, paint, about, renew: () => { card.hidden = false; if (card.open && of !== told.id()) again(); } };
    }

    const element = el("div", { class: "compare-numbers", hidden: true }, voting, summary, gaps.card, matrix.card);
    return {
      element,
      hide: () => { element.hidden = true; },
      show: (news) => {
        element.hidden = false;
        count = news.panes.length;
        offer(news);
        saves.forEach((link) => { link.href = at(path(link.dataset.name)); });
        if (ended === news.comparison) return;
        reference.value = news.reference || reference.value; // that of the last comparison goes on
        ended = news.comparison;
        along.replaceChildren(...Array.from({ length: count }, (_, place) => el("option", { value: place }, letter(place))));
        sum();
        matrix.renew();
        gaps.renew();
      },
    };
  };
})();
