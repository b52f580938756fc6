"""What servers are compared with: the same server and options, and a handler that does nothing.

python -m bench.noop PORT            decodes the body and answers 202 (the intake's)
python -m bench.noop PORT framework  a Starlette route that answers a constant object
"""

import sys
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

_decode = msgspec.json.Decoder().decode
_ANSWER = b'{"status":"success","message":"Event processed","dedup_key":"0123456789abcdef0123456789abcdef"}'
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(_ANSWER)).encode())]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Decode, answer."""
    if scope["type"] == "lifespan":
        for event in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{event}.complete"})
        return
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    _decode(b"".join(chunks))
    await send({"type": "http.response.start", "status": 202, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _ANSWER})


async def nobody(request: Request) -> JSONResponse:
    """A constant object of a user's size."""
    return JSONResponse(
        {
            "user": {"id": request.path_params["id"], "type": "user", "name": "Nobody"}
            | dict.fromkeys("abcdefgh", "x" * 40)
        }
    )


if __name__ == "__main__":
    served = Starlette(routes=[Route("/users/{id}", nobody)]) if "framework" in sys.argv else app
    uvicorn.Server(
        uvicorn.Config(
            served, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools", access_log=False,
            log_config=None, server_header=False, proxy_headers=False, timeout_keep_alive=75,
        )
    ).run()  # fmt: skip
