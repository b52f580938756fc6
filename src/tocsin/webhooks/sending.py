"""One attempt over HTTP (core:H6, core:H7, core:H11, core:H14).

1. The body goes as it was made; every signature is over these very bytes, the newest secret's first.
2. 5 seconds for the whole of it, 16 for a custom action. Redirects are not followed, and addresses that are not public
   are refused by the guard (`core.outbound`), each time a name is resolved.
3. A receiver that answers 401 to a token gets one fresh one; a second 401 is the answer.
"""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import httpx2

from tocsin.core.outbound import Limits, Outbound, Refused
from tocsin.webhooks import tokens
from tocsin.webhooks.logic.retrying import judged, tls_fault
from tocsin.webhooks.model import CUSTOM, EXTENSION, Answer, Credentials, Dropped, Job, Outcome, Retry, Token
from tocsin.webhooks.store.queues import ANSWER_KEPT
from tocsin.webhooks.tokens import NoToken

SECONDS, ACTION_SECONDS = 5.0, 16.0
AGENTS: Final = {EXTENSION: "PagerDuty-Webhook/V2.0"}
KeepToken = Callable[[Credentials, Token | None], Awaitable[None]]


def signature(secrets: Sequence[str], body: bytes) -> str:
    """The header's value: one `v1=` for each secret."""
    return ",".join(f"v1={hmac.new(one.encode(), body, hashlib.sha256).hexdigest()}" for one in secrets)


def headers(job: Job, token: str | None = None) -> dict[str, str]:
    """All headers of an attempt."""
    own = {
        "Content-Type": "application/json", "User-Agent": AGENTS.get(job.type, "PagerDuty-Webhook/V3.0"),
        "X-Webhook-Id": job.webhook_id,
    }  # fmt: skip
    if job.type != EXTENSION:
        own["X-Webhook-Subscription"] = job.endpoint_id
    if job.secrets:
        own["X-PagerDuty-Signature"] = signature(job.secrets, job.body.encode())
    if token is not None:
        own["Authorization"] = f"Bearer {token}"
    ours = {name.lower() for name in own}
    return {name: value for name, value in job.headers if name.lower() not in ours} | own


class Caller:
    """Tries deliveries, with the guarded clients of one event loop. `keep(credentials, token)` stores a token."""

    def __init__(self, outbound: Outbound, keep: KeepToken, seconds: float = SECONDS):
        def limits(total: float) -> Limits:
            return Limits(connect=total, read=total, total=total, any_answer=True)

        self._seconds = {CUSTOM: max(seconds, ACTION_SECONDS)}
        self._default = seconds
        self._clients = {each: outbound.async_client(limits(each)) for each in {seconds, *self._seconds.values()}}
        self._tokens = outbound.async_client(tokens.LIMITS)
        self._keep = keep

    async def attempt(self, job: Job) -> Outcome:
        """Try it once."""
        if job.fault is not None:
            return Retry(job.fault)
        if job.oauth is None:
            return await self._post(job, None)
        try:
            return await self._with_token(job, job.oauth)
        except NoToken as error:
            if error.refused:
                await self._keep(job.oauth, None)
            return Retry(f"No access token: {error}")

    async def _with_token(self, job: Job, oauth: Credentials) -> Outcome:
        outcome: Outcome | None = None
        if oauth.token is not None:
            outcome = await self._post(job, oauth.token)
        if outcome is None or outcome.answer.status == 401:
            token = await tokens.fetch_async(self._tokens, oauth)
            await self._keep(oauth, token)
            outcome = await self._post(job, token.value)
        return outcome

    async def _post(self, job: Job, token: str | None) -> Outcome:
        seconds = self._seconds.get(job.event_type, self._default)
        given = headers(job, token)
        began = time.monotonic()
        try:
            async with asyncio.timeout(seconds + 0.5):
                return await self._exchange(self._clients[seconds], job, given, began)
        except (TimeoutError, httpx2.TimeoutException):
            return Retry(f"It did not answer within {seconds:g} seconds", _took(began))
        except Refused as error:
            return Dropped(str(error), _took(began))
        except httpx2.HTTPError as error:
            return tls_fault(error) or Retry(str(error)[:200] or type(error).__name__, _took(began))
        except (httpx2.InvalidURL, UnicodeError, ValueError) as error:
            return Dropped(f"The request cannot be made: {type(error).__name__}", _took(began))

    async def _exchange(self, client: httpx2.AsyncClient, job: Job, given: dict[str, str], began: float) -> Outcome:
        request = client.build_request("POST", job.url, content=job.body.encode(), headers=given)
        answer = await client.send(request, stream=True)
        try:
            kept = Answer(answer.status_code, _milliseconds(began), await _beginning(answer))
            return judged(kept, _after(answer.headers.get("retry-after", "")))
        finally:
            await answer.aclose()

    async def close(self) -> None:
        """Give the connections back."""
        for client in (*self._clients.values(), self._tokens):
            await client.aclose()


async def _beginning(answer: httpx2.Response) -> str:
    """The first few hundred bytes of an answer, for the log; the status counts, whatever becomes of them."""
    said = b""
    try:
        async for part in answer.aiter_raw():
            said += part
            if len(said) >= ANSWER_KEPT:
                break
    except httpx2.HTTPError:
        pass
    return said[:ANSWER_KEPT].decode("utf-8", "replace").replace("\x00", "\ufffd")


def _after(given: str) -> float | None:
    return float(given) if given.isascii() and given.isdigit() and len(given) < 9 else None


def _milliseconds(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


def _took(began: float) -> Answer:
    return Answer(None, _milliseconds(began))
