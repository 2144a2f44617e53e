"""The scopes that an application may ask for, and the role that each needs. Read by the settings: no models."""

from accounts.scopes import SCOPES

IDENTITY_SCOPES = {
    "openid": "Know who you are",
    "profile": "Read your name, time zone and language",
    "email": "Read your email address",
}
OAUTH_SCOPES = {**SCOPES, **IDENTITY_SCOPES}
DEFAULT_SCOPES = ["monitor.read"]
# A scope that is not here is open to every member.
LEAST_ROLE = {
    "monitor.admin": "MEMBER",
    "incident.write": "MEMBER",
    "signal.write": "MEMBER",
    "user.create": "ADMIN",
}
