"""The choices that the paper leaves open, as levels with names: training and analysis."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from relaylib.core.checks import check_choice, check_integer, check_type, normalise
from relaylib.measures.drift import SIMILARITIES
from relaylib.measures.knockout import KINDS
from relaylib.networks.discretisation import DISCRETISERS
from relaylib.networks.ensemble import LSTM_STATES
from relaylib.networks.first_weights import FirstWeights
from relaylib.studies.config import STUDY_VALUES, StudyConfig
from relaylib.tasks.memory import MemoryTask

Levels = dict[str, dict[str, dict[str, Any]]]
"""Choice -> its levels -> the fields that a level sets. The first level is the default."""


def _first(recurrent: str, identity: float = 0.0, **more: Any) -> dict[str, Any]:
    return {"first_weights": FirstWeights(recurrent, identity, blocks="candidate"), **more}


TRAINING: Levels = {
    "onsets": {
        "4, 7, 10": {},
        "1, 2, 3": {"onsets": (1, 2, 3)},
        "random": {"onsets": "random"},
    },
    "sensor noise": {"0": {}, "0.1": {"sensor_noise": 0.1}, "0.3": {"sensor_noise": 0.3}},
    "learning rate": {
        "0.01": {},
        "0.003": {"learning_rate": 0.003},
        "0.03": {"learning_rate": 0.03},
    },
    "nodes": {"12": {}, "6": {"n_nodes": 6}, "24": {"n_nodes": 24}, "48": {"n_nodes": 48}},
    "first weights": {
        "uniform": {},
        "orthogonal": _first("orthogonal"),
        "half identity": _first("uniform", 0.5),
        "minus identity": _first("minus identity"),
    },
    "loss": {"squared error": {}, "cross-entropy": {"loss": "cross-entropy"}},
    "optimiser": {"Adam": {}, "RMSprop": {"optimiser": "rmsprop"}, "SGD": {"optimiser": "sgd"}},
    "batch": {"all": {}, "16": {"batch_size": 16}},
    "stopping": {"at 0.98": {}, "1.0 and 200 more": {"accuracy_goal": 1.0, "extra_epochs": 200}},
    "weight decay": {"0": {}, "0.001": {"weight_decay": 1e-3}},
    "state dropout": {"0": {}, "0.1": {"state_dropout": 0.1}, "0.3": {"state_dropout": 0.3}},
    "state noise": {"0": {}, "0.1": {"state_noise": 0.1}},
    "supervision": {"answer": {}, "every step of the delay": {"supervision": "delay"}},
    "nonlinearity": {"tanh": {}, "ReLU": {"nonlinearity": "relu"}},
}
RNN_ALONE: Levels = {
    "first weights of the RNN alone": {
        "uniform": {},
        "orthogonal": _first("orthogonal", first_weights_of="RNN"),
        "half identity": _first("uniform", 0.5, first_weights_of="RNN"),
        "minus identity": _first("minus identity", first_weights_of="RNN"),
    }
}
"""A second deviation of first weights, which is studied on its own."""

ANALYSIS: Levels = {
    "discretiser": {
        "2-means": {},
        "sign": {"discretiser": "sign"},
        "median": {"discretiser": "median"},
        "3-means": {"levels": 3},
    },
    "LSTM state": {"cell": {}, "hidden": {"lstm_state": "hidden"}},
    "value": {
        "cumulative": {},
        "increment": {"value": "increment"},
        "aggregate": {"value": "aggregate"},
        "Shapley": {"value": "shapley"},
    },
    "similarity": {
        "Pearson": {},
        "Spearman": {"similarity": "spearman"},
        "cosine": {"similarity": "cosine"},
        "overlap": {"similarity": "overlap"},
    },
    "lag": {"1": {}, "2": {"lag": 2}},
    "window": {"from the last input step": {}, "one step later": {"skip": 1}},
    "x_out read at": {"5": {}, "1": {"answer_delay": 1}, "3": {"answer_delay": 3}},
    "knockout": {"zero": {}, "mean": {"knockout": "mean"}, "resampled": {"knockout": "resampled"}},
}
"""Another estimator of information becomes a choice here, with a field of `Analysis`."""


@dataclass(frozen=True)
class Analysis:
    """How the networks of a universe are analysed.

    Parameters
    ----------
    discretiser, levels, lstm_state, value, answer_delay
        As in `relaylib.studies.config.StudyConfig`.
    similarity, lag, skip
        Of `relaylib.measures.drift.drift`.
    knockout
        Kind of `relaylib.measures.knockout.knockout_accuracy`.

    Raises
    ------
    ValueError, TypeError
        For a choice that does not exist; the message names the field and what is allowed.
    """

    discretiser: str = "kmeans"
    levels: int = 2
    lstm_state: str = "cell"
    value: str = "cumulative"
    answer_delay: int = 5
    similarity: str = "pearson"
    lag: int = 1
    skip: int = 0
    knockout: str = "zero"

    def __post_init__(self) -> None:
        check_choice("discretiser", self.discretiser, DISCRETISERS)
        check_choice("lstm_state", self.lstm_state, LSTM_STATES)
        check_choice("value", self.value, STUDY_VALUES)
        check_choice("similarity", self.similarity, tuple(SIMILARITIES))
        check_choice("knockout", self.knockout, KINDS)
        normalise(
            self,
            levels=check_integer("levels", self.levels, 2, 16),
            answer_delay=check_integer("answer_delay", self.answer_delay, 0),
            lag=check_integer("lag", self.lag, 1, 5),
            skip=check_integer("skip", self.skip, 0, 5),
        )


def _chosen_fields(choices: Levels, levels: dict[str, str]) -> dict[str, Any]:
    """Return the fields that the named levels set; a choice that is left out has its default."""
    found: dict[str, Any] = {}
    for choice, level in check_type("levels", levels, dict).items():
        of_choice = choices[check_choice("choices in levels", choice, tuple(choices))]
        found |= of_choice[check_choice(f"levels[{choice!r}]", level, tuple(of_choice))]
    return found


def trained_with(study: StudyConfig, levels: dict[str, str]) -> StudyConfig:
    """Return a study with other choices of training, e.g. ``{"onsets": "random"}``.

    Parameters
    ----------
    study
        Whose other settings stay.
    levels
        Choice -> name of its level, of `TRAINING` and `RNN_ALONE`.

    Raises
    ------
    ValueError, TypeError
        For a choice or level that does not exist; the message lists those that do.
    """
    fields = _chosen_fields(TRAINING | RNN_ALONE, levels)
    onsets = fields.pop("onsets", None)
    tasks = check_type("study", study, StudyConfig).tasks
    if onsets is not None:
        tasks = tuple(
            replace(task, onsets=onsets) if isinstance(task, MemoryTask) else task for task in tasks
        )
    return replace(study, tasks=tasks, **fields)


def analysed_with(levels: dict[str, str]) -> Analysis:
    """Return an analysis with other choices, e.g. ``{"value": "Shapley"}``.

    Raises
    ------
    ValueError, TypeError
        As `trained_with`, for `ANALYSIS`.
    """
    return Analysis(**_chosen_fields(ANALYSIS, levels))
