// A tour in five steps: what one types, reads, sees, moves and keeps. The page can be used meanwhile.
(() => {
  "use strict";
  const { el, fill, keep, kept, tell } = window.playground;
  const STEPS = ["#prompt", "#strip", "#plot", "#chain", "#keep"];

  /** Make what shows the tour. */
  window.playground.tours = (words) => {
    const title = el("h2", { id: "tour-title" });
    const text = el("p", { id: "tour-text" });
    const button = (name, press) => el("button", { type: "button", class: "plain", onclick: press }, words[name] ?? "");
    const back = button("tour_back", () => go(step - 1));
    const next = button("tour_next", () => (step === STEPS.length - 1 ? close() : go(step + 1)));
    const end = button("tour_end", () => close());
    const panel = el("div", { class: "tour", role: "dialog", "aria-labelledby": title.id, "aria-describedby": text.id, hidden: true, tabindex: -1 },
      el("div", { "aria-live": "polite" }, title, text), el("div", { class: "acts" }, back, next, end));
    document.body.append(panel);
    let step = 0;
    let opener = null; // has the focus again at the end

    function go(number) {
      step = number;
      title.textContent = fill(words.tour_step, { number: step + 1, count: STEPS.length, title: words[`tour_${step + 1}`] });
      text.textContent = words[`tour_${step + 1}_text`];
      const last = step === STEPS.length - 1;
      next.textContent = last ? words.tour_done : words.tour_next;
      end.hidden = last;
      if (step === 0 && document.activeElement === back) next.focus();
      back.hidden = step === 0;
      mark();
    }

    /** Frame what the step is about and bring it into sight, above the panel. */
    function mark() {
      document.querySelectorAll(".toured").forEach((node) => node.classList.remove("toured"));
      const node = panel.hidden ? null : document.querySelector(STEPS[step]);
      if (!node) return;
      node.classList.add("toured");
      const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
      const { top, bottom } = node.getBoundingClientRect();
      const room = innerHeight - panel.offsetHeight;
      const to = bottom - top > room ? top - 12 : (top + bottom - room) / 2;
      if (top < 0 || bottom > room) scrollBy({ top: to, behavior: still ? "auto" : "smooth" });
    }

    function close() {
      panel.hidden = true;
      mark();
      if (opener?.isConnected && opener.offsetParent) opener.focus();
      else document.querySelector("#tour")?.focus();
    }

    panel.addEventListener("keydown", (event) => {
      const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (event.key === "Escape") close();
      else if (way && STEPS[step + way]) go(step + way);
      else return;
      event.preventDefault();
    });

    window.playground.tour = () => {
      keep("visit", { ...kept("visit"), toured: true });
      tell("toured");
      if (location.hash === "#models") location.hash = "#explore";
      opener = document.activeElement;
      panel.hidden = false;
      go(0);
      panel.focus({ preventScroll: true });
    };
    document.addEventListener("playground:view", ({ detail }) => detail === "models" && !panel.hidden && close());
    return el("button", { type: "button", class: "plain", id: "tour", "aria-label": words.tour, title: words.tour, onclick: () => window.playground.tour() }, "?");
  };
})();
