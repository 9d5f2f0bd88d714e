"""One request and its answer, within one deadline.

What is decided here: what counts as an answer. A redirect, another content type, a body that is too long, broken off or no
JSON is none. What may be sent again is sent again, on a broken connection or a 503, and after a 429 as long as its Retry-After
says (who was refused for being early has changed nothing), and never after the deadline.

The standard library bounds each wait on a socket and not their sum: who sends a byte a second is waited for forever. So every
wait here is bounded by what is left.
"""

from __future__ import annotations

import http.client
import io
import json
import queue
import random
import socket
import ssl
import threading
import time
from typing import Any, Dict, List, Mapping, Optional, Tuple
from urllib.parse import urlsplit

from ._errors import MALFORMED, TIMEOUT, UNREACHABLE, ProcuraRefused, ProcuraUnavailable

LONGEST_ANSWER = 1024 * 1024
"""The longest answer, in bytes."""
TRIES = 3
"""How often a request is sent at most."""
PAUSE = 0.1
"""How long is waited before the second try, in seconds; twice as long before the third."""
_JSON = ("application/json", "application/jwk-set+json")
_LOCAL = ("localhost", "127.0.0.1", "::1")


class Deadline:
    """A point in time after which nothing is waited for."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds; raises ProcuraUnavailable where none is left."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise self.passed()
        return left

    def passed(self) -> ProcuraUnavailable:
        """The error of an answer that came too late, or never."""
        return ProcuraUnavailable(f"no answer within {self.seconds:g} s", TIMEOUT)


class Server:
    """Where requests go to: one origin."""

    def __init__(self, url: str, allow_http: bool, context: Optional[ssl.SSLContext]) -> None:
        wrong = "url is the server's public URL, such as https://procura.example.com"
        if not isinstance(url, str):
            raise ValueError(wrong)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(wrong)
        if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError("url has no user name, path, query or fragment")
        if parts.scheme == "http" and not (allow_http or parts.hostname in _LOCAL):
            raise ValueError("url begins with https://; http:// sends the key in the clear, and only allow_http allows it")
        self.origin = f"{parts.scheme}://{parts.netloc.lower()}"
        self._name = parts.netloc.lower()
        self._host = parts.hostname
        self._is_tls = parts.scheme == "https"
        self._port = parts.port or (443 if self._is_tls else 80)
        self._context = context

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: Optional[str], deadline: Deadline
    ) -> Dict[str, Any]:
        """The JSON of an answer with status 200."""
        tries = 0
        while True:
            try:
                answer = self._once(method, path, headers, body, deadline)
            except ProcuraUnavailable as error:
                early = error.retry_after if isinstance(error, ProcuraRefused) and error.status == 429 else 0.0
                if early <= 0:
                    tries += 1
                    is_worth_again = error.code == UNREACHABLE or error.status == 503
                    if not is_worth_again or tries == TRIES:
                        raise
                pause = early if early > 0 else PAUSE * tries * (1 + random.random())
                if pause >= deadline.left():
                    raise
                time.sleep(pause)
                continue
            deadline.left()
            return answer

    def _once(
        self, method: str, path: str, headers: Mapping[str, str], body: Optional[str], deadline: Deadline
    ) -> Dict[str, Any]:
        connection = http.client.HTTPConnection(self._host, self._port)
        sock: Optional[socket.socket] = None
        try:
            sock = self._connect(deadline)
            connection.sock = _Socket(sock, deadline)
            sent = {"Host": self._name, "Accept": ", ".join(_JSON), "Connection": "close", **headers}
            connection.request(method, path, None if body is None else body.encode(), sent)
            response = connection.getresponse()
            content = response.read(LONGEST_ANSWER + 1)
            if len(content) > LONGEST_ANSWER:
                raise malformed(response.status, "is too long")
            expected = response.getheader("Content-Length")
            if expected is not None and int(expected) != len(content):
                raise http.client.IncompleteRead(content)
            wait = response.getheader("Retry-After") or ""
            kind = response.getheader("Content-Type") or ""
            return _read(response.status, kind, content, float(wait) if wait.isdecimal() else 0.0)
        except (TimeoutError, socket.timeout):
            raise deadline.passed() from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            # A wait that ended because nothing was left of the deadline may say so in other words.
            deadline.left()
            raise ProcuraUnavailable("the server cannot be reached, or broke off", UNREACHABLE) from error
        finally:
            connection.close()
            if sock is not None:
                sock.close()

    def _connect(self, deadline: Deadline) -> socket.socket:
        failure: Optional[OSError] = None
        for family, kind, protocol, _, address in self._addresses(deadline):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(deadline.left())
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return self._secured(sock, deadline)
            except OSError as error:
                sock.close()
                failure = error
            except BaseException:
                sock.close()
                raise
        raise failure or OSError("the name has no address")

    def _secured(self, sock: socket.socket, deadline: Deadline) -> socket.socket:
        if not self._is_tls:
            return sock
        context = self._context or ssl.create_default_context()
        sock.settimeout(deadline.left())
        return context.wrap_socket(sock, server_hostname=self._host)

    def _addresses(self, deadline: Deadline) -> List[Tuple[Any, ...]]:
        """The resolver knows no deadline, so another thread waits for it."""
        found: "queue.Queue[Any]" = queue.Queue()

        def resolve() -> None:
            try:
                found.put(socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM))
            except OSError as error:
                found.put(error)

        threading.Thread(target=resolve, name="procura-resolve", daemon=True).start()
        try:
            result = found.get(timeout=deadline.left())
        except queue.Empty:
            raise deadline.passed() from None
        if isinstance(result, OSError):
            raise result
        return list(result)


class _Socket:
    """What http.client needs of a socket, with every wait bounded by what is left."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._deadline.left())
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._sock, self._deadline))

    def close(self) -> None:
        """Nothing: http.client closes it before the answer is read, and whoever opened it closes it after."""


class _Reader(io.RawIOBase):
    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._deadline.left())
        return self._sock.recv_into(buffer)


def _read(status: int, kind: str, content: bytes, retry_after: float) -> Dict[str, Any]:
    answer: Any = None
    if kind.split(";")[0].strip().lower() in _JSON:
        try:
            answer = json.loads(content.decode())
        except (ValueError, RecursionError):
            answer = None
    if status == 200 and isinstance(answer, dict):
        return answer
    if status == 200:
        raise malformed(status, "is not a JSON object")
    names = ("error", "code", "requestId", "fix")
    if isinstance(answer, dict) and all(isinstance(answer.get(name), str) for name in names):
        said = (answer["error"], answer["code"], status, answer["requestId"], answer["fix"])
        raise ProcuraRefused(*said, retry_after=retry_after)
    raise malformed(status, "is none that Procura gives")


def malformed(status: int, what: str) -> ProcuraUnavailable:
    """The error of an answer that is none."""
    return ProcuraUnavailable(f"the answer (status {status}) {what}", MALFORMED, status)
