// A source of one run's log, as long as is asked for: `log.grow(n)`, `log.end()`; what was asked stands in `log.asked`.
({total, failed}) => {
  const roles = ["ps/0", "worker/0"];
  const text = n => n === 7 ? "\x1b[31mred\x1b[0m <b>bold</b>" : n === 8 ? " 50%|# |\r100%|##|" : n === 40 ? "ValueError: bad" : `step ${n}`;
  const line = n => ({n, role: roles[n % 2], when: 1700000000 + n, text: text(n)});
  const known = {};
  const found = q => {
    if (!known[q]) for (let n = (known[q] = [], 0); n < total; n++) if (text(n).includes(q)) known[q].push(n);
    return known[q];
  };
  const told = new Set();
  const state = () => ({total, open: log.over ? [] : [{role: "worker/0", text: "10%\r20%"}], roles, complete: log.over, first_error: failed ? 40 : null});
  window.log = {
    over: false, asked: [],
    grow(n) { total += n; told.forEach(tell => tell(state())); },
    end() { log.over = true; log.grow(0); },
  };
  const run = () => ({run: {name: "digits-1", spec: "digits", status: log.over ? "succeeded" : "running", attempt: 1}, elapsed: 3, params: {}, commands: {}, can: {cancel: true}, roles: []});
  const source = {
    async get(path, params) {
      if (path === "session") return {version: "1", specs: []};
      log.asked.push([path, params]);
      if (path.endsWith("/find")) {
        const hits = found(params.q);
        const n = params.back ? hits.findLast(n => n <= params.from) : hits.find(n => n >= params.from);
        return {n: n ?? null, count: hits.length};
      }
      return {total, complete: log.over, lines: Array.from({length: Math.min(params.count, total - params.from)}, (_, n) => line(params.from + n))};
    },
    watch(path, params, onData) {
      const tell = path.endsWith("/state") ? onData : () => 0;
      told.add(tell);
      Promise.resolve().then(() => onData(path.endsWith("/state") ? state() : path.endsWith("/metrics") ? {metrics: {}, notes: []} : run()));
      return () => told.delete(tell);
    },
    post: async () => ({}), href: () => "",
  };
  const root = document.createElement("div");
  document.body.replaceChildren(root);
  root.style.height = "700px";
  window.unmount = parts.mount(root, source, {embedded: true, path: "/runs/digits-1/logs"});
}
