"""Endpoints of objects that services write: made, replaced, changed and removed, each by one call."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from common.api.views import ApiViewSet


class ServiceViewSet(ApiViewSet, ABC):
    """A subclass says how one is made, edited and removed; those docstrings describe POST, PUT and DELETE.

    `defaults` is what a PUT gives to the fields that it leaves out.
    """

    defaults: ClassVar[Mapping[str, Any]] = {}

    @abstractmethod
    def make(self, fields: dict[str, Any]) -> Any:
        """Makes one."""

    @abstractmethod
    def edit(self, instance: Any, fields: dict[str, Any]) -> None:
        """Changes one, which is held."""

    @abstractmethod
    def remove(self, instance: Any) -> None:
        """Removes one, which is held."""

    def fields(self, *, partial: bool = False) -> dict[str, Any]:
        """What the body says. Raises Invalid or ValidationError."""
        return self.checked(partial=partial)

    def create(self, request: Request) -> Response:
        made = self.make(self.fields())
        return self.created(self.get_queryset().get(pk=made.pk))

    def update(self, request: Request, pk: int) -> Response:
        """Replaces it; what is left out gets its default."""
        return self._edit(partial=False)

    def partial_update(self, request: Request, pk: int) -> Response:
        """Changes what is given."""
        return self._edit(partial=True)

    def _edit(self, *, partial: bool) -> Response:
        with self.held() as instance:
            given = self.fields(partial=partial)
            self.edit(instance, given if partial else {**self.defaults, **given})
        return self.answer(self.get_object())

    def destroy(self, request: Request, pk: int) -> Response:
        with self.held() as instance:
            self.remove(instance)
        return Response(status=204)
