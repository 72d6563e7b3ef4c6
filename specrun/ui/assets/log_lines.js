"use strict";

// Lines of a log as they are needed: in pieces, a few of them kept, those in sight first.

const PIECE = 200; // lines
const PIECES = 60;

/** {line(n), want(first, last), reach(total), range(first, last), close()}; `came(first, last)` is told of lines that have come. */
function logLines(source, path, params, came) {
  const pieces = new Map(); // number of the piece -> its lines, as far as they are known
  const going = new Set();
  let total = 0;
  let wanted = [0, 0];
  let closed = false;

  const line = (n) => pieces.get(Math.floor(n / PIECE))?.[n % PIECE];
  const whole = (piece) => Math.min(PIECE, total - piece * PIECE);

  function load() {
    const [first, last] = wanted;
    for (let piece = Math.floor(first / PIECE); piece * PIECE < Math.min(last, total); piece++) {
      if (going.size >= 3) return;
      const known = pieces.get(piece)?.length ?? 0;
      if (known < whole(piece) && !going.has(piece)) fetchPiece(piece, known);
    }
  }

  async function fetchPiece(piece, known) {
    going.add(piece);
    try {
      const from = piece * PIECE + known;
      const { lines } = await source.get(path, { ...params, from, count: whole(piece) - known });
      if (closed || !lines.length) return;
      const before = pieces.get(piece) ?? [];
      pieces.set(piece, before.length === known ? [...before, ...lines] : before);
      forget(piece);
      came(from, from + lines.length);
    } catch (error) {
      if (error.status !== 0 && !closed) came(0, 0, error);
      return;
    } finally {
      going.delete(piece);
    }
    load();
  }

  /** Keeps what is nearest to what was asked for last. */
  function forget(piece) {
    if (pieces.size <= PIECES) return;
    const farthest = [...pieces.keys()].reduce((a, b) => (Math.abs(a - piece) >= Math.abs(b - piece) ? a : b));
    pieces.delete(farthest);
  }

  return {
    line,
    want(first, last) {
      wanted = [first, last];
      load();
    },
    reach(count) {
      if (count < total) pieces.clear(); // a log that has begun anew
      total = count;
      load();
    },
    /** All lines of a range, for the clipboard; those that are not here are fetched. */
    async range(first, last) {
      const lines = [];
      for (let n = first; n < last; ) {
        if (line(n)) lines.push(line(n++));
        else {
          const { lines: more } = await source.get(path, { ...params, from: n, count: Math.min(2000, last - n) });
          if (!more.length) break;
          lines.push(...more);
          n += more.length;
        }
      }
      return lines;
    },
    close: () => (closed = true),
  };
}
