"""The agent: an engine of a region that reaches the platform over HTTPS only, without database or broker."""
