"""Noise on the activations of chosen nodes at one step, as in work on feed-forward networks."""

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from relaylib.core.checks import check_integer, check_number, check_rng, check_type
from relaylib.core.tolerances import LARGEST_SAMPLE, TOO_LARGE
from relaylib.measures.perturbation import accuracy_after, labelled_accuracy
from relaylib.networks.ensemble import Ensemble, State
from relaylib.tasks.task import Trials

Array = TypeVar("Array", np.ndarray, xr.DataArray)


def noise_accuracy(
    ensemble: Ensemble,
    trials: Trials,
    noisy: Array,
    *,
    delays: Sequence[int],
    step: int | None = None,
    size: float = 1.0,
    n_draws: int = 20,
    rng: np.random.Generator,
) -> Array:
    """Accuracy with Gaussian noise on the state of sets of nodes after one step.

    The standard deviation of a node's noise is ``size`` times that of its own activations over the
    sequences (LSTM: h and c each have their own, with the same draw). The network then runs on as
    usual.

    Parameters
    ----------
    ensemble, trials, delays, step
        As in `relaylib.measures.knockout.knockout_accuracy`.
    noisy
        The sets of nodes that get noise, as ``knocked_out`` there.
    size
        Noise in standard deviations of the node, not negative.
    n_draws
        Draws of the noise, over which accuracy is averaged. All sets meet the same draws.
    rng
        Random stream of the noise.

    Returns
    -------
    numpy.ndarray or xarray.DataArray
        As `knockout_accuracy`.

    Raises
    ------
    ValueError, TypeError
        As `knockout_accuracy`, or if ``size`` or ``n_draws`` is out of range.

    References
    ----------
    Hintze, Najam, Schossau (2025), section II, on feed-forward networks.
    """
    check_type("ensemble", ensemble, Ensemble), check_rng(rng)
    n_draws = check_integer("n_draws", n_draws, 1, LARGEST_SAMPLE)
    size = check_number("size", size, 0, TOO_LARGE)
    how: dict[str, Any] = {"delays": delays, "step": step}
    if isinstance(noisy, xr.DataArray):
        how |= {"size": size, "n_draws": n_draws, "rng": rng}
        return labelled_accuracy(noise_accuracy, ensemble, trials, "noisy", noisy, **how)
    total = np.zeros(())
    for _ in range(n_draws):
        drawn: dict[str, Tensor] = {}

        def with_noise(state: State, sets: Tensor, drawn: dict[str, Tensor] = drawn) -> State:
            if not drawn:  # the blocks of sets share one draw
                z = rng.standard_normal(state[0].shape)
                drawn["z"] = size * torch.as_tensor(z).to(state[0])
            return _add_noise(state, sets, drawn["z"])

        total = total + accuracy_after(ensemble, trials, "noisy", noisy, with_noise, **how)
    return total / n_draws


def _add_noise(state: State, sets: Tensor, z: Tensor) -> State:
    """Give every set its own copy of the sequences, with noise z (network, node, sequence)."""
    chosen = sets.transpose(1, 2)[..., None].to(z)  # network, node, set, 1
    spread = (part.std(dim=2, keepdim=True, correction=0) for part in state)
    return tuple(
        (part[:, :, None] + chosen * (sd * z)[:, :, None]).flatten(2)
        for part, sd in zip(state, spread, strict=True)
    )
