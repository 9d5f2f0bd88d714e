"""Asking before acting (VER-4).

What is decided here: whether an action may be done now. It may after one thing only: an answer that came within the deadline,
with a receipt that the server signed for this very question (nonce), this very action (digest), this agent, with the verdict
allow. Everything else raises before the guarded function is called. What the function then stands on (the reservation) is
what was signed, not what stood beside it.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import secrets
import ssl
import uuid
from decimal import Decimal
from typing import Any, Awaitable, Callable, Dict, Mapping, Optional, TypeVar, Union, cast

from ._errors import (
    UNSIGNED,
    NothingDone,
    ProcuraApprovalRequired,
    ProcuraDenied,
    ProcuraUnavailable,
)
from ._http import Deadline, Server, malformed
from ._json import RawJson, canonical
from ._receipt import (
    MISMATCH,
    VERDICTS,
    KeySet,
    ReceiptError,
    canonical_amount,
    canonical_ask,
    verify_receipt,
)
from ._wire import Reservation, VerifyAnswer

USUAL_TIMEOUT = 5.0
"""How long an answer is waited for unless the caller says otherwise, in seconds."""
USUAL_SKEW = 30.0
"""How far the two clocks may be apart: what proves that an answer is new is the nonce, not the time."""
LONGEST_TIMEOUT = 86_400.0
"""The longest time that can be waited for."""

_RESERVATION = "rsv_[0-9A-Z]{26}"
_OWN = ("nonce", "receipt", "user")
_TEXTS = ("decision", "reason", "code", "risk", "requestId", "agentId")
_LOG = logging.getLogger("procura")

Result = TypeVar("Result")
Ask = Mapping[str, Any]
"""What is asked: ``action``, and perhaps ``resource``, ``vendor``, ``amount``, ``currency``, ``args``, ``agentId``,
``sessionId``, ``taskId``, ``metadata``."""
Amount = Union[str, int, float, Decimal]
Unsettled = Callable[[Exception, str, str, Optional[str]], None]
"""Told the error, the reservation, ``commit`` or ``release``, and the amount."""


class Grant:
    """What an allowed action stands on."""

    def __init__(self, answer: VerifyAnswer, claims: Dict[str, Any]) -> None:
        self.decision: VerifyAnswer = answer
        """The whole answer."""
        self.claims: Dict[str, Any] = claims
        """What was signed."""
        self.receipt: str = cast(str, answer.get("receipt"))
        """The receipt, for whoever wants to see that it was allowed."""
        self.request_id: str = claims["req"]
        """The decision's id."""
        self.reservation_id: Optional[str] = claims.get("rsv")
        """What was reserved; None where nothing was."""
        self._spent: Optional[str] = None

    def spent(self, amount: Amount) -> None:
        """Say how much it came to in the end, where that is less than was asked for."""
        self._spent = canonical_amount(amount)


class _Question:
    """An ask as it is sent: its arguments are made text once, so that what is signed is what is sent."""

    def __init__(self, ask: Ask, agent_id: Optional[str]) -> None:
        canonical_ask(ask)
        for name in _OWN:
            if name in ask:
                raise ValueError(f"{name} is not a member of an ask")
        self.members: Dict[str, Any] = {name: value for name, value in ask.items() if value is not None}
        if "args" in self.members:
            self.members["args"] = RawJson(canonical(self.members["args"]))
        if "amount" in self.members:
            self.members["amount"] = canonical_amount(self.members["amount"])
        if agent_id is not None:
            self.members.setdefault("agentId", agent_id)


class Procura:
    """A client of one Procura server, for threads."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout: float = USUAL_TIMEOUT,
        keys: Optional[KeySet] = None,
        issuer: Optional[str] = None,
        agent_id: Optional[str] = None,
        clock_skew: float = USUAL_SKEW,
        allow_http: bool = False,
        ssl_context: Optional[ssl.SSLContext] = None,
        on_unsettled: Optional[Unsettled] = None,
    ) -> None:
        """``url`` is the server's public URL, ``key`` an agent or platform key, ``timeout`` in seconds.

        ``keys`` pins the server's keys, which are fetched from ``/.well-known/jwks.json`` otherwise. ``issuer`` is what
        receipts must name, where that is not ``url``. ``agent_id`` is the agent whose answers are taken; ``verify`` and
        ``guard`` need it, unless the ask has ``agentId``. ``on_unsettled`` is told when an action is done and its reservation
        could not be settled; a warning is logged otherwise.
        """
        self._server = Server(url, allow_http, ssl_context)
        if not isinstance(key, str) or re.fullmatch("[!-~]+", key) is None:
            raise ValueError("key is an agent or platform key: is its environment variable set?")
        self._key = key
        self._issuer = issuer or self._server.origin
        self._agent_id = agent_id
        self._timeout = _positive(timeout)
        self._skew = clock_skew
        self._pinned = keys
        self._fetched: Optional[KeySet] = None
        self._on_unsettled = on_unsettled or _log_unsettled

    def verify(self, ask: Ask, *, audience: Optional[str] = None, timeout: Optional[float] = None) -> Grant:
        """Ask whether the action may be done; return only if it may.

        Raises ProcuraDenied, ProcuraApprovalRequired, or ProcuraUnavailable where there is no answer to rely on.
        """
        return self._verify(ask, audience, self._deadline(timeout))

    def check(self, ask: Ask, *, timeout: Optional[float] = None) -> VerifyAnswer:
        """The answer, whatever it is. It is not signed: show it, and act on ``verify`` or ``guard``.

        Raises ProcuraUnavailable where there is none.
        """
        return self._ask(_Question(ask, self._agent_id).members, self._deadline(timeout))

    def guard(
        self,
        ask: Union[Ask, Callable[[], Ask]],
        act: Callable[[Grant], Result],
        *,
        audience: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> Result:
        """Call ``act`` once if, and only if, the action may be done; then settle what was reserved for it.

        It is committed with the amount that ``grant.spent`` was told, or all of it. Where ``act`` raises NothingDone it is
        released, and on any other error it stays held. Raises as ``verify`` does.
        """
        if not callable(act) or inspect.iscoroutinefunction(act):
            raise TypeError("guard takes the function that it guards; AsyncProcura takes those that are async")
        grant = self.verify(ask() if callable(ask) else ask, audience=audience, timeout=timeout)
        try:
            result = act(grant)
        except NothingDone:
            self._settle(grant, "release")
            raise
        if inspect.isawaitable(result):
            # It has not run yet, and nobody here will run it: what was reserved stays held.
            raise TypeError("guard takes functions that are not async; AsyncProcura takes both")
        self._settle(grant, "commit")
        return result

    def commit(
        self, reservation_id: str, amount: Optional[Amount] = None, *, timeout: Optional[float] = None
    ) -> Reservation:
        """Say that it happened, and how much it came to where that is not what was reserved. Doing so twice is once."""
        body = {} if amount is None else {"amount": canonical_amount(amount)}
        return self._reservation(reservation_id, "commit", body, timeout)

    def release(self, reservation_id: str, *, timeout: Optional[float] = None) -> Reservation:
        """Say that it did not happen. Doing so twice is once."""
        return self._reservation(reservation_id, "release", {}, timeout)

    def _verify(self, ask: Ask, audience: Optional[str], deadline: Deadline) -> Grant:
        question = _Question(ask, self._agent_id).members
        if not isinstance(question.get("agentId"), str) or not question["agentId"]:
            # Otherwise any agent's receipt would do, and the answer itself would say whose it must be.
            raise ValueError("agent_id says which agent the answer must be about: name it in the client, or agentId in the ask")
        nonce = secrets.token_urlsafe(32)
        wanted = audience or question.get("vendor") or self._issuer
        receipt: Any = True if audience is None else {"audience": audience}
        answer = self._ask({**question, "nonce": nonce, "receipt": receipt}, deadline)
        if answer["decision"] == "deny":
            raise ProcuraDenied(answer)
        if answer["decision"] == "needs_approval":
            raise ProcuraApprovalRequired(answer)
        rules = {
            "audience": wanted,
            "issuer": self._issuer,
            "ask": question,
            "agent_id": question.get("agentId"),
            "nonce": nonce,
            "leeway": self._skew,
        }
        try:
            claims = self._claims(answer, rules, deadline)
            deadline.left()
        except Exception:
            self._let_go(answer, deadline)
            raise
        return Grant(answer, claims)

    def _let_go(self, answer: VerifyAnswer, deadline: Deadline) -> None:
        """Give back what was reserved for an answer that nobody acts on. What is not given back in time lapses by itself."""
        name = answer.get("reservationId")
        if not isinstance(name, str) or re.fullmatch(_RESERVATION, name) is None:
            return
        try:
            self._post(f"/v1/reservations/{name}/release", "{}", deadline)
        except ProcuraUnavailable:
            # Why the answer is not acted on is what its caller hears.
            _LOG.debug("%s stays held until it lapses", name)

    def _settle(self, grant: Grant, verb: str) -> None:
        """Never raises: the action is done, and an error would look as if it were not."""
        if grant.reservation_id is None:
            return
        try:
            if verb == "commit":
                self.commit(grant.reservation_id, grant._spent)
            else:
                self.release(grant.reservation_id)
        except Exception as error:
            try:
                self._on_unsettled(error, grant.reservation_id, verb, grant._spent)
            except Exception:
                _LOG.exception("on_unsettled failed")

    def _reservation(self, name: str, verb: str, body: Dict[str, str], timeout: Optional[float]) -> Reservation:
        if not isinstance(name, str) or re.fullmatch(_RESERVATION, name) is None:
            raise ValueError("a reservation is named by an id that begins with rsv_")
        path = f"/v1/reservations/{name}/{verb}"
        return cast(Reservation, self._post(path, canonical(body), self._deadline(timeout)))

    def _deadline(self, timeout: Optional[float]) -> Deadline:
        return Deadline(self._timeout if timeout is None else _positive(timeout))

    def _ask(self, question: Dict[str, Any], deadline: Deadline) -> VerifyAnswer:
        answer = self._post("/v1/verify", canonical(question), deadline)
        is_whole = (
            answer.get("success") is True
            and all(isinstance(answer.get(name), str) for name in _TEXTS)
            and answer["decision"] in VERDICTS
            and answer.get("allowed") is (answer["decision"] == "allow")
        )
        if not is_whole:
            raise malformed(200, "is no decision")
        return cast(VerifyAnswer, answer)

    def _post(self, path: str, body: str, deadline: Deadline) -> Dict[str, Any]:
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
            # A try whose answer was lost is known again by it.
            "Idempotency-Key": str(uuid.uuid4()),
        }
        return self._server.send("POST", path, headers, body, deadline)

    def _claims(self, answer: VerifyAnswer, rules: Dict[str, Any], deadline: Deadline) -> Dict[str, Any]:
        try:
            claims = self._verified(cast(str, answer.get("receipt")), rules, deadline)
            said = {"req": "requestId", "sub": "agentId", "code": "code", "rsv": "reservationId"}
            for name, member in said.items():
                if claims.get(name) != answer.get(member):
                    raise ReceiptError(f"{name} is not what the answer says", MISMATCH)
        except ReceiptError as error:
            message = f"the answer is not signed as it must be: {error}"
            raise ProcuraUnavailable(message, UNSIGNED, 200, answer["requestId"]) from error
        return claims

    def _verified(self, receipt: str, rules: Dict[str, Any], deadline: Deadline) -> Dict[str, Any]:
        known = self._pinned if self._pinned is not None else self._fetched
        try:
            return verify_receipt(receipt, keys=self._fetch_keys(deadline) if known is None else known, **rules)
        except ReceiptError as error:
            # A key that is not among those fetched for an earlier answer may have been published since.
            if not error.is_key_unknown or self._pinned is not None or known is None:
                raise
        return verify_receipt(receipt, keys=self._fetch_keys(deadline), **rules)

    def _fetch_keys(self, deadline: Deadline) -> KeySet:
        """Fetched from where the answers come from, and kept."""
        keys = self._server.send("GET", "/.well-known/jwks.json", {}, None, deadline)
        if not isinstance(keys.get("keys"), list):
            raise malformed(200, "is no key set")
        self._fetched = keys
        return keys


class AsyncProcura:
    """The same for asyncio. What waits for the network waits in a thread, so nothing but the standard library is needed."""

    def __init__(self, url: str, key: str, **options: Any) -> None:
        """Takes what Procura takes."""
        self._sync = Procura(url, key, **options)

    async def verify(self, ask: Ask, *, audience: Optional[str] = None, timeout: Optional[float] = None) -> Grant:
        """As ``Procura.verify``."""
        deadline = self._sync._deadline(timeout)
        grant = await self._within(deadline, self._sync._verify, ask, audience, deadline)
        deadline.left()
        return grant

    async def check(self, ask: Ask, *, timeout: Optional[float] = None) -> VerifyAnswer:
        """As ``Procura.check``."""
        deadline = self._sync._deadline(timeout)
        members = _Question(ask, self._sync._agent_id).members
        return await self._within(deadline, self._sync._ask, members, deadline)

    async def guard(
        self,
        ask: Union[Ask, Callable[[], Union[Ask, Awaitable[Ask]]]],
        act: Callable[[Grant], Union[Result, Awaitable[Result]]],
        *,
        audience: Optional[str] = None,
        timeout: Optional[float] = None,
    ) -> Result:
        """As ``Procura.guard``; ``act`` may be async."""
        if not callable(act):
            raise TypeError("guard takes the function that it guards")
        asked = await _resolved(ask()) if callable(ask) else ask
        grant = await self.verify(asked, audience=audience, timeout=timeout)
        try:
            result = await _resolved(act(grant))
        except NothingDone:
            await asyncio.to_thread(self._sync._settle, grant, "release")
            raise
        await asyncio.to_thread(self._sync._settle, grant, "commit")
        return cast(Result, result)

    async def commit(
        self, reservation_id: str, amount: Optional[Amount] = None, *, timeout: Optional[float] = None
    ) -> Reservation:
        """As ``Procura.commit``."""
        return await asyncio.to_thread(self._sync.commit, reservation_id, amount, timeout=timeout)

    async def release(self, reservation_id: str, *, timeout: Optional[float] = None) -> Reservation:
        """As ``Procura.release``."""
        return await asyncio.to_thread(self._sync.release, reservation_id, timeout=timeout)

    @staticmethod
    async def _within(deadline: Deadline, act: Callable[..., Result], *args: Any) -> Result:
        """Also a wait for a free thread counts."""
        try:
            return await asyncio.wait_for(asyncio.to_thread(act, *args), deadline.left())
        except asyncio.TimeoutError:
            raise deadline.passed() from None


async def _resolved(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def _positive(seconds: float) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds <= LONGEST_TIMEOUT:
        raise ValueError("timeout is a number of seconds")
    return float(seconds)


def _log_unsettled(error: Exception, reservation_id: str, verb: str, amount: Optional[str]) -> None:
    del amount
    _LOG.warning("%s stays held, because %s failed: %s", reservation_id, verb, error)


__all__ = ["Ask", "AsyncProcura", "Grant", "Procura"]
