// Read-outs under the pointer, and tables that sort. The page says all without it.
(function () {
  "use strict";
  document.documentElement.classList.add("js");
  var days = [], at = document.getElementById("days");
  if (at) {
    var sum = 0;
    days = JSON.parse(at.textContent).map(function (d) { sum += d; return sum; });
  }
  function date(share) {
    if (!days.length) { return ""; }
    var d = days[Math.min(days.length - 1, Math.max(0, Math.floor(share * days.length)))];
    return new Date(d * 864e5).toISOString().slice(0, 10);
  }
  function minus(text) { return text.replace("-", "\u2212"); }
  var write = {
    growth: function (v) { return (v > 1 ? "+" : "") + minus((100 * (v - 1)).toFixed(1)) + " %"; },
    percent: function (v) { return minus((100 * v).toFixed(2)) + " %"; },
    ratio: function (v) { return minus(v.toFixed(2)); },
    price: function (v) { return minus(Number(v.toPrecision(5)).toString()); },
    count: function (v) { return minus(v.toFixed(0)); }
  };
  // The points of a path of ours: M and L with both numbers, H and V with one, h.01 for a dot.
  function points(d) {
    var out = [], x = 0, y = 0, parts = d.match(/[MLHVh][^MLHVhZ]*/g) || [];
    parts.forEach(function (part) {
      var n = part.slice(1).trim().split(" ").map(Number);
      if (part[0] === "H") { x = n[0]; }
      else if (part[0] === "V") { y = n[0]; }
      else if (part[0] !== "h") { x = n[0]; y = n[1]; }
      out.push([x, y]);
    });
    return out;
  }
  function nearest(list, x) {
    var low = 0, high = list.length - 1;
    while (low < high) {
      var mid = (low + high) >> 1;
      if (list[mid][0] < x) { low = mid + 1; } else { high = mid; }
    }
    if (low > 0 && x - list[low - 1][0] < list[low][0] - x) { low -= 1; }
    // Of a column the last.
    while (low + 1 < list.length && list[low + 1][0] === list[low][0]) { low += 1; }
    // Before its beginning, behind its end and where it is broken it has no value.
    return Math.abs(list[low][0] - x) <= 3 + 1000 / list.length ? list[low] : null;
  }
  document.querySelectorAll(".plot").forEach(function (plot) {
    var lines = [], cursor, tip, data = plot.dataset, log = data.log === "1", low = +data.lo, high = +data.hi;
    plot.querySelectorAll("path[data-name]").forEach(function (path) {
      lines.push({ name: path.dataset.name, d: path.getAttribute("d") });
    });
    if (!lines.length) { return; }
    function leave() {
      if (cursor) { cursor.remove(); tip.remove(); cursor = null; }
    }
    plot.addEventListener("pointermove", function (event) {
      var box = plot.getBoundingClientRect(), share = (event.clientX - box.left) / box.width;
      if (share < 0 || share > 1) { return leave(); }
      if (!cursor) {
        cursor = document.createElement("div"); cursor.className = "cursor";
        tip = document.createElement("div"); tip.className = "tip";
        plot.append(cursor, tip);
      }
      cursor.style.left = 100 * share + "%";
      tip.textContent = "";
      var own = plot.closest("figure").classList.contains("mid");
      if (data.x === "time" && !own) { tip.append(date(share), document.createElement("br")); }
      lines.forEach(function (line, i) {
        line.points = line.points || points(line.d);
        var point = nearest(line.points, 1000 * share), text = "\u2013";
        if (point) {
          var up = 1 - point[1] / 1000, v = log ? low * Math.pow(high / low, up) : low + up * (high - low);
          // What is below a logarithmic axis is drawn at its foot.
          text = (log && up <= 0.001 ? "at most " : "") + write[data.y](v);
        }
        if (i) { tip.append(document.createElement("br")); }
        tip.append(line.name + " " + text);
      });
      tip.style.left = share < 0.5 ? 100 * share + "%" : "auto";
      tip.style.right = share < 0.5 ? "auto" : 100 - 100 * share + "%";
      tip.style.margin = "0 .5rem";
    });
    plot.addEventListener("pointerleave", leave);
  });
  // A number, if all of it is one; a length of bars by its seconds; dates and words as they are written.
  function key(cell) {
    var text = cell ? cell.textContent.trim() : "";
    var plain = text.replace(/,/g, "").replace(/\u2212/g, "-").replace(/^[+\u00d7]/, "").replace(/( %|\u00d7)$/, "");
    var bars = /^(\d+)(s|m|h|d|w)$/.exec(text);
    if (bars) { return bars[1] * { s: 1, m: 60, h: 3600, d: 86400, w: 604800 }[bars[2]]; }
    return /^-?\d*\.?\d+(e[+-]?\d+)?$/.test(plain) ? Number(plain) : text;
  }
  // Numbers above words.
  function compare(a, b) {
    if (typeof a !== typeof b) { return typeof a === "number" ? 1 : -1; }
    return a < b ? -1 : a > b ? 1 : 0;
  }
  document.querySelectorAll("table.sortable").forEach(function (table) {
    var body = table.tBodies[0];
    table.querySelectorAll("thead th").forEach(function (th, column) {
      var button = document.createElement("button");
      button.type = "button";
      button.append.apply(button, Array.prototype.slice.call(th.childNodes));
      th.append(button);
      button.addEventListener("click", function () {
        var up = th.getAttribute("aria-sort") === "descending";
        table.querySelectorAll("th[aria-sort]").forEach(function (other) { other.removeAttribute("aria-sort"); });
        th.setAttribute("aria-sort", up ? "ascending" : "descending");
        var rows = Array.prototype.slice.call(body.rows).map(function (row, i) {
          return { row: row, key: key(row.cells[column]), i: i };
        });
        rows.sort(function (a, b) {
          var order = compare(a.key, b.key);
          return (up ? order : -order) || a.i - b.i;
        });
        rows.forEach(function (item) { body.append(item.row); });
      });
    });
  });
}());
