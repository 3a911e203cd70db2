"""Writes the issuer's public keys where HAProxy reads them. Exits with 0 when they have changed, and 1 when not."""

import json
import pathlib
import sys
import urllib.request

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

FOLDER = pathlib.Path("/etc/haproxy/countersign")
with urllib.request.urlopen("http://localhost:4000/.well-known/jwks.json", timeout=5) as response:
    keys = json.load(response)["keys"]
pems = [
    jwt.algorithms.RSAAlgorithm.from_jwk(jwk).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for jwk in keys
]
files = {FOLDER / f"{number}.pem": pems[min(number, len(pems)) - 1] for number in (1, 2, 3)}
if len(pems) > len(files):
    sys.exit("there are more keys than files: add a line for each to haproxy.cfg")
if all(path.exists() and path.read_bytes() == pem for path, pem in files.items()):
    sys.exit(1)
for path, pem in files.items():
    path.write_bytes(pem)
