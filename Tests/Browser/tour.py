#!/usr/bin/env python3
"""A tour of the site that `hotreload init` makes, through `hotreload serve`, in a real Chromium: what a person would do and
see, and how long each took from the save on.

    .build-browser/venv/bin/python Tests/Browser/tour.py .build/debug/hotreload

Ends with 1 at the first thing that is not as promised.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time

from playwright.sync_api import Error, sync_playwright

from checks import Tab
from run import chromium
from sites import DEADLINE, ServedSite

CONTACT = "templates/pages/contact.stencil"
HEADER = "templates/partials/header.mustache"
CARD = "templates/partials/card.mustache"
CONFIG = "config/site.toml"
NAVIGATION = '\n[[navigation]]\nlabel = "Visit"\nurl = "/about"\npage = "visit"\n'

# Counts what a page is asked for after it was loaded, and what changes in it, but for the clock at its foot.
WATCH = """() => {
  window.changes = [];
  new MutationObserver((all) => {
    for (const { target } of all) {
      const element = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
      if (!element?.closest('[data-seconds]')) window.changes.push(target.nodeName);
    }
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
}"""


class InitialSite(ServedSite):
    """What `hotreload init` makes, served; the lines of the server are kept."""

    def __init__(self, program):
        self.command = program
        super().__init__({})
        subprocess.run([program, "init", str(self.root)], check=True, stdout=subprocess.DEVNULL)

    def start(self):
        self.events = []
        self.process = subprocess.Popen(
            [self.command, "serve", "--json", "--root", str(self.root), "--port", str(self.port)],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"hotreload serve ended with {self.process.wait()} before it listened")
        self.url = json.loads(line)["url"].rstrip("/")
        self.port = int(self.url.rsplit(":", 1)[1])
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()

    def _read(self, process):
        for line in process.stdout:
            self.events.append(json.loads(line))

    def stop(self):
        if self.process:
            self.process.terminate()
            status = self.process.wait(DEADLINE)
            self.process = None
            assert status == 0, f"the server ended with {status}"

    def save_together(self, texts):
        """Saves several files as an editor's "save all" does, or a checkout: one right after the other."""
        temporary = []
        for path, text in texts.items():
            file = self.root / path
            temporary.append((file.with_name(f".{file.name}.new"), file))
            temporary[-1][0].write_text(text)
        for new, file in temporary:
            new.replace(file)


class Tour:
    def __init__(self, site, context):
        self.site, self.context = site, context

    def run(self):
        print(f"tour of {self.site.url} in Chromium {self.context.browser.version}, the site of hotreload init")
        print("  what happens                          save -> seen")
        for step in (self.template, self.style, self.image, self.config, self.together, self.overlay, self.config_error,
                     self.tabs, self.restart, self.dashboard):
            step()

    def tell(self, what, start, text):
        elapsed = (time.monotonic() - start) * 1000
        print(f"  {what:<36}{elapsed:>9.1f} ms   {text}", flush=True)

    def edit(self, path, old, new):
        """Saves an edit, and returns when that was."""
        text = self.site.read(path)
        assert old in text, f"{path} does not hold {old!r}"
        start = time.monotonic()
        self.site.write(path, text.replace(old, new))
        return start

    def seen(self, tab, expression):
        """Until an expression is true, looked at in each frame of the page."""
        tab.page.wait_for_function(expression, polling="raf", timeout=DEADLINE * 1000)

    def seen_in_all(self, tabs, expression):
        """The same for several tabs. Those in the background have no frames, so they are asked from outside."""
        for tab in tabs:
            tab.wait(expression)

    # What is promised.

    def template(self):
        self.letter = tab = Tab(self.site, self.context, "/contact")
        tab.page.select_option("#coffee", "Kiangoi")
        tab.page.fill("#name", "Ada")
        tab.page.fill("#message", "Dear Tomas,")
        tab.value("document.querySelector('#message').setSelectionRange(5, 10)")
        start = self.edit(CONTACT, "A real letter, nearly", "A real letter")
        self.seen(tab, "document.querySelector('h1').textContent === 'A real letter'")
        self.tell("a template, while somebody types", start,
                  "the heading changes; text, choice, focus and selection stay")
        self.typed(tab)
        tab.equal("[document.activeElement.id, document.activeElement.selectionStart]", ["message", 5])
        self.home = home = Tab(self.site, self.context)
        home.page.click("summary")
        home.page.click("[data-step='1']")
        home.value("scrollTo({ top: 500, behavior: 'instant' })")
        start = self.edit(CARD, "<p>{{notes}}</p>", "<p>Tastes of {{notes}}</p>")
        self.seen(home, "document.querySelector('.card-text p:nth-of-type(2)').textContent.startsWith('Tastes of')")
        self.tell("a partial of another page", start,
                  "all cards change; the open answer, the number and the scroll position stay")
        home.equal("[document.querySelector('details').open, document.querySelector('#bags').value, scrollY]",
                   [True, "2", 500])
        home.assert_same_page()

    def typed(self, tab):
        tab.equal("['name', 'message', 'coffee'].map(id => document.querySelector('#' + id).value)",
                  ["Ada", "Dear Tomas,", "Kiangoi"])
        tab.assert_same_page()

    def style(self):
        self.home.page.bring_to_front()
        before = self.home.value("getComputedStyle(document.querySelector('.card')).borderRadius")
        start = self.edit("static/tokens.css", "--radius: 14px", "--radius: 3px")
        self.seen(self.home, "getComputedStyle(document.querySelector('.card')).borderRadius === '3px'")
        self.tell("a stylesheet that another imports", start,
                  f"the computed corner is 3px, was {before}, with no navigation")
        self.home.assert_same_page()

    def image(self):
        start = self.edit("static/hero.svg", 'width="640" height="520"', 'width="641" height="520"')
        self.seen(self.home, "document.querySelector('.hero img').naturalWidth === 641")
        self.tell("an image", start, "swapped in place when it has loaded")
        self.home.assert_same_page()

    def config(self):
        start = time.monotonic()
        self.site.write(CONFIG, self.site.read(CONFIG) + NAVIGATION)
        self.seen_in_all(
            (self.home, self.letter), "document.querySelector('nav li:last-child')?.textContent === 'Visit'")
        self.tell("a config", start, "both tabs have one more link in their menu")
        self.typed(self.letter)
        self.home.page.bring_to_front()
        start = self.edit(CONFIG, 'accent = "#a8431f"', 'accent = "rgb(0, 90, 60)"')
        self.seen(self.home, "getComputedStyle(document.querySelector('.button')).backgroundColor === 'rgb(0, 90, 60)'")
        self.tell("a colour in a config", start, "the computed colour of the button follows")
        self.home.assert_same_page()

    def together(self):
        self.home.page.bring_to_front()
        count = len(self.site.events)
        start = time.monotonic()
        self.site.save_together({
            CARD: self.site.read(CARD).replace("Tastes of", "Notes of"),
            "static/app.css": self.site.read("static/app.css") + ".card { outline: 3px solid rgb(1, 2, 3); }\n",
            "config/menu.yaml": self.site.read("config/menu.yaml").replace("This week’s coffees", "Four coffees")})
        self.seen(self.home, "document.querySelector('#coffees h2').textContent === 'Four coffees'")
        self.seen(self.home, "document.querySelector('.card-text p:nth-of-type(2)').textContent.startsWith('Notes of')")
        self.seen(self.home, "getComputedStyle(document.querySelector('.card')).outlineWidth === '3px'")
        self.tell("template, style and config at once", start, "all three are seen, and are one generation")
        made = self.site.events[count:]
        assert [len(event["paths"]) for event in made] == [3], made

    def overlay(self):
        text = self.site.read(CARD)
        line = next(number for number, line in enumerate(text.splitlines(), 1) if "{{origin}}" in line)
        start = self.edit(CARD, "{{origin}}", "{{origin")
        place = f"{CARD}:{line}:"
        self.seen_in_all((self.home, self.letter), f"window.overlayText().includes({place!r})")
        shown = re.search(rf"{re.escape(place)}\d+", self.home.overlay())[0]
        self.tell("a mistake in a template", start, f"over the page: {shown}; the page stays as it was")
        self.home.equal("document.querySelectorAll('.card').length", 4)
        self.home.equal("document.querySelector('.card .quiet').textContent.includes('Gedeb')", True)
        start = time.monotonic()
        self.site.write(CARD, text)
        self.seen_in_all((self.home, self.letter), "window.overlayText() === ''")
        self.tell("mended", start, "the overlay is gone")
        self.home.assert_same_page()
        self.typed(self.letter)

    def config_error(self):
        self.home.page.bring_to_front()
        text = self.site.read(CONFIG)
        line = next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith("title"))
        start = self.edit(CONFIG, 'title = "Kestrel Coffee"', 'title = "Kestrel Coffee')
        self.seen(self.home, f"window.overlayText().includes('{CONFIG}:{line}:')")
        self.tell("a mistake in a config", start, f"over the page: {CONFIG}:{line}; the last good one is in force")
        self.home.equal("document.querySelector('.brand span').textContent", "Kestrel Coffee")
        start = time.monotonic()
        self.site.write(CONFIG, text)
        self.seen(self.home, "window.overlayText() === ''")
        self.tell("mended", start, "the overlay is gone")

    def tabs(self):
        second, about = Tab(self.site, self.context), Tab(self.site, self.context, "/about")
        about.value(WATCH)
        asked = []
        about.page.on("request", lambda request: asked.append(request.url))
        start = self.edit(CARD, "Notes of", "Hints of")
        self.seen_in_all(
            (self.home, second),
            "document.querySelector('.card-text p:nth-of-type(2)').textContent.startsWith('Hints of')")
        self.tell("a partial, in two tabs", start, "both change")
        # The stylesheet's news come after the partial's: when they are there, those were looked at.
        start = self.edit("static/tokens.css", "--radius: 3px", "--radius: 5px")
        self.seen(about, "getComputedStyle(document.documentElement).getPropertyValue('--radius') === '5px'")
        changed = set(about.value("window.changes")) - {"HEAD", "LINK"}
        others = [url for url in asked if ".css" not in url and ".svg" not in url]
        assert not changed and not others, f"the other page changed: {changed} {others}"
        self.tell("a page without that partial", start, "was left alone; only the stylesheet is swapped in it")
        about.assert_same_page()
        second.page.close()
        about.page.close()

    def restart(self):
        self.letter.page.bring_to_front()
        self.site.stop()
        self.site.write(CONTACT, self.site.read(CONTACT).replace("A real letter", "A letter, after all"))
        start = time.monotonic()
        self.site.start()
        self.seen(self.letter, "document.querySelector('h1').textContent === 'A letter, after all'")
        self.tell("the server starts again", start, "the page catches up with an edit meanwhile; typed text stays")
        self.typed(self.letter)
        self.letter.wait("window.connects > 1")

    def dashboard(self):
        tab = Tab(self.site, self.context, "/_hotreload/", connects=False)
        tab.wait("document.querySelector('#link').textContent.includes('live')")
        before = tab.value("document.querySelector('#generation').textContent")
        start = self.edit(HEADER, "<nav ", "<nav data-edited ")
        tab.wait(f"document.querySelector('#generation').textContent !== {before!r}"
                 f" && document.querySelector('main').textContent.includes({HEADER!r})")
        after = tab.value("document.querySelector('#generation').textContent")
        self.tell("the dashboard", start, f"generation {before} becomes {after}, with what changed")
        start = self.edit(HEADER, "{{/site.navigation}}", "{{/navigation}}")
        tab.wait("document.querySelector('#state').textContent.includes('Degraded')"
                 f" && document.querySelector('main').textContent.includes('{HEADER}:')")
        self.tell("the dashboard, after a mistake", start, "says degraded, and the place")
        tab.assert_same_page()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    # So that the server and the site's folder go also when somebody ends the tour.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    site = InitialSite(os.path.abspath(sys.argv[1]))
    try:
        site.start()
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
            Tour(site, browser.new_context(viewport={"width": 1280, "height": 900})).run()
            browser.close()
        print("the browser's tour ended as promised")
    except (AssertionError, Error) as error:
        print(f"not as promised: {error}")
        for event in getattr(site, "events", [])[-5:]:
            print(f"  | {json.dumps(event)}")
        sys.exit(1)
    finally:
        site.close()


if __name__ == "__main__":
    main()
