"""A sender in a process of its own, for tests that kill it. Argument: seconds of its lease."""

import sys
import time

import django

django.setup()

from alerts.sending.sender import Sender  # noqa: E402

Sender(lease_seconds=float(sys.argv[1])).start()
print("started", flush=True)
time.sleep(120)
