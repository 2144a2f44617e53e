"""What hostile answers cost the memory of the process that checks: a child, so that the servers' own is not counted."""

import json
import subprocess
import sys

import pytest

from tests.monitors.probes.hostile import ROOT, hostile_ports, misbehave, question

BOMBS = ("/gzip-bomb/200", "/nested-bomb/200", "/brotli-bomb", "/endless", "/header-bomb", "/continue-bomb")
CHILD = """
import json, resource, sys, time
from common.addresses import AddressPolicy
from monitors.probes.base import Check
from monitors.probes.once import run_once

def look(type, settings, timeout_ms):
    due = {"scheduled_at": time.time(), "timeout_ms": timeout_ms}
    check = Check(monitor_id=1, region_id=1, type=type, settings=settings, **due)
    return run_once(check, AddressPolicy(allow_private=True)).failure_class

def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

warm, checks = json.load(sys.stdin)
for one in warm:
    look(*one)
before = peak_mib()
print(json.dumps([[look(*one) for one in checks], peak_mib() - before]))
"""
# What sends much, or sends for ever; the types over HTTP have their bombs.
FLOODS = ("babbles", "babbles after its first word", "says its first word for ever", "sends a line without an end")


def looked_at(warm, checks):
    """The classes in which a process of its own sees `checks` end, and by how many MiB they made it grow."""
    ran = subprocess.run(
        [sys.executable, "-c", CHILD],
        cwd=ROOT, input=json.dumps([warm, checks]), capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return json.loads(ran.stdout)


def http(url):
    asserted = [{"source": "body", "comparison": "matches", "target": "x$"}]
    return "http", {"url": url, "assertions": asserted}, 20_000


@pytest.mark.slow
def test_no_answer_costs_more_memory_than_a_check_reads(target):
    bombs = [http(target.url(path)) for path in BOMBS]
    classes, grown = looked_at([http(target.url("/large/1048576"))], bombs)
    assert classes == ["too_large"] * len(BOMBS)
    assert grown < 12


@pytest.mark.slow
def test_no_flood_over_any_other_protocol_costs_memory():
    with hostile_ports() as ports:
        floods = {one: port for one, port in ports.items() if one[0] not in ("http", "domain") and one[1] in FLOODS}
        checks = [(*question(kind, port), 1_000) for (kind, _), port in floods.items()]
        # Each is asked once to have its code loaded and its buffers at their size, then again and again.
        classes, grown = looked_at(checks, checks * 3)
    allowed = [misbehave(*one)[1] for one in floods] * 3
    assert all(found in among for found, among in zip(classes, allowed, strict=True))
    assert grown < 4
