// What sticks out of the page, where the page scrolls sideways.
() => {
  const most = document.documentElement.clientWidth, wide = [];
  if (document.documentElement.scrollWidth > most)
    for (const one of document.querySelectorAll("body *"))
      if (one.getBoundingClientRect().right > most + 1) wide.push(`${one.nodeName}.${one.className}`);
  return wide.length || document.documentElement.scrollWidth <= most ? wide : ["the page itself"];
}
