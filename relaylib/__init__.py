"""Information relays in recurrent networks: which nodes carry what, when, in bits."""

import ast
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # each name is imported when it is first used: `import relaylib` is quick
    from relaylib.core.checks import select
    from relaylib.core.store import Store
    from relaylib.information.decoder import decoder_order
    from relaylib.information.exact import exact_subsets, sampled_shapley
    from relaylib.information.relay import (
        RemovalOrder,
        greedy_order,
        greedy_orders,
        information_matrix,
        relay_information,
    )
    from relaylib.information.significance import shuffle_test
    from relaylib.measures.analysis import analyse
    from relaylib.measures.drift import drift, overlap
    from relaylib.measures.knockout import first_nodes, knockout_accuracy
    from relaylib.measures.module_knockout import module_knockouts
    from relaylib.measures.smearing import smearing
    from relaylib.mmphate.estimator import MMPHATE
    from relaylib.networks.conditions import TrainingConfig
    from relaylib.networks.discretisation import discretise
    from relaylib.networks.ensemble import Ensemble
    from relaylib.networks.module_knockout import knockout_module
    from relaylib.networks.modules import record_module
    from relaylib.networks.recording import Recording, record
    from relaylib.networks.training import Trained, train
    from relaylib.studies.claims.ledger import evaluate
    from relaylib.studies.config import StudyConfig
    from relaylib.studies.grid import combine_studies
    from relaylib.studies.knockouts import KnockoutConfig, run_knockouts
    from relaylib.studies.study import load_ensemble, load_networks, run_study
    from relaylib.tasks.block import BlockTask
    from relaylib.tasks.memory import MemoryTask
    from relaylib.tasks.task import Task, Trials

__version__ = "0.1.0"
__all__ = [
    "MMPHATE",
    "BlockTask",
    "Ensemble",
    "KnockoutConfig",
    "MemoryTask",
    "Recording",
    "RemovalOrder",
    "Store",
    "StudyConfig",
    "Task",
    "Trained",
    "TrainingConfig",
    "Trials",
    "analyse",
    "combine_studies",
    "decoder_order",
    "discretise",
    "drift",
    "evaluate",
    "exact_subsets",
    "first_nodes",
    "greedy_order",
    "greedy_orders",
    "information_matrix",
    "knockout_accuracy",
    "knockout_module",
    "load_ensemble",
    "load_networks",
    "module_knockouts",
    "overlap",
    "record",
    "record_module",
    "relay_information",
    "run_knockouts",
    "run_study",
    "sampled_shapley",
    "select",
    "shuffle_test",
    "smearing",
    "train",
]

_HOMES = {
    alias.name: node.module
    for node in ast.walk(ast.parse(Path(__file__).read_text(encoding="utf-8")))
    if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("relaylib.")
    for alias in node.names
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"relaylib has no attribute {name!r}, only {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
