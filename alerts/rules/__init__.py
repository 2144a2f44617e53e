"""Rules: which incidents go to which channels."""
