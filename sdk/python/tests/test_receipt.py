import base64
import hashlib
import json
import sys
import unittest
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

from procura import ReceiptError, _ed25519, action_digest, canonical_ask, verify_receipt

FILE = json.loads((Path(__file__).parents[3] / "vectors/receipt.json").read_text("utf-8"))
ASKS, KEYS, ISSUER, RECEIPTS = FILE["asks"], FILE["jwks"], FILE["issuer"], FILE["receipts"]


def named(name: str) -> Any:
    return next(vector for vector in ASKS + RECEIPTS if vector["name"] == name)


def judge(vector: Any, **changes: Any) -> Any:
    wanted = vector["wanted"]
    options = {
        "keys": KEYS,
        "issuer": ISSUER,
        "now": vector["now"],
        "audience": wanted.get("audience"),
        "agent_id": wanted.get("agent"),
        "digest": wanted.get("digest"),
        "nonce": wanted.get("nonce"),
        "decision": "any",
    }
    return verify_receipt(vector["receipt"], **{**options, **changes})


class Receipt(unittest.TestCase):
    def refused(self, vector: Any, **changes: Any) -> ReceiptError:
        with self.assertRaises(ReceiptError) as caught:
            judge(vector, **changes)
        return caught.exception

    def test_asks_have_the_canonical_text_and_the_digest_of_the_server(self) -> None:
        own = [vector for vector in ASKS if vector["portable"]]
        self.assertGreater(len(own), 30)
        for vector in own:
            with self.subTest(vector["name"]):
                ask = {**json.loads(vector["ask"]), "user": vector["user"]}
                if vector["canonical"] is None:
                    with self.assertRaises(ValueError):
                        canonical_ask(ask)
                    continue
                self.assertEqual(canonical_ask(ask), vector["canonical"])
                self.assertEqual(action_digest(ask), vector["digest"])

    def judge_all(self) -> None:
        self.assertGreater(len(RECEIPTS), 50)
        for vector in RECEIPTS:
            with self.subTest(vector["name"]):
                if vector["code"] is None:
                    self.assertEqual(judge(vector), vector["claims"])
                else:
                    self.assertEqual(self.refused(vector).code, vector["code"])

    def test_receipts_are_judged_as_the_server_judges_them(self) -> None:
        self.judge_all()

    def test_receipts_are_judged_alike_without_any_package(self) -> None:
        with mock.patch.dict(sys.modules, {"cryptography.exceptions": None}):
            with mock.patch.object(_ed25519, "verifies_by_hand", wraps=_ed25519.verifies_by_hand) as by_hand:
                self.judge_all()
        self.assertGreater(by_hand.call_count, 20)

    def test_the_ask_itself_may_be_given_and_every_member_of_it_counts(self) -> None:
        good, ask = named("an allow that is what was asked"), json.loads(named("members in another order")["ask"])
        self.assertEqual(judge(good, ask=ask, decision="allow")["dec"], "allow")
        changes = {
            "action": "x", "resource": "x", "vendor": "x", "amount": "742.01", "currency": "EUR", "args": {"seats": 3},
            "user": "u",
        }  # fmt: skip
        for member, value in changes.items():
            error = self.refused(good, digest=None, ask={**ask, member: value})
            self.assertEqual(error.code, "RECEIPT_MISMATCH", member)

    def test_only_an_allow_is_taken_unless_another_answer_is_wanted(self) -> None:
        denied = named("a denial is signed too")
        for decision in ("allow", "needs_approval"):
            self.assertEqual(self.refused(denied, decision=decision).code, "RECEIPT_MISMATCH")
        self.assertEqual(judge(denied, decision="deny")["code"], "AMOUNT_OVER_LIMIT")
        wanted = dict(keys=KEYS, audience=None, now=denied["now"])
        with self.assertRaises(ReceiptError):
            verify_receipt(denied["receipt"], **wanted)

    def test_keys_that_are_not_for_this_verify_nothing(self) -> None:
        good = named("an allow that is what was asked")
        head = good["receipt"].split(".")[0]
        kid = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]
        key = next(key for key in KEYS["keys"] if key["kid"] == kid)
        # The last three: points of small order, and one that is not in canonical form.
        for change in (
            {"use": "enc"},
            {"alg": "ES256"},
            {"alg": None},
            {"d": "AAAA"},
            {"key_ops": ["sign"]},
            {"crv": "X25519"},
            {"x": key["x"] + "A"},
            {"x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
            {"x": "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU"},
            {"x": "7v__________________________________________"},
        ):
            error = self.refused(good, keys=[{**key, **change}])
            self.assertEqual((error.code, error.is_key_unknown), ("RECEIPT_INVALID", False), change)
        self.assertTrue(self.refused(good, keys=[]).is_key_unknown)
        for keys in (None, {}, "keys"):
            with self.assertRaises(ValueError):
                judge(good, keys=keys)

    def test_clocks_may_be_apart_as_far_as_is_said(self) -> None:
        good = named("an allow that is what was asked")
        issued, ends = good["claims"]["iat"], good["claims"]["exp"]
        judge(good, now=ends + 29, leeway=30)
        self.assertEqual(self.refused(good, now=ends + 30, leeway=30).code, "RECEIPT_EXPIRED")
        judge(good, now=issued - 60, leeway=60)
        self.assertEqual(self.refused(good, now=issued - 61, leeway=60).code, "RECEIPT_INVALID")

    def test_what_json_cannot_say_exactly_is_refused_before_anything_is_asked(self) -> None:
        circle: dict = {}
        circle["self"] = circle
        for args in (circle, {"x": float("nan")}, {"x": Decimal("Infinity")}, {1: 2}, {"x": {1}}, {"x": "\ud800"}, b"x"):
            with self.assertRaises(ValueError):
                canonical_ask({"action": "a", "args": args})
        for ask in (None, [], {}, {"action": ""}, {"action": 1}, {"action": "a", "currency": "usd"}, {"action": "a", "vendor": 1}):
            with self.assertRaises(ValueError):
                canonical_ask(ask)  # type: ignore[arg-type]
        for amount in (-1, 1e21, 0.1 + 0.2, True, "", "1.", "٣", "1\n", "9" * 5000, Decimal("NaN")):
            with self.assertRaises(ValueError):
                canonical_ask({"action": "a", "amount": amount})
        self.assertIn('"amount":"12.50"', canonical_ask({"action": "a", "amount": Decimal("12.5")}))
        written = canonical_ask({"action": "a", "args": {"b": 10**30, "a": (1, 2.5, Decimal("1E+2"))}})
        self.assertIn('"args":{"a":[1,2.5,100],"b":' + str(10**30) + "}", written)


class Ed25519(unittest.TestCase):
    """RFC 8032 section 7.1, tests 1 to 3."""

    VECTORS = (
        ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
    )  # fmt: skip

    def test_signatures_hold_and_nothing_else_does(self) -> None:
        order = 2**252 + 27742317777372353535851937790883648493
        for key, message, signature in (tuple(map(bytes.fromhex, vector)) for vector in self.VECTORS):
            for verifies in (_ed25519.verifies, _ed25519.verifies_by_hand):
                self.assertTrue(verifies(key, message, signature))
                self.assertTrue(_ed25519.is_usable(key))
                self.assertFalse(verifies(key, message + b"x", signature))
                self.assertFalse(verifies(key, message, signature[:-1]))
                self.assertFalse(verifies(key[:-1], message, signature))
                # The same S one order further: malleable where nobody looks.
                s = int.from_bytes(signature[32:], "little") + order
                self.assertFalse(verifies(key, message, signature[:32] + s.to_bytes(32, "little")))
                for at in range(0, 64, 7):
                    bent = bytearray(signature)
                    bent[at] ^= 1
                    self.assertFalse(verifies(key, message, bytes(bent)))

    def test_points_that_are_none_are_not_usable(self) -> None:
        for key in (b"", bytes(32), b"\x01" + bytes(31), b"\xff" * 32, hashlib.sha256(b"3").digest()[:31]):
            self.assertFalse(_ed25519.is_usable(key))


if __name__ == "__main__":
    unittest.main()
