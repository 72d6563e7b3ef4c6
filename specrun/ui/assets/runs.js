"use strict";

/** The table of runs. */
function runsView(context) {
  return { element: h("div", {}, "Runs"), close() {} };
}
