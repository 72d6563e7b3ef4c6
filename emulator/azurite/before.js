// Loaded before Azurite: when whoever started it is gone, however that came about, the pipe on stdin ends.
process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0)).resume();

// It closes what was idle for five seconds, perhaps when the next request is on its way, and has no option that works.
for (const kind of [require("http"), require("https")]) {
  const create = kind.createServer;
  kind.createServer = (...given) => Object.defineProperty(create(...given), "keepAliveTimeout", { get: () => 0, set() {} });
}
