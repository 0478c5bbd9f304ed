"""Training with torch's autograd: the plain reference, and the backend for GPUs.

Every operation acts on all networks of a stack at once, on the device where their weights are; an
epoch brings nothing but the accuracy of each network to the processor. Networks share no weights,
so one backward pass of the summed loss gives every network its own gradient.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from relaylib.networks.cells import (
    State,
    before_tanh,
    flat_views,
    initial_state,
    next_state,
    weight_shapes,
)
from relaylib.networks.conditions import TrainingConfig
from relaylib.networks.draws import Draw, Draws
from relaylib.networks.replicate import Replicate, training_case

_OPTIMISERS: dict[str, Any] = {
    "adam": torch.optim.Adam,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}


def train_replicates(replicates: Sequence[Replicate]) -> Iterator[Replicate]:
    """Train replicates, stack by stack, and yield each as soon as it is done."""
    stacks: dict[TrainingConfig, list[Replicate]] = {}
    for replicate in replicates:
        alike = replace(replicate.config, regime="1", n_replicates=1, checkpoints=())
        stacks.setdefault(alike, []).append(replicate)
    for alike, stack in stacks.items():
        yield from train_stack(stack, *training_case(alike))


def train_stack(
    replicates: Sequence[Replicate], inputs: np.ndarray, targets: np.ndarray
) -> Iterator[Replicate]:
    """Train all replicates as one stack and yield each as soon as it is done.

    Those that run out of epochs begin again together, as the next stack.
    """
    waiting = list(replicates)
    while waiting:
        waiting = yield from _attempt(waiting, inputs, targets)


@dataclass(frozen=True)
class _Case:
    """What a stack is trained on, on its device, and the delays at which readouts are needed."""

    config: TrainingConfig
    inputs: Tensor  # (step, input, sequence)
    targets: Tensor  # (concept, sequence)
    n_blank: int
    first: int = 0

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        sizes = self.inputs.shape[1], self.config.n_nodes, len(self.targets)
        return weight_shapes(self.config.architecture, *sizes)


def _attempt(
    slots: list[Replicate], inputs: np.ndarray, targets: np.ndarray
) -> Generator[Replicate, None, list[Replicate]]:
    """Train from new first weights; yield the networks that are done and return the others."""
    config, failed = slots[0].config, list[Replicate]()
    flat = torch.nn.Parameter(
        torch.as_tensor(np.stack([slot.restart() for slot in slots])).to(config.device)
    )
    delays = [delay for slot in slots for delay in slot.config.delays]
    case = _Case(
        config,
        torch.as_tensor(inputs.transpose(1, 0, 2).copy()).to(flat),
        torch.as_tensor(targets).to(flat),
        max(delays),
        min(delays) if config.supervision == "answer" else min(1, *delays),
    )
    optimiser = _optimiser(config, flat)
    draws = Draws(slots, inputs.shape, case.n_blank)
    read = np.stack([_reads(slot, case) for slot in slots])
    checkpoints = {epoch for slot in slots for epoch in slot.config.checkpoints}
    epoch, last = 0, np.full(len(slots), -1)  # the epoch at which a network is done, once known
    while slots:
        if epoch in checkpoints:
            for slot, row in zip(slots, flat.detach(), strict=True):
                slot.checkpoint(row, epoch)
        accuracy, loss = _accuracy_and_loss(case, flat, draws, read)
        reached = (last < 0) & (accuracy >= config.accuracy_goal)
        last[reached] = epoch + config.extra_epochs
        leaves = (last == epoch) | ((last < 0) & (epoch == config.max_epochs))
        if leaves.any():
            rows = flat.detach().cpu().numpy()
            for index in np.flatnonzero(leaves):
                slot, final = slots[index], float(accuracy[index])
                if last[index] == epoch or slot.is_done(epoch, final):
                    slot.finish(rows[index].copy(), epoch, final)
                    yield slot
                else:
                    failed.append(slot)
        if not leaves.all():
            _step(optimiser, flat, loss)
        if leaves.any():
            stay = np.flatnonzero(~leaves).tolist()
            slots, last, read = [slots[i] for i in stay], last[stay], read[stay]
            draws.keep(stay)
            flat = _keep(optimiser, flat, stay)
        epoch += 1
    return failed


def _reads(slot: Replicate, case: _Case) -> np.ndarray:
    """Which of the readouts count for accuracy: 0 or 1 for each delay, (delay,)."""
    delays = np.arange(case.first, case.n_blank + 1)
    return np.isin(delays, slot.config.delays).astype(np.int64)


def _accuracy_and_loss(
    case: _Case, flat: Tensor, draws: Draws, read: np.ndarray
) -> tuple[np.ndarray, Tensor]:
    """Accuracy (network,) on all sequences, undisturbed; and the summed loss of the next step."""
    draw = draws.next()
    weights = flat_views(flat, case.shapes)
    is_plain = all(part is None for part in draw[1:])
    logits = _logits(case, weights, draw)
    if is_plain:
        undisturbed = logits.detach()
    else:
        with torch.no_grad():
            undisturbed = _logits(case, weights, Draw(draw.delays, None, None, None, None))
    right = ((undisturbed > 0) == (case.targets > 0)).sum(dim=(2, 3)).cpu().numpy()
    accuracy = (right * read.T).sum(axis=0) / (read.sum(axis=1) * case.targets.numel())
    return accuracy, _loss(case, logits, draw)


def _logits(case: _Case, weights: dict[str, Tensor], draw: Draw) -> Tensor:
    """W h + b of the readout (delay first..n_blank, network, concept, sequence)."""
    architecture, nonlinearity = case.config.architecture, case.config.nonlinearity
    shown = case.inputs[:, None]
    if draw.chosen is not None:
        shown = case.inputs[:, :, draw.chosen].permute(0, 2, 1, 3)
    if draw.sensors is not None:
        shown = shown + draw.sensors.transpose(0, 1)
    n_steps = len(shown)
    state = initial_state(architecture, weights, shown.shape[-1])
    states = []
    for step in range(n_steps + case.n_blank):
        if step:
            state = _disturbed(state, draw, step - 1, case.config.state_dropout)
        x = shown[step] if step < n_steps else None
        state = next_state(architecture, weights, x, state, nonlinearity)
        if step >= n_steps - 1 + case.first:
            states.append(state[0])
    return torch.stack([before_tanh(weights, h) for h in states])


def _disturbed(state: State, draw: Draw, step: int, dropout: float) -> State:
    """The state on its way to the next step: some entries dropped, noise added."""
    if draw.dropped is not None:
        kept = (~draw.dropped[:, step]).to(state[0]) / (1 - dropout)
        state = tuple(part * kept for part in state)
    if draw.state is not None:
        state = tuple(part + draw.state[:, step] for part in state)
    return state


def _loss(case: _Case, logits: Tensor, draw: Draw) -> Tensor:
    """Sum over networks of the mean loss over concepts, sequences and supervised steps."""
    targets, read_at = case.targets, draw.delays
    if draw.chosen is not None:
        targets, read_at = targets[:, draw.chosen].transpose(0, 1), read_at.gather(1, draw.chosen)
    delay = torch.arange(case.first, case.n_blank + 1, device=logits.device)[:, None, None]
    counts = (delay == read_at).to(logits)
    if case.config.supervision == "delay":
        counts = ((delay <= read_at) & ((delay > 0) | (read_at == 0))).to(logits)
        counts = counts / counts.sum(dim=0)
    if case.config.loss == "squared error":
        error = (logits.tanh() - targets) ** 2
    else:  # (1 + tanh a) / 2 is the logistic function of 2 a
        wanted = ((targets + 1) / 2).expand_as(logits)
        error = binary_cross_entropy_with_logits(2 * logits, wanted, reduction="none")
    return (error * counts[:, :, None]).sum(dim=0).mean(dim=(1, 2)).sum()


def _optimiser(config: TrainingConfig, flat: Tensor) -> torch.optim.Optimizer:
    settings = {"lr": config.learning_rate, "weight_decay": config.weight_decay}
    if config.optimiser == "sgd":
        settings["momentum"] = 0.9
    return _OPTIMISERS[config.optimiser]([flat], **settings)


def _step(optimiser: torch.optim.Optimizer, flat: Tensor, loss: Tensor) -> None:
    """Take one step; a network whose gradient is not finite stays as it is and will not be done."""
    (gradient,) = torch.autograd.grad(loss, flat)
    is_finite = gradient.isfinite().all(dim=1, keepdim=True)
    flat.grad = torch.where(is_finite, gradient, 0.0)
    optimiser.step()


def _keep(optimiser: torch.optim.Optimizer, flat: Tensor, rows: list[int]) -> torch.nn.Parameter:
    """Go on with some networks alone: their weights, and what the optimiser knows of them."""
    kept = torch.nn.Parameter(flat.detach()[rows])
    known = optimiser.state.pop(flat, {})
    optimiser.param_groups[0]["params"] = [kept]
    if known:
        optimiser.state[kept] = {
            name: values[rows] if isinstance(values, Tensor) and values.ndim else values
            for name, values in known.items()
        }
    return kept


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
    shown = torch.as_tensor(inputs.transpose(1, 0, 2).copy()).to(flat)
    config = TrainingConfig(architecture=architecture, n_nodes=n_nodes)
    case = _Case(config, shown, torch.as_tensor(targets).to(flat), n_blank)
    draw = Draw(torch.as_tensor(delays, device=flat.device), None, None, None, None)
    logits = _logits(case, flat_views(flat, case.shapes), draw)
    (gradient,) = torch.autograd.grad(_loss(case, logits, draw), flat)
    return logits.tanh().transpose(0, 1).detach().cpu().numpy(), gradient
