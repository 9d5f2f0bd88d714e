"""Verifies receipts as anybody would who has PyJWT and the published keys, and nothing of ours.

Standard input: {"keys": JWKS, "issuer", "jobs": [{"name", "receipt", "audience", "now"}, ..]}; PyJWT has its own clock
Standard output: {name: {"claims": {..}} or {"refused": name of the exception}}
"""

import json
import sys

import jwt

given = json.load(sys.stdin)
keys = {key.key_id: key for key in jwt.PyJWKSet.from_dict(given["keys"]).keys}
said = {}
for job in given["jobs"]:
    try:
        header = jwt.get_unverified_header(job["receipt"])
        if header.get("typ") != "procura-receipt+jwt":
            raise jwt.InvalidTokenError("another kind of token")
        claims = jwt.decode(
            job["receipt"],
            keys[header["kid"]],
            algorithms=["EdDSA"],
            issuer=given["issuer"],
            audience=job["audience"],
            options={"require": ["exp", "iat", "iss", "aud", "sub", "jti"]},
        )
        said[job["name"]] = {"claims": claims}
    except Exception as error:  # noqa: BLE001: whatever it is, the receipt did not pass
        said[job["name"]] = {"refused": type(error).__name__}
json.dump(said, sys.stdout)
