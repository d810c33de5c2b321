// What a page is asked by its test. Afterwards it is turned into its drawings, each at a fixed size, without letters.
addEventListener("load", function () {
  var root = document.documentElement, told = {};
  function all(what) { return Array.prototype.slice.call(document.querySelectorAll(what)); }
  told.inner = innerWidth;
  told.scroll = root.scrollWidth;
  told.requests = performance.getEntriesByType("resource").length;
  told.dark = matchMedia("(prefers-color-scheme: dark)").matches;
  told.js = root.classList.contains("js");
  told.foreign = document.querySelectorAll("img, iframe, object, embed, link, script:not(#days)").length;
  told.ground = getComputedStyle(document.body).backgroundColor;
  told.hidden = all("section, figure, table, h1, h2, h3, p:not(.hint), dd").filter(function (e) {
    var box = e.getBoundingClientRect();
    return box.width < 1 || box.height < 1;
  }).map(function (e) { return e.outerHTML.slice(0, 80); });
  // Only what is told to scroll may be wider than what it stands in.
  told.wide = all("body *").filter(function (e) {
    return !e.closest(".scroll, svg, .skip, .vh, .identity dd") && e.clientWidth > 0
      && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline";
  }).map(function (e) { return e.outerHTML.slice(0, 80); });
  told.small = all("body *").filter(function (e) {
    var size = parseFloat(getComputedStyle(e).fontSize);
    return !e.closest("svg, .small, script, .vh") && e.textContent.trim() && size < 11;
  }).length;
  // Labels of an axis must not lie on each other.
  told.touching = all(".xs").filter(function (list) {
    var boxes = Array.prototype.map.call(list.children, function (li) { return li.getBoundingClientRect(); });
    boxes = boxes.filter(function (box) { return box.width > 0; });
    return boxes.some(function (box, i) { return i && box.left < boxes[i - 1].right; });
  }).map(function (e) { return e.textContent; });
  var plot = document.querySelector("#growth-chart .plot");
  if (plot) {
    var box = plot.getBoundingClientRect();
    plot.dispatchEvent(new PointerEvent("pointermove", { clientX: box.right - 1, clientY: box.top + 9 }));
    told.tip = plot.querySelector(".tip").innerText;
  }
  var button = document.querySelector("table.sortable thead th:nth-child(2) button");
  button.click();
  told.sorted = button.parentNode.getAttribute("aria-sort");
  told.column = Array.prototype.map.call(button.closest("table").tBodies[0].rows, function (row) {
    return row.cells[1].textContent;
  });
  // From here on the page is its drawings.
  var sheet = document.createElement("div"), colours = document.createElement("div");
  sheet.style.cssText = "font-size:0;line-height:0;background:var(--card)";
  all(".plot svg").forEach(function (svg) {
    svg.style.cssText = "position:static;inset:auto;display:inline-block;width:300px;height:150px;margin:0 6px 6px 0";
    sheet.append(svg);
  });
  all(".months td, .heat td").forEach(function (cell) {
    var box = document.createElement("i");
    box.style.cssText = "display:inline-block;width:30px;height:30px";
    box.style.background = getComputedStyle(cell).backgroundColor;
    colours.append(box);
  });
  sheet.append(colours);
  document.body.textContent = "";
  document.body.append(sheet);
  told.height = sheet.getBoundingClientRect().height;
  parent.postMessage(told, "*");
});
