"""People and tokens as JSON."""

from typing import Any
from zoneinfo import available_timezones

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import ApiToken, User
from accounts.scopes import SCOPES
from accounts.trials import trials
from common import clock
from common.api.fields import BooleanField, ChoiceField, IdField, InstantField, ListField, TextField
from common.api.serializers import ApiSerializer


class IdentitySerializer(ApiSerializer):
    """Where a person signs in, when not with a password here."""

    provider = TextField(source="identity_provider", read_only=True)
    subject = TextField(source="identity_subject", read_only=True)


class TrialSerializer(ApiSerializer):
    """Where a person's trial is."""

    status = ChoiceField(choices=["NONE", "ACTIVE", "EXPIRED", "CONVERTED"], read_only=True)
    started_at = InstantField(read_only=True, allow_null=True)
    ends_at = InstantField(read_only=True, allow_null=True)
    days_left = serializers.IntegerField(read_only=True, allow_null=True)
    plan_id = serializers.IntegerField(read_only=True, allow_null=True)


class ProfileSerializer(ApiSerializer):
    """What people say of themselves."""

    name = TextField(max_length=120, allow_blank=True, default="")
    timezone = TextField(default="UTC", max_length=64, help_text="A name of the IANA time zone database.")
    locale = serializers.RegexField(r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$", default="en", max_length=16)

    def validate_timezone(self, value: str) -> str:
        if value not in available_timezones():
            raise serializers.ValidationError("Must be a name such as Europe/Berlin.", code="invalid")
        return value


class UserSerializer(ProfileSerializer):
    """A person's profile."""

    id = IdField(read_only=True)
    email = TextField(read_only=True)
    identity = IdentitySerializer(source="*", read_only=True)
    created_at = InstantField(read_only=True)
    trial = serializers.SerializerMethodField()

    @extend_schema_field(TrialSerializer)
    def get_trial(self, user: User) -> dict[str, Any]:
        return dict(TrialSerializer(trials["billing"](user, clock.now())).data)


class NewIdentitySerializer(ApiSerializer):
    """Where the person signs in: a provider of OpenID Connect, and its `sub`."""

    provider = TextField(source="identity_provider", max_length=64)
    subject = TextField(source="identity_subject", max_length=255)


class NewUserSerializer(ProfileSerializer):
    """An account for a person who signs in elsewhere."""

    email = serializers.EmailField(max_length=254)
    identity = NewIdentitySerializer(required=False, allow_null=True, default=None)


class TokenSerializer(ApiSerializer):
    """An API token, without its secret."""

    id = IdField(read_only=True)
    name = TextField(max_length=120)
    prefix = TextField(read_only=True, help_text="The first characters of the secret.")
    scopes = ListField(child=ChoiceField(choices=list(SCOPES)), allow_empty=False, max_length=len(SCOPES))
    user_id = IdField(read_only=True, help_text="Whose role it acts with.")
    enabled = BooleanField(source="is_enabled", read_only=True)
    expires_at = InstantField(allow_null=True, default=None)
    last_used_at = InstantField(read_only=True, allow_null=True)
    last_used_address = TextField(read_only=True, allow_null=True)
    created_at = InstantField(read_only=True)


class TokenChangeSerializer(TokenSerializer):
    """What of an API token is changed."""

    enabled = BooleanField(source="is_enabled", required=False)


class NewTokenSerializer(TokenSerializer):
    """An API token just made: the only answer that holds its secret."""

    token = serializers.SerializerMethodField(help_text="The secret. It is not shown again.")

    def get_token(self, token: ApiToken) -> str:
        return str(self.context["secret"])
