"""Floor 0: what every app stands on; knows no app."""
