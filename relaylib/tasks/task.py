"""The interface of a task, and the trials that networks are trained and tested on.

A task is any object with the attributes of `Task`, so your own file can define one: pass an
instance to `relaylib.TrainingConfig` or `relaylib.StudyConfig`.
"""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np

from relaylib.core.checks import check_all, check_finite, check_number, check_rng
from relaylib.core.seeds import stream
from relaylib.core.tolerances import TOO_LARGE


class Trials(NamedTuple):
    """Input sequences with their targets.

    Attributes
    ----------
    inputs
        float32 (n_sequences, n_steps, n_inputs).
    targets
        float32 (n_sequences, n_concepts), each -1 or +1.
    concepts
        Names of the concepts; empty: "1", "2", ...
    """

    inputs: np.ndarray
    targets: np.ndarray
    concepts: tuple[str, ...] = ()


@runtime_checkable
class Task(Protocol):
    """The attributes and methods that a task must have.

    Attributes
    ----------
    name
        Label of the task in results and random streams.
    concepts
        Names of the concepts to report; the value of each is -1 or +1.
    n_inputs, n_steps
        Width and length of an input sequence, without blank steps.
    is_sampled
        True if the sequences cannot be listed (noise, random onsets) and must be sampled.
    onsets
        May be left out: the step at which each concept is shown, for marks in the explorer.
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


def check_task(task: Task) -> Task:
    """Return the task; raise TypeError if it lacks an attribute of `Task`, or is not hashable."""
    if not isinstance(task, Task) or isinstance(task, type) or type(task).__hash__ is None:
        raise TypeError(
            "task must be an instance with the attributes of relaylib.tasks.task.Task, and "
            f"hashable (a frozen dataclass), got {task!r}"
        )
    return task


def known_onsets(task: Task) -> tuple[int, ...] | None:
    """Return the step at which each concept is shown; None if the task does not say."""
    onsets = getattr(check_task(task), "onsets", None)
    if not isinstance(onsets, tuple | list) or len(onsets) != len(task.concepts):
        return None
    steps = tuple(int(step) for step in onsets if isinstance(step, int | np.integer))
    return steps if len(steps) == len(onsets) else None


def training_trials(task: Task, *, n_sampled: int, seed: int, held_out: bool = False) -> Trials:
    """Return the training sequences: the population or, for a sampled task, one fixed sample.

    With ``held_out`` the sample is another one, that no network was trained on.

    Raises
    ------
    ValueError
        If the shapes differ from those that the task declares, or as `check_trials`.
    """
    if check_task(task).is_sampled:
        purpose = "held-out trials" if held_out else "trials"
        trials = task.sample(n_sampled, rng=stream(seed, purpose, task.name))
    else:
        trials = task.population()
    if isinstance(trials, Trials):
        trials = trials._replace(concepts=tuple(task.concepts))
    sizes = (task.n_steps, task.n_inputs, len(task.concepts))
    trials = check_trials(trials, sizes, f" of task {task.name!r}")
    return trials._replace(
        inputs=trials.inputs.astype(np.float32), targets=trials.targets.astype(np.float32)
    )


def with_noise(trials: Trials, noise_sd: float, rng: np.random.Generator) -> Trials:
    """Return the trials with Gaussian noise on the sensors in every input step.

    Raises
    ------
    ValueError, TypeError
        If ``noise_sd`` is negative or too large, or as `check_trials`.
    """
    trials = check_trials(trials)
    noise_sd = check_number("noise_sd", noise_sd, 0, TOO_LARGE)
    noise = noise_sd * check_rng(rng).standard_normal(trials.inputs.shape)
    return trials._replace(inputs=(trials.inputs + noise).astype(np.float32))


def check_trials(
    trials: Trials,
    sizes: tuple[int | None, int | None, int | None] = (None, None, None),
    where: str = " of trials",
) -> Trials:
    """Return the trials as arrays, with a name for every concept.

    ``sizes`` are the required n_steps, n_inputs and n_concepts (None: any), and ``where`` ends the
    name of an argument in errors, e.g. ``" of task 'memory'"``.

    Raises
    ------
    ValueError, TypeError
        If inputs or targets are misshapen or not finite, an input exceeds the range of float32, a
        target is neither -1 nor +1, or the names do not fit the concepts.
    """
    if not isinstance(trials, Trials):
        raise TypeError(f"trials must be relaylib.Trials, got {type(trials).__name__}")
    n_steps, n_inputs, n_concepts = sizes
    inputs = check_finite(f"inputs{where}", trials.inputs, (None, n_steps, n_inputs))
    if abs(inputs).max() > np.finfo(np.float32).max:
        raise ValueError(f"inputs{where} must be in the range of float32, got {abs(inputs).max()}")
    targets = check_finite(f"targets{where}", trials.targets, (len(inputs), n_concepts))
    if not np.isin(targets, (-1, 1)).all():
        raise ValueError(
            f"targets{where} must be -1 or +1 (the sign of the readout is the answer), "
            f"got {np.unique(targets)}"
        )
    names = tuple(check_all(f"concepts{where}", trials.concepts, str)) or tuple(
        str(1 + k) for k in range(targets.shape[1])
    )
    if len(names) != targets.shape[1] or len(set(names)) < len(names):
        raise ValueError(f"concepts{where} must be {targets.shape[1]} distinct names, got {names}")
    return Trials(inputs, targets, names)
