import base64
import hashlib
import hmac
import json
import time
import unittest
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest import mock

from procura import SessionTokenError, sign_session_token

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/session-token.json").read_text("utf-8"))["vectors"]
SECRET = "a secret of a test, which is not real"


def sign_at(now: float, payload: Any, secret: Any = SECRET) -> str:
    with mock.patch("time.time", return_value=now):
        return sign_session_token(payload, secret)


def described(payload, secret):
    """Seed 003, word for word."""
    body = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=")
    sig = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    sig_b64 = base64.urlsafe_b64encode(sig).rstrip(b"=")
    return body.decode() + "." + sig_b64.decode()


class SessionToken(unittest.TestCase):
    def refused(self, payload: Any, secret: Any = SECRET) -> SessionTokenError:
        """The error of signing at second 1,000."""
        with self.assertRaises(SessionTokenError) as caught:
            sign_at(1_000, payload, secret)
        return caught.exception

    def test_every_vector_of_this_form_is_signed_to_the_byte_or_refused_with_the_code_of_the_server(self) -> None:
        own = [vector for vector in VECTORS if vector["form"] == "python"]
        self.assertGreater(len(own), 40)
        for vector in own:
            with self.subTest(vector["name"]):
                payload = json.loads(vector["payload"])
                if vector["code"] is None:
                    self.assertEqual(sign_at(vector["now"], payload, vector["secret"]), vector["token"])
                    continue
                with self.assertRaises(SessionTokenError) as caught:
                    sign_at(vector["now"], payload, vector["secret"])
                self.assertEqual(caught.exception.code, vector["code"])

    def test_the_bytes_are_those_of_the_function_in_the_description_of_the_format(self) -> None:
        now = int(time.time())
        for more in ({}, {"plan": "pro", "tags": ("a", "b"), "share": 0.1}, {"city": "Zürich 🏔", 7: [1, None]}):
            payload = {"userId": "user_123", "iat": now, "exp": now + 300, **more}
            self.assertEqual(sign_session_token(payload, SECRET), described(payload, SECRET))

    def test_a_secret_that_is_missing_or_short_is_refused_and_no_error_holds_it(self) -> None:
        payload = {"userId": "u", "exp": 1_060}
        for secret in (None, "", "x" * 31, b"x" * 32, "\ud800" * 32):
            self.assertIsNone(self.refused(payload, secret).code)
        self.assertNotIn("hunter2", str(self.refused(payload, "hunter2")))
        self.assertTrue(sign_at(1_000, payload, "ü" * 16))

    def test_what_json_would_bend_is_judged_as_the_server_will_read_it(self) -> None:
        payload: dict = {"userId": "u", "exp": 1_060}
        circle: dict = {**payload}
        circle["self"] = circle
        unreadable = (
            {**payload, "exp": float("nan")},
            {**payload, "exp": 10**400},
            {**payload, "share": float("inf")},
            {**payload, "since": object()},
            {**payload, 1: "a", "1": "b"},
            {**payload, "raw": b"x"},
            circle,
            None,
            [payload],
            "payload",
        )
        for payload_of_this in unreadable:
            self.assertEqual(self.refused(payload_of_this).code, "AUTH_TOKEN_MALFORMED")
        self.assertEqual(self.refused({**payload, "iat": 1_000.5}).code, "AUTH_TOKEN_INVALID")

    def test_a_payload_may_be_any_mapping(self) -> None:
        payload = {"userId": "u", "exp": 1_060}
        self.assertEqual(sign_at(1_000, MappingProxyType(payload)), sign_at(1_000, payload))


if __name__ == "__main__":
    unittest.main()
