"""Recording: the activations of networks, their symbols and their answers, labelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from relaylib.core.checks import check_integer, select
from relaylib.networks.discretisation import symbols
from relaylib.networks.ensemble import MAX_BLANK, Ensemble
from relaylib.tasks.task import Trials, check_trials


@dataclass(frozen=True, eq=False, repr=False)
class Recording:
    """Everything that relay information is computed from, labelled.

    Attributes
    ----------
    data
        All of the following. ``time`` and ``node`` count from 1, ``concept`` holds names; the
        coordinate ``input_end`` is the last step of the input, ``answer_delay`` the delay.
    activations, states
        float32 and, as symbols 0, 1, ..., uint8 (network, time, node, sequence).
    x_in
        Values of the concepts, int8 -1 or +1 (concept, sequence).
    answers
        Signs of the readout after every step, int8 (network, time, concept, sequence).
    x_out
        The answers at the delay, int8 (network, concept, sequence).
    """

    data: xr.Dataset

    activations = property(lambda self: self.data.activations)
    states = property(lambda self: self.data.states)
    x_in = property(lambda self: self.data.x_in)
    answers = property(lambda self: self.data.answers)
    x_out = property(lambda self: self.data.x_out)

    def sel(self, **labels: Any) -> Recording:
        """Return part of the recording, e.g. ``sel(time=10, concept="A")``.

        Raises
        ------
        ValueError
            If a dimension has no such label; the message lists those it has.
        """
        return Recording(select(self.data, **labels))

    def __repr__(self) -> str:
        sizes = ", ".join(f"{size} {dim}" for dim, size in self.data.states.sizes.items())
        return f"<Recording: {sizes}, concepts {np.atleast_1d(self.data.concept.values).tolist()}>"


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
    """Run networks on trials and record their activations, symbols and answers.

    Parameters
    ----------
    ensemble, trials
        The networks, and their inputs and targets.
    delay
        Number of blank steps after which the answer x_out is read.
    n_blank
        Blank steps to record: times 1 .. n_steps + n_blank.
    lstm_state
        State of an LSTM to analyse, "cell" (c) or "hidden" (h). RNN and GRU have only h.
    method, levels
        As in `discretise`.

    Raises
    ------
    ValueError, TypeError
        If ``delay`` is not within the recorded steps, the trials do not fit the networks, a target
        is neither -1 nor +1 (answers are the sign of the readout), or as in `discretise`.
    """
    if not isinstance(ensemble, Ensemble):
        raise TypeError(f"ensemble must be a relaylib.Ensemble, got {type(ensemble).__name__}")
    n_blank = check_integer("n_blank", n_blank, 0, MAX_BLANK)
    delay = check_integer("delay", delay, 0, n_blank)
    sizes = (None, ensemble.n_inputs, ensemble.n_outputs)
    trials = check_trials(trials, sizes)
    run = ensemble.run(trials.inputs, n_blank)
    activations = run.analysed(lstm_state)
    n_sequences, input_end = trials.inputs.shape[:2]
    states = symbols(activations.reshape(-1, n_sequences), method, levels)
    answers = np.where(run.outputs > 0, np.int8(1), np.int8(-1))
    dims = ("network", "time", "node", "sequence")
    return Recording(
        xr.Dataset(
            {
                "activations": (dims, activations),
                "states": (dims, states.reshape(activations.shape)),
                "x_in": (("concept", "sequence"), trials.targets.T.astype(np.int8)),
                "answers": (("network", "time", "concept", "sequence"), answers),
                "x_out": (("network", "concept", "sequence"), answers[:, input_end + delay - 1]),
            },
            coords={
                "network": np.arange(len(ensemble)),
                "time": ("time", np.arange(1, input_end + n_blank + 1), {"units": "step"}),
                "node": np.arange(1, ensemble.n_nodes + 1),
                "concept": list(trials.concepts),
                "sequence": np.arange(n_sequences),
                "input_end": ((), input_end, {"units": "step"}),
                "answer_delay": ((), delay, {"units": "step"}),
            },
        )
    )
