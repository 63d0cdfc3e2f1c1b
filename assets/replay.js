// What other settings make of a written text: each token still possible or not, and where luck would first lead elsewhere.
(() => {
  "use strict";
  const { parts, el, tell, term, at, fill } = window.playground;
  const QUIET_MS = 150; // a slider that moves asks when it rests; the picture of one place comes at once

  parts.replay = (element, props) => {
    const words = JSON.parse(props.words);
    const said = el("span", { role: "status" });
    const settings = el("p", { class: "settings" });
    const show = el("button", { type: "button", class: "plain", hidden: true, onclick: () => tell("select", first) });
    const close = el("button", { type: "button", class: "plain", onclick: () => clear() }, words.whatif_close);
    const key = (kind) => el("span", {}, el("i", { class: `key ${kind}` }), words[`whatif_key_${kind}`]);
    const card = el("section", { class: "card replay", "aria-label": words.whatif, hidden: true },
      el("h2", {}, term(words.whatif, words.whatif_help)), settings, el("p", {}, said),
      el("div", { class: "legend" }, key("stays"), key("gone"), key("differs"), show, close));
    element.append(card);
    let run = null; // a text that is written to its end
    let first = null;
    let asking = null;
    let timer = null;

    const chips = () => document.querySelectorAll(".strip .tok[data-position]");

    function clear() {
      clearTimeout(timer);
      asking?.abort();
      window.playground.trying = false;
      card.hidden = true;
      document.querySelector(".strip .tokens")?.classList.remove("tried");
      for (const chip of chips()) {
        if (chip.dataset.tried === undefined) continue;
        delete chip.dataset.tried;
        delete chip.dataset.differs;
        delete chip.dataset.verdict;
        chip.setAttribute("aria-label", chip.dataset.label);
      }
    }

    async function ask() {
      const mine = (asking = new AbortController());
      const body = JSON.stringify({ run, chain: window.playground.chain, seed: document.querySelector("#seed textarea, #seed input").value });
      try {
        const answer = await fetch(at("/playground/replay"), { method: "POST", headers: { "content-type": "application/json" }, body, signal: mine.signal });
        if (!answer.ok) return clear(); // the question about the place that is shown says why
        let rest = "";
        for await (const piece of pieces(answer.body)) {
          const lines = (rest + piece).split("\n");
          rest = lines.pop();
          if (mine === asking) lines.forEach((line) => take(JSON.parse(line)));
        }
      } catch (error) {
        if (error.name !== "AbortError") clear(); // the connection: whatever asks next says so
      }
    }

    function take(news) {
      if (news.same) return clear();
      if (news.notice) {
        clear();
        return tell("notice", news.notice);
      }
      if (news.from === 0) clearMarks();
      const all = chips();
      news.tokens.forEach(([stays, about], index) => all[news.from + index] && judge(all[news.from + index], stays, about));
      document.querySelector(".strip .tokens").classList.add("tried");
      said.textContent = news.said ?? news.wait;
      settings.textContent = news.settings;
      window.playground.trying = true;
      card.hidden = false;
      if (news.said === undefined) return;
      tell("tried");
      first = news.first;
      show.hidden = first === null;
      if (first === null) return;
      all[first].dataset.differs = "true";
      show.textContent = fill(words.whatif_show, { number: first + 1 });
    }

    function clearMarks() {
      show.hidden = true;
      chips().forEach((chip) => delete chip.dataset.differs);
    }

    function judge(chip, stays, about) {
      chip.dataset.label ??= chip.getAttribute("aria-label");
      chip.dataset.tried = stays ? "stays" : "gone";
      chip.dataset.verdict = `${words.whatif}: ${about}`; // peek.js shows it
      chip.setAttribute("aria-label", `${chip.dataset.label}, ${chip.dataset.verdict}`);
    }

    document.addEventListener("playground:begin", () => {
      clear();
      run = null;
    });
    document.addEventListener("playground:ended", ({ detail }) => { run = detail; });
    document.addEventListener("playground:settings", () => {
      if (!run) return;
      clearTimeout(timer);
      asking?.abort();
      timer = setTimeout(ask, QUIET_MS);
    });
  };

  /** The pieces of a body as text. */
  async function* pieces(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value;
  }
})();
