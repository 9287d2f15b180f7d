"""Who asks: keys are compared in constant time, and whoever has none is known by address. Not for users: nobody logs in here."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence
from hashlib import sha256
from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from apps.http.problems import problem_response

_IPV6_PREFIX = 64  # what one customer of a provider has for themselves


class KeyRing:
    """The keys a service takes, as digests."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the keys; without any, every door is open."""
        self._digests = [sha256(key.encode()).digest() for key in keys]

    def __bool__(self) -> bool:
        return bool(self._digests)

    def find(self, scope: Scope) -> str | None:
        """Return a name for the key that came as X-API-Key or bearer token, or None if none came that is right."""
        given = _read_key(scope)
        if given is None:
            return None
        digest = sha256(given).digest()
        # Every one is compared, so that the time taken says nothing.
        right = [hmac.compare_digest(digest, known) for known in self._digests]
        return f"key:{right.index(True)}" if any(right) else None


def _read_key(scope: Scope) -> bytes | None:
    headers = dict(scope["headers"])
    if (key := headers.get(b"x-api-key")) is not None:
        return bytes(key)
    kind, _, token = headers.get(b"authorization", b"").partition(b" ")
    return bytes(token.strip()) if kind.lower() == b"bearer" else None


def name_address(scope: Scope) -> str:
    """Return a name for the client's address; of IPv6 the network, as a client may take any address of it."""
    client = scope.get("client")
    try:
        address = ipaddress.ip_address(client[0] if client else "")
    except ValueError:
        return "address:unknown"
    if address.version == 6:
        address = address.ipv4_mapped or ipaddress.ip_network((address, _IPV6_PREFIX), strict=False).network_address
    return f"address:{address}"


class RequireKey:
    """ASGI middleware that answers 401 where a key is needed and none came that is right."""

    def __init__(self, app: ASGIApp, keys: KeyRing, prefix: str) -> None:
        """Wrap `app`; only paths under `prefix` need a key."""
        self.app = app
        self.keys = keys
        self.prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request pass, or refuse it."""
        if scope["type"] != "http" or not self.keys or not scope["path"].startswith(self.prefix) or self.keys.find(scope):
            await self.app(scope, receive, send)
            return
        detail = "a key is needed, and none came that is right; send it as X-API-Key or as bearer token"
        await problem_response(scope, HTTPStatus.UNAUTHORIZED, detail, {"WWW-Authenticate": "Bearer"})(scope, receive, send)
