"use strict";

// Small things that every view is made of.

/** A run's status: sign, word and colour. */
function statusBadge(status) {
  const { word, tone, sign } = statusOf(status);
  return h("span", { class: `sr-status sr-tone-${tone}` }, h("span", { class: "sr-sign", "aria-hidden": "true" }, sign), word);
}

/** A link within the page; a click of the main button goes there without loading anything. */
function inside(context, path, attributes, ...children) {
  return h("a", { ...attributes, href: context.href(path), onclick: (event) => followed(context, path, event) }, ...children);
}

function followed(context, path, event) {
  if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  context.go(path);
}

/** A link out of it. */
function outside(address, attributes, ...children) {
  return h("a", { ...attributes, href: address, target: "_blank", rel: "noopener noreferrer" }, ...children);
}

function button(label, onclick, attributes = {}) {
  return h("button", { type: "button", ...attributes, onclick }, label);
}

/** A button that is on or off. */
function toggle(label, on, changed, attributes = {}) {
  const element = button(label, () => set(!on), { ...attributes, "aria-pressed": String(on) });
  function set(value, tell = true) {
    if (value === on) return;
    on = value;
    element.setAttribute("aria-pressed", String(on));
    if (tell) changed(on);
  }
  return Object.assign(element, { set, isOn: () => on });
}

/** A select: `options` are [value, label]. */
function choice(label, options, value, changed, attributes = {}) {
  const element = h("select", { ...attributes, "aria-label": label, onchange: () => changed(element.value) });
  element.setOptions = (given, chosen) => {
    const same = element.options.length === given.length && given.every(([name, text], n) => element.options[n].value === name && element.options[n].text === text);
    if (!same) refill(element, given.map(([name, text]) => h("option", { value: name }, text)));
    if (element.value !== chosen) element.value = chosen;
  };
  element.setOptions(options, value);
  return element;
}

/** Tabs as links: [{id, label, path}]; `note` a count beside a label. */
function tabs(context, label, items, chosen) {
  const links = items.map(({ id, label: text, path }) =>
    inside(context, path, { class: "sr-tab", dataset: { id }, "aria-current": id === chosen ? "page" : null }, text));
  const element = h("nav", { class: "sr-tabs", "aria-label": label }, links);
  element.choose = (id) => links.forEach((link) => {
    if (link.dataset.id === id) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  element.offer = (id, isThere) => links.forEach((link) => link.dataset.id === id && (link.hidden = !isThere));
  return element;
}

/** A text to copy, with its button. */
function command(text) {
  return h("span", { class: "sr-command" }, h("code", {}, text), copyButton(() => text));
}

function copyButton(textOf, label = "Copy") {
  const element = button(label, async () => {
    setText(element, (await copied(await textOf())) ? "Copied" : "Not copied");
    setTimeout(() => setText(element, label), 1500);
  }, { class: "sr-quiet" });
  return element;
}

/** Puts a text into the clipboard; false where the browser does not let us. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** A dialog with a title; Escape and Close end it, and the focus goes back to where it was. */
function dialog(context, title, content, { actions = [] } = {}) {
  const before = document.activeElement;
  const id = `sr-${randomName().slice(0, 8)}`;
  const close = () => element.close();
  const element = h("dialog", { class: "sr-dialog", "aria-labelledby": id },
    h("h2", { id }, title),
    h("div", { class: "sr-dialog-body" }, content),
    h("div", { class: "sr-actions" }, actions.length ? actions : button("Close", close)));
  element.addEventListener("close", () => {
    element.remove();
    before?.focus?.();
  });
  context.root.append(element);
  element.showModal();
  return element;
}

/** Asks before something is done that ends or costs something. True if the reader says so. */
function confirmed(context, title, text, doIt, tone = "bad") {
  return new Promise((answer) => {
    let said = false;
    const yes = button(doIt, () => ((said = true), shown.close()), { class: `sr-do sr-do-${tone}` });
    const no = button("Leave it", () => shown.close(), { autofocus: true });
    const shown = dialog(context, title, text, { actions: [no, yes] });
    shown.addEventListener("close", () => answer(said));
  });
}

/** What stands where nothing is. */
function emptyState(title, ...content) {
  return h("div", { class: "sr-empty" }, h("h2", {}, title), ...content);
}

/** Why there is nothing, as a refusal says it. */
function problem(error) {
  return h("p", { class: "sr-problem", role: "alert" }, error?.message ?? String(error));
}

/** A part of a page with a heading; `extra` stands at the heading's right. */
function section(title, extra, ...content) {
  return h("section", { class: "sr-section" }, h("div", { class: "sr-section-head" }, h("h2", {}, title), extra), ...content);
}

/** Pairs of names and values; a value may be an element. Those without a value are left out. */
function facts(pairs) {
  const given = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: "sr-facts" }, given.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}
