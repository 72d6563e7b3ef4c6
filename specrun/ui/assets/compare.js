"use strict";

// Two or more runs beside one another; params.runs: names with commas between.

function compareView(context, params) {
  return { element: context.h("section", {}), close() {} };
}
