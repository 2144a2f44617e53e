"""People, the workspaces they share, and the keys they hand to machines."""

import secrets
import zlib
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils.text import slugify

from accounts.oauth_models import OAuthAccess, OAuthApplication, OAuthDeviceGrant, OAuthGrant
from common.scoping import ScopedManager
from common.secrets import EncryptedJSONField

__all__ = [
    "ApiToken",
    "AuditEntry",
    "FeedEvent",
    "FeedHead",
    "Invitation",
    "KeptAnswer",
    "Membership",
    "OAuthAccess",
    "OAuthApplication",
    "OAuthDeviceGrant",
    "OAuthGrant",
    "Role",
    "User",
    "Workspace",
    "WorkspaceOwned",
]


class UserManager(BaseUserManager["User"]):
    """Finds and makes people by email, whatever its case."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """A person with a personal workspace comes from `accounts.services.create_user`; this is the bare row."""
        user = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


# The managers of the OAuth models are those of an untyped library.
class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]
    """A person who signs in with an email address."""

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=120, blank=True)
    timezone = models.CharField(max_length=64, default="UTC")
    locale = models.CharField(max_length=16, default="en")
    identity_provider = models.CharField(max_length=64, blank=True)
    identity_subject = models.CharField(max_length=255, blank=True)
    is_staff = models.BooleanField("operator", default=False, help_text="May use the operators' admin.")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["identity_provider", "identity_subject"],
                condition=~models.Q(identity_subject=""),
                name="one_account_an_identity",
            )
        ]

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)

    @property
    def version(self) -> str:
        """Changes with whatever a profile shows; for its entity tag."""
        return f"{zlib.crc32('|'.join((self.email, self.name, self.timezone, self.locale)).encode()):08x}"

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email.split("@")[0]


class Role(models.TextChoices):
    """What a member may do; each includes the next."""

    OWNER = "OWNER", "Owner"
    ADMIN = "ADMIN", "Admin"
    MEMBER = "MEMBER", "Member"
    VIEWER = "VIEWER", "Viewer"


def new_ping_key() -> str:
    return secrets.token_urlsafe(18)


class Workspace(models.Model):
    """What people share: monitors, incidents and alerts belong to one."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=80, unique=True)
    ping_key = models.CharField(max_length=64, unique=True, default=new_ping_key)
    created_at = models.DateTimeField(auto_now_add=True)
    members: "models.ManyToManyField[User, Membership]" = models.ManyToManyField(
        User, through="Membership", related_name="workspaces"
    )

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def free_slug(name: str) -> str:
        """A slug of `name` that no workspace has."""
        base = slugify(name)[:60] or "workspace"
        taken = Workspace.objects.filter(slug=base).exists()
        return f"{base}-{secrets.token_hex(4)}" if taken else base


class Membership(models.Model):
    """One person in one workspace."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.MEMBER)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "user"], name="one_membership_each")]

    def __str__(self) -> str:
        return f"{self.user} in {self.workspace}"

    @property
    def version(self) -> str:
        """Changes with the role, all that is edited; for its entity tag."""
        return self.role


class WorkspaceOwned(models.Model):
    """Base of everything that a workspace owns."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+")

    objects = ScopedManager()

    class Meta:
        abstract = True


class ApiToken(WorkspaceOwned):
    """A bearer token for machines; only its SHA-256 is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=11, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list)
    is_enabled = models.BooleanField(default=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_address = models.GenericIPAddressField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def version(self) -> str:
        """Changes with whatever a person edits, and with its secret; for its entity tag."""
        edited = (self.name, self.scopes, self.is_enabled, self.expires_at, self.digest)
        return f"{zlib.crc32(repr(edited).encode()):08x}"


class KeptAnswer(WorkspaceOwned):
    """The answer to a POST with an Idempotency-Key, kept for a day so that a repeat gets it again."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, address and body.")
    answer = EncryptedJSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "user", "key"], name="one_answer_a_key")]
        indexes = [models.Index(fields=["user", "created_at"], name="kept_answer_by_age")]

    def __str__(self) -> str:
        return self.key


class AuditEntry(WorkspaceOwned):
    """Who changed what, from where, with which token. Never edited."""

    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    token = models.ForeignKey(ApiToken, models.SET_NULL, null=True, related_name="+")
    application = models.ForeignKey(OAuthApplication, models.SET_NULL, null=True, related_name="+")
    actor = models.CharField(max_length=254)
    address = models.GenericIPAddressField(null=True)
    verb = models.CharField(max_length=40)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=40)
    object_name = models.CharField(max_length=254, blank=True)
    changes = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [models.Index(fields=["workspace", "-created_at"], name="audit_by_workspace")]

    def __str__(self) -> str:
        return f"{self.actor} {self.verb} {self.object_type} {self.object_id}"


class FeedEvent(WorkspaceOwned):
    """One thing that happened, for the change feed. Its `number` is given once it is committed; readers go by that."""

    type = models.CharField(max_length=40)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    number = models.BigIntegerField(null=True, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "number"], name="one_event_a_number")]
        indexes = [models.Index(fields=["workspace"], name="event_to_number", condition=models.Q(number__isnull=True))]

    def __str__(self) -> str:
        return f"{self.type} {self.number or ''}".strip()


class FeedHead(models.Model):
    """The last number given in a workspace's feed; its lock lets one at a time give numbers."""

    workspace = models.OneToOneField(Workspace, models.CASCADE, primary_key=True, related_name="+")
    last_number = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.workspace_id}: {self.last_number}"


class Invitation(WorkspaceOwned):
    """One address that may come in by a link; `mail_due_at` is when the mail with it is sent next, null when never."""

    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.MEMBER)
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    mail_due_at = models.DateTimeField(null=True, blank=True)
    mail_tries = models.PositiveSmallIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "email"],
                condition=models.Q(accepted_at__isnull=True),
                name="one_open_invitation_an_address",
            )
        ]
        indexes = [
            models.Index(
                fields=["mail_due_at"], name="invitation_to_mail", condition=models.Q(mail_due_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def version(self) -> str:
        """Changes with the role, all that is edited, and once it is accepted; for its entity tag."""
        return f"{self.role}{'+' if self.accepted_at else ''}"
