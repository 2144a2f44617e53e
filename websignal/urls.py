"""Every address that Django answers; raw ASGI ones are in `asgi.py`."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from common.api import health
from common.api.handlers import unknown_address
from common.api.metrics import metrics
from websignal import openapi

handler400 = "common.api.handlers.bad_request"
handler403 = "common.api.handlers.forbidden"
handler404 = "common.api.handlers.not_found"
handler500 = "common.api.handlers.broken"

_APIS = (
    "accounts.api.urls",
    "billing.api.urls",
    "monitors.api.urls",
    "signals.api.urls",
    "incidents.api.urls",
    "alerts.api.urls",
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("health", health.live, name="health"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", metrics, name="metrics"),
    path("openapi.json", openapi.openapi, name="openapi"),
    path("swagger/v1/swagger.json", openapi.openapi, name="swagger"),
    path("docs/api", openapi.reference, name="api-reference"),
    *(path("api/", include(module)) for module in _APIS),
    re_path(r"^api(?:/(?P<rest>.*))?$", unknown_address),
    path("", include("alerts.urls")),
    path("", include("accounts.urls")),
    path("", include("accounts.oauth.urls")),
    path("", include("dashboard.urls")),
]
