"""Refuse requests that do not come from the page itself: other hosts, other sites, a missing or wrong token."""

from __future__ import annotations

import asyncio
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
# A client that takes nothing for so long is cut off.
_SEND_SECONDS = 30


class Guard:
    """Passes requests to an application if their first part of the path is the token; without it to the application.

    A page of another site can send requests to this machine, and its name can be made to lead here (DNS rebinding).
    So the host has to be this machine's, and the origin, which browsers state, that of the page.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app, self._token = app, token
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, an ASGI application."""
        if scope["type"] != "http":
            return  # no WebSocket is accepted

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            async with asyncio.timeout(_SEND_SECONDS):
                await send(message)

        given, slash, rest = str(scope["path"]).removeprefix("/").partition("/")
        refusal = self._find_refusal(scope, Headers(scope=scope), given)
        if refusal:
            await JSONResponse({"error": refusal}, 403)(scope, receive, send_guarded)
        elif not slash:
            await RedirectResponse(f"/{self._token}/")(scope, receive, send_guarded)
        else:
            inner = {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}
            await self._app(inner, receive, send_guarded)

    def _find_refusal(self, scope: Scope, headers: Headers, given: str) -> str:
        """Find why a request is refused; "" if it is not."""
        host = headers.get("host", "").lower()
        if host not in self._hosts:
            return "framecolor review answers to this machine alone"
        if not secrets.compare_digest(given.encode("utf-8", "replace"), self._token.encode()):
            return "open the address that framecolor review printed"
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return "this page may not be used by another site"
        origin = headers.get("origin")
        if origin is not None and origin.lower() != f"http://{host}":
            return "this page may not be used by another site"
        if scope["method"] not in ("GET", "HEAD") and (origin is None or headers.get("x-framecolor") != "1"):
            return "edits come from the page alone"
        return ""
