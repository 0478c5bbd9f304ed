"""What the chapter on drift finds: numbers with intervals, and sentences that rest on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import pandas as pd
import xarray as xr

from relaylib.core.checks import check_dataset, check_type
from relaylib.core.store import StoreLike, as_store
from relaylib.networks.ensemble import ARCHITECTURES
from relaylib.studies.claims.inputs import FIXED, contrast
from relaylib.studies.drift_theory import rank_correlations
from relaylib.studies.intervention import (
    GATE_BIASES,
    InterventionConfig,
    counteraction,
    run_intervention,
)
from relaylib.studies.witnesses import WitnessConfig, run_witnesses

LONG = ("3", "4", "5")
"""Delays of training with a step in between that is two away from the answer."""


@dataclass(frozen=True, eq=False)
class DriftResults:
    """Everything that the chapter shows.

    Attributes
    ----------
    config
        The witnesses' configuration.
    witnesses
        From `run_witnesses`, networks as torch starts them.
    rnns
        From `run_intervention`: RNNs from other first weights.
    gates
        The same by architecture, of gated networks whose gate starts more open or closed.
    """

    config: WitnessConfig
    witnesses: xr.Dataset
    rnns: xr.Dataset
    gates: dict[str, xr.Dataset]


def drift_results(config: WitnessConfig, *, store: StoreLike | None = None) -> DriftResults:
    """Compute, or read from the store, all that the chapter shows.

    Raises
    ------
    ValueError
        If the study lacks an architecture or a regime of the paper's.
    """
    study = check_type("config", config, WitnessConfig).study
    for name, wanted in (("architectures", ARCHITECTURES), ("regimes", (*FIXED, "random"))):
        if missing := set(wanted) - set(getattr(study, name)):
            raise ValueError(f"config.study must hold all {name}, lacks {sorted(missing)}")
    store = as_store(store)
    return DriftResults(
        config,
        run_witnesses(config, store=store),
        run_intervention(InterventionConfig(config), store=store),
        {
            name: run_intervention(
                InterventionConfig(config, name, FIXED, GATE_BIASES), store=store
            )
            for name in ARCHITECTURES[1:]
        },
    )


def measures(intervention: xr.Dataset) -> xr.Dataset:
    """Return what the first weights of training change, one value per network.

    Parameters
    ----------
    intervention
        From `relaylib.studies.intervention.run_intervention`.

    Returns
    -------
    xarray.Dataset
        (first_weights, task, regime, replicate): ``r``, the paper's statistic; ``contrast``, the
        diagonal of the knockouts minus the rest; ``decoded``, accuracy of decoders at lag 1;
        ``late``, accuracy at all tested delays but the one of training; ``epochs`` of training.

    Raises
    ------
    ValueError, TypeError
        If a variable is missing.
    """
    check_dataset(
        "intervention",
        intervention,
        correlation=("regime", "replicate"),
        contrast=("regime", "replicate"),
        decoding_at_lag=("lag",),
        accuracy=("test_delay",),
        epochs=("regime", "replicate"),
    )
    other = intervention.test_delay.astype(str) != intervention.regime
    return xr.Dataset(
        {
            "r": intervention.correlation,
            "contrast": intervention.contrast,
            "decoded": intervention.decoding_at_lag.sel(lag=1, drop=True),
            "late": intervention.accuracy.where(other).mean("test_delay"),
            "epochs": intervention.epochs,
        }
    )


def findings(results: DriftResults) -> pd.DataFrame:
    """Return the numbers of the chapter, one per row.

    Returns
    -------
    pandas.DataFrame
        Columns ``group`` (of which networks), ``quantity``, ``estimate``, and ``low`` and ``high``
        of its 95 % bootstrap interval over networks.

    Raises
    ------
    TypeError
        If ``results`` are something else.
    """
    check_type("results", results, DriftResults)
    seed = results.config.study.seed
    columns = ("estimate", "low", "high")
    rows: list[tuple[object, ...]] = []
    for group, quantity, values in _values(results):
        label = f"drift {group} {quantity}"
        numbers = contrast((1.0, values), seed=seed, label=label)[:3]
        rows.append((group, quantity, *numbers))
    ranks = rank_correlations(results.witnesses, seed=seed)
    for predictor in ranks.predictor.values:
        for group in ranks.group.values:
            cell = ranks.sel(predictor=predictor, group=group)
            interval = (float(cell[name]) for name in columns)
            rows.append((str(group), f"rank, {predictor}", *interval))
    for name in results.rnns.first_weights.values[1:]:
        r = results.rnns.correlation.sel(first_weights=name)
        judged = counteraction(results.witnesses, r, seed=seed, name=str(name)).groups
        for task, share in judged.is_counteracted.mean(["regime", "against"]).groupby("task"):
            rows.append((f"{task} RNN, {name}", "C9's groups counteracted", *3 * (share.item(),)))
    return pd.DataFrame(rows, columns=["group", "quantity", *columns])


def _values(results: DriftResults) -> Iterator[tuple[str, str, xr.DataArray]]:
    """Yield group, quantity and one value per network, (regime, replicate)."""
    found = results.witnesses
    for task, architecture in product(found.task.values, found.architecture.values):
        group = f"{task} {architecture}"
        cell = found.sel(task=task, architecture=architecture)
        fixed, at_lag = cell.sel(regime=list(FIXED)), cell.sel(regime=list(LONG)).decoding_at_lag
        turn = cell.phase_degrees.sel(leading=1)
        yield group, "knockouts, diagonal", fixed.diagonal
        yield group, "knockouts, rest", fixed.off_diagonal
        yield group, "decoded at lag 1", at_lag.sel(lag=1)
        yield group, "decoded at lag 1 - lag 2", at_lag.sel(lag=1) - at_lag.sel(lag=2)
        yield group, "turn", turn.sel(regime=list(FIXED))
        yield group, "turn, random delays", turn.sel(regime="random")
    for kind, dosed in {"RNN": results.rnns, **results.gates}.items():
        for name, task in product(dosed.first_weights.values, dosed.task.values):
            each = measures(dosed.sel(first_weights=name, task=task))
            for quantity, values in each.data_vars.items():
                yield f"{task} {kind}, {name}", str(quantity), values


Number = Callable[[str, str], float]
_ONE, _ZERO, _REVERSED = "RNN, a = 1", "RNN, a = 0", "RNN, minus identity"


def _in_both(compare: Callable[[Number, str], bool]) -> Callable[[Number], bool]:
    return lambda number: all(compare(number, task) for task in ("memory", "block"))


SENTENCES: dict[str, Callable[[Number], bool]] = {
    "without the relays of the same step RNNs lose more": _in_both(
        lambda n, task: (
            n(f"{task} RNN", "knockouts, diagonal") > n(f"{task} RNN", "knockouts, rest")
        )
    ),
    "on the memory task a decoder does better two steps away than one": lambda n: (
        n("memory RNN", "decoded at lag 1 - lag 2") < 0
    ),
    "RNNs on the memory task turn more than gated networks": lambda n: (
        n("memory RNN", "turn") > max(n("memory GRU", "turn"), n("memory LSTM", "turn"))
    ),
    "random delays take the turn away": lambda n: (
        n("memory RNN", "turn, random delays") < n("memory RNN", "turn") / 2
    ),
    "the prediction explains most of the order": lambda n: n("all", "rank, theory") > 0.5,
    "the identity takes the drift away": _in_both(
        lambda n, task: n(f"{task} {_ONE}", "r") > 0.5 + n(f"{task} {_ZERO}", "r") / 2
    ),
    "decoding rises with the identity": _in_both(
        lambda n, task: n(f"{task} {_ONE}", "decoded") > n(f"{task} {_ZERO}", "decoded")
    ),
    "the diagonal of the knockouts falls with the identity": _in_both(
        lambda n, task: n(f"{task} {_ONE}", "contrast") < n(f"{task} {_ZERO}", "contrast")
    ),
    "accuracy at other delays rises with the identity": _in_both(
        lambda n, task: n(f"{task} {_ONE}", "late") > n(f"{task} {_ZERO}", "late")
    ),
    "training is faster with the identity": _in_both(
        lambda n, task: n(f"{task} {_ONE}", "epochs") < n(f"{task} {_ZERO}", "epochs")
    ),
    "orthogonal matrices drift": _in_both(
        lambda n, task: n(f"{task} RNN, orthogonal", "r") < n(f"{task} {_ONE}", "r")
    ),
    "minus the identity has a high r": _in_both(
        lambda n, task: n(f"{task} {_REVERSED}", "r") > 0.5
    ),
    "and reverses the code": lambda n: n(f"memory {_REVERSED}", "decoded") < 0.5,
    "LSTMs can be made to drift on the memory task": lambda n: (
        n("memory LSTM, bias -4", "r") < n("memory LSTM, bias 0", "r") / 2
    ),
    "on the block task a closed gate lowers r": lambda n: (
        n("block LSTM, bias -4", "r") < n("block LSTM, bias 0", "r") - 0.2
    ),
}
"""What the chapter says in words, and when these numbers say it too."""


def sentences(found: pd.DataFrame) -> dict[str, bool]:
    """Return the sentences of the chapter, and whether the numbers say so.

    Parameters
    ----------
    found
        From `findings`.

    Raises
    ------
    TypeError, ValueError
        If ``found`` is no table, or lacks a number.
    """
    estimates = check_type("found", found, pd.DataFrame).set_index(["group", "quantity"]).estimate

    def number(group: str, quantity: str) -> float:
        if (group, quantity) not in estimates.index:
            raise ValueError(f"found must hold {quantity} of {group}; it comes from `findings`")
        return float(estimates[group, quantity])

    return {text: bool(holds(number)) for text, holds in SENTENCES.items()}
