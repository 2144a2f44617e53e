"""The ping tokens that the benchmark's seed makes and its load uses."""


def token(number):
    """22 characters, as a real one has."""
    return f"bench-{number:016d}"
