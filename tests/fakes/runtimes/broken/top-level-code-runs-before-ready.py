"""Runs top-level code at the first call. What it needs of it before, the names of functions, it reads from the code."""


def run_top_level(code, names):
    if not names["__name__"].endswith("handler"):
        return exec(code, names)

    def lazy(name):
        def call(event, context):
            if "ran" not in names:
                exec(code, names)
                names["ran"] = True
            return names[name](event, context)

        return call

    names.update((name, lazy(name)) for name in code.co_names if not hasattr(__builtins__, name))
