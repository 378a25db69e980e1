"""The sites that the checks look at: a workspace on disk, and a server of it.

`StubSite` speaks Documentation/LIVE-RELOAD.md by itself and proves the client alone; `ServedSite` is the real
`hotreload serve`. Both serve the same files, and a check that only starts, stops and edits runs against both.
"""

import abc
import asyncio
import base64
import hashlib
import html
import json
import mimetypes
import pathlib
import re
import secrets
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.parse

CLIENT = pathlib.Path(__file__).parents[2] / "Sources/HotReloadBrowser/Resources/client.js"
DEADLINE = 10  # seconds for anything that is waited for


class Site(abc.ABC):
    """A workspace in a temporary folder, served. `url` has no slash at its end."""

    def __init__(self, files):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="hotreload-browser-"))
        self.url = None
        for path, text in files.items():
            self._put(path, text)

    def _put(self, path, content):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".{file.name}.new")
        temporary.write_bytes(content if isinstance(content, bytes) else content.encode())
        temporary.replace(file)

    def read(self, path):
        return (self.root / path).read_text()

    def replace(self, path, old, new):
        """Edits a file as a person would: one piece of its text becomes another."""
        text = self.read(path)
        assert old in text, f"{path} does not hold {old!r}"
        self.write(path, text.replace(old, new))

    def write(self, path, content):
        self._put(path, content)

    @abc.abstractmethod
    def start(self): ...

    @abc.abstractmethod
    def stop(self): ...

    def close(self):
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)


class ServedSite(Site):
    """`hotreload serve` on the workspace."""

    command = None  # the path of the program, set by the runner

    def __init__(self, files):
        super().__init__(files)
        self.process = None
        self.port = 0

    def start(self):
        self.process = subprocess.Popen(
            [self.command, "serve", "--root", str(self.root), "--port", str(self.port)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            found = re.search(r"http://[^\s/]+:(\d+)", line)
            if found:
                self.port = int(found[1])
                self.url = f"http://127.0.0.1:{self.port}"
                threading.Thread(target=self.process.stdout.read, daemon=True).start()
                return
        raise RuntimeError(f"{self.command} serve ended with {self.process.wait()} before it said its address")

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(DEADLINE)
            self.process = None


class StubSite(Site):
    """The server's side of the protocol in Python: pages with partials, static files, a socket, events."""

    def __init__(self, files):
        super().__init__(files)
        self.port = 0
        self.generation = 1
        self.allows_sockets = True
        self.headers = {}  # of pages; `{nonce}` in a value is the nonce of the answer
        self.status = {}  # path → (status, headers, body) instead of the page
        self.posts = []
        self.fetches = []  # paths of pages that were fetched to be morphed
        self.errors = []
        self.last_good = {}
        self.loop = None
        self._remember()

    # Starting, stopping, editing: called by the checks' thread.

    def start(self):
        self.token = secrets.token_urlsafe(16)
        self.session = secrets.token_hex(4)
        self.peers = {}  # of a connection, its writer → how it wraps a message
        self.writers = set()
        started = threading.Event()
        self.loop = asyncio.new_event_loop()

        def run():
            asyncio.set_event_loop(self.loop)
            self.server = self.loop.run_until_complete(
                asyncio.start_server(self._serve, "127.0.0.1", self.port))
            self.port = self.server.sockets[0].getsockname()[1]
            self.url = f"http://127.0.0.1:{self.port}"
            started.set()
            self.loop.run_forever()
            self.loop.close()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        assert started.wait(DEADLINE), "the stub did not start"

    def stop(self):
        if not self.loop:
            return

        async def end():
            self.server.close()
            for writer in list(self.writers):
                writer.transport.abort()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(DEADLINE)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(DEADLINE)
        self.loop = None

    def write(self, path, content):
        super().write(path, content)
        if not self.loop:
            self.generation += 1
            return
        errors = self._mistakes()
        if errors:
            self.errors = errors
            return self.send({"type": "error", "generation": self.generation, "errors": errors})
        self.errors = []
        self.generation += 1
        message = {"type": "update", "generation": self.generation}
        if path.startswith("static/"):
            change = {"path": f"/{path}", "old": None, "url": f"/{path}"}
            kind = mimetypes.guess_type(path)[0] or ""
            changes = [change] + [
                {"path": f"/{other}", "old": None, "url": f"/{other}"} for other in self._importers(path)]
            message["styles" if "css" in kind else "scripts" if "javascript" in kind else "images"] = changes
        else:
            message["uses"] = [path]
        self.send(message)

    def send(self, message):
        """Says something to every tab, and returns when it is on its way."""

        async def broadcast():
            for writer, wrap in list(self.peers.items()):
                writer.write(wrap(json.dumps(message)))
                await writer.drain()

        asyncio.run_coroutine_threadsafe(broadcast(), self.loop).result(DEADLINE)

    def wait_for_tabs(self, count):
        deadline = time.monotonic() + DEADLINE
        while len(self.peers) < count:
            assert time.monotonic() < deadline, f"{len(self.peers)} tabs are connected, not {count}"
            threading.Event().wait(0.01)

    # The workspace.

    def _importers(self, path):
        name = pathlib.Path(path).name
        return [
            str(file.relative_to(self.root)) for file in sorted((self.root / "static").glob("*.css"))
            if f'@import "{name}"' in file.read_text()]

    def _mistakes(self):
        found = []
        for file in sorted(self.root.glob("templates/**/*.mustache")):
            lines = file.read_text().splitlines()
            for number, line in enumerate(lines, 1):
                column = line.rfind("{{") + 1
                if column and "}}" not in line[column:]:
                    name = str(file.relative_to(self.root))
                    first = max(1, number - 2)
                    found.append({
                        "unit": name, "file": name, "line": number, "column": column,
                        "message": "the tag is not closed: }} is missing",
                        "excerpt": {"first": first, "lines": lines[first - 1:number + 2]}})
        return found

    def _render(self, path, uses):
        uses.append(path)
        return re.sub(
            r"\{\{> *([\w/.-]+) *\}\}",
            lambda match: self._render(f"templates/{match[1]}.mustache", uses), self.read(path))

    def _page(self, path):
        name = path.strip("/") or "index"
        file = f"templates/pages/{name}.mustache"
        if not (self.root / file).is_file():
            return None
        if not self._mistakes():
            self._remember()
        return self.last_good.get(file)

    def _remember(self):
        """Renders every page, which is what is served while a template is broken."""
        self.last_good = {}
        for file in self.root.glob("templates/pages/**/*.mustache"):
            name, uses = str(file.relative_to(self.root)), []
            self.last_good[name] = (self._render(name, uses), uses)

    # The connection.

    async def _serve(self, reader, writer):
        self.writers.add(writer)
        try:
            while await self._answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            self.peers.pop(writer, None)
            self.writers.discard(writer)
            writer.close()

    async def _answer(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        url = urllib.parse.urlsplit(target)
        query = dict(urllib.parse.parse_qsl(url.query))
        path = urllib.parse.unquote(url.path)

        def reply(status, content=b"", kind="text/plain; charset=utf-8", more=None):
            lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(content)}", f"Content-Type: {kind}"]
            lines += ["Cache-Control: no-cache"] + [f"{name}: {value}" for name, value in (more or {}).items()]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)

        if path.startswith("/_hotreload/") and path != "/_hotreload/client.js":
            if query.get("token") != self.token:
                reply(403)
            elif path == "/_hotreload/ping":
                reply(204)
            elif path == "/_hotreload/events":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
                self._greet(writer, lambda text: f"data: {text}\n\n".encode())
                await reader.read()
                return False
            elif path == "/_hotreload/socket" and self.allows_sockets:
                key = headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
                accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
                writer.write((
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    f"Sec-WebSocket-Accept: {accept}\r\n\r\n").encode())
                self._greet(writer, text_frame)
                await self._listen(reader, writer)
                return False
            else:
                reply(400)
        elif path == "/_hotreload/client.js":
            reply(200, CLIENT.read_bytes(), "text/javascript; charset=utf-8")
        elif path.startswith("/static/"):
            file = self.root / path[1:]
            if file.is_file():
                reply(200, file.read_bytes(), mimetypes.guess_type(path)[0] or "application/octet-stream")
            else:
                reply(404)
        else:
            if method == "POST":
                self.posts.append(body)
            if "x-hotreload" in headers:
                self.fetches.append(path)
            status, more, text = self.status.get(path, (200, {}, None))
            page = self._page(path) if text is None else (text, [path])
            if page is None:
                reply(404, b"There is no such page.")
            else:
                nonce = secrets.token_urlsafe(8)
                more = {**{name: value.replace("{nonce}", nonce) for name, value in self.headers.items()}, **more}
                reply(status, self._inject(*page, nonce, method), "text/html; charset=utf-8", more)
        await writer.drain()
        return True

    def _inject(self, text, uses, nonce, method):
        with_nonce = f' nonce="{nonce}"' if self.headers else ""
        with_method = f' data-method="{method}"' if method != "GET" else ""
        element = (
            f'<script src="/_hotreload/client.js" data-hotreload="{self.token}" data-generation="{self.generation}"'
            f' data-uses="{html.escape(json.dumps(uses))}"{with_method}{with_nonce} defer></script>')
        return text.replace("<head>", "<head>" + element, 1).replace("NONCE", nonce).encode()

    def _greet(self, writer, wrap):
        hello = {"type": "hello", "session": self.session, "generation": self.generation}
        writer.write(wrap(json.dumps(hello)))
        if self.errors:
            writer.write(wrap(json.dumps({"type": "error", "generation": self.generation, "errors": self.errors})))
        self.peers[writer] = wrap

    async def _listen(self, reader, writer):
        while True:
            first, second = await reader.readexactly(2)
            length = second & 127
            if length == 126:
                length = int.from_bytes(await reader.readexactly(2), "big")
            mask = await reader.readexactly(4)
            payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(await reader.readexactly(length)))
            if first & 15 == 8:
                return
            if first & 15 == 1 and json.loads(payload).get("type") == "ping":
                writer.write(text_frame('{"type":"pong"}'))


def text_frame(text):
    data = text.encode()
    if len(data) < 126:
        return bytes([0x81, len(data)]) + data
    if len(data) < 65536:
        return bytes([0x81, 126]) + len(data).to_bytes(2, "big") + data
    return bytes([0x81, 127]) + len(data).to_bytes(8, "big") + data
