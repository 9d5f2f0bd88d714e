"""Runs what it is told, against a real server, and says what became of it: one line of JSON for each step.

``crates/testkit/tests/all/sdks.rs`` tells it, in the environment, and knows what must have become.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from procura import AsyncProcura, Grant, NothingDone, Procura  # noqa: E402

TOLD = json.loads(os.environ["PROCURA_STEPS"])
CLIENTS: dict[str, Any] = {}
SAID: dict[str, Any] = {}


def unsettled(*_: Any) -> None:
    SAID["unsettled"] += 1


def client(step: Any) -> Any:
    if step["client"] not in CLIENTS:
        options = dict(step["options"])
        kind = AsyncProcura if TOLD["entry"] == "async" else Procura
        CLIENTS[step["client"]] = kind(
            options.pop("url"),
            options.pop("key"),
            timeout=options.pop("timeoutMs") / 1000,
            issuer=options.pop("issuer"),
            keys=options.pop("keys", None),
            agent_id=options.pop("agentId"),
            on_unsettled=unsettled,
            **options,
        )
    return CLIENTS[step["client"]]


def act(step: Any, grant: Grant) -> str:
    SAID["ran"] += 1
    SAID["reservation"] = grant.reservation_id
    if "spent" in step:
        grant.spent(step["spent"])
    if step["act"] == "nothing":
        raise NothingDone("sold out")
    if step["act"] == "fail":
        raise KeyError("it broke")
    return "done"


async def act_later(step: Any, grant: Grant) -> str:
    await asyncio.sleep(0)
    return act(step, grant)


def run(step: Any) -> str:
    if TOLD["entry"] == "async":
        return asyncio.run(client(step).guard(step["ask"], lambda grant: act_later(step, grant)))
    return client(step).guard(step["ask"], lambda grant: act(step, grant))


for each in TOLD["steps"]:
    SAID = {"name": each["name"], "ran": 0, "reservation": None, "result": None, "error": None, "unsettled": 0}
    try:
        SAID["result"] = run(each)
    except Exception as error:
        SAID["error"] = {"kind": type(error).__name__, "code": getattr(error, "code", None)}
    print(json.dumps(SAID), flush=True)
