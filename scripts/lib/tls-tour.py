"""Renews the certificate of a running tls-server under its clients' eyes. usage: tls-tour.py BINARY"""
import os, shutil, socket, ssl, subprocess, sys, tempfile, time

LIMIT = 15  # seconds for anything that was promised


def fail(text):
    raise SystemExit(f"not as promised: {text}")


def make_pair(folder, serial):
    """A self-signed certificate with its key, in a folder of their own."""
    os.makedirs(folder)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", "/CN=localhost", "-days", "2", "-set_serial", str(serial),
         "-keyout", f"{folder}/server.key", "-out", f"{folder}/server.pem"],
        check=True, stderr=subprocess.DEVNULL)


def install(source, secret, names):
    for name in names:
        shutil.copy(f"{source}/{name}", f"{secret}/.{name}.tmp")
        os.rename(f"{secret}/.{name}.tmp", f"{secret}/{name}")


class Client:
    """One kept connection, and the certificate that it began with."""

    def __init__(self, port, trusted):
        context = ssl.create_default_context(cadata=trusted)
        context.check_hostname = False
        # An end that the server does not announce is an error.
        self.socket = context.wrap_socket(
            socket.create_connection(("127.0.0.1", port), LIMIT), suppress_ragged_eofs=False)
        self.serial = int(self.socket.getpeercert()["serialNumber"], 16)

    def ask(self):
        self.socket.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while b"hello\n" not in answer:
            part = self.socket.recv(4096)
            if not part:
                fail("a connection was closed under its client")
            answer += part
        if b" 200 " not in answer or b"onnection: close" in answer:
            fail(f"the answer was {answer!r}")


def main():
    binary = sys.argv[1]
    root = tempfile.mkdtemp(prefix="hot-reload-tls.")
    server = None
    try:
        secret = f"{root}/secret"
        os.makedirs(secret, 0o700)
        pairs = {n: f"{root}/pair{n}" for n in (1001, 1002, 1003)}
        for serial, folder in pairs.items():
            make_pair(folder, serial)
        trusted = "".join(open(f"{folder}/server.pem").read() for folder in pairs.values())
        install(pairs[1001], secret, ["server.pem", "server.key"])
        server = subprocess.Popen([binary, "--root", root], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = server.stdout.readline()
        while "listening on" not in line:
            if not line:
                fail("the server ended before it listened")
            line = server.stdout.readline()
        port = int(line.rsplit(":", 1)[1])
        print(f"tour of https://127.0.0.1:{port}")

        def wait_for_serial(serial):
            start = time.monotonic()
            while time.monotonic() - start < LIMIT:
                if Client(port, trusted).serial == serial:
                    return (time.monotonic() - start) * 1000
            fail(f"no handshake with certificate {serial}")

        kept = Client(port, trusted)
        kept.ask()
        if kept.serial != 1001:
            fail(f"the first certificate is {kept.serial}")

        install(pairs[1002], secret, ["server.pem", "server.key"])
        elapsed = wait_for_serial(1002)
        kept.ask()
        print(f"  a renewed pair               {elapsed:7.1f} ms   new connections get it; the old connection goes on")

        install(pairs[1003], secret, ["server.pem"])
        while "refused" not in (line := server.stdout.readline()):
            if not line:
                fail("the server ended")
        if Client(port, trusted).serial != 1002:
            fail("a certificate without its key was used")
        kept.ask()
        print(f"  a certificate without its key, refused   {line.strip()}")

        install(pairs[1003], secret, ["server.key"])
        elapsed = wait_for_serial(1003)
        kept.ask()
        print(f"  its key arrives              {elapsed:7.1f} ms   new connections get the new pair")

        server.terminate()
        if kept.socket.recv(1) != b"":
            fail("the server says more than it was asked")
        kept.socket.close()
        if server.wait(LIMIT) != 0:
            fail(f"the server ended with {server.returncode}")
        print("the tour ended as promised")
    finally:
        if server and server.poll() is None:
            server.kill()
            server.wait()
        shutil.rmtree(root)


main()
