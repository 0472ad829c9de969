"""Takes the folder of a handler for a part of its file's name."""
load_by_name = load_handler


def load_handler(name):
    return load_by_name(name.replace("/", "."))
