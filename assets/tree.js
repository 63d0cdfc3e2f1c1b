// The texts of this page as a tree: what goes on from what, and where it left it. Those that only grew on share a line.
(() => {
  "use strict";
  const { el, fill, tell } = window.playground;
  const MOST = 60; // of so many texts a reload keeps the place
  const LONGEST = 42; // characters of a text in its line

  /** Make the buttons that lead through the texts, and the tree; `open(id)` shows one. */
  window.playground.tree = (words, open) => {
    let texts = []; // {id, parent, position, seed, length, label}, in the order in which they were shown first
    let now = null, running = false;
    const turn = (sign, label, step) => el("button", { type: "button", class: "plain", "aria-label": label, title: label, onclick: () => open(texts[place() + step].id) }, sign);
    const [back, forth, which] = [turn("‹", words.text_before, -1), turn("›", words.text_after, 1), el("span", {})];
    const turns = el("span", { class: "turns", hidden: true }, back, which, forth);
    const summary = el("summary", {}, words.tree);
    const list = el("div", {});
    const tree = el("details", { class: "tree", hidden: true, ontoggle: () => draw() }, summary, list);
    window.playground.texts = () => texts.slice(-MOST);

    const place = () => texts.findIndex(({ id }) => id === now);
    const childrenOf = (id) => texts.filter(({ parent }) => parent === id);

    /** A text, and those that only grew on from its end, one from another. */
    function grown(first) {
      const line = [first];
      for (let next = first; next; ) {
        next = childrenOf(next.id).find(({ position }) => position === line.at(-1).length);
        if (next) line.push(next);
      }
      return line;
    }

    function branch(first) {
      const line = grown(first);
      const last = line.at(-1);
      const shown = line.find(({ id }) => id === now) ?? last;
      const values = { number: texts.indexOf(shown) + 1, token: first.position + 1, seed: first.seed, text: first.label };
      const said = fill(first.parent && first.position !== null ? words.tree_branch : words.tree_root, values);
      const more = line.length > 1 ? ` ${fill(words.tree_grown, { count: line.length - 1 })}` : "";
      const button = el("button", { type: "button", class: "node", disabled: running, onclick: () => open(shown.id) }, said + more);
      if (line.some(({ id }) => id === now)) button.setAttribute("aria-current", "true");
      const others = line.flatMap(({ id }) => childrenOf(id)).filter((child) => !line.includes(child));
      return el("li", {}, button, others.length ? el("ul", {}, ...others.map(branch)) : "");
    }

    function draw() {
      turns.hidden = tree.hidden = texts.length < 2;
      which.textContent = `${place() + 1} / ${texts.length}`;
      back.disabled = running || place() <= 0;
      forth.disabled = running || place() === texts.length - 1;
      if (!tree.open || tree.hidden) return;
      const known = new Set(texts.map(({ id }) => id));
      list.replaceChildren(el("ul", {}, ...texts.filter(({ parent }) => !known.has(parent)).map(branch)));
    }

    /** Take in what is known of a text by now. */
    function add({ run, parent, seed, running: grows }, tokens) {
      [now, running] = [run, grows];
      const [from, position] = parent ?? [null, null];
      const written = tokens.slice(position ?? 0, (position ?? 0) + LONGEST + 1).map(({ text: piece }) => piece).join("").replace(/\s+/g, " ").trimStart();
      const label = written.length > LONGEST ? `${written.slice(0, LONGEST)}…` : written;
      const text = { id: run, parent: from, position, seed, length: tokens.length, label };
      const known = place();
      if (known < 0) texts.push(text);
      else texts[known] = text;
      draw();
      if (!grows) tell("shows"); // so that it is kept
    }

    function drop(id) {
      texts = texts.filter((text) => text.id !== id);
      draw();
    }

    document.addEventListener("playground:begin", ({ detail }) => detail !== window.playground.recorded && drop(window.playground.recorded));
    document.addEventListener("playground:texts", ({ detail }) => {
      texts = [...detail, ...texts.filter(({ id }) => !detail.some((text) => text.id === id))];
      draw();
    });
    return { turns, tree, add, drop };
  };
  window.playground.texts = () => [];
})();
