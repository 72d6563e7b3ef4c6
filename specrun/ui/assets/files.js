"use strict";

// Files of a run: its outputs, its code and its spec as they ran.

const PICTURES = /\.(png|jpe?g|gif|webp|bmp|avif)$/i; // no SVG: that is a document, and may hold scripts

/** Outputs, or code with the spec before it: {element, update(query), close()}. `of` is "outputs" or "code". */
function filesPanel(context, name, of, { query, go, empty }) {
  const list = h("nav", { class: "sr-file-list", "aria-label": of === "code" ? "Files of the code" : "Files of the outputs" });
  const view = h("div", { class: "sr-file-view" });
  const note = h("div", {});
  const element = h("div", {}, note, h("div", { class: "sr-files" }, list, view));
  const spec = of === "code";
  const SPEC = "spec:";
  let files = null;
  let shown = null;
  let path = query.path;
  let closed = false;
  let url = null; // of a picture that came as data

  async function begin() {
    try {
      const answer = await context.source.get(`runs/${name}/files`, { of });
      if (closed) return;
      files = answer.files;
      if (answer.note) refill(note, h("p", { class: "sr-note" }, answer.note));
    } catch (error) {
      files = [];
      refill(note, problem(error));
    }
    if (!files.length && !spec) {
      refill(element, note.childNodes.length ? note : emptyState("No files", h("p", {}, empty)));
      return;
    }
    refill(list, spec ? fileLink(SPEC, "The spec as it ran", null) : null, files.map((file) => fileLink(file.path, file.path, file.size)));
    show();
  }

  function fileLink(at, label, size) {
    return h("a", { class: "sr-file", href: "#", dataset: { path: at }, onclick: (event) => (event.preventDefault(), go({ path: at })) }, h("span", {}, label), h("span", {}, shownSize(size)));
  }

  async function show() {
    const wanted = path ?? (spec ? SPEC : (files.find((file) => isText(file.path) || PICTURES.test(file.path)) ?? files[0])?.path);
    if (wanted === shown || wanted === undefined) return;
    shown = wanted;
    list.querySelectorAll("a").forEach((link) => {
      if (link.dataset.path === wanted) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
    try {
      const content = wanted === SPEC ? await specView() : await fileView(wanted);
      if (shown === wanted && !closed) refill(view, content);
    } catch (error) {
      if (shown === wanted && !closed) refill(view, problem(error));
    }
  }

  async function specView() {
    const { text, note: said } = await context.source.get(`runs/${name}/spec`);
    return [h("div", { class: "sr-file-head" }, h("code", {}, "spec"), text ? copyButton(() => text) : null), said ? h("p", { class: "sr-note" }, said) : null, text ? codeView(text) : null];
  }

  async function fileView(at) {
    const size = files.find((file) => file.path === at)?.size ?? null;
    const address = context.source.href(`runs/${name}/file`, { of, path: at });
    const head = (text) => h("div", { class: "sr-file-head" }, h("code", {}, at), h("span", { class: "sr-muted" }, shownSize(size)),
      text ? copyButton(() => text) : null, address ? h("a", { class: "sr-button", href: `${address}&download=1`, download: at.split("/").at(-1) }, "Download") : null);
    if (size === null && !files.some((file) => file.path === at)) return problem(`There is no file ${at}.`);
    if (PICTURES.test(at)) return [head(), h("img", { class: "sr-picture", alt: at, src: address || (await dataAddress(at)) })];
    const { text, truncated } = await context.source.get(`runs/${name}/file`, { of, path: at, as: "text" });
    if (text === null || text === undefined) return [head(), h("p", { class: "sr-note" }, "No text: download it to see it.")];
    return [head(truncated ? null : text), truncated ? h("p", { class: "sr-note" }, `The first ${shownSize(text.length)} of ${shownSize(size)}.`) : null, text ? codeView(text) : h("p", { class: "sr-note" }, "It is empty.")];
  }

  /** In a notebook there is no address to load a picture from. */
  async function dataAddress(at) {
    const { type, base64 } = await context.source.get(`runs/${name}/file`, { of, path: at, as: "data" });
    if (url) URL.revokeObjectURL(url);
    const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
    url = URL.createObjectURL(new Blob([bytes], { type: /^image\/(png|jpeg|gif|webp|bmp|avif)$/.test(type) ? type : "application/octet-stream" }));
    return url;
  }

  begin();
  return {
    element,
    update(now) {
      path = now.path;
      if (files) show();
    },
    close() {
      closed = true;
      if (url) URL.revokeObjectURL(url);
    },
  };
}

function isText(path) {
  return /\.(txt|log|md|json|ya?ml|csv|tsv|py|sh|toml|ini|cfg|html?)$/i.test(path);
}

/** A text with the numbers of its lines. */
function codeView(text) {
  const lines = text.replace(/\n$/, "").split("\n").length;
  const numbers = Array.from({ length: lines }, (_, n) => n + 1).join("\n");
  return h("pre", { class: "sr-text sr-code", tabindex: "0", "aria-label": "Text" }, h("span", { class: "sr-code-n", "aria-hidden": "true" }, numbers), h("code", { class: "sr-code-text" }, text));
}
