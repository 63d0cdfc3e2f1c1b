// What the view of comparisons does with settings, apart from showing them.
(() => {
  "use strict";

  /** The numbers below `count` in an order that nobody knows beforehand. */
  window.playground.shuffled = (count) => {
    const order = Array.from({ length: count }, (_, place) => place);
    for (let place = count - 1; place > 0; place--) {
      const other = crypto.getRandomValues(new Uint32Array(1))[0] % (place + 1);
      [order[place], order[other]] = [order[other], order[place]];
    }
    return order;
  };

  /** A chain with other samplers; null takes one out. An order of one's own has each that acts. */
  window.playground.merged = (base, changes) => {
    const found = structuredClone(base);
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) delete found[key];
      else found[key] = value;
    }
    if (Array.isArray(found.order)) found.order = [...found.order.filter((key) => key in found), ...Object.keys(changes).filter((key) => key in found && !found.order.includes(key))];
    return found;
  };

  /** Whether what a browser kept has the form of a pane; the server says what of it does not hold. */
  window.playground.fits = (pane) => Boolean(pane) && [pane.model, pane.system].every((value) => typeof value === "string") && Boolean(pane.chain) && typeof pane.chain === "object" && Array.isArray(pane.history);
})();
