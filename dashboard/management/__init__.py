"""Commands of dashboard."""
