"""Imports between the rooms of relaylib go only down, never sideways and never in a circle."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import relaylib

PACKAGE = Path(__file__).parent.parent / "relaylib"
FLOORS = (
    {"core"},
    {"tasks", "information", "mmphate"},
    {"networks"},
    {"measures"},
    {"studies"},
    {"figures"},
    {"widgets"},
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def imports(node: ast.AST) -> set[str]:
    """Return what a module imports from relaylib at any depth of its code, for types included."""
    names = set()
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        names = {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    elif isinstance(node, ast.Import):
        names = {alias.name for alias in node.names}
    within = {name.removeprefix("relaylib.") for name in names if name.startswith("relaylib.")}
    return within.union(*map(imports, ast.iter_child_nodes(node)))


MODULES = {module_of(path) for path in FILES}
IMPORTS = {
    module_of(path): imports(ast.parse(path.read_text())) & MODULES - {module_of(path)}
    for path in FILES
}


def room_of(module: str) -> str:
    return module.partition(".")[0]


def test_every_file_is_in_a_room():
    assert {room_of(module) for module in MODULES} == set(FLOOR)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_go_only_down(module):
    room = room_of(module)
    for other in IMPORTS[module]:
        other_room = room_of(other)
        assert other_room == room or FLOOR[other_room] < FLOOR[room], f"{module} imports {other}"


def test_imports_make_no_circle():
    assert len(list(TopologicalSorter(IMPORTS).static_order())) == len(MODULES)


def test_kernels_are_private_to_their_room():
    for module, imported in IMPORTS.items():
        for other in imported:
            if "kernels" in other:
                assert room_of(other) == room_of(module), f"{module} imports {other}"


def test_no_file_of_the_package_reads_the_repository():
    """What needs the repository's tree is in book/, which is not installed."""
    for path in FILES:
        if path.name not in ("provenance.py", "store.py"):
            assert '"book"' not in path.read_text(), path


def test_real_imports_are_seen():
    assert {"networks.ensemble", "core.store", "information.relay"} <= IMPORTS["studies.study"]


def test_importing_relaylib_loads_nothing_that_is_not_used():
    code = (
        "import sys, relaylib\n"
        "heavy = ('torch', 'numba', 'xarray', 'sklearn')\n"
        "print([name for name in heavy if name in sys.modules])\n"
        "relaylib.greedy_order, relaylib.exact_subsets, relaylib.MemoryTask\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\nFalse\n"


def test_every_public_name_is_found_and_an_unknown_one_is_refused():
    assert {name for name in relaylib.__all__ if not hasattr(relaylib, name)} == set()
    assert set(relaylib.__all__) <= set(dir(relaylib))
    with pytest.raises(AttributeError, match="relaylib has no attribute 'greedy', only MMPHATE"):
        relaylib.greedy  # noqa: B018
