"""From activations to symbols: what each node says at each time point, as discrete states."""

from typing import NamedTuple

import numpy as np

from relaylib.core.checks import check_choice, check_finite, check_integer
from relaylib.networks.clustering import kmeans_rows
from relaylib.networks.ensemble import Ensemble, Run
from relaylib.tasks.task import Trials

DISCRETISERS = ("kmeans", "sign", "median")
LSTM_STATES = ("cell", "hidden")
TOLERANCE = 1e-5
"""Activations closer than this are equal: before information arrives all sequences are, up to
float rounding, and a discretiser that splits rounding noise invents information."""


class Recording(NamedTuple):
    """What relay information is computed from.

    Attributes
    ----------
    states
        uint8 (network, time, node, sequence): symbols 0, 1, ...
    x_in
        int8 (concept, sequence): the concepts' values, -1 or +1.
    x_out
        int8 (network, concept, sequence): the networks' answers, -1 or +1.
    """

    states: np.ndarray
    x_in: np.ndarray
    x_out: np.ndarray

    def cases(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Every network at every time as a case of its own, the time changing fastest.

        Returns
        -------
        states, x_in, x_out
            (case, node, sequence) and twice (case, concept, sequence): the arguments of
            `relaylib.information.relay.greedy_orders` and `relaylib.information.exact.exact_summaries`.
        """
        n_networks, n_times = self.states.shape[:2]
        n_cases = n_networks * n_times
        return (
            self.states.reshape(n_cases, *self.states.shape[2:]),
            np.broadcast_to(self.x_in, (n_cases, *self.x_in.shape)),
            np.repeat(self.x_out, n_times, axis=0),
        )


def discretise(activations: np.ndarray, *, method: str = "kmeans", levels: int = 2) -> np.ndarray:
    """Turn each node's activations into symbols.

    Parameters
    ----------
    activations
        float (n_sequences, n_nodes).
    method
        "kmeans": exact one-dimensional k-means per node; "sign": above 0 or not; "median": above
        the node's median or not.
    levels
        Number of symbols with "kmeans", 2..16; the others have 2.

    Returns
    -------
    uint8 (n_sequences, n_nodes): 0, 1, ... from the lowest activations up. A node whose
    activations spread less than 1e-5 has one symbol. Values whose gap is less than that are never
    parted by "kmeans"; "sign" and "median" take values up to half of it above their threshold
    as at the threshold.

    Raises
    ------
    ValueError, TypeError
        If activations are empty, not finite or not two-dimensional, the method is unknown, or
        levels is out of range.

    References
    ----------
    2-means is the choice of the published notebook of Hintze and Adami (2023).
    """
    activations = check_finite("activations", activations, (None, None))
    return _symbols(np.ascontiguousarray(activations.T), method, levels).T


def record(
    ensemble: Ensemble,
    trials: Trials,
    *,
    delay: int,
    n_blank: int = 5,
    lstm_state: str = "cell",
    method: str = "kmeans",
    levels: int = 2,
) -> Recording:
    """Run the networks over the sequences and record states and answers as symbols.

    Parameters
    ----------
    ensemble, trials
        The networks, and what they are shown.
    delay
        Number of blank steps after which the answer x_out is read.
    n_blank
        Blank steps to record: times 1 .. n_steps + n_blank.
    lstm_state
        "cell" analyses an LSTM's c, "hidden" its h. RNN and GRU have h alone.
    method, levels
        As in `discretise`.

    Raises
    ------
    ValueError
        If ``delay`` is outside the recorded run, the trials do not fit the networks, or as in
        `discretise`.
    """
    check_integer("n_blank", n_blank, 0)
    check_integer("delay", delay, 0, n_blank)
    return recording(
        ensemble.run(trials.inputs, n_blank),
        trials,
        delay=delay,
        lstm_state=lstm_state,
        method=method,
        levels=levels,
    )


def recording(
    run: Run, trials: Trials, *, delay: int, lstm_state: str, method: str, levels: int
) -> Recording:
    """Do what `record` does with a run that has been made; arguments and errors as there."""
    check_choice("lstm_state", lstm_state, LSTM_STATES)
    check_integer("delay", delay, 0, run.outputs.shape[1] - trials.inputs.shape[1])
    check_finite("trials.targets", trials.targets, (run.outputs.shape[3], run.outputs.shape[2]))
    activations = run.hidden if run.cell is None or lstm_state == "hidden" else run.cell
    n_sequences, n_steps = trials.inputs.shape[:2]
    states = _symbols(activations.reshape(-1, n_sequences), method, levels)
    answers = np.where(run.outputs[:, n_steps + delay - 1] > 0, 1, -1).astype(np.int8)
    x_in = np.where(trials.targets.T > 0, 1, -1).astype(np.int8)
    return Recording(states.reshape(activations.shape), x_in, answers)


def _symbols(rows: np.ndarray, method: str, levels: int) -> np.ndarray:
    """Symbols of many nodes, (row, sequence) -> uint8 of the same shape."""
    check_choice("method", method, DISCRETISERS)
    check_integer("levels", levels, 2, 16)
    rows = rows.astype(np.float64)
    if method == "kmeans":
        return kmeans_rows(rows, levels, TOLERANCE)
    if method == "sign":
        threshold = np.zeros((len(rows), 1))
    else:
        threshold = np.median(rows, axis=1, keepdims=True)
    varies = np.ptp(rows, axis=1, keepdims=True) >= TOLERANCE
    return ((rows > threshold + TOLERANCE / 2) & varies).astype(np.uint8)
