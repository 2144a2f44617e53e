"""Two indexes fewer on the hottest table: every check moved them twice, and others find the same rows."""

import django.db.models.deletion
from django.db import migrations, models


def _key(to, name):
    return models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name=name, to=to)


class Migration(migrations.Migration):
    dependencies = [("monitors", "0009_finding_passed")]

    operations = [
        migrations.AlterField("regionstate", "monitor", _key("monitors.monitor", "region_states")),
        migrations.AlterField("regionstate", "region", _key("monitors.region", "+")),
    ]
