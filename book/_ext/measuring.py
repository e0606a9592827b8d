"""Which cell measured a claim: the last that made what the chapter ends by holding to it."""

import ast

MAKES = (ast.FunctionDef, ast.ClassDef)


def measuring_cells(notebook, claims):
    """For each of these claims, by id, the id of the code cell that measured it.

    notebook: a chapter, as JSON gives it. The chapter's last cell calls `close` with an expression
    for each claim; of the cells before it that assign a name in that expression, the last is meant.
    A claim whose expression uses no such name was measured in the closing cell itself.
    """
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    trees = {cell["id"]: _tree("".join(cell["source"])) for cell in code}
    calls = {name: call for name, tree in trees.items() if (call := _closes(tree))}
    if not calls:
        return {}
    closing, call = calls.popitem()
    order, made = list(trees), {}
    for name in order[: order.index(closing)]:
        made |= dict.fromkeys(_assigned(trees[name]), name)
    inside, found = _expressions(trees[closing]), {}
    for claim, value in _entries(call, inside, claims).items():
        cells = [made[name] for name in _used(value, inside) if name in made]
        found[claim] = max(cells, key=order.index, default=closing)
    return found


def _tree(source):
    """The syntax tree of a cell, without the lines that only IPython reads."""
    lines = ("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())
    return ast.parse("\n".join(lines))


def _closes(tree):
    """The call of `close` in a cell, or None."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "close"
        ):
            return node
    return None


def _assigned(tree):
    """Names that a cell gives a value for good: not what only a loop runs over."""
    for line in tree.body:
        if isinstance(line, MAKES):
            yield line.name
            continue
        for node in ast.walk(line):
            if isinstance(node, ast.Assign):
                yield from _names(node.targets, ast.Store)


def _names(parts, context):
    nodes = (node for part in parts for node in ast.walk(part))
    return [n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, context)]


def _expressions(tree):
    """What the closing cell itself assigns, by name; for a function its body."""
    found = {}
    for line in tree.body:
        if isinstance(line, MAKES):
            found[line.name] = line
        elif isinstance(line, ast.Assign):
            found |= dict.fromkeys(_names(line.targets, ast.Store), line.value)
    return found


def _entries(call, inside, claims):
    """The expression that a call of `close` gives each claim, in its second argument."""
    given = call.args[1]
    if isinstance(given, ast.Name):
        given = inside[given.id]
    pairs = zip(given.keys, given.values, strict=True)
    return {key.value: value for key, value in pairs if getattr(key, "value", None) in claims}


def _used(value, inside, seen=frozenset()):
    """Names in an expression, and in what the closing cell assigned to them."""
    bound = {name for node in ast.walk(value) for name in _bound(node)}
    for name in set(_names([value], ast.Load)) - bound - seen:
        yield name
        if name in inside:
            yield from _used(inside[name], inside, seen | {name})


def _bound(node):
    """Names that mean something within an expression only."""
    if isinstance(node, ast.comprehension):
        return _names([node.target], ast.Store)
    return [node.arg] if isinstance(node, ast.arg) else []
