"""Information relays in recurrent networks: which nodes carry what, when, in bits."""

from relaylib.core.store import Store
from relaylib.information.exact import exact_subsets, sampled_shapley
from relaylib.information.relay import (
    RemovalOrder,
    greedy_order,
    greedy_orders,
    information_matrix,
    relay_information,
)
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.recording import discretise, record
from relaylib.networks.training import Trained, train
from relaylib.studies.study import StudyConfig, load_ensemble, load_networks, run_study
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask
from relaylib.tasks.task import Task, Trials

__version__ = "0.1.0"
__all__ = [
    "BlockTask",
    "Ensemble",
    "MemoryTask",
    "RemovalOrder",
    "Store",
    "StudyConfig",
    "Task",
    "Trained",
    "TrainingConfig",
    "Trials",
    "discretise",
    "exact_subsets",
    "greedy_order",
    "greedy_orders",
    "information_matrix",
    "load_ensemble",
    "load_networks",
    "record",
    "relay_information",
    "run_study",
    "sampled_shapley",
    "train",
]
