"use strict";

/** A run. */
function runView(context, { parts }) {
  return { element: h("div", {}, parts[1]), close() {} };
}
