"""Training against JAX: 20 networks of the block task, milliseconds per epoch and network.

The JAX program is the usual one, `jit(vmap(step))` with `lax.scan` over time inside, unrolled, and
Adam written out; sequences are the last axis, which is its fastest layout here. JAX is no
dependency: `pip install jax`. Without it the rows are left out.
"""

import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from measure import alternate, apart, peak_mb, repeated, row, seconds

from relaylib.networks.cells import ARCHITECTURES, N_GATES
from relaylib.networks.compiled_training import train_replicates
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.replicate import Replicate, training_case
from relaylib.tasks.block import BlockTask

N_NETWORKS, N_EPOCHS, DELAY = 20, 200, 5


def jax_step(architecture: str, n_nodes: int, learning_rate: float) -> Callable:
    """Return one epoch of one network: (weights, Adam's moments, number), inputs, targets."""
    import jax
    import jax.numpy as jnp

    def cell(weights: dict, state: tuple, x: Any) -> tuple:
        h, c = state
        given = weights["w_ih"] @ x + weights["b_ih"]
        held = weights["w_hh"] @ h + weights["b_hh"]
        if architecture == "RNN":
            return (jnp.tanh(given + held), c), None
        if architecture == "GRU":
            r, z = jax.nn.sigmoid((given + held)[: 2 * n_nodes]).reshape(2, n_nodes, -1)
            n = jnp.tanh(given[2 * n_nodes :] + r * held[2 * n_nodes :])
            return ((1 - z) * n + z * h, c), None
        i, f, g, o = (given + held).reshape(4, n_nodes, -1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    def loss(weights: dict, inputs: Any, targets: Any) -> tuple:
        blank = jnp.zeros((n_nodes, inputs.shape[2]))
        run = partial(cell, weights)
        (h, _), _ = jax.lax.scan(run, (blank, blank), inputs, unroll=len(inputs))
        outputs = jnp.tanh(weights["w_out"] @ h + weights["b_out"])
        return ((outputs - targets) ** 2).mean(), ((outputs > 0) == (targets > 0)).mean()

    def step(state: tuple, inputs: Any, targets: Any) -> tuple:
        weights, mean, square, number = state
        gradient, accuracy = jax.grad(loss, has_aux=True)(weights, inputs, targets)
        number += 1
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
        square = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, square, gradient)

        def adam(w: Any, m: Any, s: Any) -> Any:
            corrected = m / (1 - 0.9**number)
            return w - learning_rate * corrected / (jnp.sqrt(s / (1 - 0.999**number)) + 1e-8)

        return (jax.tree.map(adam, weights, mean, square), mean, square, number), accuracy

    return step


def by_jax(config: TrainingConfig) -> Callable[[], Any]:
    """Return the training of all networks of a condition for the given epochs, compiled."""
    import jax
    import jax.numpy as jnp

    inputs, targets = training_case(config)
    blank = np.zeros((inputs.shape[0], DELAY, inputs.shape[2]), np.float32)
    shown = jnp.asarray(np.concatenate([inputs, blank], axis=1).transpose(1, 0, 2))
    n_gates = N_GATES[config.architecture] * config.n_nodes
    shapes = {
        "w_ih": (n_gates, inputs.shape[0]),
        "w_hh": (n_gates, config.n_nodes),
        "b_ih": (n_gates, 1),
        "b_hh": (n_gates, 1),
        "w_out": (len(targets), config.n_nodes),
        "b_out": (len(targets), 1),
    }
    rng, bound = np.random.default_rng(0), config.n_nodes**-0.5
    weights = {
        name: jnp.asarray(rng.uniform(-bound, bound, (N_NETWORKS, *shape)).astype(np.float32))
        for name, shape in shapes.items()
    }
    zeros = jax.tree.map(jnp.zeros_like, weights)
    step = jax_step(config.architecture, config.n_nodes, config.learning_rate)
    epoch = jax.jit(jax.vmap(step, in_axes=(0, None, None)))

    def train() -> Any:
        state = (weights, zeros, zeros, jnp.zeros(N_NETWORKS))
        for _ in range(config.max_epochs):
            state, accuracy = epoch(state, shown, jnp.asarray(targets))
        return jax.block_until_ready((state, accuracy))

    return train


def multiply_adds(config: TrainingConfig) -> int:
    """Return the products that one epoch of one network needs, forward and backward."""
    inputs, targets = training_case(config)
    n_inputs, t_in, n_sequences = inputs.shape
    steps, n_rows = t_in + DELAY, N_GATES[config.architecture] * config.n_nodes
    forward = n_rows * (n_inputs * t_in + config.n_nodes * steps)
    readout = len(targets) * config.n_nodes
    return n_sequences * (2 * forward + n_rows * config.n_nodes * (steps - 1) + 3 * readout)


def peak_rate() -> float:
    """Return the multiply-adds per second of a product of two 2,000 x 2,000 matrices, float32."""
    left, right = np.random.default_rng(0).random((2, 2000, 2000), np.float32)
    return 2000**3 / min(seconds(np.matmul, left, right) for _ in range(5))


def condition(architecture: str, n_epochs: int) -> TrainingConfig:
    """Return the condition whose networks are trained, each for all epochs."""
    return TrainingConfig(
        task=BlockTask(),
        architecture=architecture,
        regime=str(DELAY),
        n_replicates=N_NETWORKS,
        accuracy_goal=1.0,
        max_epochs=n_epochs,
        max_attempts=1,
        on_unsolved="record",
    )


def epochs_of(config: TrainingConfig) -> int:
    """Train all networks and return their epochs in total, fewer where one knows all before."""
    replicates = [Replicate(config, number) for number in range(config.n_replicates)]
    return sum(int(replicate.epochs) for replicate in train_replicates(replicates))


def _milliseconds(config: TrainingConfig) -> float:
    n_epochs: list[int] = []
    return seconds(lambda: n_epochs.append(epochs_of(config))) / n_epochs[0] * 1e3


def _against_jax(architecture: str, repetitions: int, n_epochs: int) -> list[dict]:
    config = condition(architecture, n_epochs)
    jax_training, all_epochs = by_jax(config), N_NETWORKS * n_epochs
    epochs_of(condition(architecture, 2)), jax_training()
    calls = [
        partial(_milliseconds, config),
        lambda: seconds(jax_training) / all_epochs * 1e3,
        peak_rate,
    ]
    ours, jax_ms, peak = alternate(calls, repetitions)
    floor = multiply_adds(config) / peak * 1e3
    name = f"an epoch of one of {N_NETWORKS} {architecture}s on the block task"
    return [
        row(f"{name} (baseline: JAX)", ours, "ms", jax_ms, peak_mb()),
        row(f"{name} (baseline: its products in a large matrix)", ours, "ms", floor, peak_mb()),
    ]


def rows(repetitions: int = 5, *, n_epochs: int = N_EPOCHS) -> list[dict]:
    """Measure RNN, GRU and LSTM, each in its own process; nothing where JAX is not installed."""
    if find_spec("jax") is None:
        print("jax is not installed: its rows are left out", file=sys.stderr)
        return []
    return [
        line
        for architecture in ARCHITECTURES
        for line in repeated(apart(_against_jax, architecture, repetitions, n_epochs), repetitions)
    ]


if __name__ == "__main__":
    for line in rows():
        print(line)
