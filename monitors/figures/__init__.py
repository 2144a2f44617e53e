"""Availability, latency and history of a monitor: one function each, called by every surface."""
