"""Endpoints for pipelines: a monitor made or replaced by the pipeline's own key, and many changes at once."""

from collections.abc import Callable, Mapping
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import actor
from common.api.etags import require_match
from common.api.fields import BooleanField, ChoiceField, IdField, ListField, ObjectField, TextField
from common.api.parameters import Text
from common.api.problems import PreconditionFailed
from common.api.serializers import ApiSerializer, ErrorSerializer
from common.invalid import FieldError, Invalid
from monitors.api.bodies import fields_of
from monitors.api.serializers import MonitorSerializer
from monitors.api.views import MonitorViewSet
from monitors.changing import MOST, Change, Op, Outcome, change_many, upsert_monitor
from monitors.models import Monitor

_OUTCOMES = ("created", "updated", "deleted", "paused", "resumed", "failed")
_BODILESS = (Op.DELETE, Op.PAUSE, Op.RESUME)


class ChangesSerializer(ApiSerializer):
    """What to change, in this order."""

    changes = ListField(
        child=ObjectField(),
        min_length=1,
        max_length=MOST,
        help_text=f"`op` is one of {', '.join(Op.values)}. `id`, or `externalKey` without it, says of which monitor; a "
        "new one needs neither, `upsert` takes `externalKey`. Beside them stand the monitor's own fields: the whole of "
        "it for `create` and `upsert`, what changes for `update`, none for the others.",
    )
    all_or_nothing = BooleanField(default=True, help_text="Whether one wrong change keeps all others from being made.")


class OutcomeSerializer(ApiSerializer):
    """What became of one change."""

    op = TextField(read_only=True)
    outcome = ChoiceField(choices=_OUTCOMES, read_only=True)
    id = IdField(read_only=True, allow_null=True)
    external_key = TextField(read_only=True, allow_null=True)
    errors = ErrorSerializer(many=True, read_only=True)  # type: ignore[assignment]


class OutcomesSerializer(ApiSerializer):
    """One outcome for each change, in their order."""

    items = OutcomeSerializer(many=True, read_only=True)


class PlatformMonitorViewSet(MonitorViewSet):
    """Monitors under the platform's address, which has more than the WebSignal contract."""

    query_parameters = {
        "upsert": (Text(name="externalKey", help="Your own name for the monitor.", longest=200, is_required=True),)
    }

    @extend_schema(
        operation_id="monitors_upsert",
        responses={
            200: MonitorSerializer,
            201: OpenApiResponse(MonitorSerializer, description="There was none with this key; it is made."),
        },
    )
    def upsert(self, request: Request) -> Response:
        """Makes the monitor with this key, or replaces it; to run again changes nothing."""
        key = self.query.get("externalKey")
        if key is None:
            raise Invalid([FieldError("?externalKey", "required", "Say which monitor, by your own name for it.")])
        _must_agree(request.data, key)
        saved = upsert_monitor(
            workspace=self.workspace,
            external_key=key,
            by=actor(request),
            now=self.now,
            fields=lambda monitor: fields_of(request.data, monitor=monitor),
            check=self._must_be_meant,
        )
        monitor = self.get_queryset().get(pk=saved.id or 0)
        return self.created(monitor) if saved.what == "created" else self.answer(monitor)

    def _must_be_meant(self, monitor: Monitor | None) -> None:
        """The preconditions of RFC 9110 section 13.1, where `If-None-Match: *` means: only make it."""
        is_new_only = self.request.headers.get("If-None-Match", "").strip() == "*"
        if monitor is None and self.request.headers.get("If-Match"):
            raise PreconditionFailed
        if monitor is not None and is_new_only:
            raise PreconditionFailed
        if monitor is not None:
            require_match(self.request, monitor)

    @extend_schema(request=ChangesSerializer, responses=OutcomesSerializer)
    @action(detail=False, methods=["post"])
    def bulk(self, request: Request) -> Response:
        """Makes up to 1,000 changes in one transaction. One wrong change and none is made: the 400 names every one."""
        serializer = ChangesSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data["changes"]
        outcomes = change_many(
            workspace=self.workspace,
            by=actor(request),
            now=self.now,
            changes=[_change(one) for one in given],
            all_or_nothing=serializer.validated_data["all_or_nothing"],
        )
        pairs = enumerate(zip(given, outcomes, strict=True))
        return Response({"items": [_shown(index, one.get("op"), outcome) for index, (one, outcome) in pairs]})


def _must_agree(body: Any, key: str) -> None:
    given = body.get("externalKey") if isinstance(body, Mapping) else None
    if given is not None and given != key:
        raise Invalid([FieldError("/externalKey", "mismatch", "The address names another key.")])


def _change(given: Mapping[str, Any]) -> Change:
    """What one entry asks for; one that is wrong in itself becomes a change that fails with what is wrong."""
    op, body = given.get("op"), {name: value for name, value in given.items() if name not in ("op", "id")}
    errors = _wrong(op, given)
    if errors:
        return Change(Op.CREATE, _refusing(errors))
    if op == Op.CREATE:
        return Change(op, lambda monitor: fields_of(body))
    key = body.pop("externalKey", None) if "id" not in given and op == Op.UPDATE else body.get("externalKey")
    is_partial = op == Op.UPDATE
    return Change(
        op=str(op),
        fields=lambda monitor: fields_of(body, monitor=monitor, partial=is_partial),
        id=given.get("id"),
        external_key=key,
    )


def _wrong(op: Any, given: Mapping[str, Any]) -> list[FieldError]:
    if not isinstance(op, str) or op not in Op.values:
        return [FieldError("/op", "choice", f"Choose one of {', '.join(Op.values)}.")]
    pk, key = given.get("id"), given.get("externalKey")
    errors = []
    if "id" in given and (op in (Op.CREATE, Op.UPSERT) or not _is_id(pk)):
        said = f"There is no id in {op}." if op in (Op.CREATE, Op.UPSERT) else "Give the id of a monitor."
        errors.append(FieldError("/id", "invalid", said))
    if op != Op.CREATE and "id" not in given and not (isinstance(key, str) and 1 <= len(key) <= 200):
        errors.append(FieldError("/externalKey", "required", "Say which monitor."))
    if op in _BODILESS:
        allowed = {"op", "id"} if "id" in given else {"op", "externalKey"}
        errors += [FieldError(f"/{name}", "unknown", f"{op} takes no such field.") for name in given.keys() - allowed]
    return errors


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63


def _refusing(errors: list[FieldError]) -> Callable[[Monitor | None], dict[str, Any]]:
    def refuse(monitor: Monitor | None) -> dict[str, Any]:
        raise Invalid(errors)

    return refuse


def _shown(index: int, op: Any, outcome: Outcome) -> dict[str, Any]:
    return {
        "op": op if isinstance(op, str) else "",
        "outcome": outcome.what,
        "id": outcome.id,
        "externalKey": outcome.external_key,
        "errors": [
            {"pointer": f"/changes/{index}{one.pointer}", "code": one.code, "detail": one.detail}
            for one in outcome.errors
        ],
    }
