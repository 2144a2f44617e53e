"""Floor 3: monitors, probing, results, status."""
