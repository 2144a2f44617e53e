"""What an alert's text message says, cut to two segments (3GPP TS 23.038, 23.040). Pure."""

SEGMENTS = 2
# Of a message in several segments: seven-bit characters, or UTF-16 units where one is not of the GSM alphabet.
SEPTETS, UNITS = 153, 67
_GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = set("^{}\\[~]|€")  # behind an escape: they take two
_PLAIN = str.maketrans({"—": "-", "–": "-", "…": "...", "’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " "})


def text_of(title: str, link: str) -> str:
    """`title`, cut where it must be, and the whole `link` on a line of its own."""
    plain = " ".join(title.translate(_PLAIN).split())
    end = f"\n{link}" if link else ""
    if length(plain + end) <= room(plain + end):
        return plain + end
    cut = plain
    while cut and length(f"{cut}...{end}") > room(f"{cut}...{end}"):
        cut = cut[:-1]
    return f"{cut.rstrip()}...{end}"


def length(text: str) -> int:
    """How long a message is, in the units of its alphabet."""
    if _is_gsm(text):
        return sum(2 if one in _GSM_TWICE else 1 for one in text)
    return len(text.encode("utf-16-le")) // 2


def room(text: str) -> int:
    """How long a message in this alphabet may be."""
    return SEGMENTS * (SEPTETS if _is_gsm(text) else UNITS)


def _is_gsm(text: str) -> bool:
    return set(text) <= _GSM | _GSM_TWICE
