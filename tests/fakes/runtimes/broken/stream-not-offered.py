"""Streams where nobody has asked for it."""
collect = stream
