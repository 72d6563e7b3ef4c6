"use strict";

// What differs between two runs.

function differencePanel(context, a, b) {
  return { element: context.h("section", {}), close() {} };
}
