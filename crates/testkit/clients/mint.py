"""Mints users' tokens as a business on Python would: with the seed's own function, with our SDK, PyJWT and Authlib.

Standard input: {"sdk": "folder of the Python SDK's source", "jobs": [
  {"name", "by": "seed" | "sdk", "payload", "secret"}, {"name", "by": "pyjwt" | "authlib", "kid", "alg", "claims"}, ..]}
Standard output: {"tokens": {name: token}, "keys": {kid: public JWK}}. Jobs of one kid share its key.
"""

import base64
import hashlib
import hmac
import json
import sys
import warnings

import jwt
from authlib.deprecate import AuthlibDeprecationWarning
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

warnings.simplefilter("ignore", AuthlibDeprecationWarning)
from authlib.jose import JsonWebKey, JsonWebToken  # noqa: E402

job_list = json.load(sys.stdin)
sys.path.insert(0, job_list["sdk"])
import procura  # noqa: E402

private = {}
public = {}


# Seed 003, word for word.
def sign_session_token(payload, secret):
    body = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=")
    sig = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    sig_b64 = base64.urlsafe_b64encode(sig).rstrip(b"=")
    return body.decode() + "." + sig_b64.decode()


def new_key(alg):
    if alg in ("RS256", "PS256"):
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if alg in ("ES256", "ES384"):
        return ec.generate_private_key(ec.SECP256R1() if alg == "ES256" else ec.SECP384R1())
    return ed25519.Ed25519PrivateKey.generate()


def pyjwt(job):
    kid, alg = job["kid"], job["alg"]
    if kid not in private:
        private[kid] = new_key(alg)
        public[kid] = {**jwt.get_algorithm_by_name(alg).to_jwk(private[kid].public_key(), as_dict=True), "kid": kid}
    return jwt.encode(job["claims"], private[kid], algorithm=alg, headers={"kid": kid})


def authlib(job):
    kid, alg = job["kid"], job["alg"]
    if kid not in private:
        kind = {"RS256": ("RSA", 2048), "PS256": ("RSA", 2048), "ES256": ("EC", "P-256"), "ES384": ("EC", "P-384")}
        name, size = kind.get(alg, ("OKP", "Ed25519"))
        private[kid] = JsonWebKey.generate_key(name, size, {"kid": kid}, is_private=True)
        public[kid] = private[kid].as_dict(is_private=False)
    return JsonWebToken([alg]).encode({"alg": alg, "kid": kid}, job["claims"], private[kid]).decode()


MINTS = {
    "seed": lambda job: sign_session_token(job["payload"], job["secret"]),
    "sdk": lambda job: procura.sign_session_token(job["payload"], job["secret"]),
    "pyjwt": pyjwt,
    "authlib": authlib,
}

tokens = {job["name"]: MINTS[job["by"]](job) for job in job_list["jobs"]}
json.dump({"tokens": tokens, "keys": public}, sys.stdout)
