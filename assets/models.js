// The models view: every entry of models.yaml, where it stands, and what can be done with it.
(() => {
  "use strict";
  const { parts, el, ask, at, fill, tell } = window.playground;
  const QUICK_MS = 400, SLOW_MS = 3000;

  parts.models = (element, props) => {
    const words = JSON.parse(props.words);
    const memory = el("span", {});
    const again = el("button", { type: "button", class: "plain", onclick: () => act("reload", {}, words.models_reloaded) });
    const list = el("div", {});
    element.append(el("div", { class: "models-head" }, memory, again), list);
    const rows = new Map();
    let file = "models.yaml";
    let timer = 0;

    const here = () => location.hash === "#models";

    async function refresh() {
      clearTimeout(timer);
      if (!here()) return;
      const news = await look();
      if (news) show(news);
      const busy = news?.models.some(({ state }) => state === "loading" || state === "downloading");
      clearTimeout(timer);
      timer = setTimeout(refresh, busy ? QUICK_MS : SLOW_MS);
    }

    /** Nothing where the server is away: the chip in the header says so. */
    async function look() {
      try {
        const answer = await fetch(at("/playground/models"));
        return answer.ok ? await answer.json() : null;
      } catch {
        return null;
      }
    }

    async function act(path, body, done) {
      const news = await ask(`/playground/models/${path}`, body);
      if (news && done) tell("notice", { kind: "info", text: fill(done, { file }), field: "" });
      refresh();
    }

    function show({ models, memory: text, file: name }) {
      file = name;
      memory.textContent = text;
      again.textContent = fill(words.models_reload, { file });
      const keys = models.map(({ key }) => key);
      rows.forEach((row, key) => keys.includes(key) || (row.node.remove(), rows.delete(key)));
      for (const model of models) {
        if (!rows.has(model.key)) rows.set(model.key, makeRow(model));
        rows.get(model.key).set(model);
      }
      const order = keys.map((key) => rows.get(key).node);
      if (order.some((node, place) => list.children[place] !== node)) list.replaceChildren(...order);
    }

    function makeRow({ key, options }) {
      const title = el("h2", {});
      const standing = el("span", { class: "standing", role: "status" });
      const [facts, notes, build] = [el("p", {}), el("p", {}), el("p", {})];
      const bar = el("progress", { max: 1, hidden: true });
      const need = el("span", { class: "settings" });
      const buttons = el("span", { class: "acts" });
      const inputs = options.map((option) => field(option));
      const more = el("details", {}, el("summary", {}, words.models_options), el("p", {}, words.models_options_how), el("div", { class: "fields" }, ...inputs.map(({ row }) => row)));
      const node = el("section", { class: "model", "data-key": key, "aria-label": key }, el("div", { class: "card-head" }, title, standing), facts, notes, build, bar, el("div", { class: "acts" }, buttons, need), more);
      const values = () => Object.fromEntries(inputs.map(({ name, input }) => [name, input.value]));
      let offered = "";

      function set(model) {
        title.textContent = model.title;
        standing.textContent = model.text;
        node.dataset.state = model.state;
        facts.textContent = model.facts;
        notes.textContent = model.notes;
        build.textContent = model.build;
        need.textContent = model.need;
        bar.hidden = !["loading", "downloading"].includes(model.state);
        if (model.part === null) bar.removeAttribute("value");
        else bar.value = model.part;
        more.hidden = !model.actions.includes("load");
        if (offered === model.actions.join()) return; // a button that is being pressed stays
        offered = model.actions.join();
        buttons.replaceChildren(...model.actions.map((name) => {
          const label = name === "load" && model.state === "up" ? words.action_reload_model : words[`action_${name}`];
          return el("button", { type: "button", class: "plain", "data-action": name, onclick: () => act(`${encodeURIComponent(key)}/${name}`, name === "load" ? values() : {}) }, label);
        }));
      }
      return { node, set };
    }

    function field({ name, value, usual, allowed }) {
      const input = el("input", { type: "text", value: String(value), "data-option": name, placeholder: usual === "" ? words.models_unset : fill(words.models_usual, { usual }) });
      return { name, input, row: el("label", {}, name, input, el("small", {}, allowed)) };
    }

    document.addEventListener("playground:view", refresh);
    window.dispatchEvent(new Event("hashchange")); // a link may lead here
  };
})();
