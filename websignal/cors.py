"""What pages of other sites may call, send and read (Fetch Standard, CORS protocol)."""

PATHS = r"/(api(/.*)?|oauth/token)$"
ALLOWED = (
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "last-event-id",
    "x-request-id",
    "x-workspace",
)
EXPOSED = (
    "etag",
    "location",
    "ratelimit-limit",
    "ratelimit-remaining",
    "ratelimit-reset",
    "retry-after",
    "x-request-id",
)
