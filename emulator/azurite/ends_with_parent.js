// Loaded before Azurite: when whoever started it is gone, however that came about, the pipe on stdin ends.
process.stdin.on("end", () => process.exit(0)).on("error", () => process.exit(0)).resume();
