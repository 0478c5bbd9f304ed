"""The Jacobian of one blank step: its eigenvalues, and how much of a node's state stays in it."""

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from relaylib.core.checks import check_choice, check_floats, check_integer, check_type
from relaylib.networks.ensemble import LSTM_STATES, MAX_BLANK, Ensemble, State
from relaylib.tasks.task import Trials, check_trials


@torch.no_grad()
def jacobian(ensemble: Ensemble, state: State) -> Tensor:
    """Derivative of the state after a blank step by the state before it.

    Parameters
    ----------
    state
        (h,) of an RNN or GRU, (h, c) of an LSTM; each (network, node, sequence).

    Returns
    -------
    torch.Tensor
        (network, sequence, new state, old state). An LSTM's state is h and c, one after the other.

    Raises
    ------
    TypeError
        If ``ensemble`` is no ensemble or ``state`` no tuple of its parts.
    """
    check_type("ensemble", ensemble, Ensemble)
    n_parts = 2 if ensemble.architecture == "LSTM" else 1
    if not isinstance(state, tuple) or len(state) != n_parts:
        raise TypeError(f"state must be a tuple of {n_parts} tensors, got {type(state).__name__}")
    like = ensemble.weights["weight_hh"]
    shape = (*like.shape[::2], state[0].shape[-1] if isinstance(state[0], Tensor) else 1)
    for part in state:
        if not isinstance(part, Tensor) or part.shape != shape or part.dtype != like.dtype:
            raise TypeError(f"state must hold tensors of shape {shape} and type {like.dtype}")
    derivative = {"RNN": _of_rnn, "GRU": _of_gru, "LSTM": _of_lstm}[ensemble.architecture]
    return derivative(ensemble, state)


def _parts(ensemble: Ensemble, h: Tensor) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Recurrent matrices (network, 1, node, node), and sums of input and of recurrence by gate."""
    weights, n_gates = ensemble.weights, ensemble.weights["weight_hh"].shape[1] // ensemble.n_nodes
    u = weights["weight_hh"][:, None].chunk(n_gates, dim=2)
    recurrent = torch.baddbmm(weights["bias_hh"][:, :, None], weights["weight_hh"], h)
    from_input = weights["bias_ih"][:, :, None].expand_as(recurrent)
    by_sequence = (each.transpose(1, 2).chunk(n_gates, dim=2) for each in (from_input, recurrent))
    x, r = by_sequence
    return list(u), list(x), list(r)


def _rows(factor: Tensor, matrix: Tensor) -> Tensor:
    return factor[..., None] * matrix


def _of_rnn(ensemble: Ensemble, state: State) -> Tensor:
    """h' = tanh(a): dh'/dh = (1 - h'^2) U; h' = max(a, 0): U where a is above 0."""
    (u,), (x,), (r,) = _parts(ensemble, state[0])
    if ensemble.nonlinearity == "relu":
        return _rows((x + r > 0).to(u), u)
    return _rows(1 - torch.tanh(x + r) ** 2, u)


def _of_gru(ensemble: Ensemble, state: State) -> Tensor:
    """h' = (1 - z) n + z h, n = tanh(x_n + r u_n)."""
    (u_reset, u_update, u_new), x, recurrent = _parts(ensemble, state[0])
    reset, z = torch.sigmoid(x[0] + recurrent[0]), torch.sigmoid(x[1] + recurrent[1])
    new, h = torch.tanh(x[2] + reset * recurrent[2]), state[0].transpose(1, 2)
    d_reset = _rows(reset * (1 - reset) * recurrent[2], u_reset)
    d_new = _rows(1 - new**2, _rows(reset, u_new) + d_reset)
    d_update = _rows(z * (1 - z), u_update)
    return torch.diag_embed(z) + _rows(1 - z, d_new) + _rows(h - new, d_update)


def _of_lstm(ensemble: Ensemble, state: State) -> Tensor:
    """c' = f c + i g, h' = o tanh(c'); the state is (h, c)."""
    u, x, recurrent = _parts(ensemble, state[0])
    sums = [a + b for a, b in zip(x, recurrent, strict=True)]
    into, keep, out = (torch.sigmoid(sums[k]) for k in (0, 1, 3))
    new, c = torch.tanh(sums[2]), state[1].transpose(1, 2)
    squashed = torch.tanh(keep * c + into * new)
    c_by_h = (
        _rows(keep * (1 - keep) * c, u[1])
        + _rows(into * (1 - into) * new, u[0])
        + _rows(into * (1 - new**2), u[2])
    )
    through = out * (1 - squashed**2)
    h_by_h = _rows(out * (1 - out) * squashed, u[3]) + _rows(through, c_by_h)
    h_by_c, c_by_c = torch.diag_embed(through * keep), torch.diag_embed(keep)
    upper, lower = torch.cat([h_by_h, h_by_c], dim=3), torch.cat([c_by_h, c_by_c], dim=3)
    return torch.cat([upper, lower], dim=2)


@torch.no_grad()
def step_spectrum(
    ensemble: Ensemble,
    trials: Trials,
    *,
    n_blank: int = 5,
    n_leading: int = 3,
    lstm_state: str = "cell",
) -> xr.Dataset:
    """Spectrum of each blank step at the states that networks visit, and the share that stays.

    Parameters
    ----------
    ensemble, trials
        The networks, and the sequences that they are given.
    n_blank
        Blank steps after the input.
    n_leading
        Eigenvalues to return, the largest first; of a complex pair one.
    lstm_state
        State of an LSTM whose nodes ``self_correlation`` is about: "cell" or "hidden".

    Returns
    -------
    xarray.Dataset
        ``modulus`` and ``phase_degrees`` (network, time, leading): of the leading eigenvalues, mean
        over sequences; the phase is the angle by which one step turns, 0 (keeps its sign) to 180
        (flips it). ``cosine``: of that angle, mean over sequences; its mean over the leading
        eigenvalues predicts how alike codes are from step to step. ``self_correlation`` (network,
        time): the mean over nodes of ``abs(J_ii) / norm(J_i)``, the correlation of a node's state
        with its own a step before, were the old states independent and of equal variance. ``time``
        is the step before the blank one.

    Raises
    ------
    ValueError, TypeError
        If trials do not fit the networks, or a number is out of range.
    """
    check_type("ensemble", ensemble, Ensemble)
    trials = check_trials(trials, (None, ensemble.n_inputs, ensemble.n_outputs))
    n_blank = check_integer("n_blank", n_blank, 1, MAX_BLANK)
    n_leading = check_integer("n_leading", n_leading, 1, (ensemble.n_nodes + 1) // 2)
    check_choice("lstm_state", lstm_state, LSTM_STATES)
    like, state = ensemble.weights["weight_hh"], ensemble.start(len(trials.inputs))
    for x in torch.as_tensor(trials.inputs.transpose(1, 2, 0).copy()).to(like):
        state = ensemble.step(x, state)
    is_cell = ensemble.architecture == "LSTM" and lstm_state == "cell"
    nodes = slice(ensemble.n_nodes * is_cell, ensemble.n_nodes * (1 + is_cell))
    found: dict[str, list[np.ndarray]] = {name: [] for name in _UNITS}
    for _ in range(n_blank):
        matrices = jacobian(ensemble, state).double().cpu().numpy()
        own = np.diagonal(matrices, axis1=2, axis2=3)[..., nodes]
        share = own / np.maximum(np.linalg.norm(matrices[:, :, nodes], axis=3), _SMALLEST)
        values = leading_eigenvalues(matrices, n_leading)
        found["modulus"].append(abs(values).mean(axis=1))
        found["phase_degrees"].append(np.degrees(abs(np.angle(values))).mean(axis=1))
        found["cosine"].append(np.cos(np.angle(values)).mean(axis=1))
        found["self_correlation"].append(abs(share).mean(axis=(1, 2)))
        state = ensemble.step(None, state)
    first = trials.inputs.shape[1]
    coords = {"network": np.arange(len(ensemble)), "time": np.arange(first, first + n_blank)}
    dims = ("network", "time", "leading")
    stacked = {name: np.stack(values, axis=1) for name, values in found.items()}
    return xr.Dataset(
        {k: (dims[: v.ndim], v, {"units": _UNITS[k]}) for k, v in stacked.items()},
        coords | {"leading": np.arange(1, n_leading + 1)},
    )


_UNITS = {
    "modulus": "1",
    "phase_degrees": "degree per step",
    "cosine": "1",
    "self_correlation": "1",
}
_SMALLEST = 1e-30  # a row of zeros keeps nothing


def leading_eigenvalues(matrices: np.ndarray, n_leading: int) -> np.ndarray:
    """Return the eigenvalues of largest modulus, (..., n_leading), one of each complex pair.

    Parameters
    ----------
    matrices
        Real (..., n, n).
    n_leading
        At most (n + 1) // 2, so that there are as many.

    Raises
    ------
    ValueError, TypeError
        If matrices are not square or not finite, or ``n_leading`` is out of range.
    """
    matrices = check_floats("matrices", matrices, (..., None, None))
    n = matrices.shape[-1]
    if matrices.shape[-2] != n:
        raise ValueError(f"matrices must be square, got {matrices.shape}")
    n_leading = check_integer("n_leading", n_leading, 1, (n + 1) // 2)
    values = np.linalg.eigvals(matrices)
    size = np.where(values.imag >= 0, abs(values), -1.0)
    order = np.argsort(-size, axis=-1, kind="stable")[..., :n_leading]
    return np.take_along_axis(values, order, axis=-1)
