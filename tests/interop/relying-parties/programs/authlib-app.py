"""Authlib: signs a user in as a client with a secret, in a terminal to which the address of the redirect is pasted."""
import json
import os
import sys

from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, jwt
from authlib.common.security import generate_token
from authlib.oidc.core import CodeIDToken

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
issuer, api = os.environ["ISSUER"], os.environ["API"]
session = OAuth2Session(
    os.environ["CLIENT_ID"],
    os.environ["CLIENT_SECRET"],
    scope="openid profile offline_access",
    redirect_uri=os.environ["REDIRECT_URI"],
    code_challenge_method="S256",
)
metadata = session.get(f"{issuer}/.well-known/openid-configuration", withhold_token=True).json()
verifier, nonce = generate_token(48), generate_token()
url, state = session.create_authorization_url(
    metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce, resource=api
)
print(url, flush=True)

redirected = sys.stdin.readline().strip()
token = session.fetch_token(
    metadata["token_endpoint"], authorization_response=redirected, state=state, code_verifier=verifier
)
keys = JsonWebKey.import_key_set(session.get(metadata["jwks_uri"], withhold_token=True).json())
options = {"iss": {"values": [issuer]}, "aud": {"values": [os.environ["CLIENT_ID"]]}}
parameters = {"nonce": nonce, "client_id": os.environ["CLIENT_ID"], "access_token": token["access_token"]}
claims = jwt.decode(token["id_token"], keys, CodeIDToken, options, parameters)
claims.validate()
userinfo = session.get(metadata["userinfo_endpoint"]).json()
session.refresh_token(metadata["token_endpoint"])
print(json.dumps({"user": claims, "userinfo": userinfo, "account": session.get(f"{api}/me").json()}))
