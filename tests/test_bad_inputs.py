"""No public function takes a bad input for a good one, or fails without naming the argument.

A sample of the mutations of every argument; `make fuzz` runs them all.
"""

import re

import pytest
from bad_inputs import definitions, is_unchecked, mutations, run, targets
from valid_inputs import BY_NAME, INSTANCES, OF, UNCHECKED

pytestmark = pytest.mark.filterwarnings(
    "ignore::relaylib.information.significance.UndersampledWarning"
)  # valid examples are tiny
EVERY = 5  # of the mutations of an argument, one in so many


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, quick_results, monkeypatch):
    """Text is a valid path of a store: nothing may be written into the repository."""
    monkeypatch.setenv("RELAY_QUICK_RESULTS", str(quick_results))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELAY_RESULTS", str(tmp_path / "results"))


def test_every_public_function_has_an_example_of_every_argument():
    missing = [
        f"{target.name}({name})"
        for target in targets()
        for name, example in target.examples.items()
        if example is None
    ]
    assert not missing, f"add a small valid example to tests/valid_inputs.py of {missing}"


def test_every_method_has_an_object_to_be_called_on():
    owners = {target.short.rpartition(".")[0] for target in targets() if "." in target.short}
    assert not owners - set(INSTANCES), "add an object to INSTANCES in tests/valid_inputs.py"


def test_the_tables_name_only_what_there_is():
    names = [name for name, _ in definitions()]
    assert set(OF) <= {target.short for target in targets()}
    assert set(BY_NAME) <= {name for target in targets() for name in target.parameters}
    for key in UNCHECKED:
        owner = key if is_of(key, names) else key.rpartition(".")[0]  # a parameter
        assert is_of(owner, names), key


def is_of(key: str, names: list[str]) -> bool:
    return any(re.match(re.escape(key) + (r"" if key[-1] == "_" else r"(\.|$)"), n) for n in names)


def test_what_the_package_exports_is_checked():
    """Results that hold what functions return have nothing to check."""
    import relaylib

    checked = {target.short for target in targets()}
    records = {"Recording", "RemovalOrder", "Trained", "Trials", "BlockTask", "Task"}
    assert set(relaylib.__all__) <= checked | records
    assert not any(is_unchecked(f"relaylib.{name}") for name in relaylib.__all__)


@pytest.mark.parametrize("target", targets(), ids=lambda target: target.short)
def test_bad_inputs_are_refused(target, monkeypatch):
    monkeypatch.setattr("bad_inputs.SECONDS", 120)  # a first call may compile kernels
    defects = [str(result) for result in run(target, EVERY) if result.is_defect]
    assert not defects, "\n".join(defects)


def test_defects_are_found():
    """A function without any check fails in each way, so the generator sees what it is for."""
    from inspect import signature

    from bad_inputs import Target

    def unchecked(n_nodes, order):
        return n_nodes * 2

    examples = {"n_nodes": lambda: 3, "order": lambda: [1, 2]}
    target = Target("x", "x", unchecked, dict(signature(unchecked).parameters), examples)
    outcomes = {re.split(r"[ :]", result.outcome)[0] for result in run(target)}
    assert {"UNNAMED", "ACCEPTED", "equal", "another"} <= outcomes
    assert len(list(mutations("n_nodes", 3, ...))) > 30
