"""OAuth by the Python package `mcp`: a person's client by registration and by its metadata document, and the three ways
of a program without a person: its secret, an assertion that it signs, and an identity assertion of a foreign issuer
(ID-JAG).

It reads GATEWAY_URL, PLAN and PERSON as the other drivers do, NODE (to run consent.mjs), and OAUTH:
  {"issuer", "document"?, "redirect"?, "machine": {"client_id", "client_secret"},
   "signer": {"client_id", "privateKey": PKCS#8 PEM, "algorithm"},
   "identity": {"client_id", "client_secret", "issuer", "privateKey", "kid", "subject", "resource"}}
What an object is missing for is left out. It prints one JSON line per step, and ends with 0 only if all held.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
from mcp.client.auth import OAuthClientProvider
from mcp.client.auth.extensions.client_credentials import (
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
    SignedJWTParameters,
)
from mcp.client.auth.extensions.identity_assertion import IdentityAssertionOAuthProvider
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

import py_client
from py_client import PLAN, Result, Unmet, check_allowed, expect, step

URL = os.environ.get("GATEWAY_URL", "")
SETTINGS: dict[str, Any] = json.loads(os.environ.get("OAUTH") or "{}")
ISSUER = SETTINGS.get("issuer", "")
REDIRECT = SETTINGS.get("redirect", "http://127.0.0.1:33418/callback")
CONSENT = Path(__file__).with_name("consent.mjs")


class Memory:
    """Where a client keeps what it got."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None
        self.history: list[OAuthToken] = []

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens
        self.history.append(tokens)

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Person:
    """The person of consent.mjs."""

    def __init__(self) -> None:
        self.links: list[str] = []
        self.answer: dict[str, list[str]] = {}

    async def sent(self, link: str) -> None:
        self.links.append(link)
        child = await asyncio.create_subprocess_exec(
            os.environ["NODE"], str(CONSENT), "allow", link, stdout=asyncio.subprocess.PIPE
        )
        said = json.loads((await child.communicate())[0] or b'{"error": "silence"}')
        expect("redirect" in said, f"the person: {said.get('error')}")
        self.answer = parse_qs(urlsplit(said["redirect"]).query)

    async def came_back(self) -> AuthorizationCodeResult:
        one = {name: values[0] for name, values in self.answer.items()}
        return AuthorizationCodeResult(code=one["code"], state=one.get("state"), iss=one.get("iss"))


async def story(provider: httpx2.Auth, mode: str) -> Result:
    """Lists and calls by what the provider got."""
    async with httpx2.AsyncClient(auth=provider, timeout=httpx2.Timeout(60)) as http:
        async with Client(streamable_http_client(URL, http_client=http), mode=mode) as client:
            names = [tool.name for tool in (await client.list_tools(cache_mode="refresh")).tools]
            for name in PLAN.get("list", []):
                expect(name in names, f"{name} is not listed: {' '.join(names)[:500]}")
            wanted = PLAN["allowed"]
            result = await client.call_tool(wanted["tool"], wanted.get("arguments") or {})
            check_allowed(result.model_dump(mode="json", by_alias=True, exclude_none=True), wanted)
            return {"tools": len(names), "version": client.protocol_version}


def of_person(memory: Memory, person: Person, document: str | None, scope: str | None = None) -> OAuthClientProvider:
    metadata = OAuthClientMetadata.model_validate(
        {
            "client_name": "Python client",
            "redirect_uris": [REDIRECT],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "scope": scope,
        }
    )
    return OAuthClientProvider(URL, metadata, memory, person.sent, person.came_back, client_metadata_url=document)


async def of_a_person(way: str, document: str | None) -> None:
    context = {"client": "oauth_py", "way": way}
    memory, person = Memory(), Person()
    first = of_person(memory, person, document)

    async def connect() -> Result:
        found = await story(first, "2026-07-28")
        expect(len(person.links) == 1, f"the person was sent {len(person.links)} times")
        asked = parse_qs(urlsplit(person.links[0]).query)
        expect(asked["code_challenge_method"] == ["S256"] and asked["resource"] == [URL], str(asked))
        if document:
            expect(asked["client_id"] == [document], str(asked["client_id"]))
        return {**found, "scope": memory.tokens and memory.tokens.scope}

    async def again() -> Result:
        """A new process with what was kept: no person, and the other era."""
        found = await story(of_person(memory, person, document), "legacy")
        expect(len(person.links) == 1, "the person was asked again")
        return found

    async def refresh() -> Result:
        expect(memory.tokens is not None and memory.tokens.refresh_token is not None, "no refresh token")
        held = memory.tokens
        # The provider that found the server, some time later: the token is over, so it refreshes before it asks.
        first.context.token_expiry_time = time.time() - 1
        found = await story(first, "2026-07-28")
        expect(len(person.links) == 1, "the person was asked again")
        expect(memory.tokens is not held and memory.tokens is not None, "nothing was refreshed")
        assert memory.tokens is not None and held is not None
        expect(memory.tokens.refresh_token != held.refresh_token, "the refresh token was not rotated")
        return found

    await step(context, "connect", connect)
    if memory.tokens:
        await step(context, "again", again)
        await step(context, "refresh", refresh)


async def of_a_program() -> None:
    machine, signer, identity = (SETTINGS.get(name) for name in ("machine", "signer", "identity"))
    if machine:
        for method in ("client_secret_basic", "client_secret_post"):
            if machine.get("method", "client_secret_basic") != method:
                continue
            provider = ClientCredentialsOAuthProvider(
                URL, Memory(), machine["client_id"], machine["client_secret"], method, "tools", ISSUER
            )
            await step({"client": "oauth_py", "way": "secret"}, method, lambda p=provider: story(p, "2026-07-28"))
    if signer:
        parameters = SignedJWTParameters(
            issuer=signer["client_id"],
            subject=signer["client_id"],
            signing_key=signer["privateKey"],
            signing_algorithm=signer["algorithm"],
        )
        assertion = parameters.create_assertion_provider()
        signing = PrivateKeyJWTOAuthProvider(URL, Memory(), signer["client_id"], assertion, "tools", ISSUER)
        await step({"client": "oauth_py", "way": "assertion"}, "whole", lambda: story(signing, "2026-07-28"))
    if identity:
        await of_an_identity(identity)


def id_jag(identity: dict[str, Any], audience: str, resource: str, changed: dict[str, Any], typ: str) -> str:
    now = int(time.time())
    claims = {
        "iss": identity["issuer"],
        "sub": identity["subject"],
        "aud": audience,
        "client_id": identity["client_id"],
        "jti": str(uuid.uuid4()),
        "iat": now,
        "exp": now + 300,
        "resource": resource,
        "scope": "tools",
    }
    claims = {name: value for name, value in {**claims, **changed}.items() if value is not None}
    headers = {"typ": typ, "kid": identity["kid"]}
    return jwt.encode(claims, identity["privateKey"], algorithm=identity.get("algorithm", "ES256"), headers=headers)


async def of_an_identity(identity: dict[str, Any]) -> None:
    """The identity assertion, and what the server must refuse of it."""
    context = {"client": "oauth_py", "way": "identity"}
    made: list[str] = []

    def provider(changed: dict[str, Any], typ: str = "oauth-id-jag+jwt") -> IdentityAssertionOAuthProvider:
        async def assertion(audience: str, resource: str) -> str:
            made.append(id_jag(identity, audience, resource, changed, typ))
            return made[-1]

        method = identity.get("method", "client_secret_basic")
        return IdentityAssertionOAuthProvider(
            URL,
            Memory(),
            identity["client_id"],
            identity["client_secret"],
            ISSUER,
            assertion,
            scope="tools",
            token_endpoint_auth_method=method,
        )

    async def good() -> Result:
        return await story(provider({}), "2026-07-28")

    await step(context, "whole", good)
    used = jwt.decode(made[-1], options={"verify_signature": False})["jti"] if made else None
    now = int(time.time())
    bad: list[tuple[str, dict[str, Any], str]] = [
        ("used before", {"jti": used}, "oauth-id-jag+jwt"),
        ("another type", {}, "JWT"),
        ("another client", {"client_id": "cli_01JD9Z3V5M8Q6T2W4X7Y9A1B3C"}, "oauth-id-jag+jwt"),
        ("another audience", {"aud": "https://other.example"}, "oauth-id-jag+jwt"),
        ("two audiences", {"aud": [ISSUER, "https://other.example"]}, "oauth-id-jag+jwt"),
        ("another resource", {"resource": "https://other.example/mcp"}, "oauth-id-jag+jwt"),
        ("over", {"iat": now - 900, "exp": now - 600}, "oauth-id-jag+jwt"),
        ("an unknown issuer", {"iss": "https://unknown.example"}, "oauth-id-jag+jwt"),
        ("without jti", {"jti": None}, "oauth-id-jag+jwt"),
    ]
    for name, changed, typ in bad:

        async def refused(changed: dict[str, Any] = changed, typ: str = typ) -> Result:
            try:
                await story(provider(changed, typ), "2026-07-28")
            except BaseException as error:  # groups of exceptions of the package among them
                text = everything(error)
                expect("invalid_grant" in text, f"not invalid_grant: {text[:500]}")
                return {}
            raise Unmet("this assertion was believed")

        await step(context, name, refused)


def everything(error: BaseException) -> str:
    inner = getattr(error, "exceptions", ())
    return " ".join([str(error), *(everything(one) for one in inner)])


def main() -> int:
    if not URL:
        print("GATEWAY_URL is needed", file=sys.stderr)
        return 2

    async def all_of_it() -> None:
        if os.environ.get("PERSON"):
            await of_a_person("registration", None)
            if SETTINGS.get("document"):
                await of_a_person("document", SETTINGS["document"])
        await of_a_program()

    asyncio.run(all_of_it())
    return 0 if py_client.failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
