"use strict";

// Shortcuts. Each is listed behind `?`; a reader who speaks to the machine, or types elsewhere, can switch them off.

const NAMED = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Enter: "Enter", Escape: "Esc", " ": "Space" };

/** Shortcuts within `root`: {add([{key, does, run}]) -> stop, list(), on, toggle()}. A view adds its own, and takes them along. */
function shortcuts(root) {
  const groups = [];
  let on = remembered("shortcuts", true);

  function pressed(event) {
    if (!on || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || root.querySelector("dialog[open]")) return;
    for (const group of [...groups].reverse()) {
      const found = group.keys.find(({ key }) => key === event.key);
      if (!found) continue;
      if (found.run(event) === false) continue; // not here: somebody else may want it
      event.preventDefault();
      return;
    }
  }
  root.addEventListener("keydown", pressed);
  return {
    add(title, keys) {
      const group = { title, keys };
      groups.push(group);
      return () => groups.splice(groups.indexOf(group), 1);
    },
    list: () => groups,
    isOn: () => on,
    set: (value) => remember("shortcuts", (on = value)),
    close: () => root.removeEventListener("keydown", pressed),
  };
}

function isTyping(element) {
  if (element.isContentEditable || ["TEXTAREA", "SELECT"].includes(element.tagName)) return true;
  return element.tagName === "INPUT" && !["checkbox", "radio", "button", "range"].includes(element.type);
}

/** What `?` shows. */
function shortcutList(keys) {
  const groups = keys.list().map(({ title, keys: listed }) => [
    h("h3", {}, title),
    h("dl", { class: "sr-keys" }, listed.filter(({ does }) => does).map(({ key, does }) => [
      h("dt", {}, h("kbd", {}, NAMED[key] ?? key)),
      h("dd", {}, does),
    ])),
  ]);
  const box = h("input", { type: "checkbox", checked: keys.isOn(), onchange: (event) => keys.set(event.target.checked) });
  return [...groups, h("label", { class: "sr-check" }, box, "Shortcuts of single keys are on")];
}
