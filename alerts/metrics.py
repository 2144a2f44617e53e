"""What is read about deliveries."""

from collections.abc import Iterable

from django.db.models import Count, Min

from alerts.models import Delivery, DeliveryState
from common import clock
from common.metrics import Family, Sample, asked_gauges, families


def outbox() -> Iterable[Sample]:
    """Deliveries by state, and how long the oldest that is not over has waited."""
    found = dict(Delivery.objects.order_by().values_list("state").annotate(number=Count("pk")))
    for state in DeliveryState.values:
        yield Sample("deliveries", {"state": state}, found.get(state, 0))
    oldest = Delivery.objects.filter(next_attempt_at__isnull=False).aggregate(at=Min("created_at"))["at"]
    waited = (clock.now() - oldest).total_seconds() if oldest else 0.0
    yield Sample("oldest_pending_delivery_seconds", {}, max(waited, 0.0))


def register() -> None:
    """Makes them known; called once, when the app is ready."""
    families.register("deliveries", Family("gauge", "Deliveries that are kept, by state.", ("state",)))
    families.register(
        "oldest_pending_delivery_seconds", Family("gauge", "Age of the oldest delivery that is not over.")
    )
    asked_gauges.register("outbox", outbox)
