"use strict";

// When each role waited, ran and ended, and what it used.

function timelinePanel(context, name) {
  return { element: context.h("section", {}), close() {} };
}
function usagePanel(context, name) {
  return { element: context.h("section", {}), close() {} };
}
