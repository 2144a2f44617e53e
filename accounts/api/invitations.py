"""Endpoints of invitations."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import invitations
from accounts.authentication import actor
from accounts.models import Invitation, Role
from common.api.fields import ChoiceField, IdField, InstantField, TextField
from common.api.parameters import Choices, Text
from common.api.serializers import ApiSerializer
from common.api.views import ApiViewSet


class InvitationSerializer(ApiSerializer):
    """Somebody who may come in by a link."""

    id = IdField(read_only=True)
    email = TextField(max_length=254)
    role = ChoiceField(choices=Role.values, default=Role.MEMBER)
    invited_by_id = IdField(read_only=True, allow_null=True)
    created_at = InstantField(read_only=True)
    expires_at = InstantField(read_only=True)
    accepted_at = InstantField(read_only=True, allow_null=True)
    url = serializers.SerializerMethodField(
        help_text="Only in the answer that makes it, and only where no mail server is set: then hand it over yourself."
    )

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_url(self, invitation: Invitation) -> str | None:
        return invitations.link_of(invitation) if self.context.get("is_new") and not settings.EMAIL_HOST else None


class InvitationChangeSerializer(InvitationSerializer):
    """What of an invitation is changed; its address may be sent back as it was read."""

    email = TextField(read_only=True)
    role = ChoiceField(choices=Role.values)


@extend_schema(tags=["Members"])
class InvitationViewSet(ApiViewSet):
    """Who may come into the workspace; for admins."""

    queryset = Invitation.objects.all()
    serializer_class = InvitationSerializer
    read_role = write_role = Role.ADMIN
    list_parameters = (
        Text(name="name", lookup="email__iexact", help="The same as `email`: an invitation has no other name."),
        Text(name="email", lookup="email__iexact", help="Only of this address."),
        Choices(name="role", among=Role.values, lookup="role__in", help="Only to these roles."),
    )
    search_fields = ("email",)
    ordering_fields = {"email": "email", "createdAt": "created_at", "expiresAt": "expires_at"}
    default_ordering = ("-created_at",)
    is_new = False

    def get_queryset(self) -> "QuerySet[Invitation]":
        found: QuerySet[Invitation] = super().get_queryset()
        return found.select_related("workspace")

    def create(self, request: Request) -> Response:
        """Invites an address by email, for a week; inviting it again takes the place of the first."""
        fields = self.checked()
        made = invitations.invite(
            workspace=self.workspace, email=fields["email"], role=fields["role"], by=actor(request), now=self.now
        )
        self.is_new = True
        return self.created(made)

    @extend_schema(request=InvitationChangeSerializer, responses=InvitationSerializer)
    def update(self, request: Request, pk: int) -> Response:
        """Gives an open invitation another role; its link stays as it is. 409 once it has been accepted."""
        return self._edit(request, partial=False)

    @extend_schema(request=InvitationChangeSerializer, responses=InvitationSerializer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """The same: an invitation has nothing else to change."""
        return self._edit(request, partial=True)

    def _edit(self, request: Request, *, partial: bool) -> Response:
        serializer = InvitationChangeSerializer(data=request.data, partial=partial)
        with self.held() as invitation:
            serializer.is_valid(raise_exception=True)
            if fields := serializer.validated_data:
                invitations.change_role(invitation=invitation, role=fields["role"], by=actor(request))
        return self.answer(self.get_object())

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "is_new": self.is_new}

    def destroy(self, request: Request, pk: int) -> Response:
        """Takes an invitation back; its link lets nobody in from now on."""
        with self.held() as invitation:
            invitations.revoke(invitation=invitation, by=actor(request))
        return Response(status=204)
