"""Pings by email: an SMTP listener in front of the same group commit as the ping path."""
