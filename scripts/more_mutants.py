"""Mutants that cargo-mutants does not make: a statement is left out, a condition is decided, and a limit is forgotten.

They have the form that cargo-mutants gives its own. scripts/mutants.toml excludes them by name in the same way.
"""

import fnmatch
import re
import tomllib

import tree_sitter
import tree_sitter_rust

# Without the call, there is still a value of the same type.
LIMITS = {"min", "max", "clamp", "or", "filter"}

# These statements leave a block, which needs a value without them. The condition in front of them has mutants.
LEAVES = {"return_expression", "break_expression", "continue_expression"}


def more_mutants(tree, excluded):
    """The mutants of the files that `excluded`, the path of mutants.toml, leaves."""
    rules = tomllib.loads(excluded.read_text())
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_rust.language()))
    for path in sorted(tree.glob("src/**/*.rs")):
        file = str(path.relative_to(tree))
        if not any(fnmatch.fnmatch(file, pattern.replace("**", "*")) for pattern in rules["exclude_globs"]):
            source = path.read_bytes()
            for mutant in mutants_of(file, source, parser.parse(source).root_node, None):
                if not any(re.search(rule, mutant["name"]) for rule in rules["exclude_re"]):
                    yield mutant


def mutants_of(file, source, node, function):
    if is_test(node):
        return
    if node.type == "function_item":
        function = node.child_by_field_name("name").text.decode()
    if function:
        yield from (mutant(file, source, function, *change) for change in changes(node))
    for child in node.children:
        yield from mutants_of(file, source, child, function)


def changes(node):
    """What can be changed here: genre, node, replacement, and what that does."""
    text = on_one_line(node)
    if node.type == "expression_statement" and node.named_children[0].type not in LEAVES:
        yield "Statement", node, "", f"leave out {text[:60]}"
    elif node.type in ("if_expression", "while_expression"):
        condition = node.child_by_field_name("condition")
        if condition.type not in ("binary_expression", "let_condition", "let_chain"):
            for value in ("true", "false"):
                yield "Condition", condition, value, f"decide {on_one_line(condition)} as {value}"
    elif node.type == "let_chain" or (node.type == "binary_expression" and operator(node) in (b"&&", b"||")):
        value = "false" if node.type == "binary_expression" and operator(node) == b"||" else "true"
        for part in node.named_children:
            if part.type not in ("let_condition", "let_chain") and not (part.type == "binary_expression" and operator(part) == operator(node)):
                yield "Condition", part, value, f"decide {on_one_line(part)} as {value}"
    elif node.type == "call_expression" and (called := node.child_by_field_name("function")).type == "field_expression":
        if called.child_by_field_name("field").text.decode() in LIMITS and called.child_by_field_name("value").type != "self":
            kept = called.child_by_field_name("value")
            yield "Limit", node, kept.text.decode(), f"leave out {text.removeprefix(on_one_line(kept))[:60]}"


def on_one_line(node):
    return " ".join(node.text.decode().split())


def operator(node):
    found = node.child_by_field_name("operator")
    return found and found.text


def is_test(node):
    """Whether it is a module of tests, or an attribute says that it is for them."""
    before = node.prev_named_sibling
    while before is not None and before.type in ("attribute_item", "line_comment"):
        if b"cfg(test)" in before.text or b"cfg(debug" in before.text:
            return True
        before = before.prev_named_sibling
    return False


def mutant(file, source, function, genre, node, replacement, what):
    lines = source.decode().splitlines()
    (first, column), (last, end) = node.start_point, node.end_point
    start = {"line": first + 1, "column": len(lines[first].encode()[:column].decode()) + 1}
    stop = {"line": last + 1, "column": len(lines[last].encode()[:end].decode()) + 1}
    diff = "".join(f"-{line}\n" for line in lines[first: last + 1]) + (f"+{replacement}\n" if replacement else "")
    return {"file": file, "genre": genre, "replacement": replacement, "span": {"start": start, "end": stop}, "diff": diff,
            "name": f"{file}:{start['line']}:{start['column']}: {what} in {function}"}
