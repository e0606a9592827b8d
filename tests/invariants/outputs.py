"""Rules for stored outputs: one run from top to bottom, with no error and no warning."""

import nbformat
from nbformat import v4

from invariants import cells
from invariants.context import Context


def executed_in_order(notebook: dict, context: Context) -> list[str]:
    """Outputs are stored from one run from top to bottom, so that they are what the code gives."""
    code = [(n, cell) for n, cell in cells.code(notebook) if cell["source"].strip()]
    for due, (n, cell) in enumerate(code, start=1):
        if cell.get("execution_count") != due:
            return [
                f"cell {n}: execution count {cell.get('execution_count')} where {due} is due; "
                "restart, run all, save"
            ]
    return []


def no_stored_error(notebook: dict, context: Context) -> list[str]:
    """No cell has failed, for a green build must not hide a failing notebook."""
    return [
        f"cell {n}: stores the error {output.get('ename', '')}; mend the cell and run it again"
        for n, cell in cells.code(notebook)
        for output in cell.get("outputs", [])
        if output.get("output_type") == "error"
    ]


def no_stderr(notebook: dict, context: Context) -> list[str]:
    """No cell warns, for a reader can't tell a harmless warning from a true one."""
    return [
        f"cell {n}: stores a stderr stream ('{str(output.get('text', ''))[:60].strip()}'); "
        "remove what causes it"
        for n, cell in cells.code(notebook)
        for output in cell.get("outputs", [])
        if output.get("name") == "stderr"
    ]


def size(notebook: dict, context: Context) -> list[str]:
    """A notebook is small enough to open at once and to be kept in git."""
    taken = len(v4.writes(nbformat.from_dict(notebook)).encode())  # as the file is
    most = context.limits.bytes
    if taken <= most:
        return []
    return [f"{taken // 1000} kB, more than {most // 1000}; draw fewer points or show less output"]
