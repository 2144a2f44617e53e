"""The pattern of a pipeline with a generated Python client: make a monitor, wait for a result, remove it."""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))

from client import AuthenticatedClient
from client.api.monitors import monitors_create, monitors_destroy, monitors_retrieve
from client.models import HttpMonitorRequest, RangeAssertion, RangeAssertionComparison, RangeAssertionSource


def main() -> None:
    client = AuthenticatedClient(base_url=os.environ["API_URL"], token=os.environ["API_TOKEN"])
    status = RangeAssertion(RangeAssertionSource.STATUS_CODE, RangeAssertionComparison.BETWEEN, target=[200, 299])
    url = os.environ["TARGET_URL"]
    wanted = HttpMonitorRequest(name="From Python", type_="http", url=url, interval_seconds=10, assertions=[status])
    made = monitors_create.sync(client=client, body=wanted)
    assert made.assertions == [RangeAssertion.from_dict(status.to_dict() | {"property": None})], made.assertions
    deadline = time.monotonic() + 90
    seen = made
    while not seen.last_result and time.monotonic() < deadline:
        time.sleep(0.2)
        seen = monitors_retrieve.sync(made.id, client=client)
    gone = monitors_destroy.sync_detailed(made.id, client=client).status_code == 204
    print(json.dumps({"status": str(seen.status), "statusCode": seen.last_result.status_code, "gone": gone}))


if __name__ == "__main__":
    main()
