"""Takes the first of two members of the same name."""


def first_of_each(pairs):
    members = {}
    for name, value in pairs:
        members.setdefault(name, value)
    return members


Options.object_pairs_hook = first_of_each
