"""Room on hot pages for updates in place."""

from django.db import migrations

HOT_TABLES = ("monitors_monitorstate", "monitors_regionstate")


def leave_room(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table in HOT_TABLES:
            schema_editor.execute(f"ALTER TABLE {table} SET (fillfactor = 70)")


class Migration(migrations.Migration):
    dependencies = [("monitors", "0001_initial")]

    operations = [migrations.RunPython(leave_room, migrations.RunPython.noop)]
