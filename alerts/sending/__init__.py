"""Sending what the outbox holds: claimed, sent side by side, recorded, tried again."""
