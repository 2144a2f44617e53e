"""`manage.py create_token --user EMAIL --scopes "a b"`: the token alone on its last line, for scripts."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.actor import SYSTEM
from accounts.models import Membership, User
from accounts.scopes import SCOPES
from accounts.selectors import memberships
from accounts.services import UnknownScope, create_token
from common import clock


class Command(BaseCommand):
    help = "Makes an API token and prints it: nothing else stands on the last line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, metavar="EMAIL", help="Whose token it is.")
        parser.add_argument(
            "--scopes", required=True, help=f"Scopes with spaces or commas between: {', '.join(SCOPES)}."
        )
        parser.add_argument("--name", default="command line", help="What it is called in the list of tokens.")
        parser.add_argument("--workspace", metavar="SLUG", help="Where it acts; the person's first when not given.")
        parser.add_argument("--expires-days", type=int, metavar="N", help="It ends after N days; never when not given.")

    def handle(self, *args: Any, **options: Any) -> None:
        membership = _membership(options["user"], options["workspace"])
        scopes = options["scopes"].replace(",", " ").split()
        days = options["expires_days"]
        if not scopes:
            raise CommandError(f"--scopes is empty: choose among {', '.join(SCOPES)}")
        if not 1 <= len(options["name"].strip()) <= 120:
            raise CommandError("--name must have 1 to 120 characters")
        if days is not None and not 1 <= days <= 36_500:
            raise CommandError("--expires-days must be from 1 to 36500")
        try:
            made = create_token(
                user=membership.user,
                workspace=membership.workspace,
                name=options["name"].strip(),
                scopes=scopes,
                by=SYSTEM,
                expires_at=clock.now() + timedelta(days=days) if days is not None else None,
            )
        except UnknownScope as error:
            raise CommandError(str(error)) from error
        self.stdout.write(made.secret)


def _membership(email: str, slug: str | None) -> Membership:
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if user is None:
        raise CommandError(f"nobody active signs in as {email}")
    found = memberships(user).select_related("user")
    chosen = found.filter(workspace__slug=slug).first() if slug else found.first()
    if chosen is None:
        have = ", ".join(one.workspace.slug for one in found) or "none"
        raise CommandError(f"{email} is in no workspace {slug or ''}; workspaces: {have}")
    return chosen
