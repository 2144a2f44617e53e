"""Commands of common."""
