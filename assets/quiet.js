// Gradio's stopwatches, hidden on this page, count in animation frames, and the loading screen's never ends (gradio
// 6.31): a page at rest then draws sixty frames a second, 7 % of a core. They tick once a second here.
(() => {
  "use strict";
  const TICK_MS = 1000;
  const STOPWATCH = /^\(\)=>\{[^{}]*\(performance\.now\(\)-[^{}]*\}$/; // `()=>{set(elapsed,(performance.now()-start)/1e3),on&&tick()}`
  const frame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) =>
    STOPWATCH.test(String(callback)) ? window.setTimeout(callback, TICK_MS) : frame(callback);
})();
