"use strict";

// Where data comes from in a page: the server's answers, and one stream of events for all that is watched. A browser has six connections
// to a host, and ten charts would take them all.

/** A source over HTTP: {get, watch, post, href, onState}; addresses are relative, so that a proxy may stand in between. */
function httpSource(base = "api/") {
  const address = (path, params) => base + path.split("/").map(encodeURIComponent).join("/") + asQuery(params);
  const stream = eventStream(base);
  return {
    get: async (path, params) => answerOf(await asked(address(path, params))),
    post: (path, body) => posted(address(path), body),
    watch: stream.watch,
    href: address,
    onState: stream.onState,
  };
}

function asQuery(params) {
  const given = Object.entries(params ?? {}).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

/** A refusal: `status` as HTTP has it, 0 where nobody answered. */
function refusal(status, message) {
  return Object.assign(new Error(message), { status });
}

async function asked(address, options) {
  try {
    return await fetch(address, { credentials: "same-origin", ...options });
  } catch {
    throw refusal(0, "specrun ui does not answer");
  }
}

async function answerOf(response) {
  const text = await response.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : {};
  } catch {
    throw refusal(response.status, text.slice(0, 300) || response.statusText);
  }
  if (!response.ok) throw refusal(response.status, value?.message ?? response.statusText);
  return value;
}

async function posted(address, body = {}) {
  const headers = { "Content-Type": "application/json", "X-Specrun": "1" };
  return answerOf(await asked(address, { method: "POST", headers, body: JSON.stringify(body) }));
}

const HIDDEN_FOR = 30_000; // then a page gives its stream back: six open pages would stop a seventh
const AGAIN = [300, 700, 1500, 3000, 5000]; // milliseconds, until a lost stream is opened again

/** The stream of a page: {watch(path, params, onData, onState) -> stop, onState(fn) -> stop}. It opens with the first watch. */
function eventStream(base) {
  const watched = new Map(); // id -> {path, params, onData, onState}
  const told = new Set();
  const page = randomName();
  let events = null;
  let greeted = false;
  let tries = 0;
  let next = 0;
  let timer = null;
  let waiting = [];
  let state = "live";

  function say(now, why = null) {
    if (now === state && !why) return;
    state = now;
    told.forEach((tell) => tell(now, why));
    watched.forEach((one) => one.onState?.(now));
  }

  function open() {
    clearTimeout(timer);
    timer = null;
    if (events || document.hidden) return;
    greeted = false;
    events = new EventSource(`${base}events?page=${page}`);
    events.onmessage = (event) => take(JSON.parse(event.data));
    events.onerror = lost;
  }

  function close() {
    clearTimeout(timer);
    timer = null;
    events?.close();
    events = null;
    greeted = false;
  }

  function take(message) {
    if (message.hello) return greet(message);
    const one = watched.get(message.id);
    if (!one) return undefined;
    if (message.error) return one.onState?.("refused", message.error);
    return one.onData(message.data);
  }

  function greet(message) {
    greeted = true;
    tries = 0;
    waiting = [...watched].map(([id, { path, params }]) => ({ id, verb: "watch", path, params }));
    say("live");
    flush();
    told.forEach((tell) => tell("hello", message));
  }

  // The browser would try again by itself, and not say why it failed: we ask.
  async function lost() {
    close();
    if (!watched.size) return;
    timer = setTimeout(open, AGAIN[Math.min(tries++, AGAIN.length - 1)]);
    try {
      await answerOf(await asked(`${base}session`));
    } catch (error) {
      say(error.status === 401 || error.status === 403 ? "signed out" : "lost", error);
    }
  }

  const soon = settled(0, flush);

  async function flush() {
    if (!greeted || !waiting.length) return;
    const messages = waiting;
    waiting = [];
    try {
      await posted(`${base}watch`, { page, messages });
    } catch {
      if (greeted) lost();
    }
  }

  function send(message) {
    if (greeted) waiting.push(message); // else greet() tells of all that is watched
    soon();
    if (!events && timer === null) open();
  }

  let hiding = null;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(close, HIDDEN_FOR);
    else if (watched.size) open();
  });

  return {
    watch(path, params, onData, onState) {
      const id = ++next;
      watched.set(id, { path, params: withoutEmpty(params), onData, onState });
      send({ id, verb: "watch", path, params: withoutEmpty(params) });
      return () => watched.delete(id) && send({ id, verb: "stop" });
    },
    onState: (tell) => (told.add(tell), () => told.delete(tell)),
  };
}

function withoutEmpty(params) {
  return Object.fromEntries(Object.entries(params ?? {}).filter(([, value]) => value !== undefined && value !== null && value !== ""));
}

function randomName() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
