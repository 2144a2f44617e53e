"""Answers browsers that ask beforehand whether a page may call (Fetch Standard, CORS protocol)."""

from corsheaders.middleware import CorsMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase


class ApiCorsMiddleware(CorsMiddleware):
    """The library's middleware; a preflight is answered 204, with no body and so of no type."""

    def check_preflight(self, request: HttpRequest) -> HttpResponseBase | None:
        if super().check_preflight(request) is None:
            return None
        answer = HttpResponse(status=204)
        del answer["Content-Type"]
        return answer
