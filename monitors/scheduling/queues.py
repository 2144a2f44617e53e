"""The queues that beat's ticks travel on."""


def probe_queue(region: str) -> str:
    """The queue on which a region's engines hear the tick."""
    return f"probe.{region}"
