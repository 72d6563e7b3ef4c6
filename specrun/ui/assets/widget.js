"use strict";

// The same in a notebook: data comes as messages of the widget's model, with the ids of what was asked.

/** What anywidget calls; the model has `path`, what is shown first. */
function render({ model, el }) {
  const source = modelSource(model);
  const unmount = mount(el, source, { embedded: true, path: model.get("path") || "/runs" });
  return () => {
    unmount();
    source.close();
  };
}

/** A source over a widget's messages: {id, verb, path, params} there, {id, data} | {id, error} back. */
function modelSource(model) {
  const asked = new Map(); // id -> {resolve, reject}
  const watched = new Map(); // id -> {onData, onState}
  const view = randomName(); // two views of one model take each only their own answers
  let next = 0;

  const send = (message) => model.send(message);
  const name = () => `${view}-${++next}`;

  function take(message) {
    const { id, data, error } = message ?? {};
    if (asked.has(id)) {
      const { resolve, reject } = asked.get(id);
      asked.delete(id);
      if (error) reject(refusal(error.status, error.message));
      else resolve(data);
    } else if (watched.has(id)) {
      if (error) watched.get(id).onState?.("refused", error);
      else watched.get(id).onData(data);
    }
  }
  model.on("msg:custom", take);

  const ask = (verb, path, params) => new Promise((resolve, reject) => {
    const id = name();
    asked.set(id, { resolve, reject });
    send({ id, verb, path, params: params ?? {} });
  });
  return {
    get: (path, params) => ask("get", path, params),
    post: (path, body) => ask("post", path, body),
    watch(path, params, onData, onState) {
      const id = name();
      watched.set(id, { onData, onState });
      send({ id, verb: "watch", path, params: params ?? {} });
      return () => watched.delete(id) && send({ id, verb: "stop" });
    },
    href: () => "",
    close() {
      for (const id of watched.keys()) send({ id, verb: "stop" });
      watched.clear();
      model.off("msg:custom", take);
    },
  };
}
