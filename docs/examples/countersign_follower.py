"""Checks Countersign's access tokens in Python, and follows its revocation feed.

Needs redis-py (4.3 or newer) and PyJWT (2.6 or newer) with cryptography: python3-redis, python3-jwt and
python3-cryptography in Debian. The feed is described in docs/revocation-feed.md.

    verifier = Verifier(issuer="https://auth.example.com", audience="https://api.example.com",
                        redis_url="redis://verifier:SECRET@redis:6379")
    claims = verifier.verify(token)   # or raises Invalid (401), Revoked (401) or CannotKnow (503)

Make one for each process, after it has forked. As a program it is an endpoint for nginx's auth_request:

    ISSUER=https://auth.example.com AUDIENCE=https://api.example.com REDIS_URL=redis://... PORT=4010 \\
        python3 countersign_follower.py
"""

import heapq
import http.server
import json
import os
import random
import re
import sys
import threading
import time
import urllib.request

import jwt
import redis
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from redis.backoff import NoBackoff
from redis.retry import Retry

MAX_TOKEN_LENGTH = 8192
MAX_IDENTIFIER_LENGTH = 256
MAX_ACTORS = 4
REQUIRED_CLAIMS = ["iss", "aud", "exp", "iat", "sub", "jti", "client_id"]


class TokenError(Exception):
    """The token is not accepted."""


class Invalid(TokenError):
    """The token is not a valid token of this issuer for this API."""


class Revoked(TokenError):
    """The token was valid, and its session, its key or the token itself was revoked."""


class CannotKnow(TokenError):
    """Whether the token is valid cannot be known now: a fault on this side, and not of the caller."""


class Verifier:
    """Checks access tokens. It can be shared by threads, and starts one that follows the feed.

    When the feed is older than max_staleness seconds, when_stale="reject" raises CannotKnow, and "allow" accepts what is not
    known to be revoked.
    """

    def __init__(self, issuer, audience, redis_url, jwks_url=None, max_staleness=5, when_stale="reject", leeway=5):
        if when_stale not in ("reject", "allow"):
            raise ValueError("when_stale is 'reject' or 'allow'")
        if not 0 <= leeway <= 60:
            raise ValueError("leeway is 0 to 60 seconds: entries of the feed live that much longer than tokens")
        self._issuer = issuer
        self._audience = audience
        self._max_staleness = max_staleness
        self._when_stale = when_stale
        self._leeway = leeway
        self._keys = KeySet(jwks_url or issuer.rstrip("/") + "/.well-known/jwks.json")
        self._feed = Follower(redis_url)
        threading.Thread(target=self._feed.run, name="countersign-feed", daemon=True).start()

    def close(self):
        self._feed.close()

    def verify(self, token):
        """Returns the claims of a valid token. Raises Invalid, Revoked or CannotKnow."""
        kid, claims = self._read(token)
        identifiers = [("kid", kid), ("jti", claims["jti"])]
        identifiers += [("sid", sid) for sid in session_ids(claims)]
        # Before the entries: what is missing from them may then only be newer than this.
        staleness = self._feed.staleness()
        for kind, value in identifiers:
            if self._feed.holds(kind, value):
                raise Revoked(f"its {kind} is revoked")
        if staleness > self._max_staleness and self._when_stale == "reject":
            raise CannotKnow(f"the revocation feed is not current: {self._feed.fault}")
        return claims

    def _read(self, token):
        if len(token) >= MAX_TOKEN_LENGTH:
            raise Invalid("too long")
        try:
            header = jwt.get_unverified_header(token)
            kid = require_access_token(header)
            claims = jwt.decode(
                token,
                self._keys.get(kid),
                algorithms=["RS256"],
                issuer=self._issuer,
                audience=self._audience,
                leeway=self._leeway,
                options={"require": REQUIRED_CLAIMS},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise Invalid(str(error)) from error
        if not all(is_identifier(claims[name]) for name in ("sub", "jti", "client_id")):
            raise Invalid("sub, jti or client_id is not a string of 1 to 256 characters")
        if "cnf" in claims:
            raise Invalid("it is bound to a key (DPoP), and no proofs are checked here")
        return kid, claims


def require_access_token(header):
    """RFC 9068 section 4: of all that an issuer signs, only access tokens have this type. Returns the kid."""
    if header.get("alg") != "RS256" or "crit" in header or not is_identifier(header.get("kid")):
        raise Invalid("its header is not that of an access token")
    if str(header.get("typ")).lower() not in ("at+jwt", "application/at+jwt"):
        raise Invalid("its type is not at+jwt")
    return header["kid"]


def session_ids(claims):
    """The sid of the token, and of each who acts for its subject (RFC 8693 section 4.1)."""
    found = []
    one = claims
    for _ in range(1 + MAX_ACTORS):
        if "sid" in one:
            if not is_identifier(one["sid"]):
                raise Invalid("a sid is not a string of 1 to 256 characters")
            found.append(one["sid"])
        if "act" not in one:
            return found
        one = one["act"]
        if not isinstance(one, dict):
            raise Invalid("act is not an object")
    raise Invalid(f"more than {MAX_ACTORS} actors")


def is_identifier(value):
    return isinstance(value, str) and 1 <= len(value) <= MAX_IDENTIFIER_LENGTH


class KeySet:
    """The issuer's public keys: kept for 5 minutes, and for a day while the issuer is unavailable."""

    FRESH_SECONDS = 300
    STALE_SECONDS = 86_400
    FETCH_INTERVAL_SECONDS = 2
    MAX_BYTES = 65_536
    MAX_KEYS = 100

    def __init__(self, url):
        self._url = url
        self._lock = threading.Lock()
        self._keys = {}
        self._fetched_at = self._tried_at = float("-inf")

    def get(self, kid):
        """A key that is not known is looked for once, and the issuer is asked at most once in 2 seconds."""
        asked_at = time.monotonic()
        is_known = kid in self._keys
        if is_known and self._age() < self.FRESH_SECONDS:
            return self._keys[kid]
        # A key that is known does not wait until another thread has fetched.
        if self._lock.acquire(blocking=not is_known):
            try:
                self._fetch_in_turn()
            finally:
                self._lock.release()
        if kid in self._keys and self._age() < self.STALE_SECONDS:
            return self._keys[kid]
        if self._fetched_at >= asked_at:
            raise Invalid("the issuer has no such key")
        raise CannotKnow("the key is not known, and the issuer cannot be asked now")

    def _age(self):
        return time.monotonic() - self._fetched_at

    def _fetch_in_turn(self):
        if time.monotonic() - self._tried_at < self.FETCH_INTERVAL_SECONDS:
            return
        self._tried_at = time.monotonic()
        try:
            self._keys = self._fetch()
            self._fetched_at = time.monotonic()
        except Exception as error:  # whatever it is, the keys that are known stay
            print(f"the key set cannot be had: {type(error).__name__}: {error}", file=sys.stderr)

    def _fetch(self):
        with urllib.request.urlopen(self._url, timeout=2) as response:
            document = response.read(self.MAX_BYTES + 1)
        if len(document) > self.MAX_BYTES:
            raise ValueError("it is too long")
        members = [jwk for jwk in json.loads(document)["keys"][: self.MAX_KEYS] if is_signing_key(jwk)]
        keys = {jwk["kid"]: jwt.algorithms.RSAAlgorithm.from_jwk(jwk) for jwk in members}
        if not all(isinstance(key, RSAPublicKey) and key.key_size >= 2048 for key in keys.values()):
            raise ValueError("a key is weak, or private")
        return keys


def is_signing_key(jwk):
    return (
        jwk.get("kty") == "RSA"
        and jwk.get("use", "sig") == "sig"
        and jwk.get("alg", "RS256") == "RS256"
        and is_identifier(jwk.get("kid"))
    )


class Fault(Exception):
    """Why the feed is not current."""


class Follower:
    """The denylist in memory, as docs/revocation-feed.md ("Following") has it, without a subscription.

    redis-py 4 and 5 speak RESP2, which cannot subscribe on the connection that it reads on. So the view is current as of the
    moment that `swept` names: a second ago as a rule.
    """

    PREFIX = "{countersign}:"
    PAGE_SIZE = 1000
    BLOCK_MILLISECONDS = 250
    ANSWER_SECONDS = 0.5
    MAX_RETRY_SECONDS = 0.5
    MAX_ENTRIES = 2_000_000

    def __init__(self, url):
        self.fault = "it has not been read yet"
        self._redis = redis.Redis.from_url(
            url,
            decode_responses=True,
            encoding_errors="replace",
            socket_connect_timeout=self.ANSWER_SECONDS,
            socket_timeout=self.BLOCK_MILLISECONDS / 1000 + self.ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._is_closed = threading.Event()
        self._entries = {}
        self._by_exp = []
        self._current_at = float("-inf")
        self._broken_epoch = None
        self._begin(None)

    def holds(self, kind, value):
        """Whether there is an entry that is alive."""
        return self._entries.get((kind, value), 0) > time.time()

    def staleness(self):
        """How many seconds ago everything that was revoked was known here."""
        return time.monotonic() - self._current_at

    def close(self):
        self._is_closed.set()

    def run(self):
        """Follows the feed until `close`. No fault ends it: each is followed by another attempt, on a new connection."""
        faults = 0
        while not self._is_closed.is_set():
            try:
                self._read_once()
                faults = 0
            except Exception as error:  # whatever it is, the view is not current
                self.fault = f"{type(error).__name__}: {error}"
                self._redis.connection_pool.disconnect()
                ceiling = min(0.05 * 2 ** min(faults, 8), self.MAX_RETRY_SECONDS)
                faults += 1
                self._is_closed.wait(ceiling * (0.5 + 0.5 * random.random()))
        self._redis.connection_pool.disconnect()

    def _begin(self, epoch):
        """Another epoch's stream is read from its beginning. What is known stays known."""
        self._epoch = epoch
        self._last_id = "0-0"
        self._is_caught_up = False

    def _read_once(self):
        if self._epoch is None and self._last_id == "0-0" and not self._is_caught_up:
            self._begin(self._read_state()["epoch"])
        # The moment of asking, not of the response: what is published in between may be missing from it.
        asked_at = time.monotonic()
        self._is_caught_up = self._read_page() < self.PAGE_SIZE
        self._forget_expired()
        if self._is_caught_up:
            self._judge(self._read_state(), asked_at)

    def _read_page(self):
        block = self.BLOCK_MILLISECONDS if self._is_caught_up else None
        streams = self._redis.xread({self.PREFIX + "revocations": self._last_id}, count=self.PAGE_SIZE, block=block)
        messages = streams[0][1] if streams else []
        for _, entry in messages:
            self._add(entry.get("kind"), entry.get("value", ""), entry.get("exp", ""))
        if messages:
            self._last_id = messages[-1][0]
        return len(messages)

    def _add(self, kind, value, exp):
        # Kinds that are not known are skipped, and so is what makes no sense.
        if kind not in ("jti", "sid", "kid") or not is_identifier(value) or not re.fullmatch("[0-9]{1,15}", exp):
            return
        if int(exp) <= max(time.time(), self._entries.get((kind, value), 0)):
            return
        if len(self._entries) >= self.MAX_ENTRIES:
            self._begin(None)
            raise Fault(f"there are more than {self.MAX_ENTRIES} entries")
        self._entries[kind, value] = int(exp)
        heapq.heappush(self._by_exp, (int(exp), kind, value))

    def _forget_expired(self):
        while self._by_exp and self._by_exp[0][0] <= time.time():
            exp, kind, value = heapq.heappop(self._by_exp)
            if self._entries.get((kind, value)) == exp:
                del self._entries[kind, value]

    def _read_state(self):
        # One connection reads all of it, so that the run id is that of the server that holds the epoch.
        with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.mget(self.PREFIX + "epoch", self.PREFIX + "swept")
            pipeline.xinfo_stream(self.PREFIX + "revocations")
            pipeline.info("replication")
            pipeline.info("server")
            (epoch, swept), stream, replication, server = pipeline.execute(raise_on_error=False)
        for response in (replication, server):
            if isinstance(response, Exception):
                raise response
        if replication["role"] != "master":
            raise Fault("this Redis is not a primary")
        is_complete = isinstance(stream, dict) and epoch is not None and epoch.endswith(f".{server['run_id']}")
        return {
            "epoch": epoch if is_complete else None,
            "last_id": stream["last-generated-id"] if is_complete else "0-0",
            "swept_age": age_of(swept, server["server_time_usec"] / 1000),
        }

    def _judge(self, state, asked_at):
        # A stream that went back is another one under an old name; only a new epoch makes up for what it has lost.
        if state["epoch"] == self._epoch and order_of(state["last_id"]) < order_of(self._last_id):
            self._broken_epoch = self._epoch
        if state["epoch"] in (None, self._broken_epoch):
            self._epoch = None
            self.fault = "the feed in Redis is not complete"
        elif state["epoch"] != self._epoch:
            self._begin(state["epoch"])
        elif state["swept_age"] is None:
            self.fault = "no issuer confirms that everything is published"
        else:
            self._current_at = max(self._current_at, asked_at - state["swept_age"])
            self.fault = "the last confirmation is too old"


def age_of(swept, now_ms):
    """In seconds. Issuers before version 0.2 wrote 1: that is 3 seconds old, as old as the key can be."""
    if swept is None or not re.fullmatch("[0-9]{1,15}", swept):
        return None
    return min(max(now_ms - int(swept), 0), 3000) / 1000


def order_of(stream_id):
    return tuple(int(part) for part in stream_id.split("-"))


class AuthRequest(http.server.BaseHTTPRequestHandler):
    """For nginx's auth_request: 204 with X-Subject, X-Client-Id and X-Scope; 401; or 503."""

    verifier = None
    timeout = 5

    def do_GET(self):
        # Of two headers, nginx and the service behind it may each take another one.
        presented = self.headers.get_all("Authorization", [])
        scheme, _, token = presented[0].partition(" ") if len(presented) == 1 else ("", "", "")
        if scheme.lower() != "bearer":
            return self._respond(401, {"WWW-Authenticate": "Bearer"})
        try:
            claims = self.verifier.verify(token.strip())
        except CannotKnow:
            return self._respond(503, {"Retry-After": "1"})
        except TokenError:
            return self._respond(401, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        headers = {"X-Subject": claims["sub"], "X-Client-Id": claims["client_id"], "X-Scope": claims.get("scope", "")}
        return self._respond(204, headers)

    def _respond(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, re.sub("[^ -~]", "?", value))
        self.end_headers()

    def log_message(self, *_):
        """Nothing: nginx has a log."""


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128


def main():
    AuthRequest.verifier = Verifier(
        issuer=os.environ["ISSUER"],
        audience=os.environ["AUDIENCE"],
        redis_url=os.environ["REDIS_URL"],
        jwks_url=os.environ.get("JWKS_URL"),
        max_staleness=float(os.environ.get("MAX_STALENESS_SECONDS", "5")),
        when_stale=os.environ.get("WHEN_STALE", "reject"),
    )
    server = Server(("127.0.0.1", int(os.environ.get("PORT", "4010"))), AuthRequest)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
