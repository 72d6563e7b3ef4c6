// Whether all that was asked has been answered, but for the stream of events, and drawn.
() => {
  const asked = performance.getEntriesByType("resource").length;
  const quiet = window.askedBefore === asked && document.getAnimations().every(one => one.playState !== "running");
  window.quietFor = quiet ? (window.quietFor ?? 0) + 1 : 0;
  window.askedBefore = asked;
  return window.quietFor > 5;
}
