"""`manage.py createsuperuser`: Django's, after which the operator has a workspace as everybody has."""

from typing import Any

from django.contrib.auth.management.commands import createsuperuser
from django.db.models import Max

from accounts.actor import SYSTEM
from accounts.models import User
from accounts.services import create_personal_workspace


class Command(createsuperuser.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        last = User.objects.aggregate(last=Max("pk"))["last"] or 0
        super().handle(*args, **options)
        for user in User.objects.filter(pk__gt=last, is_superuser=True, workspaces=None):
            create_personal_workspace(user=user, by=SYSTEM)
