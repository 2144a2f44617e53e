"""What hostile answers cost the memory of the process that checks: a child, so that the servers' own is not counted."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BOMBS = ("/gzip-bomb/200", "/nested-bomb/200", "/brotli-bomb", "/endless", "/header-bomb", "/continue-bomb")
CHILD = """
import json, resource, sys, time
from common.addresses import AddressPolicy
from monitors.probes.base import Check
from monitors.probes.once import run_once

def look(url):
    settings = {"url": url, "assertions": [{"source": "body", "comparison": "matches", "target": "x$"}]}
    due = {"scheduled_at": time.time(), "timeout_ms": 20_000}
    check = Check(monitor_id=1, region_id=1, type="http", settings=settings, **due)
    return run_once(check, AddressPolicy(allow_private=True)).failure_class

def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

warm, *urls = sys.argv[1:]
look(warm)
before = peak_mib()
print(json.dumps([[look(url) for url in urls], peak_mib() - before]))
"""


@pytest.mark.slow
def test_no_answer_costs_more_memory_than_a_check_reads(target):
    urls = [target.url("/large/1048576"), *(target.url(path) for path in BOMBS)]
    ran = subprocess.run(
        [sys.executable, "-c", CHILD, *urls], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    classes, grown = json.loads(ran.stdout)
    assert classes == ["too_large"] * len(BOMBS)
    assert grown < 12
