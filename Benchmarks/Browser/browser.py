#!/usr/bin/env python3
"""From saving a file to the first frame in which a browser shows it: hotreload serve, and Hugo's server beside it.

usage: browser.py --hotreload BINARY [--hugo BINARY] [--saves N] [--quick]

Both serve the same page to the same Chromium, one after the other in alternating rounds. A script in the page looks at
each frame (requestAnimationFrame) at the text of one element and at a custom property that the style sheet gives it. The
time is taken from right before the file's rename to the frame in which its new value is there; both are times of the
system's clock. A save that no frame shows in time is lost: it has no time, and is counted, and so is whether the server served it
then: if it did, its page was only not told.

Before each save there is a quiet second. Hugo 0.168 gathers changes for half a second and tells a page of a template's change not
again within about that time: of saves 150 to 300 ms apart it served all, and every other one reached no frame. With the quiet
second none is lost. It changes nothing for us.

Needs Linux, Chromium and Python's playwright; scripts/bench browser has all that.
"""

import argparse
import os
import queue
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from playwright.sync_api import sync_playwright

# Milliseconds. From the targets of the project.
TARGETS = {"style": 50, "template": 80}
# Seconds that one save may take before it counts as lost, which is reported beside the times.
PATIENCE = 3
# Seconds of quiet before a save, at least and at most: not in step with anything that ticks.
QUIET = (1.0, 1.5)
# Saves in one round, before the other server has its turn.
ROUND = 20

PROBE = """
(() => {
  let last;
  const look = () => {
    const element = document.getElementById('probe');
    if (element) {
      const value = element.textContent.trim() + '|' +
        getComputedStyle(element).getPropertyValue('--probe').trim();
      if (value !== last) {
        last = value;
        window.seen(value, performance.timeOrigin + performance.now());
      }
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
"""

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Probe</title><link rel="stylesheet" href="%s"></head>
<body><h1>Probe</h1><p id="probe">%s</p>%s</body>
</html>
"""
FILLER = "<ul>" + "".join(f"<li>Item {n}</li>" for n in range(100)) + "</ul>"
STYLE = "body { font-family: sans-serif; }\n#probe { --probe: %s; color: teal; }\n"


class Server:
    """A server program with one page and one style sheet."""

    def __init__(self, folder):
        self.folder = folder
        self.template, self.style = "first", "first"
        self.write_template()
        self.write_style()

    def write(self, path, text):
        """Replaces a file as editors do; returns the time right before its rename, in milliseconds."""
        path = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        temporary = os.path.join(os.path.dirname(path), ".saving.tmp")
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
        now = time.time() * 1000
        os.rename(temporary, path)
        return now

    def write_template(self):
        return self.write(self.template_path, PAGE % (self.style_url, self.template, FILLER))

    def write_style(self):
        return self.write(self.style_path, STYLE % self.style)

    def start(self):
        self.process = subprocess.Popen(
            self.command(), cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        found = queue.Queue()

        def read():
            for line in self.process.stdout:
                match = re.search(r"http://(?:127\.0\.0\.1|localhost):(\d+)", line)
                if match:
                    found.put(match.group(1))

        threading.Thread(target=read, daemon=True).start()
        self.url = f"http://localhost:{found.get(timeout=60)}/"
        for _ in range(200):
            try:
                urllib.request.urlopen(self.url, timeout=2).read()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit(f"{self.name} does not answer at {self.url}")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


class HotReload(Server):
    name = "hotreload serve"
    template_path, style_path, style_url = "templates/pages/index.mustache", "static/app.css", "/static/app.css"

    def __init__(self, folder, binary):
        super().__init__(folder)
        self.binary = binary
        self.write(".workspace", "")

    def command(self):
        return [self.binary, "serve", "--root", self.folder, "--port", "0"]


class Hugo(Server):
    name = "hugo server"
    template_path, style_path, style_url = "layouts/index.html", "static/app.css", "/app.css"

    def __init__(self, folder, binary):
        super().__init__(folder)
        self.binary = binary
        self.write("hugo.toml", 'title = "Probe"\ndisableKinds = ["taxonomy", "term", "RSS", "sitemap"]\n')

    def command(self):
        port = random.randint(20000, 40000)
        return [self.binary, "server", "--source", self.folder, "--port", str(port), "--bind", "127.0.0.1",
                "--renderToMemory"]


class Client:
    """A page of the server in a browser of its own, and what its frames showed."""

    def __init__(self, browser, server):
        self.server = server
        self.times = {}
        # Lost saves that the server served all the same.
        self.served = 0
        self.page = browser.new_context().new_page()
        self.page.expose_binding("seen", self.note)
        # A save while a page is being loaded anew would be told to nobody: the next one waits for the new connection.
        self.is_connected = False
        self.page.on("framenavigated", lambda _: setattr(self, "is_connected", False))
        self.page.on("websocket", lambda socket: socket.on(
            "framereceived", lambda _: setattr(self, "is_connected", True)))
        self.page.add_init_script(PROBE)
        self.page.goto(server.url)
        if self.wait(server.template) is None:
            sys.exit(f"{server.name}: the page was not shown within {PATIENCE} s")

    def note(self, _, value, at):
        """What a frame shows: the template's text and the style's property, each by itself."""
        for part in value.split("|"):
            self.times.setdefault(part, at)

    def wait(self, value):
        """When a frame showed this; None if none did in time."""
        end = time.monotonic() + PATIENCE
        while value not in self.times:
            if time.monotonic() > end:
                return None
            self.page.wait_for_timeout(1)
        return self.times[value]

    def wait_for_connection(self):
        end = time.monotonic() + PATIENCE
        while not self.is_connected:
            if time.monotonic() > end:
                sys.exit(f"{self.server.name}: the page did not connect within {PATIENCE} s")
            self.page.wait_for_timeout(5)

    def is_served(self, kind):
        """Whether the server has what its page does not show."""
        server = self.server
        url = server.url if kind == "template" else server.url.rstrip("/") + server.style_url
        wanted = server.template if kind == "template" else server.style
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return re.search(rf"\b{wanted}\b", answer.read().decode()) is not None

    def save(self, kind, number):
        server = self.server
        self.wait_for_connection()
        self.page.wait_for_timeout(1000 * random.uniform(*QUIET))
        if kind == "style":
            server.style = f"s{number}"
            start = server.write_style()
        else:
            server.template = f"t{number}"
            start = server.write_template()
        shown = self.wait(server.style if kind == "style" else server.template)
        if shown is None:
            self.served += self.is_served(kind)
            # As a person would.
            self.page.reload()
            return None
        return shown - start


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hotreload", required=True)
    parser.add_argument("--hugo", default=shutil.which("hugo"))
    parser.add_argument("--chromium", default=shutil.which(os.environ.get("CHROMIUM", "chromium")))
    parser.add_argument("--saves", type=int, default=200)
    parser.add_argument("--quick", action="store_true", help="a fifth of the saves")
    options = parser.parse_args()
    if options.quick:
        options.saves //= 5
    folder = tempfile.mkdtemp(prefix="hotreload-browser-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    servers = [HotReload(os.path.join(folder, "hotreload"), options.hotreload)]
    if options.hugo:
        servers.append(Hugo(os.path.join(folder, "hugo"), options.hugo))
    figures = {(server.name, kind): [] for server in servers for kind in TARGETS}
    try:
        for server in servers:
            server.start()
        with sync_playwright() as playwright:
            browsers = [playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
                        for _ in servers]
            clients = [Client(browser, server) for browser, server in zip(browsers, servers)]
            number = 0
            while number < options.saves:
                for client in clients:
                    for kind in TARGETS:
                        for step in range(number, min(number + ROUND, options.saves)):
                            figures[client.server.name, kind].append(client.save(kind, step))
                number += ROUND
            for browser in browsers:
                browser.close()
    finally:
        for server in servers:
            if hasattr(server, "process"):
                server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    report(figures, servers, options.saves)
    for client in clients:
        if client.served:
            print(f"{client.server.name}: {client.served} of what was lost was served; the page was not told")


def report(figures, servers, saves):
    print(f"# browser: save -> first frame that shows it, {saves} saves each")
    print(f"{'measure':<44}{'p50':>10}{'p95':>10}{'p95 of Hugo':>14}{'target':>12}{'lost':>8}")
    for kind, target in TARGETS.items():
        for server in servers:
            values = [value for value in figures[server.name, kind] if value is not None]
            lost = len(figures[server.name, kind]) - len(values)
            p50, p95 = statistics.median(values), percentile(values, 0.95)
            ours = server is servers[0]
            peer = None
            if len(servers) > 1:
                peer = percentile([value for value in figures[servers[1].name, kind] if value is not None], 0.95)
            met = ours and not lost and p95 <= target and (peer is None or p95 < peer)
            verdict = ("met" if met else "missed") if ours else ""
            share = f"{p95 / peer:.2f}x" if ours and peer else "-"
            goal = f"<= {target} ms" if ours else ""
            print(f"{server.name + ', ' + kind:<44}{p50:>7.1f} ms{p95:>7.1f} ms{share:>14}{goal:>12}{lost:>8}  {verdict}")


main()
