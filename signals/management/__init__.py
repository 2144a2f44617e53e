"""Management commands of signals."""
