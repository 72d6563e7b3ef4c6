"use strict";

// A graph in layers, from what needs nothing to what needs the rest: pure functions.

/** The layer of each node: the length of the longest way to it. An edge of a circle, which no plan has, counts as none. */
function layersOf(ids, edges) {
  const needs = new Map(ids.map((id) => [id, []]));
  for (const [from, to] of edges) if (needs.has(from) && needs.has(to) && from !== to) needs.get(to).push(from);
  const layers = new Map();
  const open = new Set();
  // With a stack of its own: a chain of thousands of runs is deeper than a browser's.
  for (const id of ids) {
    const stack = [id];
    while (stack.length) {
      const node = stack.at(-1);
      if (layers.has(node)) {
        stack.pop();
        continue;
      }
      open.add(node);
      const waiting = needs.get(node).filter((need) => !layers.has(need) && !open.has(need));
      if (waiting.length) {
        stack.push(...waiting);
        continue;
      }
      layers.set(node, Math.max(-1, ...needs.get(node).map((need) => layers.get(need) ?? -1)) + 1);
      open.delete(node);
      stack.pop();
    }
  }
  return layers;
}

/** Columns of ids, each in an order in which few edges cross: nodes go where the mean of their neighbours is, forth and back. */
function orderedColumns(ids, edges, layers) {
  const columns = [];
  for (const id of ids) (columns[layers.get(id)] ??= []).push(id);
  const [before, after] = [new Map(), new Map()];
  for (const [from, to] of edges) {
    if (!layers.has(from) || !layers.has(to) || layers.get(from) >= layers.get(to)) continue;
    before.set(to, [...(before.get(to) ?? []), from]);
    after.set(from, [...(after.get(from) ?? []), to]);
  }
  const place = new Map();
  const count = (column) => column.forEach((id, at) => place.set(id, (at + 0.5) / column.length));
  columns.forEach(count);
  for (let sweep = 0; sweep < 6; sweep++) {
    const [forth, neighbours] = sweep % 2 ? [[...columns].reverse(), after] : [columns, before];
    for (const column of forth) {
      const wanted = new Map(column.map((id) => [id, mean((neighbours.get(id) ?? []).map((one) => place.get(one))) ?? place.get(id)]));
      column.sort((a, b) => wanted.get(a) - wanted.get(b)); // stable: those alike stay in their order
      count(column);
    }
  }
  return { columns, before, after };
}

function mean(numbers) {
  return numbers.length ? numbers.reduce((sum, one) => sum + one, 0) / numbers.length : null;
}

/** Places near the wanted ones, in their order and at least `gap` apart: those that push each other share the difference. */
function spread(wanted, gap) {
  const blocks = []; // {sum, count}: neighbours that touch; sum of wanted places, each as if it were the block's first
  wanted.forEach((place, at) => {
    blocks.push({ sum: place - at * gap, count: 1 });
    while (blocks.length > 1) {
      const [left, right] = blocks.slice(-2);
      if (left.sum / left.count <= right.sum / right.count) break;
      blocks.splice(-2, 2, { sum: left.sum + right.sum, count: left.count + right.count });
    }
  });
  return blocks.flatMap(({ sum, count }) => new Array(count).fill(sum / count)).map((place, at) => place + at * gap);
}

/**
 * Where nodes stand: {places: Map of id -> {x, y, layer}, width, height}; x and y are the upper left corner of boxes of this size,
 * with these gaps between.
 */
function layered(ids, edges, { width, height, across, down }) {
  const layers = layersOf(ids, edges);
  const { columns, before, after } = orderedColumns(ids, edges, layers);
  const y = new Map();
  columns.forEach((column) => column.forEach((id, at) => y.set(id, (at - (column.length - 1) / 2) * (height + down))));
  for (let sweep = 0; sweep < 4; sweep++) {
    const [order, neighbours] = sweep % 2 ? [[...columns].reverse(), after] : [columns, before];
    for (const column of order) {
      const wanted = column.map((id) => mean((neighbours.get(id) ?? []).map((one) => y.get(one))) ?? y.get(id));
      spread(wanted, height + down).forEach((place, at) => y.set(column[at], place));
    }
  }
  const top = Math.min(0, ...y.values());
  const places = new Map(ids.map((id) => [id, { x: layers.get(id) * (width + across), y: y.get(id) - top, layer: layers.get(id) }]));
  const bottom = Math.max(0, ...[...places.values()].map((place) => place.y));
  return { places, width: Math.max(1, columns.length) * (width + across) - across, height: bottom + height };
}

/** How many pairs of edges between neighbouring layers cross. */
function crossings(edges, places) {
  const lines = edges.map(([from, to]) => [places.get(from), places.get(to)]).filter(([a, b]) => a && b && b.layer === a.layer + 1);
  let found = 0;
  for (let i = 0; i < lines.length; i++)
    for (let j = 0; j < i; j++)
      if (lines[i][0].layer === lines[j][0].layer && (lines[i][0].y - lines[j][0].y) * (lines[i][1].y - lines[j][1].y) < 0) found += 1;
  return found;
}
