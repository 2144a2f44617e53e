"""Keeps the answers to POSTs with an Idempotency-Key, in the transaction of what they did."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
from django.db import IntegrityError, transaction
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import KeptAnswer
from common.api.idempotency import KEPT_FOR, keepers
from common.api.renderers import to_json
from common.invalid import Conflict

_HEADERS = ("Location", "ETag")


class KeptAnswers:
    """One row a key. A second request with the key waits at its unique index until the first has committed."""

    def once(
        self, request: Request, *, key: str, fingerprint: str, now: datetime, produce: Callable[[], Response]
    ) -> Response:
        """Only what succeeded is kept: an error rolls back its row with everything else."""
        mine = {"workspace": vars(request._request)["workspace"], "user": request.user}
        KeptAnswer.objects.filter(user=mine["user"], created_at__lt=now - KEPT_FOR).delete()
        with transaction.atomic():
            row = _first(key=key, fingerprint=fingerprint, created_at=now, **mine)
            if row is None:
                return _again(KeptAnswer.objects.get(key=key, **mine), fingerprint)
            response = produce()
            row.answer = _kept(response)
            row.save(update_fields=["answer"])
            return response


def _first(**values: Any) -> KeptAnswer | None:
    try:
        with transaction.atomic():
            return KeptAnswer.objects.create(**values)
    except IntegrityError:
        return None


def _kept(response: Response) -> dict[str, Any]:
    headers = {name: response[name] for name in _HEADERS if name in response}
    return {"status": response.status_code, "headers": headers, "body": orjson.loads(to_json(response.data))}


def _again(row: KeptAnswer, fingerprint: str) -> Response:
    if row.fingerprint != fingerprint:
        raise Conflict("This Idempotency-Key was used for another request within the last 24 hours.")
    kept = row.answer
    return Response(kept["body"], status=kept["status"], headers={**kept["headers"], "Idempotency-Replayed": "true"})


def register() -> None:
    """Makes it the keeper; called once, when the app is ready."""
    keepers.register("accounts", KeptAnswers())
