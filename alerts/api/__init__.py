"""Endpoints of action groups and deliveries."""
