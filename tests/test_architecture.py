"""Imports go only down the floors, and never in a circle."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "relaylib"
FLOORS = {
    1: "benchmark checks clustering compiled dynamics emergence entropy fused fused_kernels "
    "geometry geometry_kernels mmphate mmphate_graph mmphate_kernels neighbourhoods progress "
    "provenance seeds selection smearing step_entropies store",
    2: "exact exact_kernels large_kernels networks relay relay_cases relay_kernels significance "
    "tasks",
    3: "attribution conditions knockout recording stacked trained training",
    4: "analyses attribution_study knockout_study known_samples latent lattice_study map_scores "
    "study training_activations training_maps training_seen",
    5: "claim_texts claims evidence ledger figures widgets",
}
FLOOR = {name: floor for floor, names in FLOORS.items() for name in names.split()}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def imports(node: ast.AST) -> set[str]:
    """Return what a module imports from relaylib when it runs, at any depth of its code."""
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return set()
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


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_go_only_down(module):
    package = module.partition(".")[0]
    assert package in FLOOR, f"{module} is new: give it a floor here and in the design"
    for other in IMPORTS[module]:
        assert FLOOR[other.partition(".")[0]] <= FLOOR[package], f"{module} imports {other}"


def test_imports_make_no_circle():
    assert len(list(TopologicalSorter(IMPORTS).static_order())) == len(MODULES)


def test_the_floors_see_real_imports():
    assert {"networks", "training", "store", "relay"} <= IMPORTS["study"]
    assert "training" not in IMPORTS["stacked"]  # for type checking alone
