// The turns of a chat before the prompt: each can be edited, and taken out with all after it. Its value is their JSON.
(() => {
  "use strict";
  const { parts, el, tell, fill } = window.playground;
  window.playground.history = [];

  parts.history = (element, props) => {
    const words = JSON.parse(props.words);
    const turns = el("div", { class: "turns-list", role: "group", "aria-label": words.chat_before });
    element.append(turns);

    function keep(history) {
      window.playground.history = history;
      props.value = JSON.stringify(history);
      tell("shows");
    }

    /** Look at the chat as it stands, as a pause in typing does. */
    const look = () => document.querySelector("#prompt textarea")?.dispatchEvent(new Event("input", { bubbles: true }));

    function turn({ role, content }, place) {
      const name = fill(words.chat_turn, { role: words[`chat_${role}`], number: place + 1 });
      const box = el("textarea", { rows: 1, "aria-label": name, oninput: () => {
        fit(box);
        keep(window.playground.history.with(place, { role, content: box.value }));
        look();
      } });
      box.value = content;
      const cut = el("button", { type: "button", class: "ask", title: words.chat_cut, "aria-label": `${words.chat_cut}: ${name}`, onclick: () => {
        tell("boxes", { history: window.playground.history.slice(0, place) });
      } }, "×");
      return el("div", { class: `turn ${role}` }, el("div", { class: "turn-head" }, el("b", {}, words[`chat_${role}`]), cut), box);
    }

    const fit = (box) => {
      box.style.height = "auto";
      box.style.height = `${box.scrollHeight + 2}px`;
    };

    const fitAll = () => turns.querySelectorAll("textarea").forEach(fit);
    new ResizeObserver(fitAll).observe(turns); // what is hidden has no height

    function show(history) {
      keep(history);
      turns.replaceChildren(...history.map(turn));
      fitAll();
    }

    document.addEventListener("playground:restore", ({ detail }) => show(detail.history ?? []));
  };
})();
