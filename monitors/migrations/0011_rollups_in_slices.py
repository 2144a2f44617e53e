"""An hour and a day are rolled up monitor by monitor: the mark says how far within them it has come."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitors", "0010_region_states_lose_indexes")]

    operations = [
        migrations.AddField("rollupmark", "hour_monitors_until", models.BigIntegerField(default=0)),
        migrations.AddField("rollupmark", "day_monitors_until", models.BigIntegerField(default=0)),
    ]
