import base64
import json
import unittest
from pathlib import Path
from typing import Any

from procura import WebhookSignatureError, verify_webhook_signature

VECTORS = json.loads((Path(__file__).parents[3] / "vectors/webhook.json").read_text("utf-8"))["vectors"]
GOOD = next(vector for vector in VECTORS if vector["name"] == "as it is sent")
BODY = base64.b64decode(GOOD["body"])


def judge(body: Any = BODY, headers: Any = None, secret: Any = None, **options: Any) -> Any:
    headers = GOOD["headers"] if headers is None else headers
    options = {"now": GOOD["now"], **options}
    return verify_webhook_signature(body, headers, GOOD["secrets"] if secret is None else secret, **options)


class Webhook(unittest.TestCase):
    def test_every_vector_is_taken_or_refused_as_it_says(self) -> None:
        self.assertGreater(len(VECTORS), 50)
        for vector in VECTORS:
            with self.subTest(vector["name"]):
                given = (base64.b64decode(vector["body"]), vector["headers"], vector["secrets"])
                if vector["accepted"]:
                    delivery = verify_webhook_signature(*given, now=vector["now"])
                    self.assertEqual((delivery.id, delivery.timestamp), (vector["id"], vector["timestamp"]))
                    continue
                with self.assertRaises(WebhookSignatureError):
                    verify_webhook_signature(*given, now=vector["now"])

    def test_headers_are_there_once(self) -> None:
        name = "webhook-id"
        for headers in ({**GOOD["headers"], "Webhook-Id": GOOD["headers"][name]}, {**GOOD["headers"], name: ["a"]}, {}):
            with self.assertRaises(WebhookSignatureError):
                judge(headers=headers)

    def test_the_body_is_taken_as_a_text_too_and_never_parsed(self) -> None:
        self.assertEqual(judge(BODY.decode()).id, GOOD["id"])
        self.assertEqual(judge(bytearray(BODY)).id, GOOD["id"])
        for body in (json.loads(BODY), None):
            with self.assertRaises(TypeError):
                judge(body)

    def test_the_tolerance_and_the_time_are_the_callers_and_now_where_none_is_given(self) -> None:
        self.assertEqual(judge(now=GOOD["now"] + 10, tolerance_seconds=10).id, GOOD["id"])
        for options in ({"now": None}, {"now": GOOD["now"] + 11, "tolerance_seconds": 10}):
            with self.assertRaises(WebhookSignatureError):
                judge(**options)
        for tolerance in (-1, float("nan")):
            with self.assertRaises(ValueError):
                judge(tolerance_seconds=tolerance)

    def test_a_secret_that_is_none_is_refused_whatever_was_sent(self) -> None:
        for secret in ("", "whsec_", "whsec_AAAA", "whsec_not base64 at all, and long enough", [], [""], [None]):
            with self.assertRaises(ValueError):
                judge(secret=secret)


if __name__ == "__main__":
    unittest.main()
