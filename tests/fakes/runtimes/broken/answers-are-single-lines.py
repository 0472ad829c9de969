"""Writes a line feed that stands alone as it is."""
quote = encode_basestring_ascii


def encode_basestring_ascii(text):
    return quote(text).replace("\\n", "\n") if text == "\n" else quote(text)
