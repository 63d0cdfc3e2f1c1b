// The written text as a strip of tokens. While it grows, events bring what is new; a gap is filled from a snapshot.
(() => {
  "use strict";
  const { parts, el, message, type, tell, term, ask, at, fill, goOn } = window.playground;

  const CHOICE = "[data-position], [data-place]"; // a written token, one of the prompt

  parts.strip = (element, props, watch) => {
    const words = JSON.parse(props.words);
    const text = el("div", { class: "tokens", role: "group", "aria-label": words.text_tokens, dir: "auto" });
    const stats = el("div", { class: "stats" });
    const reuse = el("button", { type: "button", class: "plain", onclick: () => type("#seed textarea, #seed input", String(run.seed)) }, words.use_seed);
    const saves = ["csv", "json"].map((kind) => el("a", { class: "plain", download: "", title: words[`save_${kind}_help`], onclick: window.playground.take }, words[`save_${kind}`]));
    const opener = () => window.playground.opener(words, props.most);
    const libraries = JSON.parse(props.libraries).map((name) => el("option", { value: name }, name));
    const code = el("select", { class: "plain code", "aria-label": words.copy_code, onchange: () => copyCode() }, el("option", { value: "" }, words.copy_code), ...libraries);
    const onward = (name, step) => el("button", { type: "button", class: "plain", title: words[`${name}_help`], onclick: () => goOn({ place: { run: run.id }, token: null }, { step }) }, words[name]);
    const more = el("span", { class: "onward", hidden: true }, onward("write_on", false), " ", onward("one_token", true));
    const byHand = el("button", { type: "button", class: "plain", onclick: () => edit() });
    const again = el("button", { type: "button", class: "plain", title: words.again_help, onclick: () => writeAgain() }, words.again);
    const score = el("button", { type: "button", class: "plain", title: words.score_prompt_help, onclick: () => scorePrompt() }, words.score_prompt);
    const open = opener();
    const line = el("span", { class: "break" });
    const colors = window.playground.colors(words, JSON.parse(props.colors), () => recolor());
    const settings = el("p", { class: "settings" });
    const { turns, tree, ...texts } = window.playground.tree(words, showText);
    const card = el("section", { class: "card strip", "aria-label": words.text_title },
      el("div", { class: "card-head" }, el("h2", {}, words.text_title), turns, colors.element), settings, tree, text, stats);
    const why = el("span", {}, words.text_empty);
    const empty = el("p", { class: "empty" }, why, " ", opener());
    element.append(empty, card);
    card.hidden = true;
    let run = { id: null, tokens: [], seed: null };
    let stream = null; // of the run that was started last

    const arrived = () => {
      const news = message(props);
      if (news?.follow) follow(news.follow);
      else if (news) show(news);
    };

    function follow(id) {
      stream?.close();
      const mine = (stream = new EventSource(at(`/runs/${encodeURIComponent(id)}/follow`)));
      mine.onerror = () => { if (mine === stream && mine.readyState === EventSource.CLOSED) card.dataset.running = "false"; };
      mine.onmessage = ({ data }) => {
        if (mine !== stream) return;
        const { strip, picture } = JSON.parse(data);
        show(strip);
        if (picture) tell("picture", picture);
      };
    }

    function show(news) {
      if (!news.running && news.run !== run.id && !news.prompt?.length) return; // refused: a notice says why
      if (!news.running) stream?.close(); // or it would connect again
      if (news.run !== run.id) begin(news);
      if (news.from > run.tokens.length) return fillGap(news.run);
      add(news);
    }

    function begin(news) {
      run = { id: news.run, tokens: [], seed: news.seed };
      tell("begin", run.id);
      pin(null);
      empty.hidden = true;
      card.hidden = false;
      text.replaceChildren();
    }

    /** Take the text into the prompt's boxes: as a turn of the chat, or behind its prompt. */
    async function edit() {
      const news = await ask(`/runs/${encodeURIComponent(run.id)}/boxes`);
      if (!news) return;
      tell("boxes", news);
      document.querySelector("#prompt textarea")?.focus();
    }

    /** Write with the settings as they stand, and another luck. */
    function writeAgain() {
      type("#seed textarea, #seed input", String(crypto.getRandomValues(new Uint32Array(1))[0]));
      setTimeout(() => document.querySelector("#write")?.click(), 0); // when the box has told what it holds
    }

    /** Color the prompt, too. */
    async function scorePrompt() {
      const { id } = run;
      const news = await ask(`/runs/${encodeURIComponent(id)}/prompt`);
      if (!news || id !== run.id) return;
      run.prompt = news.tokens.map(([after, rank, bits, entropy]) => ({ after, rank, bits, entropy }));
      colorPrompt();
      run.stat = news.stat;
      score.hidden = true;
      if (run.stat) line.before(stat(run.stat));
    }

    function colorPrompt() {
      const nodes = [...text.querySelectorAll(".tok.p")].slice(1); // nothing stands before the first
      (run.prompt ?? []).forEach((token, place) => {
        const node = colors.paint(nodes[place], token);
        node.classList.add("scored");
        node.title = [fill(words.prompt_about, { before: share(token.after), rank: token.rank }), colors.said(token)].filter(Boolean).join(" · ");
        node.setAttribute("aria-label", fill(words.prompt_label, { piece: node.textContent, number: place + 2, about: node.title }));
      });
    }

    async function copyCode() {
      const library = code.value;
      code.value = "";
      const news = await ask(`/runs/${encodeURIComponent(run.id)}/code/${encodeURIComponent(library)}`);
      if (news) window.playground.give(news.code, fill(words.code_copied, { library }));
    }

    /** Show a text that was written before. */
    async function showText(id) {
      const news = await ask(`/runs/${encodeURIComponent(id)}/strip`, undefined, () => texts.drop(id));
      if (news && card.dataset.running !== "true") {
        show(news);
        if (text.lastElementChild?.dataset.position) choose(text.lastElementChild, false);
      }
    }

    async function fillGap(id) {
      const answer = await fetch(at(`/runs/${encodeURIComponent(id)}/strip`));
      if (answer.ok && id === run.id) add(await answer.json());
    }

    function add(news) {
      if (news.prompt && !run.prompted) {
        run.prompted = true;
        const controls = new Set(news.controls);
        text.prepend(...news.prompt.map((piece, place) => asked(piece, place, controls.has(place))));
      }
      for (const token of news.tokens.slice(run.tokens.length - news.from).map(read)) {
        text.append(chip(token, run.tokens.length));
        run.tokens.push(token);
      }
      if (news.rest && text.lastElementChild) text.lastElementChild.textContent = news.rest;
      if (news.running && !window.playground.pinned) text.scrollTop = text.scrollHeight;
      card.dataset.running = news.running;
      texts.add(news, run.tokens);
      if (!news.running) {
        card.dataset.ended = run.id;
        tell("ended", run.id);
      }
      const items = [...news.stats, ...(run.stat ? [run.stat] : [])].map(stat);
      byHand.textContent = words[news.chat ? "reply" : "edit"];
      byHand.title = words[news.chat ? "reply_help" : "edit_help"];
      score.hidden = news.running || Boolean(run.stat) || text.querySelectorAll(".tok.p").length < 2;
      stats.replaceChildren(...items, line, more, byHand, again, reuse, score, ...saves, code, open);
      code.hidden = more.hidden = byHand.hidden = again.hidden = news.running;
      ["tokens.csv", "run.json"].forEach((name, index) => { saves[index].href = at(`/runs/${encodeURIComponent(run.id)}/${name}`); });
      saves.forEach((link) => { link.hidden = news.running; });
      settings.textContent = news.settings;
    }

    const stat = ([name, value, help]) => el("span", {}, term(name, help), " ", el("b", {}, value));
    const share = (value) => (value >= 0.0005 ? `${(value * 100).toFixed(1)}%` : value.toExponential(1));

    /** A token of the prompt; all but the first can be chosen, as it has nothing before it. */
    function asked(piece, place, control) {
      const given = place && { role: "button", tabindex: -1, "data-place": place, "aria-label": fill(words.prompt_chip, { piece, number: place + 1 }) };
      return el("span", { class: control ? "tok p control" : "tok p", ...given }, piece);
    }

    function chip(token, position) {
      const node = el("span", { class: "tok", role: "button", tabindex: position ? -1 : 0, "data-position": position }, token.text);
      node.classList.toggle("chosen", token.chosen);
      color(node, token, position);
      return node;
    }

    /** Say in color, line and label what the choice asks for. */
    function color(node, token, position) {
      const { text: piece, before, after, rank, chosen } = token;
      const about = [fill(words.token_about, { before: share(before), after: share(after), rank }), colors.said(token), chosen && words.chosen];
      node.setAttribute("aria-label", fill(words.token_label, { piece, number: position + 1, about: about.filter(Boolean).join(" · ") }));
      colors.paint(node, token);
    }

    function recolor() {
      text.dataset.color = colors.name;
      text.querySelectorAll("[data-position]").forEach((node, position) => color(node, run.tokens[position], position));
      colorPrompt();
    }

    function pin(position) {
      window.playground.pinned = position !== null;
      mark(position);
    }

    function mark(position, place = null) {
      text.querySelector(".sel")?.classList.remove("sel");
      const name = place !== null ? `[data-place="${place}"]` : position !== null ? `[data-position="${position}"]` : null;
      if (name) text.querySelector(name)?.classList.add("sel");
    }

    function choose(node, focus = true) {
      const [position, place] = [node.dataset.position, node.dataset.place].map((value) => (value === undefined ? undefined : Number(value)));
      pin(position ?? null);
      mark(position ?? null, place);
      window.playground.pinned = true;
      text.querySelector('[tabindex="0"]')?.setAttribute("tabindex", -1);
      node.setAttribute("tabindex", 0);
      if (focus) node.focus();
      tell("choose", { run: run.id, position, place });
    }

    document.addEventListener("click", (event) => {
      if (card.dataset.running !== "true" || !event.target.closest?.("#write")) return;
      event.stopImmediatePropagation();
      tell("notice", { kind: "info", text: words.write_later, field: "" });
    }, true);
    text.addEventListener("click", (event) => {
      const node = event.target.closest(CHOICE);
      if (node) choose(node);
    });
    text.addEventListener("keydown", (event) => {
      const node = event.target.closest(CHOICE);
      const next = { ArrowRight: node?.nextElementSibling, ArrowLeft: node?.previousElementSibling, Enter: node, " ": node }[event.key];
      if (!next?.matches(CHOICE)) return;
      event.preventDefault();
      choose(next);
    });
    document.addEventListener("playground:place", ({ detail }) => {
      mark(detail.place.run === run.id ? detail.place.position : null, detail.given ? detail.given - 1 : null);
      if (!detail.follow) window.playground.pinned = true; // somebody asked for it; it stays while the text grows
    });
    document.addEventListener("playground:resume", ({ detail }) => follow(detail));
    document.addEventListener("playground:gone", () => { why.textContent = words.run_gone; });
    document.addEventListener("playground:opened", ({ detail }) => {
      show(detail);
      if (text.lastElementChild?.dataset.position) choose(text.lastElementChild, false);
    });
    document.addEventListener("playground:select", ({ detail }) => {
      const node = text.querySelector(`[data-position="${detail}"]`);
      if (node) choose(node, false);
    });
    window.playground.peek(words, text, (position) => run.tokens[position]);
    recolor();
    arrived();
    watch("value", arrived);
  };

  /** A token as strip.py says it. */
  function read([text, before, after, rank, bits, chosen, entropy, near]) {
    return { text, before, after, rank, bits, chosen, entropy, near };
  }
})();
