"""The plans that an installation starts with; operators change them in the admin."""

from typing import Any

DEFAULT_PLANS: tuple[dict[str, Any], ...] = (
    {
        "code": "FREE", "name": "Free", "description": "For one person's things.", "rank": 10, "is_default": True,
        "features": ["20 monitors", "A check each minute", "60 days of history"],
        "monitors": 20, "min_interval_seconds": 60, "regions": 1, "members": 3, "status_pages": 1,
        "sms_per_month": 0, "retention_days": 60, "api_writes_per_minute": 60,
    },
    {
        "code": "PRO", "name": "Pro", "description": "For a shop or a small team.", "rank": 20, "is_tried": True,
        "features": ["100 monitors", "A check each 30 seconds", "50 text messages a month"],
        "monitors": 100, "min_interval_seconds": 30, "regions": 3, "members": 10, "status_pages": 3,
        "sms_per_month": 50, "retention_days": 180, "api_writes_per_minute": 300,
        "prices": ((1900, "month"), (19000, "year")),
    },
    {
        "code": "PRO_PLUS", "name": "Pro Plus", "description": "For many services.", "rank": 30,
        "features": ["250 monitors", "A check each 30 seconds", "150 text messages a month"],
        "monitors": 250, "min_interval_seconds": 30, "regions": 5, "members": 25, "status_pages": 10,
        "sms_per_month": 150, "retention_days": 365, "api_writes_per_minute": 600,
        "prices": ((4900, "month"), (49000, "year")),
    },
    {
        "code": "TEAM", "name": "Team", "description": "For an organisation.", "rank": 40,
        "features": ["1,000 monitors", "A check each 10 seconds", "500 text messages a month", "13 months of history"],
        "monitors": 1000, "min_interval_seconds": 10, "regions": None, "members": None, "status_pages": None,
        "sms_per_month": 500, "retention_days": 396, "api_writes_per_minute": 1200,
        "prices": ((14900, "month"), (149000, "year")),
    },
)  # fmt: skip


def add_plans(plan_model: Any, price_model: Any) -> None:
    """Makes those whose code does not exist; what an operator has changed stays. Takes a migration's models too."""
    for given in DEFAULT_PLANS:
        fields = {name: value for name, value in given.items() if name not in ("code", "prices")}
        plan, is_new = plan_model.objects.get_or_create(code=given["code"], defaults=fields)
        for amount, interval in given.get("prices", ()) if is_new else ():
            price_model.objects.create(plan=plan, amount=amount, interval=interval, currency="eur")
