"""Networks on real time series: what they are asked, how they are trained, how they are tested."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from relaylib.core.checks import check_type
from relaylib.core.seeds import stream
from relaylib.networks.conditions import RANDOM_DELAYS
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.minibatch import Validated, train_minibatches
from relaylib.studies.real_config import RealConfig
from relaylib.tasks.series import SeriesTask
from relaylib.tasks.task import Trials

TEST_DELAYS = tuple(range(10))


class Asked(NamedTuple):
    """Series with all that networks are asked about them.

    Attributes
    ----------
    trials
        Inputs, and -1 or +1 for each readout: first the questions, then, where there are more than
        two classes, one readout per class.
    questions
        Names of the questions.
    classes
        int (sequence,).
    """

    trials: Trials
    questions: tuple[str, ...]
    classes: np.ndarray

    def class_answers(self, outputs: np.ndarray) -> np.ndarray:
        """Return the class that readouts (..., readout, sequence) name: that of the largest.

        Of two classes it is the second if the only readout is above 0.
        """
        of_classes = outputs[..., len(self.questions) :, :]
        if of_classes.shape[-2] == 0:
            return (outputs[..., 0, :] > 0).astype(int)
        return of_classes.argmax(axis=-2)


def asked_series(task: SeriesTask) -> Asked:
    """Return the series of a task's split with what networks are asked about them.

    Raises
    ------
    TypeError
        If ``task`` is no SeriesTask.
    """
    inputs, classes, class_names = check_type("task", task, SeriesTask).series()
    questions = task.concepts
    targets = task.answers(classes)
    names = questions
    if len(class_names) > 2:
        is_class = classes[:, None] == np.arange(len(class_names))
        targets = np.hstack([targets, np.where(is_class, 1, -1)]).astype(np.float32)
        names = (*questions, *(f"class {name}" for name in class_names))
    return Asked(Trials(inputs, targets, names), questions, classes)


def train_condition(
    config: RealConfig, data: str, architecture: str, n_nodes: int
) -> dict[str, Validated]:
    """Train the networks of one data set, architecture and size: by regime.

    A network does not depend on how many others there are.
    """
    task = config.task(data, "train")
    trials, training = asked_series(task).trials, config.training(n_nodes, task.residual_sd)
    key = (config.seed, "real series", data, architecture, n_nodes)
    trained = {}
    for regime in config.regimes(n_nodes):
        delays = RANDOM_DELAYS if regime == "random" else (int(regime),)
        each, rng = [delays] * config.n_replicates, stream(*key, regime)
        trained[regime] = train_minibatches(trials, architecture, each, training, rng=rng)
    return trained


def accuracies(ensemble: Ensemble, test: Asked) -> xr.Dataset:
    """Fractions of series answered right, by delay.

    Returns
    -------
    xarray.Dataset
        ``accuracy`` (replicate, question, test_delay) and ``class_accuracy`` (replicate,
        test_delay).
    """
    check_type("ensemble", ensemble, Ensemble), check_type("test", test, Asked)
    n_steps, n_questions = test.trials.inputs.shape[1], len(test.questions)
    outputs = ensemble.run(test.trials.inputs, max(TEST_DELAYS)).outputs
    read = outputs[:, [n_steps + delay - 1 for delay in TEST_DELAYS]]
    wanted = test.trials.targets.T[:n_questions]
    right = ((read[:, :, :n_questions] > 0) == (wanted > 0)).mean(axis=-1)
    named = (test.class_answers(read) == test.classes).mean(axis=-1)
    coords = {
        "replicate": np.arange(len(ensemble)),
        "test_delay": ("test_delay", list(TEST_DELAYS), {"units": "step"}),
        "question": np.arange(n_questions),
    }
    by_question = (("replicate", "question", "test_delay"), right.transpose(0, 2, 1))
    values = {"accuracy": by_question, "class_accuracy": (("replicate", "test_delay"), named)}
    return xr.Dataset(values, coords)
