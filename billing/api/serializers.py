"""What is sold, as JSON."""

from typing import Any

from billing.limits import LIMITED
from billing.models import Interval, Plan
from common.api.fields import ChoiceField, IdField, InstantField, IntegerField, ListField, TextField
from common.api.serializers import ApiSerializer


class TrialBodySerializer(ApiSerializer):
    """A trial, to be read and written: `ACTIVE` starts it, `EXPIRED` or `NONE` cancels it.

    `CONVERTED` may be written back where it is so: only a payment makes it so.
    """

    status = ChoiceField(choices=["NONE", "ACTIVE", "EXPIRED", "CONVERTED"])
    plan_id = IdField(required=False, allow_null=True, default=None, help_text="When it starts; else the plan to try.")
    ends_at = InstantField(required=False, allow_null=True, default=None, help_text="Only operators move it.")
    started_at = InstantField(read_only=True, allow_null=True)
    days_left = IntegerField(read_only=True, allow_null=True)


class LimitsSerializer(ApiSerializer):
    """What a plan allows; null is without limit."""

    monitors = IntegerField(read_only=True, allow_null=True)
    min_interval_seconds = IntegerField(read_only=True)
    regions = IntegerField(read_only=True, allow_null=True)
    members = IntegerField(read_only=True, allow_null=True)
    status_pages = IntegerField(read_only=True, allow_null=True)
    sms_per_month = IntegerField(read_only=True, allow_null=True)
    retention_days = IntegerField(read_only=True, allow_null=True)
    api_writes_per_minute = IntegerField(read_only=True, allow_null=True)


class PriceSerializer(ApiSerializer):
    """What a plan costs."""

    id = IdField(read_only=True)
    amount = IntegerField(read_only=True, help_text="In the currency's smallest unit: 1900 is 19.00.")
    currency = TextField(read_only=True)
    interval = ChoiceField(choices=Interval.choices, read_only=True)


class ProductSerializer(ApiSerializer):
    """A plan that can be bought."""

    id = IdField(read_only=True)
    name = TextField(read_only=True)
    description = TextField(read_only=True)
    limits = LimitsSerializer(read_only=True)
    features = ListField(child=TextField(), read_only=True)
    prices = PriceSerializer(many=True, read_only=True)

    def to_representation(self, instance: Plan) -> dict[str, Any]:
        limits = {name: getattr(instance, name) for name in LIMITED}
        own = {name: getattr(instance, name) for name in ("id", "name", "description", "features")}
        return super().to_representation({**own, "limits": limits, "prices": list(instance.prices.all())})
