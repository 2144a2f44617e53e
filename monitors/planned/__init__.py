"""Planned work: deployments and maintenance windows."""
