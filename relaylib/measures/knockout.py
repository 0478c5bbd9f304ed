"""Knockouts: set the state of chosen nodes to 0 at one step, run on, and see what is still known.

An intervention, where relay information is an observation: nodes that relay a concept should be
the ones whose loss costs its answer. The idea is that of the knockout of a gene.
"""

from __future__ import annotations

import numpy as np
import torch

from relaylib.core.checks import check_integer, check_symbols
from relaylib.networks.ensemble import Ensemble, State
from relaylib.tasks.task import Trials

_COLUMNS = 4096  # sets x sequences run side by side: what a processor's cache holds


def first_nodes(orders: np.ndarray) -> np.ndarray:
    """Sets of the first k nodes of each order, for k = 0 .. n_nodes.

    Parameters
    ----------
    orders
        Node indices from 0, each once, (..., node).

    Returns
    -------
    numpy.ndarray
        bool (..., k, node): whether the node is among the first k. The first set is empty, the
        last holds all nodes.

    Raises
    ------
    ValueError
        If a row is not an order of all nodes.
    """
    orders = np.asarray(orders)
    n_nodes = orders.shape[-1]
    if (np.sort(orders, axis=-1) != np.arange(n_nodes)).any():
        raise ValueError(f"orders must hold each node 0..{n_nodes - 1} once in every row")
    rank = np.argsort(orders, axis=-1)
    return rank[..., None, :] < np.arange(n_nodes + 1)[:, None]


@torch.no_grad()
def knockout_accuracy(
    ensemble: Ensemble,
    trials: Trials,
    knocked_out: np.ndarray,
    *,
    delays: tuple[int, ...],
    step: int | None = None,
) -> np.ndarray:
    """Accuracy after sets of nodes are knocked out (Figs. 4 and 5).

    After the update of ``step`` the state of the chosen nodes is set to 0 (LSTM: h and c), once;
    the network then runs on as usual. The caller's networks are not touched.

    Parameters
    ----------
    ensemble, trials
        The networks, and what they are shown.
    knocked_out
        bool (network, set, node): the sets to try in each network, each in a run of its own.
    delays
        Numbers of blank steps after which the answer is read.
    step
        1 .. n_steps; None: the last step of the input, when all information is in.

    Returns
    -------
    numpy.ndarray
        Fraction of sequences answered with the right sign, (network, set, delay, concept).

    Raises
    ------
    ValueError, TypeError
        If ``knocked_out`` has another shape, ``step`` is no step of the input, or ``delays`` is
        empty or negative.
    """
    shape = (len(ensemble), None, ensemble.n_nodes)
    knocked_out = check_symbols("knocked_out", knocked_out, shape) != 0
    n_sequences, n_steps, _ = trials.inputs.shape
    step = n_steps if step is None else step
    _check_times(step, n_steps, delays)
    like = ensemble.weights["weight_hh"]
    inputs = torch.as_tensor(trials.inputs.transpose(1, 2, 0).copy()).to(like)
    targets = torch.as_tensor(trials.targets.T.copy()).to(like)
    state = ensemble.start(n_sequences)
    for x in inputs[:step]:
        state = ensemble.step(x, state)
    n_together = max(1, _COLUMNS // n_sequences)
    blocks = [
        _run_on(ensemble, _set_to_zero(state, sets), inputs[step:], targets, delays)
        for sets in torch.as_tensor(knocked_out).split(n_together, dim=1)
    ]
    return torch.cat(blocks, dim=1).cpu().numpy()


def _run_on(
    ensemble: Ensemble,
    state: State,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    delays: tuple[int, ...],
) -> torch.Tensor:
    """Show the rest of the input and blank steps; accuracy (network, set, delay, concept)."""
    n_sequences = targets.shape[1]
    n_sets = state[0].shape[2] // n_sequences
    for x in inputs:
        state = ensemble.step(x.repeat(1, n_sets), state)
    shares = {}
    for delay in range(max(delays) + 1):
        if delay > 0:
            state = ensemble.step(None, state)
        if delay in delays:
            answers = ensemble.readout(state).unflatten(2, (n_sets, n_sequences)) > 0
            shares[delay] = (answers == (targets > 0)[:, None]).double().mean(dim=3)
    return torch.stack([shares[delay] for delay in delays], dim=3).permute(0, 2, 3, 1)


def _check_times(step: int, n_steps: int, delays: tuple[int, ...]) -> None:
    check_integer("step", step, 1, n_steps)
    if not delays:
        raise ValueError("delays must name at least one delay, got none")
    for delay in delays:
        check_integer("delays", delay, 0)


def _set_to_zero(state: State, knocked_out: torch.Tensor) -> State:
    """Give every set its own copy of the sequences: state (network, node, set x sequence)."""
    keep = (~knocked_out).transpose(1, 2)[..., None].to(state[0])  # network, node, set, 1
    return tuple((part[:, :, None, :] * keep).flatten(2) for part in state)
