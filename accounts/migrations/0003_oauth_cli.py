from django.db import migrations

CLIENT_ID = "websignal-cli"


def make_cli(apps, schema_editor):
    """The public client of the command line; it keeps no secret, so the one it has opens nothing."""
    apps.get_model("accounts", "OAuthApplication").objects.get_or_create(
        client_id=CLIENT_ID,
        defaults={
            "name": "WebSignal command line",
            "client_type": "public",
            "authorization_grant_type": "authorization-code",
            "client_secret": "",
            "redirect_uris": "http://127.0.0.1/callback http://[::1]/callback",
            "algorithm": "RS256",
            "scopes": [
                "email",
                "incident.write",
                "monitor.admin",
                "monitor.read",
                "openid",
                "profile",
                "signal.write",
                "user.read",
            ],
        },
    )


def remove_cli(apps, schema_editor):
    apps.get_model("accounts", "OAuthApplication").objects.filter(client_id=CLIENT_ID).delete()


class Migration(migrations.Migration):

    # Apart from 0002: PostgreSQL makes no index in a transaction that has written rows.
    dependencies = [
        ('accounts', '0002_oauth'),
    ]

    operations = [
        migrations.RunPython(make_cli, remove_cli),
    ]
