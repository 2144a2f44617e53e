"""The id of the request at work, kept for the logs."""

from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """The id of the request that this context serves, or an empty string."""
    return _current.get()


def set_request_id(value: str) -> None:
    """Makes `value` the id that records of this context carry."""
    _current.set(value)
