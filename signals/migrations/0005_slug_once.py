"""A slug names one heartbeat of a workspace by a constraint; of those that shared one the oldest keeps it."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Count, OuterRef, Q, Subquery

_LENGTH = 120


def fill(apps, schema_editor):
    heartbeats = apps.get_model("signals", "Heartbeat")._default_manager.using(schema_editor.connection.alias)
    monitors = apps.get_model("monitors", "Monitor")._default_manager.using(schema_editor.connection.alias)
    own = monitors.filter(pk=OuterRef("pk")).values("workspace")
    heartbeats.update(workspace=Subquery(own[:1]))
    shared = heartbeats.exclude(slug="").values("workspace", "slug").annotate(count=Count("pk")).filter(count__gt=1)
    for one in shared.order_by("workspace", "slug"):
        _part(heartbeats.filter(workspace=one["workspace"]), one["slug"])
    if schema_editor.connection.vendor == "postgresql":
        # The table is altered next, which waits for no check of a key.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _part(heartbeats, slug):
    """The oldest is the one that the slug's address has reached; the others get the next free number behind theirs."""
    taken = set(heartbeats.exclude(slug="").values_list("slug", flat=True))
    number = 2
    for pk in heartbeats.filter(slug=slug).order_by("pk").values_list("pk", flat=True)[1:]:
        while (free := f"{slug[: _LENGTH - 1 - len(str(number))]}-{number}") in taken:
            number += 1
        taken.add(free)
        heartbeats.filter(pk=pk).update(slug=free)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("signals", "0004_signals_by_day")]

    operations = [
        migrations.AddField(
            "heartbeat",
            "workspace",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(
            "heartbeat",
            "workspace",
            models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.workspace"),
        ),
        migrations.AddConstraint(
            "heartbeat",
            models.UniqueConstraint(
                condition=~Q(slug=""), fields=("workspace", "slug"), name="one_heartbeat_a_slug"
            ),
        ),
    ]
