"""Floor 8: server-rendered pages that combine several apps; no models."""
