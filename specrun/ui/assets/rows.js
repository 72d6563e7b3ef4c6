"use strict";

// Rows without an end: only those in sight exist. A browser's elements end at some 17 million pixels, which a million lines pass, and
// wrapped lines have heights that nobody knows before. So the scroll bar says about where we are, and what is in sight hangs on one row:
// `top` is the row at the upper edge, and how far it is above it.

const TALLEST = 8_000_000; // pixels of the element that makes the scroll bar
const SPARE = 12; // rows drawn above and below what is in sight

/**
 * {element, setTotal(n), redraw(first?, last?), goTo(n), toEnd(), isAtEnd(), window(), setWrapped(on), close()}
 *
 * `draw(n)` makes the element of row n. `moved()` is told once the rows in sight have changed by the reader's hand or otherwise.
 */
function endlessRows({ rowHeight, draw, moved, label }) {
  const block = h("div", { class: "sr-block" });
  const layer = h("div", { class: "sr-layer" }, block);
  const sizer = h("div", { class: "sr-sizer" }, layer);
  const element = h("div", { class: "sr-rows", tabindex: "0", role: "region", "aria-label": label }, sizer);
  const drawn = new Map(); // row -> element, in sight or kept
  let kept = []; // rows in which a selection begins or ends: without them it would be lost
  let total = 0;
  let wrapped = false;
  let top = { row: 0, above: 0 };
  let atEnd = true;
  let height = 0;
  let barAt = 0; // where we have put the scroll bar

  const exact = () => !wrapped && total * rowHeight <= TALLEST;
  const heightOf = (row) => (wrapped ? (drawn.get(row) ?? drawRow(row)).offsetHeight || rowHeight : rowHeight);

  function drawRow(row) {
    const made = draw(row);
    made.dataset.row = row;
    drawn.set(row, made);
    insert(row, made);
    return made;
  }

  function insert(row, made) {
    let after = null;
    for (const child of block.children) {
      if (Number(child.dataset.row) > row) {
        after = child;
        break;
      }
    }
    block.insertBefore(made, after);
  }

  /** Draws what is in sight, and takes away what is not. */
  function render() {
    if (!height) return;
    normalise();
    const first = wrapped ? top.row : Math.max(0, top.row - SPARE);
    let last = top.row;
    for (let y = -top.above; y < height && last < total; last++) y += heightOf(last);
    last = Math.min(total, last + (wrapped ? 2 : SPARE));
    for (let row = first; row < last; row++) if (!drawn.has(row)) drawRow(row);
    for (const [row, made] of drawn) {
      const inSight = row >= first && row < last;
      if (inSight || kept.includes(row)) made.classList.toggle("sr-kept", !inSight);
      else {
        made.remove();
        drawn.delete(row);
      }
    }
    styled(block, { transform: `translateY(${-top.above - (top.row - first) * rowHeight}px)` });
  }

  /** `top` within what there is: not above the first row, and the last one not above the lower edge. */
  function normalise() {
    while (top.above < 0 && top.row > 0) {
      top.row -= 1;
      top.above += heightOf(top.row);
    }
    if (top.above < 0) top.above = 0;
    while (top.row < total - 1 && top.above >= heightOf(top.row)) {
      top.above -= heightOf(top.row);
      top.row += 1;
    }
    let below = -top.above;
    let row = top.row;
    for (; row < total && below < height; row++) below += heightOf(row);
    atEnd = row >= total && below <= height + 1;
    if (below < height && (top.row > 0 || top.above > 0)) top = endTop();
  }

  function endTop() {
    let row = Math.max(0, total - 1);
    let filled = total ? heightOf(row) : 0;
    while (row > 0 && filled < height) filled += heightOf(--row);
    return { row, above: Math.max(0, filled - height) };
  }

  function sizes() {
    height = element.clientHeight;
    styled(sizer, { height: `${Math.max(height, Math.min(TALLEST, total * rowHeight))}px` });
    styled(layer, { height: `${height}px` });
  }

  /** Puts the scroll bar where `top` is. */
  function setBar() {
    const most = sizer.offsetHeight - height;
    const rows = Math.max(1, total - height / rowHeight);
    const wanted = exact() ? top.row * rowHeight + top.above : atEnd ? most : Math.min(most, ((top.row + top.above / rowHeight) / rows) * most);
    if (Math.abs(element.scrollTop - wanted) >= 1) element.scrollTop = wanted;
    barAt = element.scrollTop;
  }

  function show({ bar = true } = {}) {
    render();
    if (bar) setBar();
    moved();
  }

  const settle = settled(160, setBar);

  function scrolled() {
    const at = element.scrollTop;
    const by = at - barAt;
    if (Math.abs(by) < 1) return;
    barAt = at;
    const most = sizer.offsetHeight - height;
    if (exact()) top = { row: Math.floor(at / rowHeight), above: at % rowHeight };
    else if (at <= 0) top = { row: 0, above: 0 };
    else if (at >= most - 1) top = endTop();
    else if (Math.abs(by) < 2 * height) top.above += by;
    else top = { row: Math.floor((at / most) * Math.max(0, total - height / rowHeight)), above: 0 };
    show({ bar: false });
    if (!exact()) settle();
  }

  function move(by) {
    top.above += by;
    show();
  }

  // Where the bar is only about right, a wheel would move it by too much.
  function wheeled(event) {
    if (exact() || event.ctrlKey || event.shiftKey || !event.deltaY) return;
    const unit = [1, rowHeight, height][event.deltaMode];
    if ((atEnd && event.deltaY > 0) || (top.row === 0 && top.above === 0 && event.deltaY < 0)) return;
    event.preventDefault();
    move(event.deltaY * unit);
  }

  const steps = { ArrowDown: () => rowHeight * 2, ArrowUp: () => -rowHeight * 2, PageDown: () => height - rowHeight, PageUp: () => rowHeight - height, " ": () => height - rowHeight };

  function pressed(event) {
    if (event.altKey || event.metaKey) return;
    if (event.key === "Home") top = { row: 0, above: 0 };
    else if (event.key === "End") top = endTop();
    else if (steps[event.key] && !event.ctrlKey) top.above += steps[event.key]() * (event.key === " " && event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault?.();
    show();
  }

  function selected() {
    const range = getSelection()?.rangeCount ? getSelection().getRangeAt(0) : null;
    const ends = range && !range.collapsed ? [range.startContainer, range.endContainer] : [];
    kept = ends.map((node) => (block.contains(node) ? rowOf(node) : null)).filter((row) => row !== null);
  }

  function rowOf(node) {
    const found = (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest("[data-row]");
    return found && block.contains(found) ? Number(found.dataset.row) : null;
  }

  const observer = new ResizeObserver(() => {
    const end = atEnd;
    sizes();
    if (end) top = endTop();
    show();
  });
  observer.observe(element);
  element.addEventListener("scroll", scrolled, { passive: true });
  element.addEventListener("wheel", wheeled, { passive: false });
  element.addEventListener("keydown", pressed);
  document.addEventListener("selectionchange", selected);

  return {
    element,
    block,
    rowOf,
    kept: () => kept,
    setTotal(count, { follow = false } = {}) {
      if (count < total) for (const [row, made] of drawn) if (row >= count) (made.remove(), drawn.delete(row));
      total = count;
      sizes();
      if (follow && height) top = endTop();
      show();
    },
    /** Makes rows anew that are in sight: all, or those from `first` to before `last`. */
    redraw(first = 0, last = Infinity) {
      const end = atEnd;
      for (const [row, old] of drawn) {
        if (row < first || row >= last) continue;
        const made = draw(row);
        made.dataset.row = row;
        old.replaceWith(made);
        drawn.set(row, made);
      }
      if (wrapped && end && height) top = endTop();
      show();
    },
    goTo(row, share = 0.3) {
      top = { row: Math.max(0, Math.min(row, total - 1)), above: -Math.round(height * share) };
      show();
    },
    toEnd() {
      if (height) top = endTop();
      show();
    },
    isAtEnd: () => atEnd,
    /** The rows in sight: [first, after the last]. */
    window: () => [top.row, Math.min(total, top.row + Math.ceil(height / rowHeight) + 1)],
    setWrapped(on) {
      const end = atEnd;
      wrapped = on;
      element.classList.toggle("sr-wrapped", on);
      top.above = 0;
      if (end && height) top = endTop();
      show();
    },
    /** As if this key had been pressed in it. */
    press: (key) => pressed({ key }),
    close() {
      observer.disconnect();
      document.removeEventListener("selectionchange", selected);
      settle.stop();
    },
  };
}
