"""The living examples of `make demo`: what they are, what they watch, and a past that they never had."""
