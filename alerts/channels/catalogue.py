"""The types of channel that there are. A new one is a file beside this one, and a line here."""

from alerts.channels.base import Kind
from alerts.channels.email import EMAIL
from alerts.channels.sms import SMS
from alerts.channels.webhook import WEBHOOK

CATALOGUE: dict[str, Kind] = {kind.name: kind for kind in (EMAIL, WEBHOOK, SMS)}
