// Ten charts of so many points each, from a source that is in the page; then one of them is moved for so many frames.
import { mount } from "./specrun.js";

const METRICS = Array.from({ length: 10 }, (_, n) => `metric_${n}`);
const NAME = "digits-0123456789";

function points(count) {
  const step = Array.from({ length: count }, (_, n) => n);
  return { from: 0, step, time: step.map((n) => 1.7e9 + n), value: step.map((n) => Math.exp(-n / count) + Math.random() / 10) };
}

function sourceOf(count) {
  const run = { name: NAME, spec: "digits", status: "succeeded", roles: [], started: "2026-11-30T10:00:00Z", ended: "2026-11-30T11:00:00Z" };
  const answers = {
    session: { version: "0", title: "", specs: [], reads_only: true },
    runs: { total: 1, rows: [{ ...run, params: {}, metrics: {}, changes: [] }], metrics: [], params: [], problems: [], loading: false },
    [`runs/${NAME}`]: { run, elapsed: 3600, params: {}, roles: [], commands: {}, can: {}, previous: null },
    [`runs/${NAME}/metrics`]: { metrics: Object.fromEntries(METRICS.map((name) => [name, { count, last: 0.4, step: count - 1 }])), notes: [] },
  };
  return {
    get: async (path) => answers[path] ?? Promise.reject(Object.assign(new Error("none"), { status: 404 })),
    post: async () => ({}),
    href: () => "",
    watch(path, params, onData) {
      const value = path.endsWith("/history") ? { name: params.name, ...points(count) } : answers[path];
      if (value && !(params?.after > 0)) queueMicrotask(() => onData(value));
      return () => undefined;
    },
  };
}

const frame = () => new Promise((done) => requestAnimationFrame(done));

/** Milliseconds of each of so many frames, before each of which `move` is called. */
window.frames_of = async (count, move) => {
  const took = [];
  let before = await frame();
  for (let n = 0; n < count; n++) {
    move?.(n);
    const now = await frame();
    took.push(now - before);
    before = now;
  }
  return took;
};

window.show = (count) => {
  location.hash = `#/runs/${NAME}/metrics`;
  mount(document.getElementById("specrun"), sourceOf(count));
};

window.moved = async (count) => {
  const over = document.querySelector(".u-over");
  const box = over.getBoundingClientRect();
  const at = { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, bubbles: true, cancelable: true };
  for (let n = 0; n < 5; n++) over.dispatchEvent(new WheelEvent("wheel", { ...at, deltaY: -200, ctrlKey: true }));
  await frame();
  return window.frames_of(count, (n) => over.dispatchEvent(new WheelEvent("wheel", { ...at, deltaX: n % 60 < 30 ? 12 : -12 })));
};
