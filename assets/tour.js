// Tours of a view: what one types, reads, sees, moves and keeps there. The page can be used meanwhile.
(() => {
  "use strict";
  const { el, fill, keep, kept, tell } = window.playground;
  const EMPTY = ".beam-view .empty"; // stands where there is no tree yet
  const TOURS = {
    explore: { name: "tour", steps: ["#prompt", "#strip", "#plot", "#chain", "#keep"] },
    compare: { name: "tour_compare", steps: [".compare-form", ".compare-panes", ".compare-numbers, .compare-view > .empty"] },
    beams: { name: "tour_beams", steps: [".beam-form", `.beam-tree, ${EMPTY}`, `.beam-texts, ${EMPTY}`] },
  };

  /** Make what shows the tour. */
  window.playground.tours = (words) => {
    const title = el("h2", { id: "tour-title" });
    const text = el("p", { id: "tour-text" });
    const button = (name, press) => el("button", { type: "button", class: "plain", onclick: press }, words[name] ?? "");
    const back = button("tour_back", () => go(step - 1));
    const next = button("tour_next", () => (step === steps().length - 1 ? close() : go(step + 1)));
    const end = button("tour_end", () => close());
    const panel = el("div", { class: "tour", role: "dialog", "aria-labelledby": title.id, "aria-describedby": text.id, hidden: true, tabindex: -1 },
      el("div", { "aria-live": "polite" }, title, text), el("div", { class: "acts" }, back, next, end));
    document.body.append(panel);
    let view = "explore";
    let step = 0;
    const steps = () => TOURS[view].steps;
    let opener = null; // has the focus again at the end

    function go(number) {
      step = number;
      const word = `${TOURS[view].name}_${step + 1}`;
      title.textContent = fill(words.tour_step, { number: step + 1, count: steps().length, title: words[word] });
      text.textContent = words[`${word}_text`];
      const last = step === steps().length - 1;
      next.textContent = last ? words.tour_done : words.tour_next;
      end.hidden = last;
      if (step === 0 && document.activeElement === back) next.focus();
      back.hidden = step === 0;
      mark();
    }

    /** Frame what the step is about and bring it into sight, above the panel. */
    function mark() {
      document.querySelectorAll(".toured").forEach((node) => node.classList.remove("toured"));
      const node = panel.hidden ? null : [...document.querySelectorAll(steps()[step])].find((found) => found.offsetParent);
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
      else if (way && steps()[step + way]) go(step + way);
      else return;
      event.preventDefault();
    });

    window.playground.tour = () => {
      view = document.body.dataset.view in TOURS ? document.body.dataset.view : "explore";
      if (view === "explore") {
        keep("visit", { ...kept("visit"), toured: true });
        tell("toured");
      }
      if (document.body.dataset.view !== view) location.hash = `#${view}`;
      opener = document.activeElement;
      panel.hidden = false;
      go(0);
      panel.focus({ preventScroll: true });
    };
    document.addEventListener("playground:view", ({ detail }) => !panel.hidden && (detail === view ? mark() : close()));
    return el("button", { type: "button", class: "plain", id: "tour", "aria-label": words.tour, title: words.tour, onclick: () => window.playground.tour() }, "?");
  };
})();
