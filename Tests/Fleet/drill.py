#!/usr/bin/env python3
"""A fleet of real processes under load, and what can happen to it.

Each instance is a FleetServer with a workspace of its own. The store is a SQLite file or a real etcd, which lives in a network
namespace of its own if this runs as root, with one way to it for one half of the fleet and another way for the other half, so
that a partition is a link that goes down. A client on each instance asks it all the time and counts what fails. Everything
that a person does is done by the command line. Only the standard library is used.

With --cluster the store is an etcd of three members with TLS, of which each client knows all, and which asks for a user and a password; the
settings of it are in the workspaces' hotreload.toml.
"""

import argparse
import asyncio
import base64
import collections
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

LEASE, GRACE, EXPIRY = 3, 4, 8
# How long a step may take before the drill gives it up, in seconds.
PATIENCE = 90
# How long a client pauses between two requests, in seconds.
PAUSE = 0.02
# The size of each instance's disk, in bytes, where it has one of its own.
DISK = 4 << 20


class Failed(Exception):
    """Something did not come out as the rules say."""


def check(holds, text):
    if not holds:
        raise Failed(text)


async def until(holds, what, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            raise Failed(f"{what} did not come within {patience} s")
        await asyncio.sleep(0.05)


class Instance:
    """One process, started anew whenever it dies, with a client that asks it all the time."""

    def __init__(self, fleet, index):
        self.fleet = fleet
        self.name = f"web-{index:02}"
        self.root = os.path.join(fleet.folder, self.name)
        os.makedirs(self.root)
        if "disks" in fleet.store.can:
            run("mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", self.root)
        os.makedirs(os.path.join(self.root, "config"))
        self.write("number = 1\n")
        if settings := fleet.store.settings():
            with open(os.path.join(self.root, "hotreload.toml"), "w") as file:
                file.write(settings)
        self.store = fleet.store.spec(index)
        self.port = 0
        self.running = None
        self.phase = None
        self.number = None
        self.lives = 0
        self.process = None
        self.log = open(os.path.join(fleet.folder, self.name + ".log"), "ab")
        self.ended = False
        self.served = collections.Counter()
        self.failures = []
        self.requests = 0

    def write(self, text):
        path = os.path.join(self.root, "config/app.toml")
        with open(path + ".new", "w") as file:
            file.write(text)
        os.rename(path + ".new", path)

    async def supervise(self):
        while not self.ended:
            self.process = await asyncio.create_subprocess_exec(
                self.fleet.server, self.root, self.name, str(self.port), self.store,
                *(["source"] if self.name == self.fleet.source else []),
                f"lease={LEASE}", f"grace={GRACE}", f"expiry={EXPIRY}", "jitter=0.2", "health=0.5",
                stdout=asyncio.subprocess.PIPE, stderr=self.log)
            self.lives += 1
            async for line in self.process.stdout:
                self.take(line.decode().split())
            await self.process.wait()
            self.running = self.phase = self.number = None
            if not self.ended:
                await asyncio.sleep(0.3)

    def take(self, words):
        if words[0] == "up":
            self.port = int(words[1])
        elif words[0] == "running":
            self.running, self.phase, self.number = words[1], words[2], int(words[3])

    async def ask(self):
        while not self.ended:
            if not self.port:
                await asyncio.sleep(PAUSE)
                continue
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    while not self.ended:
                        self.requests += 1
                        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
                        length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
                        body = await reader.readexactly(length)
                        if not head.startswith(b"HTTP/1.1 200"):
                            raise OSError(head.split(b"\r\n")[0].decode())
                        self.served[int(body)] += 1
                        await asyncio.sleep(PAUSE)
                finally:
                    writer.close()
            except (OSError, EOFError, asyncio.TimeoutError, asyncio.IncompleteReadError) as error:
                if not self.ended:
                    self.failures.append((time.monotonic(), repr(error)))
                await asyncio.sleep(PAUSE)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)


class SQLite:
    name = "SQLite"

    def __init__(self, folder, _):
        self.can = {"sqlite"}
        self.folder = folder
        self.path = os.path.join(folder, "fleet.sqlite")

    def settings(self):
        return None

    def start(self):
        pass

    def stop(self):
        pass

    def spec(self, _):
        return f"sqlite:{self.path}"

    def flags(self):
        return ["--store", "sqlite", "--sqlite", self.path]


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def makes_disks():
    """Whether this may mount file systems; a container often may not."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        return False
    folder = tempfile.mkdtemp(prefix="drill")
    try:
        run("mount", "-t", "tmpfs", "tmpfs", folder)
        run("umount", folder)
        return True
    except subprocess.CalledProcessError:
        return False
    finally:
        os.rmdir(folder)


def version(binary):
    text = subprocess.run([binary, "--version"], capture_output=True, text=True).stdout
    return text.split("\n")[0].replace("etcd Version:", "etcd")


class Etcd:
    """An etcd, and the links to it."""

    space = "hotreload-drill"

    def __init__(self, folder, binary):
        self.folder = folder
        self.binary = binary
        self.name = version(binary)
        self.can = {"etcd"}
        self.process = None
        self.port = 23790
        self.hosts = ["127.0.0.1", "127.0.0.1"]
        self.apart = False
        if os.geteuid() == 0 and shutil.which("ip"):
            try:
                self.connect()
            except subprocess.CalledProcessError:
                # A container may not make networks.
                self.disconnect()
            else:
                self.apart = True
                self.can.add("links")
                self.hosts = ["10.213.1.2", "10.213.2.2"]
        if not self.apart:
            print("  no network of its own can be made for etcd: partitions are left out", flush=True)

    def settings(self):
        return None

    def connect(self):
        subprocess.run(["ip", "netns", "del", self.space], stderr=subprocess.DEVNULL)
        run("ip", "netns", "add", self.space)
        run("ip", "-n", self.space, "link", "set", "lo", "up")
        for way in (1, 2):
            subprocess.run(["ip", "link", "del", f"hrdrill{way}"], stderr=subprocess.DEVNULL)
            run("ip", "link", "add", f"hrdrill{way}", "type", "veth", "peer", "name", f"etcd{way}",
                "netns", self.space)
            run("ip", "addr", "add", f"10.213.{way}.1/24", "dev", f"hrdrill{way}")
            run("ip", "link", "set", f"hrdrill{way}", "up")
            run("ip", "-n", self.space, "addr", "add", f"10.213.{way}.2/24", "dev", f"etcd{way}")
            run("ip", "-n", self.space, "link", "set", f"etcd{way}", "up")

    def start(self):
        listen = ",".join(f"http://{host}:{self.port}" for host in sorted(set(self.hosts)))
        peer = f"http://127.0.0.1:{self.port + 1}"
        before = ["ip", "netns", "exec", self.space] if self.apart else []
        self.process = subprocess.Popen(
            before + [
                self.binary, "--name", "drill", "--data-dir", os.path.join(self.folder, "etcd"),
                "--listen-client-urls", listen, "--advertise-client-urls", listen,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", f"drill={peer}"],
            stdout=subprocess.DEVNULL, stderr=open(os.path.join(self.folder, "etcd.log"), "ab"))
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.ask("/v3/kv/range", {"key": base64.b64encode(b"a").decode()})
                return
            except OSError:
                check(time.monotonic() < deadline and self.process.poll() is None, "etcd does not start")
                time.sleep(0.05)

    def ask(self, path, body):
        request = urllib.request.Request(
            f"http://{self.hosts[0]}:{self.port}{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def compact(self):
        revision = self.ask("/v3/kv/range", {"key": base64.b64encode(b"a").decode()})["header"]["revision"]
        self.ask("/v3/kv/compaction", {"revision": revision, "physical": True})

    def kill(self):
        self.process.kill()
        self.process.wait()

    def signal(self, number):
        self.process.send_signal(number)

    def link(self, way, state):
        run("ip", "link", "set", f"hrdrill{way}", state)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.kill()
        if self.apart:
            self.disconnect()

    def disconnect(self):
        subprocess.run(["ip", "netns", "del", self.space], stderr=subprocess.DEVNULL)
        for way in (1, 2):
            subprocess.run(["ip", "link", "del", f"hrdrill{way}"], stderr=subprocess.DEVNULL)

    def spec(self, index):
        return f"etcd:http://{self.hosts[index % 2]}:{self.port}"

    def flags(self):
        return ["--store", "etcd", "--endpoint", f"http://{self.hosts[1]}:{self.port}"]


class Cluster:
    """Three members of an etcd with TLS and users, whose tokens live for a few seconds."""

    user, password, token_life = "shop", "a password of the drill", 4

    def __init__(self, folder, binary):
        self.folder = folder
        self.binary = binary
        self.name = f"{version(binary)}, three members with TLS and users"
        self.can = {"cluster"}
        self.members = [None] * 3
        self.certificate = os.path.join(folder, "server.pem")
        self.key = os.path.join(folder, "server.key")
        self.password_file = os.path.join(folder, "password")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=drill", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
            "-keyout", self.key, "-out", self.certificate)
        with open(self.password_file, "w") as file:
            file.write(self.password + "\n")
        os.chmod(self.password_file, 0o600)
        self.trust = ssl.create_default_context(cafile=self.certificate)

    def endpoint(self, index):
        return f"https://127.0.0.1:{23800 + 10 * index}"

    def peer(self, index):
        return f"http://127.0.0.1:{23801 + 10 * index}"

    def endpoints(self):
        return [self.endpoint(index) for index in range(3)]

    def settings(self):
        return (f'[fleet]\nstore = "etcd"\nendpoints = {json.dumps(self.endpoints())}\nca = "{self.certificate}"\n'
                f'user = "{self.user}"\npassword = "${{file:{self.password_file}}}"\n')

    def start(self):
        for index in range(3):
            self.start_member(index)
        self.until_all_answer()
        for path, body in [
                ("user/add", {"name": "root", "password": "the root of the drill"}),
                ("user/grant", {"user": "root", "role": "root"}),
                ("role/add", {"name": "shop"}),
                ("role/grant", {"name": "shop", "perm": {
                    "permType": "READWRITE", "key": base64.b64encode(b"/hotreload/default").decode(),
                    "range_end": base64.b64encode(b"/hotreload/defaulu").decode()}}),
                ("user/add", {"name": self.user, "password": self.password}),
                ("user/grant", {"user": self.user, "role": "shop"}),
                ("enable", {})]:
            self.ask(0, f"/v3/auth/{path}", body)

    def start_member(self, index):
        self.members[index] = subprocess.Popen(
            [self.binary, "--name", f"m{index}", "--data-dir", os.path.join(self.folder, f"etcd-{index}"),
             "--listen-client-urls", self.endpoint(index), "--advertise-client-urls", self.endpoint(index),
             "--cert-file", self.certificate, "--key-file", self.key,
             "--listen-peer-urls", self.peer(index), "--initial-advertise-peer-urls", self.peer(index),
             "--initial-cluster", ",".join(f"m{i}={self.peer(i)}" for i in range(3)),
             "--auth-token-ttl", str(self.token_life), "--bcrypt-cost", "4"],
            stdout=subprocess.DEVNULL, stderr=open(os.path.join(self.folder, f"etcd-{index}.log"), "ab"))

    def until_all_answer(self):
        deadline = time.monotonic() + PATIENCE
        for index in range(3):
            while True:
                try:
                    if self.ask(index, "/v3/maintenance/status", {}).get("leader"):
                        break
                except OSError:
                    check(self.members[index].poll() is None, f"member {index} of etcd does not run")
                check(time.monotonic() < deadline, "etcd's cluster does not come up")
                time.sleep(0.05)

    def ask(self, index, path, body):
        request = urllib.request.Request(self.endpoint(index) + path, json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5, context=self.trust) as answer:
            return json.load(answer)

    def leader(self):
        for index in range(3):
            status = self.ask(index, "/v3/maintenance/status", {})
            if status["leader"] == status["header"]["member_id"]:
                return index
        raise Failed("etcd's cluster has no leader")

    def kill(self, index):
        self.members[index].kill()
        self.members[index].wait()

    def signal(self, index, number):
        self.members[index].send_signal(number)

    def stop(self):
        for index, member in enumerate(self.members):
            if member and member.poll() is None:
                self.signal(index, signal.SIGCONT)
                self.kill(index)

    def spec(self, _):
        # What hotreload.toml says wins.
        return "sqlite:unused"

    def flags(self):
        words = ["--store", "etcd", "--ca", self.certificate, "--user", self.user, "--password-file", self.password_file]
        for endpoint in self.endpoints():
            words += ["--endpoint", endpoint]
        return words


class Fleet:
    def __init__(self, options, store):
        self.options = options
        self.server = os.path.abspath(options.server)
        self.command = os.path.abspath(options.hotreload)
        self.folder = store.folder
        self.store = store
        self.source = "web-00"
        self.instances = [Instance(self, index) for index in range(options.processes)]
        self.tasks = []
        self.number = 1

    async def start(self):
        for instance in self.instances:
            self.tasks.append(asyncio.ensure_future(instance.supervise()))
            self.tasks.append(asyncio.ensure_future(instance.ask()))
        await until(lambda: all(i.port for i in self.instances), "all instances up")
        # The source proposes what it has, because the fleet has nothing yet.
        await until(lambda: self.all_run(1) and all(i.running != "-" for i in self.instances), "the first release")
        await self.committed(1)

    async def stop(self):
        for instance in self.instances:
            instance.ended = True
            if instance.process and instance.process.returncode is None:
                instance.process.terminate()
        _, late = await asyncio.wait(self.tasks, timeout=20)
        for instance in self.instances:
            if instance.process and instance.process.returncode is None:
                instance.kill()
        for task in late:
            task.cancel()
        if "disks" in self.store.can:
            for instance in self.instances:
                run("umount", "--lazy", instance.root)
        check(not late, "some processes did not end when they were asked to")

    def all_run(self, number, instances=None):
        return all(i.number == number for i in instances or self.instances)

    async def call(self, *words, ok=(0,)):
        process = await asyncio.create_subprocess_exec(
            self.command, "fleet", *words, "--fleet", "shop", *self.store.flags(),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        output, errors = await process.communicate()
        if ok is not None:
            check(process.returncode in ok, f"fleet {' '.join(words)} ended with {process.returncode}: {errors.decode()}")
        return process.returncode, output.decode(), errors.decode()

    async def status(self):
        _, output, _ = await self.call("status", "--json", "--root", self.instances[0].root, ok=(0, 1))
        return json.loads(output.strip().split("\n")[-1])

    async def committed(self, number):
        deadline = time.monotonic() + PATIENCE
        while True:
            status = await self.status()
            rollout = status.get("rollout")
            if rollout and rollout["state"] == "committed" and self.all_run(number):
                return status
            check(time.monotonic() < deadline, f"number {number} was not committed: {rollout}")
            await asyncio.sleep(0.1)

    def write_proposal(self, text):
        folder = os.path.join(self.folder, "proposal")
        os.makedirs(os.path.join(folder, "config"), exist_ok=True)
        with open(os.path.join(folder, "config/app.toml"), "w") as file:
            file.write(text)
        return folder

    async def propose(self, text, stages="100%:0s", wait=True, ok=(0,)):
        folder = self.write_proposal(text)
        words = ["propose", "--root", folder, "--stages", stages, "--by", "drill", "--json"]
        return await self.call(*words, *(["--wait", "--timeout", f"{PATIENCE}s"] if wait else []), ok=ok)

    def next(self):
        self.number += 1
        return self.number

    async def at(self, stage, phase):
        """Returns once the rollout is in that stage and phase, with the controller's name."""
        deadline = time.monotonic() + PATIENCE
        while True:
            status = await self.status()
            rollout = status.get("rollout") or {}
            if rollout.get("state") == "running" and rollout.get("stage") == stage and rollout.get("phase") == phase:
                return status["controller"]
            check(time.monotonic() < deadline, f"stage {stage}, {phase}, did not come: {rollout}")
            await asyncio.sleep(0.02)

    async def settle(self):
        """Goes on by hand if the rules had people look at it first, until the newest number is committed."""
        deadline = time.monotonic() + PATIENCE
        hands = 0
        while True:
            status = await self.status()
            rollout = status["rollout"]
            if rollout["state"] == "paused":
                hands += 1
                await self.call("resume", "--by", "drill", ok=(0, 1))
            if rollout["state"] in ("committed", "rolledBack"):
                return rollout["state"], hands
            check(time.monotonic() < deadline, f"it does not come to an end: {rollout}")
            await asyncio.sleep(0.2)

    def named(self, name):
        return next(i for i in self.instances if i.name == name)


STAGES = "1%:1s,50%:1s,100%:1s"


async def good(fleet):
    """a good change reaches all"""
    number = fleet.next()
    start = time.monotonic()
    await fleet.propose(f"number = {number}\n", wait=False)
    await until(lambda: fleet.all_run(number), "the change on all")
    applied = time.monotonic() - start
    await fleet.committed(number)
    return set(), f"on all after {applied * 1000:.0f} ms, the command line included"


async def invalid(fleet):
    """a change that is not valid runs nowhere"""
    before = fleet.number
    code, _, _ = await fleet.propose("number = -1\n", STAGES, ok=(2,))
    check(all(i.served[-1] == 0 for i in fleet.instances), "it was served")
    await until(lambda: fleet.all_run(before), "the good number everywhere")
    return set(), f"exit code {code}"


async def refused(fleet):
    """a change that a participant refuses runs nowhere"""
    before, number = fleet.number, fleet.next()
    await fleet.propose(f"number = {number}\npool = 0\n", STAGES, ok=(2,))
    check(all(i.served[number] == 0 for i in fleet.instances), "it was served")
    fleet.number = before
    await until(lambda: fleet.all_run(before), "the good number everywhere")
    fleet.number = number
    await back(fleet)
    return set(), ""


async def back(fleet):
    """Rolls out the newest number as a good one, so that each scenario begins alike."""
    number = fleet.next()
    await fleet.propose(f"number = {number}\n")
    await until(lambda: fleet.all_run(number), "the change on all")


async def unhealthy(fleet):
    """a change that makes the canary unhealthy runs on the canary alone, and is undone"""
    before, number = fleet.number, fleet.next()
    await fleet.propose(f"number = {number}\nhealthy = false\n", "1%:5s,100%:5s", ok=(2,))
    ran = [i.name for i in fleet.instances if i.served[number]]
    check(len(ran) <= 1, f"it was served by {ran}")
    await until(lambda: fleet.all_run(before), "the good number everywhere")
    await back(fleet)
    return set(), f"ran on {ran}"


async def deadly(fleet):
    """a change that kills the process that applies it reaches the canary alone, which comes back and refuses it"""
    before, number = fleet.number, fleet.next()
    lives = {i.name: i.lives for i in fleet.instances}
    await fleet.propose(f"number = {number}\ndeadly = true\n", "1%:5s,100%:5s", ok=(2,))
    died = {i.name for i in fleet.instances if i.lives > lives[i.name]}
    check(len(died) == 1, f"these died: {died}")
    await until(lambda: fleet.all_run(before), "the good number everywhere")
    await back(fleet)
    return died, f"died: {', '.join(died)}"


async def quarantine(fleet):
    """what was rolled back does not come again, until it is taken out of quarantine"""
    number = fleet.next()
    text = f"number = {number}\npool = 0\n"
    await fleet.propose(text, ok=(2,))
    await fleet.propose(text, ok=(3,))
    await fleet.call("quarantine", "clear", "--all")
    await fleet.propose(text, ok=(2,))
    await back(fleet)
    return set(), ""


async def controller(fleet):
    """the controller is killed in each stage"""
    killed = []
    hands = 0
    for stage in (0, 1, 2, 3):
        number = fleet.next()
        name = (await fleet.status())["controller"]
        await fleet.propose(f"number = {number}\n", STAGES, wait=False)
        if stage:
            name = await fleet.at(stage, "baking")
        killed.append(name)
        fleet.named(name).kill()
        state, resumed = await fleet.settle()
        hands += resumed
        # In the last stage the controller has the change itself. Nobody can tell that it did not die of it, so it refuses it.
        check(state == ("rolledBack" if stage == 3 else "committed"), f"stage {stage}: it ended as {state}")
        if stage < 3:
            await until(lambda: fleet.all_run(number), "the change on all")
    await back(fleet)
    return set(killed), f"killed {', '.join(killed)}; resumed by hand {hands} times"


async def store_killed(fleet):
    """the store is killed in the middle, and started again"""
    number = fleet.next()
    await fleet.propose(f"number = {number}\n", STAGES, wait=False)
    await fleet.at(1, "baking")
    fleet.store.kill()
    await asyncio.sleep(LEASE / 2)
    fleet.store.start()
    state, hands = await fleet.settle()
    check(state == "committed", f"it ended as {state}")
    await until(lambda: fleet.all_run(number), "the change on all")
    return set(), f"resumed by hand {hands} times"


async def store_paused(fleet):
    """the store stands still for longer than the leases live"""
    before, number = fleet.number, fleet.next()
    await fleet.propose(f"number = {number}\n", "50%:60s,100%:1s", wait=False)
    await fleet.at(1, "baking")
    fleet.store.signal(signal.SIGSTOP)
    # What the fleet has not agreed on is given back when nobody can be heard.
    await until(lambda: fleet.all_run(before), "the way back of all", EXPIRY * 3)
    fleet.store.signal(signal.SIGCONT)
    await asyncio.sleep(LEASE)
    state, hands = "rolledBack", 0
    await fleet.call("rollback", "--by", "drill", ok=(0, 1))
    state, hands = await fleet.settle()
    await until(lambda: fleet.all_run(before), "the good number everywhere")
    await back(fleet)
    return set(), f"ended as {state}"


async def partition(fleet):
    """half of the fleet loses the store in the middle of a rollout"""
    before, number = fleet.number, fleet.next()
    await fleet.propose(f"number = {number}\n", "50%:60s,100%:1s", wait=False)
    await fleet.at(1, "baking")
    cut = [i for n, i in enumerate(fleet.instances) if n % 2 == 0]
    fleet.store.link(1, "down")
    await until(lambda: fleet.all_run(before, cut), "the way back of those that are cut off", EXPIRY * 3)
    deadline = time.monotonic() + PATIENCE
    while (state := (await fleet.status())["rollout"]["state"]) == "running":
        check(time.monotonic() < deadline, "nobody noticed")
        await asyncio.sleep(0.2)
    fleet.store.link(1, "up")
    await until(lambda: all(i.phase is not None for i in fleet.instances), "all up")
    await asyncio.sleep(LEASE)
    if state == "paused":
        await fleet.call("rollback", "--by", "drill")
    await fleet.settle()
    await until(lambda: fleet.all_run(before), "the good number everywhere")
    await back(fleet)
    return set(), f"it was {state} while they were away"


async def compaction(fleet):
    """the store forgets what happened while half of the fleet was away"""
    cut = [i for n, i in enumerate(fleet.instances) if n % 2 == 0]
    fleet.store.link(1, "down")
    await asyncio.sleep(LEASE + GRACE)
    rest = [i for n, i in enumerate(fleet.instances) if n % 2 == 1]
    for _ in range(3):
        number = fleet.next()
        await fleet.propose(f"number = {number}\n", ok=(0,))
        await until(lambda: fleet.all_run(number, rest), "the change on those that can be reached")
    fleet.store.link(1, "up")
    fleet.store.compact()
    await until(lambda: fleet.all_run(number), "the change on those that were away")
    return set(), ""


async def drift(fleet):
    """an edit on an instance that changes do not come from is reported, and not applied"""
    instance = fleet.instances[1]
    instance.write("number = 999999\n")
    deadline = time.monotonic() + PATIENCE
    while True:
        found = (await fleet.status()).get("drifted")
        if found == [instance.name]:
            break
        check(time.monotonic() < deadline, f"no drift was reported: {found}")
        await asyncio.sleep(0.1)
    check(instance.served[999999] == 0, "it was applied")
    return set(), ""


async def edit(fleet):
    """a file that is edited on the source instance reaches all"""
    number = fleet.next()
    start = time.monotonic()
    fleet.named(fleet.source).write(f"number = {number}\n")
    await until(lambda: fleet.all_run(number), "the change on all")
    applied = time.monotonic() - start
    await fleet.committed(number)
    return set(), f"from the save to all: {applied * 1000:.0f} ms"


async def everything_killed(fleet):
    """all processes are killed in the middle of a rollout"""
    number = fleet.next()
    await fleet.propose(f"number = {number}\n", STAGES, wait=False)
    await fleet.at(2, "baking")
    for instance in fleet.instances:
        instance.kill()
    # Those that had the change come back and refuse what they may have died of.
    state, hands = await fleet.settle()
    check(state == "rolledBack", f"it ended as {state}")
    await back(fleet)
    return {i.name for i in fleet.instances}, f"ended as {state}, resumed by hand {hands} times"


async def member_killed(fleet):
    """a member of the store that all know first is killed in the middle, and comes back"""
    number = fleet.next()
    await fleet.propose(f"number = {number}\n", STAGES, wait=False)
    await fleet.at(1, "baking")
    fleet.store.kill(0)
    state, hands = await fleet.settle()
    check(state == "committed", f"it ended as {state}")
    await until(lambda: fleet.all_run(number), "the change on all")
    fleet.store.start_member(0)
    fleet.store.until_all_answer()
    return set(), f"resumed by hand {hands} times"


async def leader_stopped(fleet):
    """the leader of the store's members stands still for longer than the leases live"""
    number = fleet.next()
    await fleet.propose(f"number = {number}\n", STAGES, wait=False)
    await fleet.at(1, "baking")
    leader = fleet.store.leader()
    fleet.store.signal(leader, signal.SIGSTOP)
    stopped = time.monotonic()
    state, hands = await fleet.settle()
    check(state == "committed", f"it ended as {state}")
    await until(lambda: fleet.all_run(number), "the change on all")
    took = time.monotonic() - stopped
    await asyncio.sleep(max(0, LEASE + 1 - took))
    fleet.store.signal(leader, signal.SIGCONT)
    fleet.store.until_all_answer()
    return set(), f"committed after {took:.1f} s without it, resumed by hand {hands} times"


async def quorum_lost(fleet):
    """two of the store's three members are killed in the middle, and come back"""
    before, number = fleet.number, fleet.next()
    await fleet.propose(f"number = {number}\n", "50%:60s,100%:1s", wait=False)
    await fleet.at(1, "baking")
    for index in (0, 1):
        fleet.store.kill(index)
    # What the fleet has not agreed on is given back when nobody can be heard.
    await until(lambda: fleet.all_run(before), "the way back of all", EXPIRY * 3)
    for index in (0, 1):
        fleet.store.start_member(index)
    fleet.store.until_all_answer()
    await asyncio.sleep(LEASE)
    await fleet.call("rollback", "--by", "drill", ok=(0, 1))
    state, _ = await fleet.settle()
    await until(lambda: fleet.all_run(before), "the good number everywhere")
    await back(fleet)
    return set(), f"ended as {state}"


async def disk_full(fleet):
    """the disk of the instance that a change comes to first is full"""
    _, output, _ = await fleet.call("instances", "--json")
    victim = fleet.named(json.loads(output.splitlines()[0])["instance"])
    before, number = fleet.number, fleet.next()
    filler = os.path.join(victim.root, "filler")
    try:
        with open(filler, "wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
    except OSError:
        pass
    text = f"number = {number}\n"
    await fleet.propose(text, STAGES, ok=(2,))
    check(all(i.served[number] == 0 for i in fleet.instances), "it was served")
    check(fleet.all_run(before), "the good number is not everywhere")
    reason = (await fleet.status())["rollout"]["reason"]
    check("space" in reason, f"the reason does not say so: {reason}")
    os.remove(filler)
    await fleet.call("quarantine", "clear", "--all")
    await fleet.propose(text, STAGES)
    await until(lambda: fleet.all_run(number), "the change on all")
    return set(), f"{victim.name} refused it, and took it when there was room"


SCENARIOS = [
    (good, None), (invalid, None), (refused, None), (unhealthy, None), (deadly, None), (quarantine, None),
    (edit, None), (disk_full, "disks"), (drift, None), (controller, None), (everything_killed, None),
    (store_killed, "etcd"), (store_paused, "etcd"), (partition, "links"), (compaction, "links"),
    (member_killed, "cluster"), (leader_stopped, "cluster"), (quorum_lost, "cluster"),
]


async def drill(options, store):
    fleet = Fleet(options, store)
    bad = 0
    try:
        await fleet.start()
        print(f"{store.name}, {options.processes} processes", flush=True)
        for scenario, needs in SCENARIOS:
            if options.only and scenario.__name__ not in options.only:
                continue
            text = " ".join(scenario.__doc__.split())
            if needs and needs not in store.can:
                continue
            failures = {i.name: len(i.failures) for i in fleet.instances}
            requests = sum(i.requests for i in fleet.instances)
            start = time.monotonic()
            try:
                excused, note = await scenario(fleet)
                lost = {i.name: len(i.failures) - failures[i.name] for i in fleet.instances}
                outside = {name: count for name, count in lost.items() if count and name not in excused}
                check(not outside, f"failed requests: {outside}")
                asked = sum(i.requests for i in fleet.instances) - requests
                print(f"  ok      {text} ({time.monotonic() - start:.1f} s, {asked} requests, 0 failed"
                      + (f" but on those that died" if excused else "") + (f"; {note}" if note else "") + ")", flush=True)
            except Failed as error:
                bad += 1
                print(f"  FAILED  {text}: {error}", flush=True)
                break
    finally:
        try:
            await fleet.stop()
        except Failed as error:
            bad += 1
            print(f"  FAILED  {error}", flush=True)
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", default=".build/debug/FleetServer")
    parser.add_argument("--hotreload", default=".build/debug/hotreload")
    parser.add_argument("--etcd", action="append", default=[], help="a binary; several one after the other")
    parser.add_argument("--cluster", action="append", default=[], help="a binary of etcd, of which three members run")
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--processes", type=int, default=20)
    parser.add_argument("--only", action="append", default=[], metavar="SCENARIO")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    options = parser.parse_args()
    bad = 0
    has_disks = makes_disks()
    if not has_disks:
        print("  no file system can be mounted: the full disk is left out", flush=True)
    for kind, binary in [(SQLite, None)] * options.sqlite + [(Etcd, b) for b in options.etcd] + [
            (Cluster, b) for b in options.cluster]:
        folder = tempfile.mkdtemp(prefix="drill")
        store = kind(folder, binary)
        if has_disks:
            store.can.add("disks")
        try:
            store.start()
            bad += asyncio.run(drill(options, store))
        finally:
            store.stop()
            if bad or options.keep:
                print(f"  the logs are in {folder}")
            else:
                shutil.rmtree(folder, ignore_errors=True)
        if bad:
            break
    sys.exit(1 if bad else 0)


main()
