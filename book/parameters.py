"""What a reader may choose: the parameters that a notebook declares, and values for them.

The cell tagged ``parameters`` has one line for each, ``name: type = default  # what it is``.
`accept` is called in the next cell, so that a notebook refuses wrong values whoever runs it:
papermill alone only warns of a name that the notebook does not have.
"""

import ast
import contextlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

TYPES: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "float": (int, float),
    "str": str,
    "bool": bool,
    "list": list,
    "tuple": tuple,
}


class ParameterError(ValueError):
    """A parameter that the notebook does not declare, or a value of the wrong type."""


class Parameter(NamedTuple):
    """One line of a parameters cell; ``type`` is a key of `TYPES`."""

    type: str
    default: Any = None
    help: str = ""


def parameters_of(notebook: Path) -> dict[str, Parameter]:
    """Return the parameters that a notebook declares, by name.

    Raises
    ------
    FileNotFoundError
        If there is no such notebook; the message lists those available.
    ParameterError
        If a line of the parameters cell is not of the form above.
    """
    if not notebook.exists():
        there = ", ".join(sorted(path.stem for path in notebook.parent.glob("*.ipynb")))
        raise FileNotFoundError(f"no notebook {notebook.stem}; there are: {there}")
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    tagged = [c for c in cells if "parameters" in c.get("metadata", {}).get("tags", ())]
    source = "".join(tagged[0]["source"]) if tagged else ""
    lines = source.encode().splitlines()
    found: dict[str, Parameter] = {}
    for node in ast.parse(source).body:
        comment = lines[(node.end_lineno or 1) - 1][node.end_col_offset :].decode()
        found |= _declared(node, comment.strip().lstrip("# "), notebook.stem)
    return found


def _declared(node: ast.stmt, comment: str, notebook: str) -> dict[str, Parameter]:
    """Return the parameter of one line, by its name."""
    match node:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=ast.expr() as value):
            type_name = ast.unparse(kind).split("[")[0]
            with contextlib.suppress(ValueError):  # a default that is no plain value
                if type_name in TYPES:
                    return {name: Parameter(type_name, ast.literal_eval(value), comment)}
    raise ParameterError(
        f"{notebook} declares {ast.unparse(node)!r}; a parameter must be declared as "
        f"'name: type = default  # what it is', with a type of {', '.join(TYPES)}"
    )


def checked(where: str, declared: dict[str, Parameter], given: dict[str, Any]) -> dict[str, Any]:
    """Return the given values, numbers as text where the parameter is a word (``regime: str``).

    Raises
    ------
    ParameterError
        On a name that is not declared, or a value of another type; ``where`` is the notebook.
    """
    for name in given:
        if name not in declared:
            raise ParameterError(f"{where} has no parameter {name!r}; {_listed(declared)}")
    return {name: _checked(where, name, declared, value) for name, value in given.items()}


def _checked(where: str, name: str, declared: dict[str, Parameter], value: Any) -> Any:
    wanted, is_bool = declared[name].type, isinstance(value, bool)
    if wanted == "str" and isinstance(value, int | float) and not is_bool:
        return str(value)
    if isinstance(value, TYPES[wanted]) and is_bool == (wanted == "bool"):
        return value
    raise ParameterError(
        f"{name} of {where} must be {wanted}, got {value!r} ({type(value).__name__}); "
        f"{_listed(declared)}"
    )


def accept(names: dict[str, Any]) -> None:
    """Check a notebook's parameters, first of all: ``accept(globals())``.

    ``names`` are the notebook's variables. Numbers given for words become text there.

    Raises
    ------
    ParameterError
        If papermill set a name that the notebook does not declare, or a value has another type.
    """
    declared = {name: Parameter(kind.__name__) for name, kind in names["__annotations__"].items()}
    given = {name: names[name] for name in (*declared, *_injected(names.get("In", ())))}
    names |= checked("this notebook", declared, given)


def _injected(cells: list[str]) -> list[str]:
    """Return the names that papermill's own cell sets, one of the cells that were run."""
    trees = [ast.parse(cell) for cell in cells if cell.startswith("# Parameters\n")]
    nodes = [node for tree in trees for node in tree.body if isinstance(node, ast.Assign)]
    return [target.id for node in nodes for target in node.targets if isinstance(target, ast.Name)]


def parse_parameters(notebook: Path, words: list[tuple[str, str]]) -> dict[str, Any]:
    """Return the checked parameters from the command line, ``-p NAME VALUE``.

    Those that have the notebook's own value are left out.

    Raises
    ------
    ParameterError
        On a name that the notebook does not declare, a value of the wrong type, or a name given
        twice.
    """
    declared = parameters_of(notebook)
    given: dict[str, Any] = {}
    for name, word in words:
        if name in given:
            raise ParameterError(f"{name} of {notebook.stem} is given twice")
        is_text = name in declared and declared[name].type == "str"
        given[name] = _from_here(word) if is_text else _literal(word)
    return _changed(declared, checked(notebook.stem, declared, given))


def of_profile(notebook: Path, profile: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a profile that this notebook declares with another default."""
    declared = parameters_of(notebook)
    known = {name: value for name, value in profile.items() if name in declared}
    return _changed(declared, checked(notebook.stem, declared, known))


def _changed(declared: dict[str, Parameter], given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value != declared[name].default}


def _from_here(word: str) -> str:
    """Return the absolute path if a word is that of a file: notebooks run in another folder.

    It is meant from the folder in which make was called, which ``make -C`` leaves.
    """
    path = Path(os.environ.get("RELAY_FROM") or ".", Path(word).expanduser())
    is_path = path.suffix or "/" in word
    try:
        return str(path.resolve()) if is_path and path.is_file() else word
    except (OSError, ValueError):  # too long for a path, or with a null character
        return word


def _literal(word: str) -> Any:
    try:
        return ast.literal_eval(word)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return word


def _listed(declared: dict[str, Parameter]) -> str:
    lines = [
        f"  {name}: {found.type}"
        + (f" = {found.default!r}  {found.help}".rstrip() if found.default is not None else "")
        for name, found in declared.items()
    ]
    return "it has\n" + "\n".join(lines) if lines else "it has none"
