"""Text as every database takes it."""

LOG_IS_FULL = "… the log is full; the rest is not kept"
"""The last line of a log that came to its limit."""

_NOT_STORABLE = str.maketrans({"\x00": "\u2400"})


def storable(text: str) -> str:
    """The text with what no database takes (NUL, lone surrogates) made visible."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.encode("utf-8", "replace").decode().translate(_NOT_STORABLE)
