"""How viewsets get their addresses: plural or singular noun, integer id, no slash at the end."""

from typing import Any

from rest_framework.routers import SimpleRouter

_LIST = "{basename}-list"


class Routes(SimpleRouter):
    """`register(prefix, viewset, basename)`; a prefix may hold converters: `incidents/<int:incident_pk>/notes`."""

    def __init__(self) -> None:
        super().__init__(trailing_slash=False, use_regex_path=False)

    def get_routes(self, viewset: Any) -> list[Any]:
        """`PUT` on a list is `upsert`, for viewsets that have it."""
        found: list[Any] = super().get_routes(viewset)
        return [one._replace(mapping={**one.mapping, "put": "upsert"}) if one.name == _LIST else one for one in found]
