"""The sandbox without its socket: what its server does with a request, at virtual times."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.sandbox.access import Caller
from reconciler.sandbox.answer import FORBIDDEN, TOO_FAST, Answer
from reconciler.sandbox.endpoints import message_ids
from reconciler.sandbox.fault_answer import fault_answer
from reconciler.sandbox.request import chat_request
from reconciler.sandbox.sandbox import Sandbox
from tests.simulation.weather import Fate


@dataclass(slots=True)
class Service:
    """One chat service, and the parts of a message that it refuses though others are allowed.

    `refused` holds pairs of a message and `text` or `marks`.
    """

    sandbox: Sandbox
    refused: set[tuple[str, str]] = field(default_factory=set)

    def answer(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, *, now: float, fate: Fate
    ) -> tuple[Answer, str]:
        """Carry a request out at once, as far as its fate lets it; give the answer and the request's id."""
        log = self.sandbox.log
        exchange = log.arrive(
            at=self.sandbox.options.clock(), monotonic=now, method=method, path=target, query=""
        )
        asked = chat_request(method, target, headers, body)
        exchange.fields = asked.fields
        caller = self.sandbox.access.identify(headers)
        exchange.user = caller.user if isinstance(caller, Caller) else None
        if not self.sandbox.admits(now):
            limit = self.sandbox.rate_limit
            wait = limit.retry_after if limit else None
            answer = TOO_FAST if wait is None else replace(TOO_FAST, headers={"Retry-After": f"{wait:g}"})
        else:
            answer = FORBIDDEN
            if fate.arrives and (method != "PUT" or not self._refuses(target, asked.fields)):
                answer = self.sandbox.endpoints.answer(asked, caller)
                exchange.applied = answer.status < 300
            elif fate.arrives and isinstance(caller, Answer):
                answer = caller
            if fate.answer is not None:
                answer = fault_answer(fate.answer)
        exchange.status = answer.status
        log.finish(exchange, now)
        return answer, exchange.request_id

    def _refuses(self, path: str, fields: Mapping[str, object]) -> bool:
        parts = {"text": "message" in fields, "marks": "read" in fields or "delivered" in fields}
        messages = message_ids(path)
        return any(parts[part] and message in messages for message, part in self.refused)
