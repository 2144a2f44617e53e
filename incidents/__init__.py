"""Floor 5: incidents, their timeline and notes."""
