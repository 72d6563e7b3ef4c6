"use strict";

// A parameter or metric of many runs against another.

function scatterPanel(context, filter) {
  return { element: context.h("section", {}), close() {} };
}
