"""Serves the dashboard's files with made-up data, to look at the page without a server of ours.

    python3 stub_server.py [--port 8700] [--scenario degraded|healthy|empty]

The names and messages in it are hostile on purpose. New reloads come with POST /_hotreload/reload.
"""

import argparse
import hashlib
import json
import pathlib
import queue
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RESOURCES = pathlib.Path(__file__).resolve().parents[3] / "Sources/HotReloadBrowser/Resources"
TOKEN = 'stub"token&<b>'
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
EVIL = "templates/pages/<img src=x onerror=alert(1)>.mustache"
SECOND = 1_000_000_000
SLICE = 100_000_000
PHASES = ["classify", "load", "compare", "validate", "prepare", "swap", "publish", "activate", "retire"]


def strip(start, end, rng, width=SLICE, fail_at=None):
    slots = (end - start) // width
    result = {"from": start, "width": width, "at": [], "count": [], "errors": [], "p50": [], "p95": [], "longest": []}
    for slot in range(slots):
        half = int(rng.lognormvariate(6, 0.25))
        high = int(half * rng.uniform(1.4, 2.6))
        result["at"].append(slot)
        result["count"].append(rng.randint(1, 90))
        result["errors"].append(2 if slot == fail_at else 0)
        result["p50"].append(half)
        result["p95"].append(high)
        result["longest"].append(int(high * rng.uniform(1.1, 2)))
    return result


def summary(rng, errors=0):
    return {"count": rng.randint(400, 2400), "errors": errors, "p50": rng.randint(350, 480), "p95": rng.randint(800, 1300), "longest": rng.randint(2000, 9000)}


def reload(number, generation, end, rng, kind="applied"):
    phases = []
    for phase in PHASES:
        if kind in ("rejected", "refused") and phase in ("swap", "publish", "activate", "retire"):
            continue
        if kind == "unchanged" and phase not in ("classify", "load", "compare"):
            continue
        weight = {"load": 8e5, "validate": 4e5, "prepare": 2.4e6, "swap": 2.1e4, "publish": 9e4, "activate": 5e5}.get(phase, 1.1e5)
        phases.append({"phase": phase, "duration": int(weight * rng.uniform(0.5, 2))})
    duration = sum(phase["duration"] for phase in phases)
    begin = end - duration
    entry = {
        "number": number, "generation": generation, "time": end, "duration": duration, "producers": ["watcher"],
        "outcome": kind, "units": [], "phases": phases, "files": [], "differences": [], "errors": [], "notices": [],
        "leftOut": 0, "missedBefore": 0,
        "latency": {"strip": strip(begin // SLICE * SLICE - 3 * SECOND, end + 3 * SECOND, rng), "before": summary(rng), "after": summary(rng), "isComplete": True},
    }
    choice = number % 5
    if kind == "rejected" and choice % 2:
        entry["units"] = [{"unit": "templates", "outcome": "rejected", "isChanged": False}, {"unit": "config site", "outcome": "applied", "isChanged": True, "differences": 1}]
        entry["files"] = [{"path": EVIL, "change": "modified"}, {"path": "templates/partials/navigation.mustache", "change": "created"}]
        entry["errors"] = [{
            "unit": "templates", "file": EVIL, "line": 14, "column": 9,
            "message": "the section {{#posts}} is not closed: expected {{/posts}}, found {{/post}}\nOpened at line 9.",
            "excerpt": {"first": 12, "lines": ["    <ul class=\"posts\">", "      {{#posts}}<li><a href=\"{{url}}\">{{title}}</a> <script>alert('a very long line that goes on and on, so that it must scroll inside of its box')</script></li>", "      {{/post}}", "    </ul>", ""]},
        }]
    elif kind in ("rejected", "refused"):
        entry["units"] = [{"unit": "config database", "outcome": kind, "isChanged": False}]
        entry["files"] = [{"path": "config/database.production.toml", "change": "modified"}]
        entry["errors"] = [
            {"unit": "config database", "file": "config/database.production.toml", "line": 12, "column": 8, "keyPath": "pool.size", "message": 'expected Int, found String "80a"',
             "excerpt": {"first": 10, "lines": ["[pool]", "idle = \"30s\"", "size = \"80a\"", "# the rest stays", "(redacted)"]}},
            {"unit": "config database", "file": "config/database.production.toml", "line": 15, "column": 1, "keyPath": "password", "message": "the value is not accepted (redacted)"},
        ]
    elif choice == 0:
        entry["units"] = [{"unit": "config app", "outcome": kind, "isChanged": True, "differences": 3}, {"unit": "templates", "outcome": "applied", "isChanged": True}, {"unit": "assets", "outcome": "applied", "isChanged": True}]
        entry["files"] = [{"path": "config/app.toml", "change": "modified"}, {"path": "templates/layout.mustache", "change": "modified"}, {"path": "static/css/app.css", "change": "modified"}, {"path": "static/img/logo-2026-final-really-final-version-with-a-very-long-name@2x.png", "change": "renamed", "from": "static/img/logo.png"}]
        entry["differences"] = [
            {"config": "app", "keyPath": "server.timeout", "old": '"30s"', "new": '"45s"'},
            {"config": "app", "keyPath": "database.password", "old": '"(redacted)"', "new": '"(redacted)"'},
            {"config": "app", "keyPath": "features.checkout.\"new.flow\"", "new": '{"enabled":true,"share":0.25,"groups":["staff","beta-testers","<b>bold</b>"]}'},
        ]
    elif choice == 1:
        entry["units"] = [{"unit": "assets", "outcome": kind, "isChanged": True}]
        entry["files"] = [{"path": "static/css/app.css", "change": "modified"}]
    else:
        entry["units"] = [{"unit": "templates", "outcome": kind, "isChanged": kind != "unchanged"}]
        entry["files"] = [{"path": "templates/partials/card.mustache", "change": "modified"}]
    if kind == "recovered":
        entry["notices"] = ["static/vendor is polled: no watch is left; raise fs.inotify.max_user_watches"]
    return entry


def make_content(rng, count=200):
    partials = [f"templates/partials/{name}.mustache" for name in ("head", "navigation", "footer", "card", "icon", "form-field", "pagination", "breadcrumbs")]
    templates = [{"path": "templates/layout.mustache", "uses": partials[:3], "usesAny": False}]
    for index, path in enumerate(partials):
        templates.append({"path": path, "uses": ["templates/partials/icon.mustache"] if index in (1, 3, 6) else [], "usesAny": False})
    for index in range(count - 12):
        section = ["shop", "blog", "help", "account"][index % 4]
        templates.append({"path": f"templates/pages/{section}/page-{index:03}.mustache", "uses": ["templates/layout.mustache", partials[3 + index % 5]], "usesAny": index % 50 == 7})
    templates.append({"path": EVIL, "uses": ["templates/layout.mustache", "templates/partials/gone.mustache"], "usesAny": False, "problem": EVIL + ":14:9: the section {{#posts}} is not closed"})
    templates.append({"path": "templates/loop/a.mustache", "uses": ["templates/loop/b.mustache"], "usesAny": False})
    templates.append({"path": "templates/loop/b.mustache", "uses": ["templates/loop/a.mustache"], "usesAny": False})
    assets = []
    for path, size in [("static/css/app.css", 18342), ("static/css/print.css", 942), ("static/js/app.js", 88120), ("static/img/hero.avif", 214400), ("static/img/logo-2026-final-really-final-version-with-a-very-long-name@2x.png", 48211), ("static/fonts/inter-variable.woff2", 102400), ("static/robots.txt", 64)]:
        digest = hashlib.sha256(path.encode()).hexdigest()[:32]
        stem, _, extension = path.rpartition(".")
        asset = {"path": path, "url": f"/{stem}.{digest[:12]}.{extension}", "digest": digest, "size": size}
        if extension in ("css", "js"):
            asset["compressedSize"] = size // 4
        if path.endswith("robots.txt"):
            del asset["url"]
        assets.append(asset)
    return {"templates": sorted(templates, key=lambda template: template["path"]), "assets": sorted(assets, key=lambda asset: asset["path"]), "leftOut": 0}


class Stub:
    def __init__(self, scenario):
        self.scenario = scenario
        self.rng = random.Random(7)
        self.lock = threading.Lock()
        self.listeners = []
        self.since = time.time_ns() - 3600 * SECOND
        self.paused = False
        self.generation = 1 if scenario == "empty" else 1041
        self.reloads = []
        if scenario != "empty":
            kinds = ["applied"] * 6 + ["rejected", "recovered", "unchanged", "refused", "applied", "rolledBack"]
            end = time.time_ns() - 9 * SECOND
            for number in range(120, 0, -1):
                kind = "rejected" if number in (119, 120) and scenario == "degraded" else "applied" if number >= 119 else kinds[number % len(kinds)]
                self.reloads.append(reload(number, self.generation - (120 - number) // 2, end, self.rng, kind))
                end -= self.rng.randint(8, 240) * SECOND
        self.content = make_content(self.rng)

    def status(self):
        degraded = self.scenario == "degraded"
        now = time.time_ns()
        reasons = []
        units = [{"unit": name, "state": "inForce", "generation": max(1, self.generation - back), "inForceSince": now - back * 300 * SECOND, "errors": [], "quarantined": 0}
                 for name, back in [("config app", 3), ("config database", 17), ("config site", 1), ("file group tls", 40), ("templates", 2), ("assets", 6)]]
        if degraded:
            reasons = [
                'config database on disk is rejected: config/database.production.toml:12:8 pool.size: expected Int, found String "80a"',
                "templates on disk is rejected: " + EVIL + ":14:9: the section {{#posts}} is not closed: expected {{/posts}}, found {{/post}}",
                "static/vendor is polled: no watch is left; raise fs.inotify.max_user_watches with sysctl",
            ]
            for index in (1, 4):
                units[index]["state"] = "rejected"
                units[index]["rejectedSince"] = now - 250 * SECOND
        if self.paused:
            reasons.append("paused: nothing comes into force until it is resumed")
        return {
            "health": "degraded" if reasons else "healthy", "reasons": reasons, "healthSince": self.since + 3000 * SECOND, "isRunning": True,
            "isPaused": self.paused, "isBaking": False, "generation": self.generation, "lastSuccess": self.since + 3400 * SECOND,
            "outcomes": {"applied": 812, "unchanged": 44, "recovered": 19, "rejected": 21, "refused": 2, "quarantined": 0, "rolledBack": 1},
            "units": units, "participants": ["assets", "connection-pool", "router", "templates"],
            "retireOverdue": ["connection-pool"] if degraded else [], "streams": 4,
            "handlers": [{"pattern": "config/**", "waiting": 0, "handled": 311, "failed": 2, "dropped": 0}, {"pattern": "**/*.{css,js}", "waiting": 1, "handled": 9120, "failed": 0, "dropped": 0}],
            "queues": {"worker": 0, "jobs": 0, "candidates": 0, "handlers": 1, "sequences": 0}, "droppedEvents": 0,
            "watch": {"backend": "inotify", "directories": 48, "files": 1290, "watches": 52},
            "degradedFolders": [{"path": "static/vendor", "reason": "no watch is left"}] if degraded else [],
        }

    def document(self, brief):
        with self.lock:
            now = time.time_ns() // SLICE * SLICE
            result = {
                "version": 1, "instance": "web-1", "since": self.since, "status": self.status(),
                "journal": {"isKept": True}, "reloads": list(self.reloads),
                "sections": [] if self.scenario == "empty" else [{"name": "Fleet", "table": {
                    "fields": [{"name": "Release", "value": "release 88, 10 % of 24 instances"}, {"name": "Rollout", "value": "running, baking for another 3 minutes"}],
                    "columns": ["Instance", "State", "Release", "Lease"],
                    "rows": [[f"web-{index}", "serving" if index != 3 else "failed: config database was refused", str(88 if index < 3 else 87), f"{3 + index} s"] for index in range(1, 6)]}}],
            }
            if self.scenario != "empty":
                rng = random.Random(now // SECOND)
                result["requests"] = {"strip": strip(now - 60 * SECOND, now, rng, 5 * SLICE, 40 if self.scenario == "degraded" else None), "summary": summary(rng, 2 if self.scenario == "degraded" else 0)}
            if not brief:
                result["content"] = self.content
            return json.dumps(result).encode()

    def act(self, name):
        with self.lock:
            if name == "pause":
                self.paused = True
            elif name == "resume":
                self.paused = False
            else:
                self.generation += 1
                number = self.reloads[0]["number"] + 1 if self.reloads else 1
                self.reloads.insert(0, reload(number, self.generation, time.time_ns(), self.rng))
                del self.reloads[200:]
        for listener in list(self.listeners):
            listener.put(self.generation)


def handler_for(stub):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments):
            pass

        def answer(self, status, body=b"", kind="text/plain; charset=utf-8", **fields):
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Cache-Control": "no-store", "Content-Length": str(len(body)), **fields}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            path, _, query = self.path.partition("?")
            if path == "/_hotreload/":
                text = (RESOURCES / "dashboard.html").read_text()
                escaped = TOKEN.replace("&", "&amp;").replace('"', "&quot;")
                self.answer(200, text.replace("{{token}}", escaped).encode(), "text/html; charset=utf-8", Content_Security_Policy=POLICY)
            elif path == "/_hotreload/dashboard.css":
                self.answer(200, (RESOURCES / "dashboard.css").read_bytes(), "text/css; charset=utf-8")
            elif path == "/_hotreload/dashboard.js":
                self.answer(200, (RESOURCES / "dashboard.js").read_bytes(), "text/javascript; charset=utf-8")
            elif path == "/_hotreload/dashboard.json":
                body = stub.document("brief" in query)
                tag = '"' + hashlib.sha256(body).hexdigest()[:32] + '"'
                if self.headers.get("If-None-Match") == tag:
                    return self.answer(304, ETag=tag)
                self.answer(200, body, "application/json", ETag=tag)
            elif path == "/_hotreload/dashboard/events":
                self.listen()
            else:
                self.answer(404)

        def listen(self):
            mine = queue.Queue()
            stub.listeners.append(mine)
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.close_connection = True
            try:
                self.wfile.write(b"retry: 1000\n\n")
                while True:
                    try:
                        self.wfile.write(f"event: changed\ndata: {mine.get(timeout=1)}\n\n".encode())
                    except queue.Empty:
                        self.wfile.write(b": still here\n\n")
            except OSError:
                stub.listeners.remove(mine)

        def do_POST(self):
            if self.headers.get("X-HotReload-Token") != TOKEN:
                return self.answer(403, b"wrong token\n")
            stub.act(self.path.rsplit("/", 1)[1])
            self.answer(204)

    return Handler


def start(scenario="degraded", port=0):
    """Serves on a port of the loopback interface; returns the server, whose thread ends with shutdown()."""
    server = ThreadingHTTPServer(("127.0.0.1", port), handler_for(Stub(scenario)))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--scenario", choices=["degraded", "healthy", "empty"], default="degraded")
    options = parser.parse_args()
    server = start(options.scenario, options.port)
    print(f"http://127.0.0.1:{server.server_port}/_hotreload/", flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.shutdown()
