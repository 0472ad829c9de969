"""The Debian packages that debs.txt of a language pins."""
import re


def versions(lock):
    """Returns the version of each package, without the epoch, which file names do not have."""
    return dict(re.findall(r"/([\w.+-]+)_([^_/]+)_\w+\.deb$", lock.read_text(), re.M))


def told(row, lock):
    """Returns the packages of a row with their versions, in the form of the page."""
    found = versions(lock)
    return ", ".join(f"{name} {found[name]}" for name in row["packages"]) or "none"
