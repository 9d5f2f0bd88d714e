"""The server's documents and tokens in the eyes of Authlib and joserfc, which share no line with the server.

Authlib's validator judges the metadata (RFC 8414); its client authenticates by an assertion (RFC 7523) and by a secret;
joserfc verifies access tokens by the published key set and their claims by RFC 9068, and refuses changed ones.

It reads GATEWAY_URL and OAUTH as oauth_py.py does, and prints one JSON line per step.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
import time
from typing import Any

import httpx2
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

import py_client
from py_client import Result, expect, step

URL = os.environ.get("GATEWAY_URL", "")
SETTINGS: dict[str, Any] = json.loads(os.environ.get("OAUTH") or "{}")
ISSUER = SETTINGS.get("issuer", "")
CONTEXT = {"client": "oauth_check"}
ALGORITHMS = ["EdDSA", "Ed25519", "RS256", "ES256", "PS256"]


async def metadata(http: httpx2.AsyncClient) -> dict[str, Any]:
    answered = await http.get(f"{ISSUER}/.well-known/oauth-authorization-server")
    expect(answered.status_code == 200, f"metadata: {answered.status_code}")
    expect(answered.headers["content-type"].split(";")[0] == "application/json", answered.headers["content-type"])
    return answered.json()


def lint(document: dict[str, Any]) -> Result:
    """Authlib demands https of every URL, so the loopback's http is told as https; all else stays as it was served."""
    secure = json.loads(json.dumps(document).replace('"http://127.0.0.1', '"https://127.0.0.1'))
    AuthorizationServerMetadata(secure).validate()
    expect(document["issuer"] == ISSUER, f"issuer is {document['issuer']}")
    empty = [name for name, value in document.items() if value == []]
    expect(not empty, f"empty arrays: {empty}")
    expect("implicit" not in document["grant_types_supported"], "implicit is advertised")
    expect("password" not in document["grant_types_supported"], "password is advertised")
    expect(document["code_challenge_methods_supported"] == ["S256"], str(document["code_challenge_methods_supported"]))
    expect(document["response_types_supported"] == ["code"], str(document["response_types_supported"]))
    expect("none" not in document.get("token_endpoint_auth_signing_alg_values_supported", []), "alg none")
    return {"members": sorted(document)}


async def served(http: httpx2.AsyncClient, document: dict[str, Any]) -> Result:
    """What is advertised answers: never 404, and 405 names what it takes (RFC 9110 section 15.5.6)."""
    found = {}
    for name, url in document.items():
        if not (name.endswith("_endpoint") or name.endswith("_uri")) or not isinstance(url, str):
            continue
        answered = await http.get(url)
        expect(answered.status_code not in (404, 500, 501, 503), f"{name}: {answered.status_code}")
        if answered.status_code == 405:
            expect("POST" in answered.headers.get("allow", ""), f"{name}: no Allow")
        found[name] = answered.status_code
    return found


async def token(http: httpx2.AsyncClient, document: dict[str, Any], fields: dict[str, str], auth: Any = None) -> str:
    answered = await http.post(document["token_endpoint"], data=fields, auth=auth)
    expect(answered.status_code == 200, f"{answered.status_code} {answered.text[:500]}")
    expect("no-store" in answered.headers.get("cache-control", ""), "no Cache-Control: no-store")
    return answered.json()["access_token"]


async def verified(http: httpx2.AsyncClient, document: dict[str, Any], text: str, audience: str) -> Result:
    """RFC 9068 section 4, by joserfc."""
    keys = KeySet.import_key_set((await http.get(document["jwks_uri"])).json())
    private = [key for key in keys.as_dict(private=False)["keys"] if "d" in key]
    expect(not private, "the key set has private members")
    found = jwt.decode(text, keys, algorithms=ALGORITHMS)
    expect(found.header["typ"] == "at+jwt", str(found.header))
    expect("kid" in found.header, "no kid")
    rules = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        jti={"essential": True},
        client_id={"essential": True},
    )
    rules.validate(found.claims)
    expect(found.claims["exp"] - time.time() <= 3600, "it lives for more than an hour")
    head, body, signature = text.split(".")
    changed = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    changed["sub"] = "acc_somebody"
    forged = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
    try:
        jwt.decode(f"{head}.{forged}.{signature}", keys, algorithms=ALGORITHMS)
    except JoseError:
        return {"alg": found.header["alg"], "claims": sorted(found.claims)}
    raise py_client.Unmet("a changed token verifies")


async def run() -> None:
    async with httpx2.AsyncClient(timeout=httpx2.Timeout(30)) as http:
        document: dict[str, Any] = {}

        async def read() -> Result:
            document.update(await metadata(http))
            return lint(document)

        await step(CONTEXT, "metadata", read)
        if not document:
            return
        await step(CONTEXT, "served", lambda: served(http, document))
        machine, signer = SETTINGS.get("machine"), SETTINGS.get("signer")
        fields = {"grant_type": "client_credentials", "resource": URL, "scope": "tools"}
        if machine:

            async def by_secret() -> Result:
                auth = httpx2.BasicAuth(machine["client_id"], machine["client_secret"])
                return await verified(http, document, await token(http, document, fields, auth), URL)

            await step(CONTEXT, "token by secret", by_secret)
        if signer:

            async def by_assertion(audience: str) -> Result:
                assertion = private_key_jwt_sign(
                    signer["privateKey"], signer["client_id"], audience, alg=signer["algorithm"]
                )
                kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
                signed = {**fields, "client_assertion_type": kind, "client_assertion": assertion}
                return await verified(http, document, await token(http, document, signed), URL)

            await step(CONTEXT, "token by assertion", lambda: by_assertion(ISSUER))
            await step(CONTEXT, "token by assertion for the endpoint", lambda: by_assertion(document["token_endpoint"]))


def main() -> int:
    asyncio.run(run())
    return 0 if py_client.failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
