// The card at a written token: the others that could have stood there, before and after. It asks nobody: all came with the token.
// It shows at the pointer, at the keyboard's focus and at a tap; Escape hides it; the pointer may go onto it.
(() => {
  "use strict";
  const { el, fill, whole } = window.playground;
  const GRACE_MS = 250; // for the pointer to reach the card
  const GAP_PX = 4, EDGE_PX = 8, LEAST_PX = 90;

  /** A share as views/base.py writes it: never 0% of what can happen, nor 100% of less. */
  window.playground.percent = (share) => {
    if (share === 0 || share === 1) return `${share * 100}%`;
    if (share < 1e-6) return "<0.0001%";
    if (share > 0.9995) return ">99.9%";
    return `${(share * 100).toFixed(share >= 0.001 ? 1 : 1 - Math.floor(Math.log10(share * 100)))}%`;
  };

  let cards = 0; // one for each text that is shown

  /** Show cards at the tokens in `text`; `tokenAt(position)` is what strip.py said of one. */
  window.playground.peek = (words, text, tokenAt) => {
    const { percent, bits } = window.playground;
    const card = el("div", { class: "peek", role: "tooltip", id: cards ? `peek-${cards}` : "peek", hidden: true });
    cards += 1;
    document.body.append(card);
    let shown = null; // the token at which it stands
    let timer = 0;

    function fillIn(token, position, verdict) {
      const [before, support, count, restBefore, restAfter, place, rows] = token.near;
      const cell = (value, kind) => el("td", kind ? { class: kind } : {}, value);
      const row = ([piece, was, is, remover], index) => {
        const mine = index === place;
        const name = el("th", { scope: "row" }, piece, mine ? ` ${words[token.chosen ? "peek_chosen" : "peek_drawn"]}` : "");
        return el("tr", { class: mine ? "mine" : remover ? "gone" : undefined }, name, cell(percent(was)), cell(remover ?? percent(is), remover && "remover"));
      };
      const rest = count ? [el("tr", { class: "rest" }, el("th", { scope: "row" }, fill(words.peek_others, { count: whole(count) })), cell(percent(restBefore)), cell(percent(restAfter)))] : [];
      const head = el("tr", {}, ...["peek_token", "column_before", "column_after"].map((key) => el("th", { scope: "col" }, words[key])));
      const rank = { number: position + 1, rank: whole(token.rank), vocab: whole(count + rows.length), bits: bits(token.bits) };
      card.replaceChildren(
        el("p", {}, fill(words.peek_rank, rank)), ...(verdict ? [el("p", { class: "verdict" }, verdict)] : []),
        el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows.map(row), ...rest)),
        el("p", {}, fill(words.peek_foot, { before: bits(before), after: bits(token.entropy), support: whole(support) })));
    }

    /** Put the card above its token, where one has read, or below; never on it. */
    function place() {
      const lines = [...shown.getClientRects()];
      const box = text.getBoundingClientRect();
      const [first, last] = [lines[0], lines.at(-1)];
      if (!first || last.bottom < box.top || first.top > box.bottom) return hide();
      card.style.maxHeight = "none";
      const { offsetWidth: width, offsetHeight: height } = card;
      const above = first.top - GAP_PX - EDGE_PX, below = innerHeight - last.bottom - GAP_PX - EDGE_PX;
      const up = height <= above || above >= below;
      const tall = Math.min(height, Math.max(LEAST_PX, up ? above : below));
      card.style.maxHeight = `${tall}px`;
      card.style.top = `${up ? first.top - GAP_PX - tall : last.bottom + GAP_PX}px`;
      const left = (up ? first : last).left;
      card.style.left = `${Math.max(EDGE_PX, Math.min(left, document.documentElement.clientWidth - EDGE_PX - width))}px`;
    }

    function show(node) {
      clearTimeout(timer);
      const position = Number(node.dataset.position);
      if (node === shown || !tokenAt(position)?.near) return;
      hide();
      shown = node;
      fillIn(tokenAt(position), position, node.dataset.verdict);
      card.hidden = false;
      place();
      shown?.setAttribute("aria-describedby", card.id);
    }

    function hide() {
      clearTimeout(timer);
      shown?.removeAttribute("aria-describedby");
      shown = null;
      card.hidden = true;
    }

    const later = () => {
      clearTimeout(timer);
      timer = setTimeout(hide, GRACE_MS);
    };
    const chip = ({ target }) => target.closest?.("[data-position]");
    const touches = ({ pointerType }) => pointerType === "touch"; // a finger that is lifted leaves: its tap is a click

    text.addEventListener("pointerover", (event) => !touches(event) && chip(event) && show(chip(event)));
    text.addEventListener("pointerout", (event) => !touches(event) && later());
    text.addEventListener("focusin", (event) => event.target.matches(":focus-visible") && chip(event) && show(chip(event)));
    text.addEventListener("focusout", later);
    text.addEventListener("click", (event) => event.pointerType === "touch" && chip(event) && show(chip(event)));
    card.addEventListener("pointerenter", () => clearTimeout(timer));
    card.addEventListener("pointerleave", (event) => !touches(event) && later());
    document.addEventListener("pointerdown", ({ target }) => shown && !card.contains(target) && !shown.contains(target) && hide(), true);
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !shown) return;
      event.stopPropagation();
      hide();
    }, true);
    document.addEventListener("playground:begin", hide);
    document.addEventListener("playground:view", hide);
    window.addEventListener("scroll", ({ target }) => shown && target !== card && place(), true);
    window.addEventListener("resize", () => shown && place());
  };
})();
