"""A running server for tests: start, its address and password, calls as a person and as a worker, its processes, its end."""
import http.client
import http.cookiejar
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
OWN_PASSWORD = "a password of their own"
PROGRAM = os.environ.get("CUSTOMERSIGHT_PROGRAM", str(ROOT / "out/release/src/cli/customersight"))


class Refused(Exception):
    """An answer of 400 and above."""

    def __init__(self, status, problem):
        super().__init__(f"{status}: {problem}")
        self.status, self.problem = status, problem


class SocketConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def call_socket(path, method, target, body=b"", token=None, kind="application/json", timeout=10):
    """One request over a UNIX socket: (status, bytes)."""
    connection = SocketConnection(path, timeout)
    try:
        headers = {"Content-Type": kind, **({"Authorization": f"Bearer {token}"} if token else {})}
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def session_processes(session):
    """Process id → (parent, command line) of everything alive in a session."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            text = pathlib.Path("/proc", entry, "stat").read_text()
            state, parent, _, owner = text.rpartition(")")[2].split()[:4]
            if int(owner) == session and state not in "ZX":
                line = pathlib.Path("/proc", entry, "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                found[int(entry)] = (int(parent), line)
        except (OSError, ValueError):
            pass
    return found


class Server:
    """`serve` with its own session, so that all its processes can be told from others."""

    def __init__(self, data, *arguments, log=None, environment=None):
        self.data, self.lines, self.cookie, self.csrf = pathlib.Path(data), [], None, None
        self.log_path = pathlib.Path(log or f"{data}.log")
        self.started = time.monotonic()
        with open(self.log_path, "ab") as log_file:
            self.process = subprocess.Popen([PROGRAM, "serve", "--data", str(data), "--port", "0", *map(str, arguments)],
                                            stdout=subprocess.PIPE, stderr=log_file, stdin=subprocess.DEVNULL, text=True,
                                            start_new_session=True, env={**os.environ, **(environment or {})})
        self.pid = self.process.pid
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line)

    def printed(self, pattern, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for line in list(self.lines):
                match = re.search(pattern, line)
                if match:
                    return match.group(1)
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise RuntimeError(f"serve (exit code {self.process.poll()}) did not print {pattern!r}; log: {self.log()[-1500:]}")

    @property
    def url(self):
        return self.printed(r"(https?://\S+)").rstrip("/")

    def log(self):
        return self.log_path.read_text(errors="replace")

    def call(self, target, body=None, method=None, raw=False, seconds=20):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        if self.cookie:
            headers |= {"Cookie": self.cookie, "X-CSRF-Token": self.csrf}
        request = urllib.request.Request(self.url + target, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                if answer.headers.get("Set-Cookie"):
                    self.cookie = answer.headers["Set-Cookie"].split(";")[0]
                content = answer.read()
                return content if raw else json.loads(content or b"null")
        except urllib.error.HTTPError as refusal:
            text = refusal.read().decode(errors="replace")
            raise Refused(refusal.code, text) from None

    def login(self, password):
        """Logs in and, where the program made the password, chooses OWN_PASSWORD first, as a person has to."""
        self.cookie = None
        me = self.call("/api/login", {"user": "admin", "password": password})
        self.csrf = me["csrf_token"]
        if me["user"]["must_change_password"]:
            change = {"current_password": password, "new_password": OWN_PASSWORD}
            self.csrf = self.call("/api/me/password", change, "PUT")["csrf_token"]

    def wait_ready(self, seconds=30):
        """Seconds from the start of the process until /readyz says yes over the socket in the data folder."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if call_socket(self.data / "worker.sock", "GET", "/readyz", timeout=2)[0] == 200:
                    return time.monotonic() - self.started
            except OSError:
                pass
            time.sleep(0.01)
        raise RuntimeError(f"not ready after {seconds} s (exit code {self.process.poll()}): {self.log()[-1500:]}")

    def processes(self):
        return session_processes(self.pid)

    def worker(self):
        for pid, (parent, line) in self.processes().items():
            if parent == self.pid and "--parent-fd" in line:
                return pid
        return None

    def captures(self):
        worker = self.worker()
        return [pid for pid, (parent, _) in self.processes().items() if worker and parent == worker]

    def gone(self, seconds):
        """What is left of the session's processes after at most so many seconds."""
        deadline = time.monotonic() + seconds
        left = session_processes(self.pid)
        while left and time.monotonic() < deadline:
            time.sleep(0.05)
            left = session_processes(self.pid)
        return left

    def stop(self, seconds=15):
        """SIGTERM: (exit code, seconds it took)."""
        start = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        self.kill()
        return code, time.monotonic() - start

    def kill(self):
        """Ends whatever is left of the processes this object started."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pid in self.gone(2):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
