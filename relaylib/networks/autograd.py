"""Training with torch's autograd: the plain reference, and the backend for GPUs.

Every operation acts on all networks of a stack at once. Networks share no weights, so one
backward pass of the summed loss gives every network its own gradient.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from relaylib.networks.cells import flat_views, initial_state, next_state, readout, weight_shapes
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.replicate import Replicate, training_case


def train_replicates(replicates: Sequence[Replicate]) -> Iterator[Replicate]:
    """Train replicates, stack by stack, and yield each as soon as it is done."""
    stacks: dict[TrainingConfig, list[Replicate]] = {}
    for replicate in replicates:
        alike = replace(replicate.config, regime="1", n_replicates=1, checkpoints=())
        stacks.setdefault(alike, []).append(replicate)
    for alike, stack in stacks.items():
        yield from train_stack(stack, *training_case(alike))


def loss_gradient(
    architecture: str,
    flat: Tensor,
    n_nodes: int,
    inputs: np.ndarray,
    targets: np.ndarray,
    delays: np.ndarray,
    n_blank: int,
) -> tuple[np.ndarray, Tensor]:
    """Return the outputs of every network and the gradient of its mean squared error.

    Parameters
    ----------
    flat
        Flattened weights (network, n_weights), on any device.
    inputs, targets
        float32 (input, step, sequence) and (concept, sequence).
    delays
        int (network, sequence), at which answers are read, up to ``n_blank``.

    Returns
    -------
    Outputs, float32 (network, delay 0..n_blank, concept, sequence), and the gradient, as ``flat``.
    """
    flat = flat.detach().requires_grad_()
    weights = flat_views(flat, weight_shapes(architecture, len(inputs), n_nodes, len(targets)))
    shown, wanted = torch.as_tensor(inputs).to(flat), torch.as_tensor(targets).to(flat)
    read_at = torch.as_tensor(delays, device=flat.device)[:, None]
    state = initial_state(architecture, weights, targets.shape[1])
    for step in range(inputs.shape[1]):
        state = next_state(architecture, weights, shown[:, step], state)
    outputs = [readout(weights, state)]
    for _ in range(n_blank):
        state = next_state(architecture, weights, None, state)
        outputs.append(readout(weights, state))
    error = torch.stack(
        [(y - wanted) ** 2 * (read_at == delay) for delay, y in enumerate(outputs)]
    ).sum(dim=0)
    (gradient,) = torch.autograd.grad(error.mean(dim=(1, 2)).sum(), flat)
    return torch.stack(outputs, dim=1).detach().cpu().numpy(), gradient


@torch.no_grad()
def adam_step(
    flat: Tensor,
    gradient: Tensor,
    mean: Tensor,
    square: Tensor,
    step: np.ndarray,
    learning_rate: float,
) -> None:
    """Take one step of Adam in place; every network has its own step count, from 1.

    References
    ----------
    Kingma and Ba (2014), algorithm 1, with torch's defaults 0.9, 0.999 and 1e-8.
    """
    t = torch.as_tensor(step).to(flat)[:, None]
    mean.mul_(0.9).add_(0.1 * gradient)
    square.mul_(0.999).add_(0.001 * gradient**2)
    flat -= learning_rate * (mean / (1 - 0.9**t)) / ((square / (1 - 0.999**t)).sqrt() + 1e-8)


def train_stack(
    replicates: Sequence[Replicate], inputs: np.ndarray, targets: np.ndarray
) -> Iterator[Replicate]:
    """Train all replicates as one stack and yield each as soon as it is done.

    A network that is done leaves the stack; one that ran out of epochs restarts in its place.
    """
    slots = list(replicates)
    flat = torch.as_tensor(np.stack([slot.restart() for slot in slots]))
    flat = flat.to(slots[0].config.device)
    mean, square = torch.zeros_like(flat), torch.zeros_like(flat)
    while slots:
        config = slots[0].config
        for slot, row in zip(slots, flat, strict=True):
            slot.checkpoint(row)
        delays = np.stack([slot.draw_delays(1, targets.shape[1])[0] for slot in slots])
        n_blank = max(max(slot.config.delays) for slot in slots)
        case = (config.n_nodes, inputs, targets, delays, n_blank)
        outputs, gradient = loss_gradient(config.architecture, flat, *case)
        correct = ((outputs > 0) == (targets > 0)).mean(axis=(2, 3))
        stay = []
        for row, slot in enumerate(slots):
            accuracy = float(correct[row, list(slot.config.delays)].mean())
            if slot.is_done(slot.epochs, accuracy):
                slot.finish(flat[row].cpu().numpy(), slot.epochs, accuracy)
                yield slot
            else:
                stay.append(row)
        slots = [slots[row] for row in stay]
        flat, mean, square, gradient = (a[stay] for a in (flat, mean, square, gradient))
        for row, slot in enumerate(slots):
            if slot.epochs == config.max_epochs:
                flat[row] = torch.as_tensor(slot.restart())
                mean[row] = square[row] = gradient[row] = 0
            else:
                slot.epochs += 1
        if slots:
            step = np.array([max(slot.epochs, 1) for slot in slots])
            adam_step(flat, gradient, mean, square, step, config.learning_rate)
