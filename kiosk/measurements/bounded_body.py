"""Reads the body of an HTTP answer, but never more of it than the caller can use."""

from __future__ import annotations

import aiohttp


async def read_body(response: aiohttp.ClientResponse, most: int) -> bytes | None:
    """All of it; None, and the connection closed, when it is longer than ``most`` bytes."""
    body = b""
    async for chunk in response.content.iter_chunked(65_536):
        body += chunk
        if len(body) > most:
            response.close()
            return None
    return body
