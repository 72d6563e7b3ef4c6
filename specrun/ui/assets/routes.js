"use strict";

// Where the reader is, as a path: `/runs/NAME/logs?role=worker/0`. In a page it stands behind the address's `#`, so that links can be
// sent, the back button works, and a proxy may put the page anywhere; in a notebook the address is not ours, and it stands in memory.

/** {parts: ["runs", "NAME"], query: {role: "worker/0"}} of a path. */
function parsedPath(path) {
  const [before, after = ""] = splitOnce(path.replace(/^#/, ""), "?");
  const parts = before.split("/").filter(Boolean).map(decoded);
  return { parts, query: Object.fromEntries(new URLSearchParams(after)) };
}

/** The path of it; what is empty in the query is left out. */
function pathOf(parts, query = {}) {
  const asked = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined && value !== false);
  const text = asked.map(([name, value]) => `${encodeURIComponent(name)}=${legible(value)}`).join("&");
  return `/${parts.map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

/** Encoded, but for signs that an address may have and people read. */
function legible(value) {
  return encodeURIComponent(value === true ? "1" : value).replace(/%(2F|2C|3A|3E|3C|3D)/gi, (sign, code) =>
    ["2F", "2C", "3A"].includes(code.toUpperCase()) ? decodeURIComponent(sign) : sign,
  );
}

function splitOnce(text, sign) {
  const at = text.indexOf(sign);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + sign.length)];
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Routes behind `#` of the address: {path(), go(path, {replace}), href(path), onChange(fn) -> stop}. */
function hashRoutes() {
  const told = new Set();
  const tell = () => told.forEach((tellOne) => tellOne());
  return {
    path: () => location.hash.slice(1) || "/runs",
    href: (path) => `#${path}`,
    go(path, { replace = false } = {}) {
      if (`#${path}` === location.hash) return;
      if (replace) history.replaceState(null, "", `#${path}`);
      else history.pushState(null, "", `#${path}`);
      tell();
    },
    onChange(tellOne) {
      if (!told.size) {
        window.addEventListener("popstate", tell);
        window.addEventListener("hashchange", tell);
      }
      told.add(tellOne);
      return () => {
        told.delete(tellOne);
        if (told.size) return;
        window.removeEventListener("popstate", tell);
        window.removeEventListener("hashchange", tell);
      };
    },
  };
}

/** Routes in memory, with a way back. */
function memoryRoutes(first) {
  const told = new Set();
  const visited = [first];
  const tell = () => told.forEach((tellOne) => tellOne());
  return {
    path: () => visited.at(-1),
    href: () => "#", // followed by a click alone; see followed()
    go(path, { replace = false } = {}) {
      if (path === visited.at(-1)) return;
      if (replace) visited.pop();
      visited.push(path);
      tell();
    },
    back: () => visited.length > 1 && (visited.pop(), tell()),
    onChange: (tellOne) => (told.add(tellOne), () => told.delete(tellOne)),
  };
}
