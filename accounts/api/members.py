"""Endpoints of a workspace's members and of its audit log."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import members
from accounts.authentication import actor
from accounts.models import AuditEntry, Membership, Role
from accounts.room import hold
from common.api.cursors import PARAMETERS, cursor_page
from common.api.fields import ChoiceField, IdField, InstantField, ObjectField, TextField
from common.api.parameters import Choices, Parameter, Text, Whole, period
from common.api.serializers import ApiSerializer
from common.api.views import ApiViewSet


class MemberSerializer(ApiSerializer):
    """One person in the workspace."""

    id = IdField(read_only=True)
    user_id = IdField(read_only=True)
    email = TextField(source="user.email", read_only=True)
    name = TextField(source="user.name", read_only=True)
    role = ChoiceField(choices=Role.values)
    created_at = InstantField(read_only=True)


@extend_schema(tags=["Members"])
class MemberViewSet(ApiViewSet):
    """Who is in the workspace, in which role; people come in by invitation."""

    queryset = Membership.objects.all()
    serializer_class = MemberSerializer
    scopes = {"GET": "monitor.read"}
    # Anybody may leave; whom one may touch is asked of the services.
    write_roles = {"update": Role.ADMIN, "partial_update": Role.ADMIN, "destroy": Role.VIEWER}
    list_parameters = (
        Text(name="name", lookup="user__name", help="Exactly this name."),
        Text(name="email", lookup="user__email__iexact", help="The one with this email address."),
        Choices(name="role", among=Role.values, lookup="role__in", help="Only in these roles."),
    )
    search_fields = ("user__name", "user__email")
    ordering_fields = {"name": "user__name", "email": "user__email", "createdAt": "created_at"}
    default_ordering = ("created_at",)

    def get_queryset(self) -> "QuerySet[Membership]":
        found: QuerySet[Membership] = super().get_queryset()
        return found.select_related("user")

    def update(self, request: Request, pk: int) -> Response:
        """Gives a member another role; the last owner stays one."""
        return self._edit(request, partial=False)

    def partial_update(self, request: Request, pk: int) -> Response:
        """The same: a member has nothing else to change."""
        return self._edit(request, partial=True)

    @contextmanager
    def held(self) -> Iterator[Membership]:
        """With the workspace held first, as all do who write members: else two would wait for each other."""
        with transaction.atomic():
            hold(self.workspace)
            with super().held() as member:
                yield member

    def _edit(self, request: Request, *, partial: bool) -> Response:
        with self.held() as member:
            members.must_outrank(actor(request), member)
            if fields := self.checked(partial=partial):
                members.change_role(member=member, role=fields["role"], by=actor(request))
        return self.answer(self.get_object())

    def destroy(self, request: Request, pk: int) -> Response:
        """Removes a member with their tokens here, or leaves; the last owner stays."""
        with self.held() as member:
            members.remove_member(member=member, by=actor(request))
        return Response(status=204)


class AuditEntrySerializer(ApiSerializer):
    """Who changed what, from where, through which token."""

    id = IdField(read_only=True)
    actor = TextField(read_only=True)
    user_id = IdField(read_only=True, allow_null=True)
    token_id = IdField(read_only=True, allow_null=True)
    application_id = IdField(read_only=True, allow_null=True)
    address = TextField(read_only=True, allow_null=True)
    verb = TextField(read_only=True)
    object_type = TextField(read_only=True)
    object_id = TextField(read_only=True)
    object_name = TextField(read_only=True)
    changes = ObjectField(read_only=True, help_text="Field to [before, after]; never a secret.")
    created_at = InstantField(read_only=True)


class AuditPageSerializer(ApiSerializer):
    """A page of the log, newest first."""

    items = AuditEntrySerializer(many=True)
    next_cursor = TextField(allow_null=True)


@extend_schema(tags=["Members"])
class AuditLogViewSet(ApiViewSet):
    """What people and tokens changed; for admins. It is never edited."""

    queryset = AuditEntry.objects.all()
    serializer_class = AuditEntrySerializer
    read_role = Role.ADMIN
    list_actions = ()
    narrowing: tuple[Parameter, ...] = (
        *period("created_at"),
        Text(name="verb", lookup="verb", help="Only this kind of change, for example edit."),
        Text(name="objectType", lookup="object_type", help="Only of this kind of object, for example monitor."),
        Text(name="objectId", lookup="object_id", help="Only of the object with this id."),
        Text(name="name", lookup="object_name", help="Only of objects that had exactly this name."),
        Whole(name="userId", lookup="user_id", help="Only by this person."),
        Whole(name="tokenId", lookup="token_id", help="Only through this token."),
    )
    query_parameters = {"list": (*narrowing, *PARAMETERS)}

    @extend_schema(responses=forced_singular_serializer(AuditPageSerializer))  # type: ignore[no-untyped-call]
    def list(self, request: Request) -> Response:
        """The log, newest first."""
        found = self.get_queryset()
        for one in self.narrowing:
            if one.name in self.query:
                found = one.narrow(found, self.query[one.name])
        rows, cursor = cursor_page(found, "created_at", self.query)
        return Response({"items": self.get_serializer(rows, many=True).data, "nextCursor": cursor})
