"""Recording: the activations of networks, their symbols and their answers, labelled."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from relaylib.core.checks import (
    as_array,
    check_all,
    check_choice,
    check_dataset,
    check_floats,
    check_integer,
    check_symbols,
    check_weights,
    select,
)
from relaylib.core.files import write_atomically
from relaylib.core.progress import progress
from relaylib.networks.discretisation import symbols
from relaylib.networks.ensemble import LSTM_STATES, MAX_BLANK, Ensemble
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
        Values of the concepts, whole numbers (concept, sequence); of `record` int8, -1 or +1.
    answers
        Signs of the readout after every step, int8 (network, time, concept, sequence); only of
        `record`.
    x_out
        The answers, whole numbers (network, concept, sequence); of `record` those at the delay.

    A recording of one network, made by `from_arrays` or `relaylib.record_module`, has no dimension
    ``network``.
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

    @classmethod
    def from_arrays(
        cls,
        activations: Any,
        x_in: Any,
        x_out: Any,
        *,
        concepts: Sequence[str] | None = None,
        nodes: Sequence[str | int] | None = None,
        times: Sequence[float] | None = None,
        weights: Any = None,
        method: str = "kmeans",
        levels: int = 2,
    ) -> Recording:
        """Return a recording of one network, or of a brain, from arrays of any origin.

        Parameters
        ----------
        activations
            Real numbers, (time, node, sequence), or (node, sequence) for one time.
        x_in, x_out
            True values of the concepts and the answers, whole numbers (concept, sequence), or
            (sequence,) for one concept. Any number of classes.
        concepts, nodes, times
            Labels; None: "1", "2", ... and 1, 2, ...
        weights
            Weight of each sequence, (sequence,), not negative; None: all equal.
        method, levels
            How activations become symbols, as in `relaylib.discretise`.

        Raises
        ------
        ValueError, TypeError
            If shapes do not match, labels are not distinct, values are not finite, or concepts and
            answers are not whole numbers.
        """
        values = as_array("activations", activations)
        values = check_floats(
            "activations", values[None] if values.ndim == 2 else values, (None,) * 3
        )
        n_times, n_nodes, n_sequences = values.shape
        x_in = check_symbols("x_in", np.atleast_2d(as_array("x_in", x_in)), (None, n_sequences))
        x_out = check_symbols("x_out", np.atleast_2d(as_array("x_out", x_out)), x_in.shape)
        states = symbols(values.reshape(-1, n_sequences), method, levels).reshape(values.shape)
        dims, by_concept = ("time", "node", "sequence"), ("concept", "sequence")
        data = xr.Dataset(
            {
                "activations": (dims, values.astype(np.float32)),
                "states": (dims, states),
                "x_in": (by_concept, x_in),
                "x_out": (by_concept, x_out),
            },
            coords={
                "time": _names("times", times, range(1, n_times + 1)),
                "node": _names("nodes", nodes, range(1, n_nodes + 1)),
                "concept": _names("concepts", concepts, [str(1 + k) for k in range(len(x_in))]),
                "sequence": np.arange(n_sequences),
            },
        )
        if weights is not None:
            data["weights"] = ("sequence", check_weights(weights, n_sequences))
        return cls(data)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a netCDF file that `open` and every netCDF library read.

        Raises
        ------
        ValueError, TypeError
            If no file can be written there.
        """
        try:
            write_atomically(_path(path), bytes(self.data.to_netcdf(engine="h5netcdf")))
        except (OSError, ValueError) as error:
            raise ValueError(f"path must name a file that can be written: {error}") from error

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Recording:
        """Read a recording from netCDF, or from an ``.npz`` file with the arrays of `from_arrays`.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError, TypeError
            If it holds no recording (the message says what is missing), or as `from_arrays`.
        """
        path = _path(path)
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                return cls.from_arrays(**_arguments(path, dict(file)))
        data = xr.load_dataset(path, engine="h5netcdf")
        if "states" not in data:
            return cls.from_arrays(
                **_arguments(
                    path, {str(name): values.values for name, values in data.variables.items()}
                )
            )
        check_dataset(
            "data", data, states=("time", "node", "sequence"), x_in=("concept", "sequence")
        )
        return cls(data)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{size} {dim}" for dim, size in self.data.states.sizes.items())
        return f"<Recording: {sizes}, concepts {np.atleast_1d(self.data.concept.values).tolist()}>"


_LABELS: dict[str, Any] = {"concepts": str, "nodes": str | int, "times": int | float}


def _path(path: Any) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path must be a path, got {path!r}")
    return Path(path)


def _names(name: str, given: Any, default: Sequence[Any]) -> list[Any]:
    labels = list(default if given is None else check_all(name, given, object))
    for label in labels:
        if isinstance(label, bool) or not isinstance(label, _LABELS[name]):
            raise TypeError(f"{name} must hold {_LABELS[name]}, got {label!r}")
        if not isinstance(label, str) and not abs(label) < 2**63:
            raise ValueError(f"{name} must be below 2**63 in size, got {label}")
    if len(labels) != len(default) or len(set(labels)) < len(labels):
        raise ValueError(f"{name} must hold {len(default)} distinct labels, got {given!r}")
    return labels


def _arguments(path: Path, arrays: dict[str, Any]) -> dict[str, Any]:
    """Return what a file of arrays holds as arguments of `Recording.from_arrays`."""
    labels = {"time": "times", "node": "nodes", "concept": "concepts"}
    missing = [name for name in ("activations", "x_in", "x_out") if name not in arrays]
    if missing:
        raise ValueError(f"path must name a recording; {path} lacks {missing}, has {list(arrays)}")
    known = {name: np.asarray(arrays[name]) for name in ("activations", "x_in", "x_out")}
    if "weights" in arrays:
        known["weights"] = np.asarray(arrays["weights"])
    named = {labels[k]: np.asarray(v).tolist() for k, v in arrays.items() if k in labels}
    return known | named


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

    Warns
    -----
    LongRunWarning
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
    check_choice("lstm_state", lstm_state, LSTM_STATES)
    activations, answers = _activity(ensemble, trials.inputs, n_blank, lstm_state)
    n_sequences, input_end = trials.inputs.shape[:2]
    states = symbols(activations.reshape(-1, n_sequences), method, levels)
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


def _activity(
    ensemble: Ensemble, inputs: np.ndarray, n_blank: int, lstm_state: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return activations and answers of `Ensemble.run`, without keeping what is not analysed."""
    like, (n_sequences, n_steps, _) = ensemble.weights["weight_hh"], inputs.shape
    part = -1 if lstm_state == "cell" else 0  # of the state: (h,) or (h, c)
    steps = (len(ensemble), n_steps + n_blank)
    dtype = str(like.dtype).removeprefix("torch.")
    activations = np.empty((*steps, ensemble.n_nodes, n_sequences), dtype)
    answers = np.empty((*steps, ensemble.n_outputs, n_sequences), np.int8)
    states = ensemble.states(inputs, n_blank)
    for t, state in enumerate(progress(states, total=steps[1], desc="recording", unit="step")):
        activations[:, t] = state[part].cpu().numpy()
        answers[:, t] = np.where(ensemble.readout(state).cpu().numpy() > 0, 1, -1)
    return activations, answers
