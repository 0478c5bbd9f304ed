"""Training all 720 networks of the study from scratch, compared with a plain loop.

`rows` returns one dict per measurement: name, value, unit, baseline, ratio, peak_rss_mb. The loop
trains one network after the other with `torch.nn` and `torch.optim.Adam`, from the same initial
weights, on the same data, with the same stopping rule. It uses all cores or one, whichever is
faster: the tensors are small. All 720 networks would take too long, so it trains the first
networks of every condition, and its time is scaled by the gradient steps of all networks of the
condition. Compilation is not timed.
"""

import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from measure import alternate, apart, peak_mb, repeated, row, seconds

from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.replicate import Replicate
from relaylib.networks.training import Trained, train_conditions
from relaylib.studies.config import StudyConfig
from relaylib.tasks.task import training_trials


def gradient_steps(config: TrainingConfig, trained: Trained) -> int:
    """Return the number of Adam steps of all networks of a condition, with discarded attempts."""
    return int(((trained.attempts - 1) * config.max_epochs + trained.epochs).sum())


def train_plainly(config: TrainingConfig, number: int) -> int:
    """Train one network with a plain torch loop, and return the number of gradient steps."""
    trials = training_trials(config.task, n_sampled=config.n_sampled, seed=config.seed)
    inputs, targets = torch.from_numpy(trials.inputs), torch.from_numpy(trials.targets)
    blank = torch.zeros(len(inputs), max(config.delays), inputs.shape[2])
    shown = torch.cat([inputs, blank], dim=1).transpose(0, 1).contiguous()
    delays, sequences = list(config.delays), np.arange(len(inputs))
    replicate, steps = Replicate(config, number), 0
    while True:
        first = torch.from_numpy(replicate.restart())[None]
        networks = Ensemble.from_flat(
            config.architecture, first, config.task.n_inputs, config.n_nodes
        )
        layer, readout = networks.to_torch(0)
        weights = [*layer.parameters(), *readout.parameters()]
        adam = torch.optim.Adam(weights, lr=config.learning_rate)
        asked = replicate.draw_delays(config.max_epochs, len(inputs))
        for epoch in range(config.max_epochs + 1):
            hidden, _ = layer(shown)
            outputs = torch.tanh(readout(hidden[config.task.n_steps - 1 :]))
            right = (outputs[delays] > 0) == (targets > 0)
            if right.float().mean() >= config.accuracy_goal:
                return steps
            if epoch == config.max_epochs:
                break
            loss = ((outputs[asked[epoch], sequences] - targets) ** 2).mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
            steps += 1


def seconds_per_step(config: TrainingConfig, n_sampled: int) -> float:
    """Return the loop's seconds per gradient step, over the first networks of a condition."""
    steps: list[int] = []
    taken = seconds(lambda: steps.extend(train_plainly(config, r) for r in range(n_sampled)))
    return taken / sum(steps)


def best_threads(config: TrainingConfig) -> int:
    """Return the number of threads with which the loop is fastest, one or all cores."""
    taken = {}
    for n_threads in (1, os.cpu_count() or 1):
        torch.set_num_threads(n_threads)
        taken[n_threads] = min(seconds_per_step(config, 1) for _ in range(2))
    return min(taken, key=taken.__getitem__)


def _training(study: StudyConfig, n_sampled: int, repetitions: int) -> list[dict]:
    conditions = list(study.conditions())
    steps: dict[TrainingConfig, int] = {}

    def compiled() -> None:
        steps.update((c, gradient_steps(c, trained)) for c, trained in train_conditions(conditions))

    def loop() -> float:
        return sum(seconds_per_step(c, n_sampled) * steps[c] for c in conditions)

    list(train_conditions([replace(condition, n_replicates=1) for condition in conditions]))
    torch.set_num_threads(best_threads(conditions[-2]))
    ours, plain = alternate([partial(seconds, compiled), loop], repetitions)
    n_networks = study.n_replicates * len(conditions)
    name, said = f"training all {n_networks} networks", f"{n_sampled} per condition, scaled"
    return [
        row(f"{name} (baseline: the loop, {said})", ours, "s", plain, peak_mb()),
    ]


def rows(
    repetitions: int = 3, *, study: StudyConfig | None = None, n_sampled: int = 1
) -> list[dict]:
    """Measure the training of a study, by default the paper's, in a process of its own."""
    return repeated(apart(_training, study or StudyConfig(), n_sampled, repetitions), repetitions)


if __name__ == "__main__":
    for line in rows():
        print(line)
