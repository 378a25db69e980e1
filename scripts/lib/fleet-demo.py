"""Runs five servers as a fleet. usage: fleet-demo.py [--tour] SERVER HOTRELOAD WORKSPACE

Without --tour it says what to edit, and waits for Ctrl-C. With it, it edits, and checks what the fleet does.
"""
import json, os, re, signal, socket, subprocess, sys, threading, time, urllib.error, urllib.request

COUNT = 5
LIMIT = 60  # seconds for anything that was promised
SETTINGS = """[fleet]
name = "demo"
stages = [{ percent = 1, bake = %(bake)s }, { percent = 50, bake = %(bake)s }, { percent = 100, bake = %(bake)s }]
"""

GUIDE = """
  Instances   %(addresses)s
              each answers with the greeting that it has
  Look        %(hotreload)s fleet status --root %(root)s --watch     (in another terminal; or: instances, history)
  Edit        %(root)s/config/server.toml
              change the greeting, save: one instance has it, after 5 s half of them, after 5 s more all
  Break       greeting = 42: no instance takes it, and it comes into quarantine
              port = 8099: the first instance can listen there, the next one cannot, so all go back
  Stop it     %(hotreload)s fleet pause --root %(root)s     (or: resume, rollback)
  Kill one    kill -9 %(pid)s     (it is started again): while it has a change that the others have not, they go back
  End         Ctrl-C
"""


def fail(text):
    raise SystemExit(f"not as promised: {text}")


class Instance:
    """One server, started again whenever it dies."""

    def __init__(self, binary, root, number):
        self.name = f"web-{number}"
        self.command = [binary, "--root", root, "--instance", self.name] + (["--source"] if number == 1 else [])
        self.address = None
        self.process = None
        self.is_ending = False
        self.start()
        threading.Thread(target=self.read, daemon=True).start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def read(self):
        while True:
            for line in self.process.stdout:
                if line.startswith("listening on "):
                    self.address = line.split()[-1]
            self.process.wait()
            if self.is_ending:
                return
            time.sleep(0.5)
            self.start()

    def greeting(self):
        """What it answers; None while it does not."""
        try:
            with urllib.request.urlopen(self.address + "/", timeout=5) as answer:
                return answer.read().decode().strip()
        except (OSError, urllib.error.URLError, ValueError, TypeError):
            return None

    def end(self):
        self.is_ending = True
        self.process.send_signal(signal.SIGTERM)

    def wait(self):
        try:
            self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            fail(f"{self.name} did not end on SIGTERM")


class Fleet:
    def __init__(self, server, hotreload, root):
        self.hotreload, self.root = hotreload, root
        self.config = os.path.join(root, "config/server.toml")
        self.instances = [Instance(server, root, number + 1) for number in range(COUNT)]

    def status(self):
        line = subprocess.run(
            [self.hotreload, "fleet", "status", "--root", self.root, "--json"], stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True).stdout
        return json.loads(line) if line.strip() else {}

    def until(self, holds, what):
        start = time.monotonic()
        while not holds():
            if time.monotonic() - start > LIMIT:
                fail(f"{what} did not come within {LIMIT} s; {self.status()}")
            time.sleep(0.02)
        return time.monotonic() - start

    def edit(self, key, value):
        """Replaces a line of the config as an editor does, and returns what the file had before."""
        with open(self.config) as file:
            before = file.read()
        self.save(re.sub(rf"(?m)^{key} = [^#\n]*", f"{key} = {value} ", before))
        return before

    def save(self, text):
        with open(self.config + ".new", "w") as file:
            file.write(text)
        os.rename(self.config + ".new", self.config)

    def greetings(self):
        return [instance.greeting() for instance in self.instances]

    def release(self):
        """The number of the last release, and how its rollout stands."""
        rollout = self.status().get("rollout", {})
        return rollout.get("release", {}).get("number", 0), rollout.get("state")

    def end(self):
        for instance in self.instances:
            instance.end()
        for instance in self.instances:
            instance.wait()


def tour(fleet):
    def ended(number, state):
        return lambda: fleet.release() == (number, state)

    seconds = fleet.until(ended(1, "committed"), "agreement on the files that are there")
    print(f"tour of a fleet of {COUNT}: it agreed on its files after {seconds:.1f} s")
    fleet.edit("greeting", '"Hello from the fleet"')
    new = "Hello from the fleet"
    seconds = fleet.until(lambda: new in fleet.greetings(), "the new greeting on one instance")
    count = fleet.greetings().count(new)
    if count != 1:
        fail(f"{count} instances had the change in the first stage")
    print(f"edited: the first instance had it after {seconds * 1000:.0f} ms")
    seconds = fleet.until(lambda: fleet.greetings() == [new] * COUNT, "the new greeting on all")
    fleet.until(ended(2, "committed"), "its end")
    print(f"        all of them, two stages later, after {seconds:.1f} s more; committed")
    good = fleet.edit("greeting", "42")
    fleet.until(ended(3, "rolledBack"), "the end of a change that is not valid")
    if fleet.greetings() != [new] * COUNT:
        fail("a change that is not valid was taken")
    reason = fleet.status()["rollout"].get("reason", "")
    if "server.toml" not in reason:
        fail(f"the reason does not say where: {reason}")
    print(f"broken: no instance took it, {reason}")
    fleet.save(good)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    fleet.edit("port", port)
    fleet.until(ended(4, "rolledBack"), "the end of a port that only one can have")
    fleet.until(lambda: fleet.greetings() == [new] * COUNT, "the way back")
    if any(instance.address.endswith(f":{port}") for instance in fleet.instances):
        fail("an instance kept the port")
    print("a port that only one can have: the first instance took it, the next could not, all went back")
    fleet.save(good)
    kept = [entry["release"] for entry in quarantine(fleet)]
    if sorted(kept) != [3, 4]:
        fail(f"in quarantine are the releases {kept}")
    print("ok")


def quarantine(fleet):
    lines = subprocess.run(
        [fleet.hotreload, "fleet", "quarantine", "list", "--root", fleet.root, "--json"], stdout=subprocess.PIPE,
        text=True, check=True).stdout.splitlines()
    return [json.loads(line) for line in lines]


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--tour"]
    is_tour = len(arguments) < len(sys.argv) - 1
    server, hotreload, root = arguments
    with open(os.path.join(root, "hotreload.toml"), "w") as file:
        file.write(SETTINGS % {"bake": 1 if is_tour else 5})
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    fleet = Fleet(server, hotreload, root)
    try:
        fleet.until(lambda: all(instance.address for instance in fleet.instances) or stop.is_set(), "all servers")
        if is_tour:
            tour(fleet)
        elif not stop.is_set():
            print("\nFive servers run, and agree on the files that are there, in stages, as they will on each change …", flush=True)
            fleet.until(lambda: fleet.release()[1] == "committed" or stop.is_set(), "agreement")
        if not is_tour and not stop.is_set():
            addresses = "\n              ".join(instance.address for instance in fleet.instances)
            print(GUIDE % {
                "addresses": addresses, "hotreload": os.path.relpath(hotreload), "root": root,
                "pid": fleet.instances[1].process.pid}, flush=True)
            stop.wait()
    finally:
        fleet.end()


main()
