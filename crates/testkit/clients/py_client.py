"""The Python client of the package `mcp`, in both eras: 2026-07-28, its default, and the handshake.

It tells the same story as plan.mjs, reads the same environment (GATEWAY_URL, KEY, ERAS, TIMEOUT_MS, PLAN), prints the
same lines, and ends with 0 only if every expectation held.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

URL = os.environ.get("GATEWAY_URL", "")
KEY = os.environ.get("KEY")
PLAN: dict[str, Any] = json.loads(os.environ.get("PLAN") or "{}")
TIMEOUT_S = float(os.environ.get("TIMEOUT_MS", "30000")) / 1000
MODES = {"modern": "2026-07-28", "legacy": "legacy", "auto": "auto"}

Result = dict[str, Any]
failures = 0


class Unmet(Exception):
    """An expectation that did not hold."""


def say(line: Result) -> None:
    print(json.dumps(line), flush=True)


def expect(condition: object, text: str) -> None:
    if not condition:
        raise Unmet(text)


def text_of(result: Result) -> str:
    """Every text of a result, whatever block it is in."""
    blocks = result.get("content") or []
    return "\n".join(block.get("text") or (block.get("resource") or {}).get("text") or "" for block in blocks)


def check_allowed(result: Result, wanted: Result) -> Result:
    expect(not result.get("isError"), f"refused: {json.dumps(result)[:500]}")
    expect(isinstance(result.get("content"), list), "no content")
    if wanted.get("text"):
        expect(wanted["text"] in text_of(result), f"text lacks {wanted['text']}: {text_of(result)[:300]}")
    return {}


def reason_of(result: Result) -> Any:
    """The reason as data: where a tool declares the structure of its results, it stands beside them in `_meta`."""
    return result.get("structuredContent") or (result.get("_meta") or {}).get("io.procura/denial")


def check_refused(result: Result, decision: str, code: str | None = None) -> Result:
    expect(result.get("isError") is True, f"not refused: {json.dumps(result)[:500]}")
    reason = reason_of(result)
    expect(isinstance(reason, dict), f"no reason as data: {json.dumps(result)[:500]}")
    assert isinstance(reason, dict)
    expect(reason.get("success") is False, "success is not false")
    for member in ("code", "error", "fix", "requestId"):
        expect(isinstance(reason.get(member), str) and reason[member], f"{member} is missing")
    expect(reason.get("decision") == decision, f"decision is {reason.get('decision')}, not {decision}")
    if code:
        expect(reason["code"] == code, f"code is {reason['code']}, not {code}")
    text = text_of(result)
    expect(reason["code"] in text or reason["error"] in text, f"the text does not say the reason: {text[:300]}")
    return {"code": reason["code"], "requestId": reason["requestId"]}


def check_waiting(result: Result) -> Result:
    found = check_refused(result, "needs_approval")
    reason = reason_of(result)
    identifier, url = reason.get("approvalId") or "", reason.get("approvalUrl") or ""
    expect(identifier.startswith("apr_"), f"approvalId is {identifier}")
    expect(url.startswith("http"), f"approvalUrl is {url}")
    return {**found, "approvalId": identifier, "approvalUrl": url}


def check_sanitized(result: Result, wanted: Result) -> Result:
    whole = json.dumps(result, ensure_ascii=False)
    for secret in wanted.get("secrets", []):
        escaped = json.dumps(secret, ensure_ascii=False)[1:-1]
        expect(secret not in whole and escaped not in whole, f"a secret came through (length {len(secret)})")
    return check_allowed(result, wanted)


class Story:
    """One connection and the steps in it."""

    def __init__(self, client: Client, era: str) -> None:
        self.client = client
        self.context = {"client": "py_client", "era": era}

    async def call(self, wanted: Result) -> Result:
        result = await self.client.call_tool(wanted["tool"], wanted.get("arguments") or {})
        return result.model_dump(mode="json", by_alias=True, exclude_none=True)

    async def list(self) -> Result:
        names = [tool.name for tool in (await self.client.list_tools(cache_mode="refresh")).tools]
        for name in PLAN.get("list", []):
            expect(name in names, f"{name} is not listed: {' '.join(names)[:1000]}")
        for name in PLAN.get("hidden", []):
            expect(name not in names, f"{name} is listed")
        return {"tools": len(names)}

    async def allowed(self) -> Result:
        return check_allowed(await self.call(PLAN["allowed"]), PLAN["allowed"])

    async def denied(self) -> Result:
        return check_refused(await self.call(PLAN["denied"]), "deny", PLAN["denied"].get("code"))

    async def sanitized(self) -> Result:
        return check_sanitized(await self.call(PLAN["sanitized"]), PLAN["sanitized"])

    async def approved(self) -> Result:
        waiting = check_waiting(await self.call(PLAN["approved"]))
        say({**self.context, "step": "approval", "waiting": True, **waiting})
        line = await asyncio.to_thread(sys.stdin.readline)
        expect(line, "stdin ended before the approval")
        check_allowed(await self.call(PLAN["approved"]), PLAN["approved"])
        return {"approvalId": waiting["approvalId"]}

    async def alternating(self) -> Result:
        count = int(PLAN["alternating"])
        for turn in range(count):
            await (self.allowed() if turn % 2 == 0 else self.denied())
        return {"allowed": (count + 1) // 2, "denied": count // 2}

    async def tell(self) -> None:
        await step(self.context, "list", self.list)
        if "allowed" in PLAN:
            await step(self.context, "allowed", self.allowed)
        if "denied" in PLAN:
            await step(self.context, "denied", self.denied)
            await step(self.context, "list after the denial", self.list)
        if "approved" in PLAN:
            await step(self.context, "approved", self.approved, limit=None)
        if "sanitized" in PLAN:
            await step(self.context, "sanitized", self.sanitized)
        if PLAN.get("alternating") and "allowed" in PLAN and "denied" in PLAN:
            await step(self.context, "alternating", self.alternating)


async def step(
    context: Result, name: str, work: Callable[[], Awaitable[Result]], limit: float | None = TIMEOUT_S
) -> None:
    """Runs one step and prints how it ended."""
    global failures
    begun = time.perf_counter()
    line: Result = {**context, "step": name}
    try:
        found = await asyncio.wait_for(work(), limit)
        line |= {"ok": True, **found}
    except Exception as error:  # a driver reports, it does not break off
        failures += 1
        text = str(error) if isinstance(error, Unmet) else f"{type(error).__name__}: {error}"
        line |= {"ok": False, "error": text[:2000]}
    say({**line, "ms": round((time.perf_counter() - begun) * 1000)})


async def run(era: str) -> None:
    context = {"client": "py_client", "era": era}

    async def whole() -> Result:
        headers = {"Authorization": f"Bearer {KEY}"} if KEY else {}
        async with httpx2.AsyncClient(headers=headers, timeout=httpx2.Timeout(60)) as http:
            transport = streamable_http_client(URL, http_client=http)
            async with Client(transport, mode=MODES[era]) as client:
                say({**context, "step": "connect", "ok": True, "version": client.protocol_version})
                await Story(client, era).tell()
        return {}

    await step(context, "close", whole, limit=None)


def main() -> int:
    if not URL:
        print("GATEWAY_URL is needed", file=sys.stderr)
        return 2
    for era in (os.environ.get("ERAS") or "modern,legacy").split(","):
        if era in MODES:
            asyncio.run(run(era))
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
