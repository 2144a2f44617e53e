"""Operators' pages of people, workspaces, tokens and the audit log."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from oauth2_provider.admin import ApplicationAdmin as BaseApplicationAdmin
from oauth2_provider.models import get_access_token_model, get_id_token_model, get_refresh_token_model
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.actor import Actor
from accounts.models import (
    ApiToken,
    AuditEntry,
    FeedEvent,
    FeedHead,
    Invitation,
    KeptAnswer,
    Membership,
    OAuthAccess,
    OAuthApplication,
    OAuthDeviceGrant,
    OAuthGrant,
    User,
    Workspace,
)
from accounts.services import create_personal_workspace
from common.admin import HistoryAdmin, ReadOnlyAdmin


class MembershipInline(TabularInline[Membership, Any]):
    """Members of a workspace, or workspaces of a person."""

    model = Membership
    extra = 0
    autocomplete_fields = ("user", "workspace")
    tab = True


@admin.register(User)
class UserAdmin(BaseUserAdmin[User], ModelAdmin):
    """People, found by email or name."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "is_active", "is_staff", "workspace_count", "last_login", "created_at")
    list_filter = ("is_active", "is_staff", "created_at")
    search_fields = ("email", "name")
    ordering = ("email",)
    readonly_fields = ("last_login", "created_at")
    fieldsets = (
        (None, {"fields": ("email", "password", "name")}),
        ("Place", {"fields": ("timezone", "locale")}),
        ("Identity elsewhere", {"fields": ("identity_provider", "identity_subject")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "created_at")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "name", "password1", "password2")}),)
    inlines = (MembershipInline,)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[User]":
        return super().get_queryset(request).annotate(workspace_count=Count("memberships"))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """A person made here gets a workspace of their own, as anybody does."""
        super().save_model(request, obj, form, change)
        if not change:
            create_personal_workspace(user=obj, by=Actor(request.user))  # type: ignore[arg-type]

    @admin.display(description="Workspaces", ordering="workspace_count")
    def workspace_count(self, user: Any) -> int:
        return int(user.workspace_count)


@admin.register(Workspace)
class WorkspaceAdmin(ModelAdmin):
    """What people share."""

    list_display = ("name", "slug", "member_count", "created_at")
    list_filter = ("created_at",)
    search_fields = ("name", "slug", "memberships__user__email")
    readonly_fields = ("created_at",)
    exclude = ("ping_key",)
    inlines = (MembershipInline,)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Workspace]":
        found: QuerySet[Workspace] = super().get_queryset(request)
        return found.annotate(member_count=Count("memberships", distinct=True))

    @admin.display(description="Members", ordering="member_count")
    def member_count(self, workspace: Any) -> int:
        return int(workspace.member_count)


@admin.register(Membership)
class MembershipAdmin(ModelAdmin):
    """Who is where, in which role."""

    list_display = ("user", "workspace", "role", "created_at")
    list_filter = ("role", "created_at")
    list_select_related = ("user", "workspace")
    search_fields = ("user__email", "workspace__name")
    autocomplete_fields = ("user", "workspace")


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Tokens by what is shown of them; deleting one revokes it."""

    list_display = ("name", "prefix", "user", "workspace", "is_enabled", "expires_at", "last_used_at")
    list_filter = ("is_enabled", "created_at", "expires_at", "last_used_at")
    list_select_related = ("user", "workspace")
    search_fields = ("name", "prefix", "user__email", "workspace__name")
    exclude = ("digest",)
    date_hierarchy = "created_at"


@admin.register(AuditEntry)
class AuditEntryAdmin(HistoryAdmin):
    """Who changed what."""

    list_display = ("created_at", "actor", "verb", "object_type", "object_id", "object_name", "workspace", "address")
    list_filter = ("verb", "object_type", "created_at")
    list_select_related = ("workspace",)
    search_fields = ("actor", "object_name", "object_id", "address", "workspace__name")
    date_hierarchy = "created_at"


# The OAuth library registers plain pages of its own: themed and without secrets here.
for model in (
    OAuthApplication,
    OAuthGrant,
    OAuthDeviceGrant,
    get_access_token_model(),
    get_refresh_token_model(),
    get_id_token_model(),
):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(KeptAnswer)
class KeptAnswerAdmin(ReadOnlyAdmin):
    """Answers kept for repeats of a POST; what they say is not shown, for it may hold secrets."""

    list_display = ("created_at", "user", "workspace", "key")
    list_select_related = ("user", "workspace")
    search_fields = ("key", "user__email")
    exclude = ("answer",)
    ordering = ("-pk",)


@admin.register(OAuthApplication)
class OAuthApplicationAdmin(BaseApplicationAdmin, ModelAdmin):
    """Clients that people registered."""

    list_display = ("name", "client_id", "user", "client_type", "authorization_grant_type", "created")
    list_filter = ("client_type", "authorization_grant_type", "skip_authorization")
    list_select_related = ("user",)
    search_fields = ("name", "client_id", "user__email")
    exclude = (
        "client_secret",
        "hash_client_secret",
        "post_logout_redirect_uris",
        "registration_source",
        "cimd_expires_at",
    )
    readonly_fields = ("client_id",)
    autocomplete_fields = ("user", "workspace")
    radio_fields: dict[str, int] = {}
    view_on_site = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They are registered under Settings, where their secret is shown."""
        return False


@admin.register(OAuthGrant)
class OAuthGrantAdmin(ReadOnlyAdmin):
    """Authorization codes on their way; the code itself is not shown."""

    list_display = ("user", "application", "scope", "expires")
    list_filter = ("expires",)
    list_select_related = ("user", "application")
    search_fields = ("user__email", "application__name")
    exclude = ("code", "code_challenge", "nonce")


@admin.register(OAuthDeviceGrant)
class OAuthDeviceGrantAdmin(ReadOnlyAdmin):
    """Devices that wait for their person; codes are not shown."""

    list_display = ("client_id", "user", "scope", "status", "expires")
    list_filter = ("status", "expires")
    list_select_related = ("user",)
    search_fields = ("client_id", "user__email")
    exclude = ("device_code", "user_code")


@admin.register(OAuthAccess)
class OAuthAccessAdmin(ReadOnlyAdmin):
    """In which workspace each access token acts."""

    list_display = ("token", "person", "application", "workspace")
    list_filter = ("token__created",)
    list_select_related = ("token__user", "token__application__user", "workspace")
    search_fields = ("token__user__email", "token__application__name", "workspace__name")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A token goes with its own row."""
        return False

    @admin.display(description="Person")
    def person(self, access: OAuthAccess) -> str:
        return str(access.user)


class OAuthTokenAdmin(ReadOnlyAdmin):
    """Tokens in use, without the tokens; deleting one revokes it."""

    list_display = ("id", "user", "application", "created")
    list_filter = ("created",)
    list_select_related = ("user", "application")
    search_fields = ("user__email", "application__name")
    exclude = ("token", "token_checksum")


for model in (get_access_token_model(), get_refresh_token_model()):
    admin.site.register(model, OAuthTokenAdmin)


@admin.register(FeedEvent)
class FeedEventAdmin(ReadOnlyAdmin):
    """The change feed; those without a number wait for a reader."""

    list_display = ("type", "workspace", "number", "created_at")
    list_filter = ("type", "created_at")
    list_select_related = ("workspace",)
    search_fields = ("workspace__name", "type")


@admin.register(FeedHead)
class FeedHeadAdmin(ReadOnlyAdmin):
    """How far each workspace's feed is numbered."""

    list_display = ("workspace", "last_number")
    list_select_related = ("workspace",)
    search_fields = ("workspace__name",)


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Who may come in by a link."""

    list_display = ("email", "workspace", "role", "expires_at", "accepted_at", "mail_due_at")
    list_filter = ("role", "created_at")
    list_select_related = ("workspace",)
    search_fields = ("email", "workspace__name")
