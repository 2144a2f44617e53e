"""Incidents and their notes over HTTP."""
