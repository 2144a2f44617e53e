"""Email addresses and phone numbers that get alerts only after somebody there has agreed."""
