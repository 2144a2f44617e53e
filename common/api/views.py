"""Base of every endpoint: reads its query, stays in its workspace, answers with entity tags."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from rest_framework.exceptions import APIException, MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from common import clock
from common.api.etags import entity_tag, is_unchanged, require_match
from common.api.fields import MAX_INTEGER
from common.api.idempotency import once
from common.api.ordering import ordering
from common.api.pagination import PARAMETERS, EnvelopePagination
from common.api.parameters import Parameter, Text, read
from common.api.problems import TooManyRequests
from common.api.schema import ApiSchema
from common.client_address import client_address
from common.rates import take


class ApiView(APIView):
    """An endpoint. `query_parameters` are those it takes, by method in lower case; any other is refused.

    In a handler: `self.query` holds the values given, `self.now` the instant of the request.
    """

    schema = ApiSchema()
    query_parameters: Mapping[str, Sequence[Parameter]] = {}
    slow_actions: Sequence[str | None] = ()
    query: dict[str, Any]
    now: datetime

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.now = clock.now()
        self._count(request)
        super().initial(request, *args, **kwargs)
        if not hasattr(self, (request.method or "").lower()):
            raise MethodNotAllowed(str(request.method))
        if any(isinstance(value, int) and value > MAX_INTEGER for value in kwargs.values()):
            raise Http404
        self.query = read(request.query_params, self.allowed_parameters())
        if request.method == "POST" and not self.is_slow():
            self._happen_once(request)

    def _count(self, request: Request) -> None:
        """Counts the request of its token, its person or its address; one with wrong credentials counts too."""
        refused = None
        try:
            self.perform_authentication(request)
        except APIException as error:
            refused = error
        standing = take(caller_of(request))
        self.headers.update(standing.headers)
        if standing.is_over:
            raise TooManyRequests
        if refused is not None:
            raise refused

    def check_permissions(self, request: Request) -> None:
        """Which methods an address takes is no secret."""
        if request.method != "OPTIONS":
            super().check_permissions(request)

    def is_slow(self) -> bool:
        """Whether the handler waits for others' servers: then no transaction spans it and no answer is kept."""
        return getattr(self, "action", None) in self.slow_actions

    def _happen_once(self, request: Request) -> None:
        """Wraps the handler, which the framework looks up after this, so that an `Idempotency-Key` is honoured."""
        handler = getattr(self, "post", self.http_method_not_allowed)

        def wrapped(request: Request, *args: Any, **kwargs: Any) -> Response:
            return once(request, now=self.now, produce=lambda: handler(request, *args, **kwargs))

        vars(self)["post"] = wrapped

    def allowed_parameters(self) -> Sequence[Parameter]:
        """The query parameters that this request may have."""
        method = (self.request.method or "").lower()
        return self.query_parameters.get("get" if method == "head" else method, ())

    @property
    def workspace(self) -> Any:
        """The workspace that the request acts in."""
        return vars(self.request._request)["workspace"]

    @property
    def membership(self) -> Any:
        """The caller's membership of that workspace."""
        return vars(self.request._request)["membership"]

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """The methods of this address, in `Allow`."""
        return Response(status=204)


class ApiViewSet(ApiView, GenericViewSet[Any]):
    """Endpoints of one kind of object; `get_queryset` is cut down to the request's workspace.

    `query_parameters` go by action. Lists take `list_parameters`, `search` over `search_fields`, `ordering` among
    `ordering_fields` (name in the API to a column), `page` and `limit`.
    """

    queryset: Any = None
    pagination_class = EnvelopePagination
    lookup_value_converter = "int"
    list_actions: Sequence[str] = ("list",)
    list_parameters: Sequence[Parameter] = ()
    search_fields: Sequence[str] = ()
    ordering_fields: Mapping[str, str] = {}
    default_ordering: Sequence[str] = ("pk",)

    def get_queryset(self) -> "QuerySet[Any]":
        if getattr(self, "swagger_fake_view", False):
            return self.queryset.none()  # type: ignore[no-any-return]
        return self.queryset.all().in_workspace(self.workspace)  # type: ignore[no-any-return]

    def allowed_parameters(self) -> Sequence[Parameter]:
        action = getattr(self, "action", None) or ""
        own = self.query_parameters.get(action, ())
        if action not in self.list_actions:
            return own
        search = (Text(name="search", help=f"Text in {', '.join(self.search_fields)}."),) if self.search_fields else ()
        order = (ordering(self.ordering_fields),) if self.ordering_fields else ()
        return (*own, *self.list_parameters, *search, *order, *PARAMETERS)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list_of(self.get_queryset())

    def list_of(self, queryset: "QuerySet[Any]") -> Response:
        """One page of `queryset`, narrowed and ordered as the query asks."""
        page = self.paginate_queryset(self.narrowed(queryset))
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    def narrowed(self, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """`queryset` by the filters, the search and the ordering of the query."""
        for parameter in self.allowed_parameters():
            if parameter.name in self.query:
                queryset = parameter.narrow(queryset, self.query[parameter.name])
        if words := self.query.get("search"):
            queryset = queryset.filter(reduce(or_, (Q(**{f"{one}__icontains": words}) for one in self.search_fields)))
        return queryset.order_by(*self.query.get("ordering", self.default_ordering), "pk")

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.answer(self.get_object())

    def answer(self, instance: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """One object with its `ETag`; 304 when a reader has it already."""
        body = self.get_serializer(instance).data
        tag = entity_tag(instance, body)
        if status == 200 and self.request.method in ("GET", "HEAD") and is_unchanged(self.request, tag):
            return Response(status=304, headers={"ETag": tag})
        return Response(body, status=status, headers={"ETag": tag, **(headers or {})})

    def checked(self, *, partial: bool = False, instance: Any = None) -> dict[str, Any]:
        """The valid values of the body, keyed by source. Raises ValidationError naming every wrong field."""
        serializer = self.get_serializer(instance, data=self.request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def created(self, instance: Any) -> Response:
        """201 with the object and its address."""
        address = f"{self.request.path.rstrip('/')}/{instance.pk}"
        return self.answer(instance, status=201, headers={"Location": address})

    @contextmanager
    def held(self) -> Iterator[Any]:
        """The object of the address, locked until the block ends, its version compared with `If-Match`."""
        with transaction.atomic():
            instance = (
                self.get_queryset().select_for_update(of=("self",), no_key=True).filter(pk=self.kwargs["pk"]).first()
            )
            if instance is None:
                raise Http404
            require_match(self.request, instance)
            yield instance


def caller_of(request: Request) -> str:
    """Whose requests are counted together: a token's, a signed-in person's, or an address's."""
    if request.auth is not None:
        return f"token:{request.auth.id}"  # type: ignore[union-attr]
    if request.user.is_authenticated:
        return f"user:{request.user.pk}"
    return f"address:{client_address(request._request)}"
