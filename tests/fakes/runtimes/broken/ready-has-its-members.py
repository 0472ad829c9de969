"""Does not say which language it is for, and in which version."""
del READY["name"], READY["version"]
