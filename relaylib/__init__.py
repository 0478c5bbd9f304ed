"""Information relays in recurrent networks: which nodes carry what, when, in bits."""

from relaylib.conditions import TrainingConfig
from relaylib.exact import exact_subsets, sampled_shapley
from relaylib.networks import Ensemble
from relaylib.recording import discretise, record
from relaylib.relay import (
    RemovalOrder,
    greedy_order,
    greedy_orders,
    information_matrix,
    relay_information,
)
from relaylib.store import Store
from relaylib.study import StudyConfig, load_ensemble, load_networks, run_study
from relaylib.tasks import BlockTask, MemoryTask, Task, Trials
from relaylib.training import Trained, train

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
