#!/usr/bin/env python3
"""Checks that the stock LiveReload client, unmodified, works with `hotreload serve`: that of the PyPI package livereload.

    .build-browser/venv/bin/python Tests/Browser/stock.py .build/debug/hotreload

It is what a browser's LiveReload extension puts into a page. Our own client is kept out of the page meanwhile. One line a
check, exit code 1 if one fails.
"""

import json
import pathlib
import sys

import livereload
from playwright.sync_api import Error, sync_playwright

from checks import POLL, Tab
from run import chromium
from sites import ServedSite
from workspace import png

CLIENT = pathlib.Path(livereload.__file__).parent / "vendors" / "livereload.js"
PAGE = """<!doctype html>
<html><head>
  <title>Stock</title>
  <link rel="stylesheet" href="/static/app.css">
  <link rel="stylesheet" href="{{#asset}}hashed.css{{/asset}}">
</head><body><h1>Hello</h1><h2>Hashed</h2><img src="/static/logo.png" alt=""><script src="/livereload.js"></script></body></html>
"""
FILES = {
    "templates/pages/index.mustache": PAGE,
    "static/app.css": "h1 { color: rgb(1, 2, 3); }\n",
    "static/hashed.css": "h2 { color: rgb(1, 2, 3); }\n",
    "static/logo.png": png(255, 0, 0, 8),
}


class StockTab(Tab):
    """A tab in which the stock client runs, and ours does not."""

    def __init__(self, site, context):
        self.received, self.sent = [], []
        context.route("**/_hotreload/client.js", lambda route: route.abort())
        # The server has its own client of the protocol under this name, which is not what is checked.
        context.route("**/livereload.js", lambda route: route.fulfill(path=CLIENT, content_type="text/javascript"))
        context.on("page", lambda page: page.on("websocket", self.listen))
        super().__init__(site, context, connects=False)
        self.greeted(1)

    def listen(self, socket):
        socket.on("framereceived", lambda frame: self.received.append(json.loads(frame)))
        socket.on("framesent", lambda frame: self.sent.append(json.loads(frame)))

    def greeted(self, times):
        """Until the client has been greeted so often."""
        for _ in range(10_000 // POLL):
            if len([one for one in self.received if one["command"] == "hello"]) >= times:
                return
            self.page.wait_for_timeout(POLL)
        raise AssertionError(f"the server's hello did not come: {self.received}")


def handshake(site, tab):
    hello = tab.received[0]
    assert "http://livereload.com/protocols/official-7" in hello["protocols"] and hello["serverName"], hello
    assert [one["command"] for one in tab.sent][:1] == ["hello"], tab.sent
    tab.wait("Boolean(window.LiveReload)")
    assert not [text for kind, text in tab.console if kind == "error" and "livereload" in text.lower()], tab.console


def style(site, tab):
    site.write("static/app.css", "h1 { color: rgb(4, 5, 6); }\n")
    tab.style_is("h1", "color", "rgb(4, 5, 6)")
    tab.assert_same_page()


def template(site, tab):
    site.write("templates/pages/index.mustache", PAGE.replace("Hello", "Changed"))
    tab.text_is("h1", "Changed")
    tab.equal("window.marker ?? null", None)
    tab.greeted(2)


def hashed(site, tab):
    for green in (8, 9):
        site.write("static/hashed.css", f"h2 {{ color: rgb(7, {green}, 9); }}\n")
        tab.style_is("h2", "color", f"rgb(7, {green}, 9)")
    tab.style_is("h1", "color", "rgb(4, 5, 6)")
    tab.assert_same_page()


def image(site, tab):
    site.write("static/logo.png", png(0, 0, 255, 24))
    tab.wait("document.querySelector('img').naturalWidth === 24")


CHECKS = [
    ("The handshake of protocol 7 is accepted by both sides", handshake),
    ("A CSS edit is swapped in with no navigation", style),
    ("So is one under an address with a digest, twice", hashed),
    ("A template's edit loads the page anew, and the client connects again", template),
    ("An image's edit is seen", image),
]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    ServedSite.command = sys.argv[1]
    site, failures = ServedSite(FILES), 0
    try:
        site.start()
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            tab = StockTab(site, browser.new_context())
            for sentence, function in CHECKS:
                try:
                    function(site, tab)
                    print(f"ok    {sentence}", flush=True)
                except (AssertionError, Error) as error:
                    failures += 1
                    print(f"FAIL  {sentence}\n      {str(error).splitlines()[0]}", flush=True)
            browser.close()
    finally:
        site.close()
    print(f"{len(CHECKS) - failures} of {len(CHECKS)} checks passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
