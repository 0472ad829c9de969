"""Debian's packages that a language's debs.txt pins."""
import re


def versions(lock):
    """The version of each package, without its epoch, which the name of its file does not have."""
    return dict(re.findall(r"/([\w.+-]+)_([^_/]+)_\w+\.deb$", lock.read_text(), re.M))


def told(row, lock):
    """The packages of a row with their versions, as the page has them."""
    found = versions(lock)
    return ", ".join(f"{name} {found[name]}" for name in row["packages"]) or "none"
