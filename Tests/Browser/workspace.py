"""The files of the site that the checks edit: a page with everything that can be lost, and one that shares little."""

import struct
import zlib


def png(red, green, blue, size=8):
    """A square of one colour."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes([red, green, blue]) * size) * size
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


INDEX = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>First</title>
  <meta name="description" content="one">
  <link rel="stylesheet" href="/static/app.css">
  <script>window.inlineRuns = (window.inlineRuns || 0) + 1;</script>
  <script src="/static/app.js"></script>
</head>
<body class="plain">
  <h1 id="title">Hello</h1>
  {{> card}}
  <form>
    <label>Name <input name="name" value="default"></label>
    <label>Untouched <input name="untouched" value="one"></label>
    <label>Unnamed <input class="unnamed"></label>
    <label><input type="checkbox" name="news"> News</label>
    <label><input type="radio" name="size" value="s" checked> S</label>
    <label><input type="radio" name="size" value="m"> M</label>
    <label><input type="radio" name="size" value="l"> L</label>
    <textarea name="text">words</textarea>
    <select name="fruit"><option value="a">Apple</option><option value="p">Pear</option></select>
    <select name="many" multiple><option>x</option><option>y</option><option>z</option></select>
  </form>
  <details id="more"><summary>More</summary><p>Details</p></details>
  <div id="scroller"><div class="tall">tall</div></div>
  <div id="widget"></div>
  <iframe id="frame" src="/static/frame.html"></iframe>
  <canvas id="canvas" width="20" height="20"></canvas>
  <img id="picture" src="/static/logo.png" alt="logo">
  <picture><source srcset="/static/logo.png 1x, /static/logo.png 2x"><img src="/static/logo.png" alt=""></picture>
  <video poster="/static/logo.png"></video>
  <svg width="10" height="10"><image href="/static/logo.png" width="10" height="10"/></svg>
  <div id="painted" style="width: 9px; height: 9px; background-image: url('/static/logo.png')"></div>
  <dialog id="dialog"><p>Really?</p></dialog>
  <div contenteditable id="editor">edit me</div>
  <div data-hotreload-keep id="kept">kept</div>
  <ul id="list" data-state="closed"><li>one</li><li>two</li></ul>
  <div class="tall"></div>
  <footer>The end</footer>
</body>
</html>
"""

OTHER = """<!doctype html>
<html><head><title>Other</title><link rel="stylesheet" href="/static/app.css"></head>
<body><h1 id="title">Other</h1></body></html>
"""

FILES = {
    "templates/pages/index.mustache": INDEX,
    "templates/pages/other.mustache": OTHER,
    "templates/card.mustache": '<p id="card">card one</p>\n',
    "static/app.css": '@import "theme.css";\nh1 { color: rgb(1, 2, 3); }\n'
                      "#scroller { height: 80px; overflow: auto; } .tall { height: 3000px; }\n",
    "static/theme.css": "footer { color: rgb(10, 20, 30); }\n",
    "static/app.js": "window.externalRuns = (window.externalRuns || 0) + 1;\n",
    "static/extra.js": "window.extraRuns = (window.extraRuns || 0) + 1;\n",
    "static/frame.html": "<!doctype html><title>frame</title><p>frame</p>",
    "static/logo.png": png(255, 0, 0, 8),
}
