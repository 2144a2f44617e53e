"""The plans that an installation starts with."""

from django.db import migrations

from billing.plans import add_plans


def add(apps, schema_editor):
    add_plans(apps.get_model("billing", "Plan"), apps.get_model("billing", "Price"))


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
