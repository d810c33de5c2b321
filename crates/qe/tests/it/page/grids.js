// Grey means of the squares of all pictures of this page, row by row, two digits each.
addEventListener("load", function () {
  var all = Array.prototype.map.call(document.images, function (img) {
    var w = Math.floor(img.dataset.w / SQUARE), h = Math.floor(img.dataset.h / SQUARE);
    var canvas = document.createElement("canvas");
    canvas.width = w * SQUARE; canvas.height = h * SQUARE;
    var to = canvas.getContext("2d");
    to.drawImage(img, 0, 0);
    var data = to.getImageData(0, 0, canvas.width, canvas.height).data, rows = [];
    for (var r = 0; r < h; r += 1) {
      var row = "";
      for (var c = 0; c < w; c += 1) {
        var sum = 0;
        for (var y = 0; y < SQUARE; y += 1) {
          for (var x = 0; x < SQUARE; x += 1) {
            var at = 4 * ((r * SQUARE + y) * canvas.width + c * SQUARE + x);
            sum += 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
          }
        }
        row += Math.round(sum / SQUARE / SQUARE).toString(16).padStart(2, "0");
      }
      rows.push(row);
    }
    return rows;
  });
  document.body.textContent = "";
  document.documentElement.setAttribute("data-told", JSON.stringify(all));
});
