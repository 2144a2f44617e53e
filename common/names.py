"""Names in two spellings: snake_case in code, camelCase in JSON."""

from functools import lru_cache


@lru_cache(maxsize=4096)
def camel(name: str) -> str:
    """`interval_seconds` as `intervalSeconds`."""
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)
