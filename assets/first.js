// A first visit: a recorded text stands there at once, before any model is up, until somebody writes a first one.
(() => {
  "use strict";
  const { parts, el, at, tell, kept, keep } = window.playground;
  const TOKEN = 2; // the one that is explained first
  const page = window.playground;
  page.recorded = null; // the id of that text: it is never kept, nor among the texts to go back to
  page.untouched = false; // nobody has used the controls yet: a look that the page does by itself leaves the picture alone

  parts.first = (element, props) => {
    const words = JSON.parse(props.words);
    const said = el("p", {});
    const answer = (name, press) => el("button", { type: "button", class: "plain", onclick: press }, words[name]);
    const offer = el("p", { class: "offer" }, words.tour_offer, " ", answer("tour_take", () => page.tour()), " ", answer("tour_leave", leave));
    const card = el("section", { class: "card first", "aria-label": words.first_title, hidden: true }, el("h2", {}, words.first_title), said, offer);
    element.append(card);
    const visit = kept("visit");
    const reloaded = () => { try { return Boolean(JSON.parse(sessionStorage.getItem("playground"))?.run); } catch { return false; } };
    let own = false;

    function leave() {
      offer.hidden = true;
      keep("visit", { ...kept("visit"), toured: true });
    }

    document.addEventListener("playground:toured", () => { offer.hidden = true; });
    document.addEventListener("playground:begin", ({ detail }) => {
      if (detail === page.recorded) return;
      own = true;
      page.untouched = false;
      card.hidden = true;
      keep("visit", { ...kept("visit"), own: true });
    });

    async function show() {
      const news = await fetch(at("/playground/recorded")).then((found) => (found.ok ? found.json() : null)).catch(() => null);
      while (!document.querySelector(".strip") || !document.querySelector(".plot")) await new Promise(requestAnimationFrame);
      if (own) return;
      if (!news) {
        page.untouched = false;
        return document.querySelector("#look")?.click(); // its picture may have been kept back
      }
      page.recorded = news.strip.run;
      said.textContent = news.said;
      card.hidden = false;
      offer.hidden = Boolean(visit.toured);
      tell("opened", news.strip);
      tell("select", TOKEN);
    }

    if (!visit || visit.own || location.hash.startsWith("#explore/") || reloaded()) return;
    page.untouched = true;
    ["pointerdown", "keydown", "input"].forEach((name) => document.addEventListener(name, ({ target }) => {
      if (target.closest?.(".side")) page.untouched = false;
    }, true));
    show();
  };
})();
