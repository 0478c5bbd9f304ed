"""What a task is, and the trials that networks are trained on.

A task is any object with the attributes of `Task`. No other module of relaylib names a particular
task, so a new one is a class in your own file, passed to `relaylib.TrainingConfig` or
`relaylib.StudyConfig`.
"""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from relaylib.core.checks import check_finite
from relaylib.core.seeds import stream


class Trials(NamedTuple):
    """Input sequences and what should be answered to them.

    Attributes
    ----------
    inputs
        float32 (n_sequences, n_steps, n_inputs).
    targets
        float32 (n_sequences, n_concepts), each -1 or +1.
    """

    inputs: np.ndarray
    targets: np.ndarray


@runtime_checkable
class Task(Protocol):
    """What a task has to offer.

    Attributes
    ----------
    name
        Label of the task in results and random streams.
    concepts
        The names of the facts to be remembered; each is -1 or +1.
    n_inputs, n_steps
        Width and length of an input sequence, blank steps not counted.
    is_sampled
        True where the sequences cannot be listed (noise, random onsets): `sample` is used then.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def concepts(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def n_inputs(self) -> int: ...  # noqa: D102
    @property
    def n_steps(self) -> int: ...  # noqa: D102
    @property
    def is_sampled(self) -> bool: ...  # noqa: D102
    def population(self) -> Trials:
        """Return every possible sequence once."""

    def sample(self, n: int, *, rng: np.random.Generator) -> Trials:
        """Return ``n`` sequences drawn uniformly."""


def training_trials(task: Task, *, n_sampled: int, seed: int) -> Trials:
    """Return the sequences to train on: the population, or one fixed sample where there is none.

    Raises
    ------
    ValueError
        If what the task gives has not the shapes that it names, or is not finite, or a target is
        neither -1 nor +1.
    """
    if task.is_sampled:
        trials = task.sample(n_sampled, rng=stream(seed, "trials", task.name))
    else:
        trials = task.population()
    where = f"of task {task.name!r}"
    check_finite(f"inputs {where}", trials.inputs, (None, task.n_steps, task.n_inputs))
    check_finite(f"targets {where}", trials.targets, (len(trials.inputs), len(task.concepts)))
    if not np.isin(trials.targets, (-1, 1)).all():
        raise ValueError(f"targets {where} must be -1 or +1, got {np.unique(trials.targets)}")
    return Trials(np.asarray(trials.inputs, np.float32), np.asarray(trials.targets, np.float32))
