"use strict";

// The resources of the specs as a graph, with what would be done.

function planView(context, params) {
  return { element: context.h("section", {}), close() {} };
}
