"""Endpoints of the own profile and of API tokens."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import services
from accounts.api.serializers import (
    NewTokenSerializer,
    NewUserSerializer,
    TokenChangeSerializer,
    TokenSerializer,
    UserSerializer,
)
from accounts.authentication import actor
from accounts.leaving import delete_user
from accounts.models import ApiToken, OAuthAccess, Role, User
from accounts.roles import at_least
from accounts.scopes import SCOPES, allows
from accounts.selectors import people_open_to
from common.api.parameters import Flag, Text, Whole
from common.api.views import ApiViewSet
from common.invalid import FieldError, Invalid, NotAllowed

# What a token is when a whole body leaves it out.
_WHOLE = {"is_enabled": True}


@extend_schema(tags=["Users"])
class UserViewSet(ApiViewSet):
    """The profile of whoever asks; operators reach everybody's."""

    serializer_class = UserSerializer
    queryset = User.objects.all()
    scopes = {"GET": "user.read", "POST": "user.create"}
    # Anybody may change themselves; who makes accounts for others runs the workspace.
    write_role, write_roles = Role.VIEWER, {"create": Role.ADMIN}

    def get_queryset(self) -> "QuerySet[User]":
        if getattr(self, "swagger_fake_view", False):
            return User.objects.none()
        return people_open_to(self.membership.user)

    @extend_schema(operation_id="user_profile")
    def profile(self, request: Request) -> Response:
        """The profile of the person whose token or session this is."""
        return self.answer(self.get_queryset().get(pk=self.membership.user_id))

    @extend_schema(operation_id="user_create", request=NewUserSerializer, responses={201: UserSerializer})
    def create(self, request: Request) -> Response:
        """Makes an account with a workspace of its own, linked to an identity elsewhere; it has no password here."""
        serializer = NewUserSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return self.created(services.create_linked_user(by=actor(request), **serializer.validated_data))

    @extend_schema(operation_id="user_update")
    def update(self, request: Request, pk: int) -> Response:
        """Replaces a profile's name, time zone and locale."""
        with self.held() as user:
            self._must_keep_email(request, user)
            fields = self.checked()
            return self.answer(
                services.edit_user(user=user, workspace=self.workspace, by=actor(request), fields=fields)
            )

    @extend_schema(operation_id="user_delete")
    def destroy(self, request: Request, pk: int) -> Response:
        """Erases a person's data and ends their tokens. Workspaces that nobody else owns go to their most senior
        member; those without another member are deleted.
        """
        with self.held() as user:
            delete_user(user=user, by=actor(request))
        return Response(status=204)

    def _must_keep_email(self, request: Request, user: User) -> None:
        given = request.data.get("email", user.email) if isinstance(request.data, dict) else user.email
        if given != user.email:
            raise Invalid(
                [FieldError("/email", "read_only", "The address that one signs in with is not changed here.")]
            )


@extend_schema(tags=["Tokens"])
class TokenViewSet(ApiViewSet):
    """API tokens of the workspace: one's own; an admin sees and revokes everybody's."""

    serializer_class = TokenSerializer
    queryset = ApiToken.objects.all()
    write_role = Role.VIEWER
    list_parameters = (
        Text(name="name", help="Exactly this name.", lookup="name"),
        Flag(name="enabled", help="Only those that are enabled, or only the others.", lookup="is_enabled"),
        Whole(name="userId", help="Only this person's.", lookup="user_id"),
    )
    search_fields = ("name", "prefix")
    ordering_fields = {"name": "name", "createdAt": "created_at", "lastUsedAt": "last_used_at"}
    default_ordering = ("-created_at",)

    def get_queryset(self) -> "QuerySet[ApiToken]":
        tokens = super().get_queryset()
        if getattr(self, "swagger_fake_view", False) or at_least(self.membership.role, Role.ADMIN):
            return tokens
        return tokens.filter(user=self.request.user)

    @extend_schema(request=TokenSerializer, responses={201: NewTokenSerializer})
    def create(self, request: Request) -> Response:
        """Makes a token that acts as its maker in this workspace. Its secret is shown this once."""
        self._must_be_no_application(request)
        fields = self.checked()
        self._must_be_sound(request, fields)
        made = services.create_token(
            user=request.user,  # type: ignore[arg-type]
            workspace=self.workspace,
            name=fields["name"],
            scopes=fields["scopes"],
            by=actor(request),
            expires_at=fields["expires_at"],
        )
        body = NewTokenSerializer(made.token, context={"secret": made.secret}).data
        return Response(body, status=201, headers={"Location": f"/api/tokens/{made.token.pk}"})

    @extend_schema(request=TokenChangeSerializer, responses=TokenSerializer)
    def update(self, request: Request, pk: int) -> Response:
        """Replaces name, scopes, expiry and whether it is enabled; its secret stays. Its owner's alone."""
        return self._edit(request, partial=False)

    @extend_schema(request=TokenChangeSerializer, responses=TokenSerializer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Changes name, scopes, expiry, or whether it is enabled; at once. What it may, only its owner changes."""
        return self._edit(request, partial=True)

    def _edit(self, request: Request, *, partial: bool) -> Response:
        self._must_be_no_application(request)
        with self.held() as token:
            if not partial or "scopes" in (request.data if isinstance(request.data, dict) else {}):
                self._must_be_own(token, "give scopes to")
            serializer = TokenChangeSerializer(data=request.data, partial=partial)
            serializer.is_valid(raise_exception=True)
            fields = dict(serializer.validated_data)
            self._must_be_sound(request, fields)
            services.edit_token(token=token, by=actor(request), fields=fields if partial else _WHOLE | fields)
        return self.answer(self.get_object())

    @extend_schema(request=None, responses=NewTokenSerializer)
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: int) -> Response:
        """Gives one of the own tokens another secret, shown this once; the old one is dead at once."""
        self._must_be_no_application(request)
        with self.held() as token:
            self._must_be_own(token, "rotate")
            made = services.rotate_token(token=token, by=actor(request))
        return Response(NewTokenSerializer(made.token, context={"secret": made.secret}).data)

    def _must_be_no_application(self, request: Request) -> None:
        if isinstance(request.auth, OAuthAccess):
            # It would outlive the person's taking back what they allowed.
            raise NotAllowed("An application cannot make or change API tokens.")

    def _must_be_own(self, token: ApiToken, what: str) -> None:
        """Whoever could would act as somebody else."""
        if token.user_id != self.membership.user_id:
            raise NotAllowed(f"You may disable or revoke the token of somebody else, not {what} it.")

    def _must_be_sound(self, request: Request, fields: dict[str, Any]) -> None:
        errors = []
        held = SCOPES if request.auth is None else getattr(request.auth, "scopes", ())
        for index, scope in enumerate(fields.get("scopes", ())):
            if not allows(held, scope):
                detail = "A token cannot give a scope that it does not have."
                errors.append(FieldError(f"/scopes/{index}", "not_held", detail))
        if fields.get("expires_at") is not None and fields["expires_at"] <= self.now:
            errors.append(FieldError("/expiresAt", "past", "Must be in the future."))
        if errors:
            raise Invalid(errors)

    def destroy(self, request: Request, pk: int) -> Response:
        """Revokes a token for good, at once."""
        with self.held() as token:
            services.revoke_token(token=token, by=actor(request))
        return Response(status=204)
