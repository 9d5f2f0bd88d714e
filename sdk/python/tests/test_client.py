"""What needs no server. What a guarded function may stand on is proven against a real one, by ``live/guard.py``."""

import asyncio
import contextlib
import http.server
import json
import socket
import threading
import time
import unittest
from typing import Any, Dict, Iterator, List, Tuple

from procura import AsyncProcura, Procura, ProcuraError, ProcuraRefused, ProcuraUnavailable

URL = "https://procura.example.com"
AGENT = "agt_01KB4T5XW0000000000000000A"
RESERVATION = "rsv_01KB4T5XW0000000000000000H"


def never(_: Any) -> None:
    raise AssertionError("it ran")


@contextlib.contextmanager
def answering(answers: List[Tuple[int, Dict[str, Any]]]) -> Iterator[Tuple[str, List[str]]]:
    """A server that answers each request with the next of these, the last one for ever; gives its URL and what was asked."""
    asked: List[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(f"{self.command} {self.path}")
            status, body = answers[min(len(asked), len(answers)) - 1]
            content = json.dumps(body).encode()
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Retry-After", "1")
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


class Client(unittest.TestCase):
    def test_the_url_is_an_origin_and_the_key_is_not_sent_in_the_clear(self) -> None:
        for url in (URL + "/", "https://x:8443", "http://localhost:1", "http://127.0.0.1:1", "http://[::1]:1"):
            self.assertTrue(Procura(url, "pca_x"), url)
        for url in (
            None,
            "",
            "procura.example.com",
            "ftp://procura.example.com",
            "http://procura.example.com",
            "http://127.0.0.1.example.com",
            "https://user@procura.example.com",
            URL + "/path",
            URL + "?q",
            URL + "#f",
            "https://x:port",
        ):
            with self.assertRaises(ValueError, msg=url):
                Procura(url, "pca_x")  # type: ignore[arg-type]
        self.assertTrue(Procura("http://procura.example.com", "pca_x", allow_http=True))

    def test_a_key_that_is_none_is_refused(self) -> None:
        for key in (None, "", "a b", "a\r\nx: y", "ä"):
            with self.assertRaises(ValueError):
                Procura(URL, key)  # type: ignore[arg-type]

    def test_what_cannot_be_asked_is_refused_before_anything_is_sent(self) -> None:
        client, later = Procura(URL, "pca_x", agent_id=AGENT), AsyncProcura(URL, "pca_x", agent_id=AGENT)
        for ask in (None, {}, {"action": "a", "amount": "1 USD"}, {"action": "a", "nonce": "n"}, {"action": "a", "user": "u"}):
            with self.assertRaises(ValueError):
                client.guard(ask, never)  # type: ignore[arg-type]
            with self.assertRaises(ValueError):
                asyncio.run(later.guard(ask, never))  # type: ignore[arg-type]
        for timeout in (0, -1, float("nan"), float("inf"), True):
            with self.assertRaises(ValueError):
                client.guard({"action": "a"}, never, timeout=timeout)

    def test_without_an_agent_nothing_is_guarded(self) -> None:
        for agent in (None, "", 1):
            client, later = Procura(URL, "pca_x", agent_id=agent), AsyncProcura(URL, "pca_x", agent_id=agent)  # type: ignore[arg-type]
            with self.assertRaisesRegex(ValueError, "agent_id"):
                client.guard({"action": "a"}, never)
            with self.assertRaisesRegex(ValueError, "agent_id"):
                client.verify({"action": "a"})
            with self.assertRaisesRegex(ValueError, "agent_id"):
                asyncio.run(later.guard({"action": "a"}, never))
        with self.assertRaises(ProcuraUnavailable):
            Procura("http://127.0.0.1:1", "pca_x", timeout=2).verify({"action": "a", "agentId": AGENT})

    def test_an_async_function_is_not_taken_for_one_that_was_run(self) -> None:
        async def act(_: Any) -> None:
            raise AssertionError("it ran")

        with self.assertRaises(TypeError):
            Procura(URL, "pca_x").guard({"action": "a"}, act)

    def test_a_reservation_is_named_by_its_id_alone(self) -> None:
        client = Procura(URL, "pca_x")
        for name in (None, "", "rsv_", "rsv_../../../v1/agents/01234567", "apr" + RESERVATION[3:], RESERVATION + "\n"):
            with self.assertRaises(ValueError):
                client.commit(name)  # type: ignore[arg-type]
            with self.assertRaises(ValueError):
                client.release(name)  # type: ignore[arg-type]
        with self.assertRaises(ValueError):
            client.commit(RESERVATION, "-1")

    def test_nobody_there_is_an_error_of_one_kind(self) -> None:
        with self.assertRaises(ProcuraUnavailable) as caught:
            Procura("http://127.0.0.1:1", "pca_x", timeout=2, agent_id=AGENT).guard({"action": "a"}, never)
        self.assertEqual(caught.exception.code, "UNREACHABLE")
        self.assertIsInstance(caught.exception, ProcuraError)

    def test_who_was_refused_for_being_early_asks_again_as_soon_as_it_may(self) -> None:
        early = {"success": False, "code": "RATE_LIMITED", "error": "Too many.", "fix": "Wait.", "requestId": "req_1"}
        with answering([(429, early), (200, {"id": RESERVATION})]) as (url, asked):
            began = time.monotonic()
            self.assertEqual(Procura(url, "pca_x").commit(RESERVATION)["id"], RESERVATION)
            self.assertGreaterEqual(time.monotonic() - began, 0.9)
        self.assertEqual(len(asked), 2)
        with answering([(429, early)]) as (url, asked), self.assertRaises(ProcuraRefused) as caught:
            Procura(url, "pca_x", timeout=0.5).commit(RESERVATION)
        self.assertEqual((caught.exception.code, caught.exception.retry_after, len(asked)), ("RATE_LIMITED", 1.0, 1))

    def test_what_was_reserved_for_an_answer_that_is_not_taken_is_given_back(self) -> None:
        answer = {
            "success": True, "allowed": True, "decision": "allow", "reason": "It may.", "code": "ALLOWED", "risk": "none",
            "requestId": "req_1", "agentId": AGENT, "reservationId": RESERVATION, "receipt": "none",
        }
        with answering([(200, answer), (200, {"keys": []})]) as (url, asked), self.assertRaises(ProcuraUnavailable) as caught:
            Procura(url, "pca_x", agent_id=AGENT).guard({"action": "a"}, never)
        self.assertEqual(caught.exception.code, "UNSIGNED")
        self.assertEqual(asked[-1], f"POST /v1/reservations/{RESERVATION}/release")

    def test_who_sends_a_byte_now_and_then_is_not_waited_for(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:

            def drip() -> None:
                peer, _ = server.accept()
                with peer:
                    try:
                        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 200:
                            peer.sendall(bytes([byte]))
                            time.sleep(0.05)
                    except OSError:
                        pass

            threading.Thread(target=drip, daemon=True).start()
            client = Procura(f"http://127.0.0.1:{server.getsockname()[1]}", "pca_x", timeout=0.5, agent_id=AGENT)
            began = time.monotonic()
            with self.assertRaises(ProcuraUnavailable) as caught:
                client.guard({"action": "a"}, never)
            self.assertEqual(caught.exception.code, "TIMEOUT")
            self.assertLess(time.monotonic() - began, 3)


if __name__ == "__main__":
    unittest.main()
