"""Drops members whose names mean something else in JavaScript."""
Options.object_hook = lambda members: {name: value for name, value in members.items() if name != "__proto__"}
