"""The mail address of a ping: which heartbeat it means and what it says. Pure."""

from signals.ingest.address import SLUG, TOKEN, Address, variant_of


def mail_address(domain: str, token: str, word: str = "") -> str:
    """Where a job sends its mails; `word` is start, fail, log or an exit status."""
    return f"{token}+{word}@{domain}" if word else f"{token}@{domain}"


def read_recipient(recipient: str, domain: str) -> Address | None:
    """What `<token>@domain`, `<slug>.<ping key>@domain` and either with `+word` mean; None when no heartbeat can.

    Tokens and ping keys keep their case, as RFC 5321 (2.4) asks of whoever relays; the rest is read without it.
    """
    local, _, host = recipient.rpartition("@")
    if host.rstrip(".").lower() != domain:
        return None
    name, plus, word = local.partition("+")
    said = variant_of(word.lower()) if plus else ("SUCCESS", None)
    if said is None:
        return None
    slug, dot, key = name.rpartition(".")
    slug = slug.lower()
    if not TOKEN.fullmatch(key) or (dot and not SLUG.fullmatch(slug)):
        return None
    return Address(*said, True, ping_key=key, slug=slug) if dot else Address(*said, True, key)
