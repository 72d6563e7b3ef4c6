"use strict";

// Elements. Whatever comes from a run is text: nothing here takes markup, and addresses are looked at before they are followed.

/** An element: attributes (`on…` are listeners, `style` an object, null and false are left out) and children, where strings are text. */
function h(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** As h(), for SVG. */
function svg(tag, attributes, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) give(element, name, value);
  put(element, children);
  return element;
}

function give(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name.startsWith("on") && typeof value === "function") element.addEventListener(name.slice(2), value);
  else if (name === "style") styled(element, value);
  else if (name === "dataset") Object.assign(element.dataset, value);
  else if (name === "value" || name === "checked" || name === "disabled" || name === "open") element[name] = value;
  else if (name === "href" || name === "src" || name === "xlink:href") {
    if (isSafeAddress(value)) element.setAttribute(name, value);
  } else element.setAttribute(name, value === true ? "" : String(value));
}

/** Styles one by one: a policy without inline styles allows that, and forbids a style attribute. */
function styled(element, styles) {
  for (const [name, value] of Object.entries(styles)) {
    if (name.startsWith("--")) element.style.setProperty(name, value);
    else element.style[name] = value;
  }
}

function put(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** Puts these children in the place of those that are there. */
function refill(element, ...children) {
  element.replaceChildren();
  put(element, children);
  return element;
}

/** As refill(), but what is alike stays, with its focus, its selection and its listeners: for what is drawn anew each second. */
function refresh(element, ...children) {
  const wanted = element.cloneNode(false);
  put(wanted, children);
  alike(element, wanted);
  return element;
}

function alike(there, wanted) {
  if (there.nodeType === Node.TEXT_NODE) return void (there.data === wanted.data || (there.data = wanted.data));
  for (const name of there.getAttributeNames()) if (!wanted.hasAttribute(name)) there.removeAttribute(name);
  for (const name of wanted.getAttributeNames()) {
    const value = wanted.getAttribute(name);
    if (there.getAttribute(name) === value) continue;
    if (name === "style") there.style.cssText = wanted.style.cssText; // an attribute would be refused by the policy
    else there.setAttribute(name, value);
  }
  const [old, fresh] = [[...there.childNodes], [...wanted.childNodes]];
  fresh.forEach((child, at) => {
    if (at >= old.length) there.append(child);
    else if (old[at].nodeName === child.nodeName) alike(old[at], child);
    else old[at].replaceWith(child);
  });
  old.slice(fresh.length).forEach((child) => child.remove());
}

/** Sets a text only where it differs: what a reader has selected stays selected. */
function setText(element, text) {
  const wanted = String(text);
  if (element.textContent !== wanted) element.textContent = wanted;
}

/** Whether a link to it does no more than open it: a run's own links may be anything. */
function isSafeAddress(address) {
  const scheme = /^\s*([a-z][a-z0-9+.-]*):/i.exec(String(address).replace(/[\u0000-\u0020]/g, ""));
  return !scheme || ["http", "https", "blob"].includes(scheme[1].toLowerCase());
}

// Time.

/** Calls at most once per `milliseconds`, at once where that is long ago, with what was given last. */
function throttled(milliseconds, call) {
  let timer = null;
  let last = -Infinity;
  let given = [];
  const run = () => {
    timer = null;
    last = performance.now();
    call(...given);
  };
  const wrapped = (...values) => {
    given = values;
    if (timer === null) timer = setTimeout(run, Math.max(0, last + milliseconds - performance.now()));
  };
  wrapped.stop = () => clearTimeout(timer);
  return wrapped;
}

/** Calls once nothing has been asked for `milliseconds`. */
function settled(milliseconds, call) {
  let timer = null;
  const wrapped = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...values), milliseconds);
  };
  wrapped.stop = () => clearTimeout(timer);
  return wrapped;
}

/** Draws at most once per frame. */
function perFrame(draw) {
  let asked = 0;
  const wrapped = () => {
    if (!asked) asked = requestAnimationFrame(() => ((asked = 0), draw()));
  };
  wrapped.stop = () => cancelAnimationFrame(asked);
  return wrapped;
}

/** What has to be stopped once: `const stops = several(); stops.add(fn); stops.close()`. */
function several() {
  const all = [];
  return {
    add: (stop) => (all.push(stop), stop),
    close: () => all.splice(0).forEach((stop) => (typeof stop === "function" ? stop() : stop?.close?.())),
  };
}

// What a reader likes is kept in this browser; where it may not be (a sandboxed frame), it is forgotten.

function remembered(name, otherwise) {
  try {
    const text = localStorage.getItem(`specrun.${name}`);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

function remember(name, value) {
  try {
    localStorage.setItem(`specrun.${name}`, JSON.stringify(value));
  } catch {
    // Nothing is lost that matters.
  }
}
