"""A pytest plugin for CI: a test that is skipped because something cannot be reached fails instead.

A skip whose reason starts with "only" stays one: it says that the test is for another database or mode, not that
something is missing.
"""

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not reason.removeprefix("Skipped: ").lower().startswith("only"):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped ({reason}); in CI everything must be there"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped as a whole; in CI everything must be there"
    return report
