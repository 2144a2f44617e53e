"""Addresses of the OAuth server. The names are those that the library looks its endpoints up by."""

from django.urls import URLPattern, path
from oauth2_provider.views import JwksInfoView

from accounts.oauth import consent, device_page, discovery, endpoints

app_name = "oauth2_provider"
urlpatterns: list[URLPattern] = [
    path("oauth/authorize", consent.Consent.as_view(), name="authorize"),
    path("oauth/token", endpoints.Token.as_view(), name="token"),
    path("oauth/device-authorization", endpoints.DeviceAuthorization.as_view(), name="device-authorization"),
    path("oauth/device", device_page.DevicePage.as_view(), name="device"),
    path("oauth/revoke", endpoints.Revoke.as_view(), name="revoke-token"),
    path("oauth/introspect", endpoints.Introspect.as_view(), name="introspect"),
    path("oauth/userinfo", endpoints.UserInfo.as_view(), name="user-info"),
    path("oauth/jwks", JwksInfoView.as_view(), name="jwks-info"),
    path(".well-known/oauth-authorization-server", discovery.ServerMetadata.as_view(), name="oauth-server-metadata"),
    path(
        ".well-known/openid-configuration", discovery.OpenIdConfiguration.as_view(), name="oidc-connect-discovery-info"
    ),
]
