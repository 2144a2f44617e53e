"""How viewsets get their addresses: plural or singular noun, integer id, no slash at the end."""

from rest_framework.routers import SimpleRouter


class Routes(SimpleRouter):
    """`register(prefix, viewset, basename)`; a prefix may hold converters: `incidents/<int:incident_pk>/notes`."""

    def __init__(self) -> None:
        super().__init__(trailing_slash=False, use_regex_path=False)
