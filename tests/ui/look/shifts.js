// What moved without anybody having typed or clicked half a second before: how much, and what of.
window.shifted = [];
new PerformanceObserver(list => {
  for (const one of list.getEntries())
    if (!one.hadRecentInput)
      window.shifted.push([one.value, one.sources.map(source => source.node && (source.node.className || source.node.nodeName))]);
}).observe({type: "layout-shift", buffered: true});
