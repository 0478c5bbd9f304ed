"""Made-up universes whose deciding choices are known, and a whole made-up multiverse."""

import numpy as np
import xarray as xr

from relaylib.studies.choices import ANALYSIS, RNN_ALONE, TRAINING
from relaylib.studies.claims.rules import BASIC_RULES
from relaylib.studies.verdicts import VERDICTS

CLAIMS = list(BASIC_RULES)
TASKS, GATED = ("memory", "block"), ("GRU", "LSTM")
REPRODUCED = VERDICTS.index("reproduced")


def made_up_universes(n_training: int, n_analysis: int) -> xr.Dataset:
    """Three claims: one hangs on the optimiser, one on lag times window, one on nothing."""
    rng = np.random.default_rng(0)
    shape = (n_training, n_analysis)
    levels = _levels(rng, shape)
    estimates = [
        levels["optimiser"] - 1.0,
        (2.0 * levels["lag"] - 1) * (2 * levels["window"] - 1),
        rng.standard_normal(n_training)[:, None] + np.zeros(shape),
    ]
    estimate = np.stack(estimates, axis=-1) + 0.1 * rng.standard_normal((*shape, 3))
    estimate[3, :, 0] = np.nan  # could not be trained
    return _laid_out(rng, levels, estimate, ["optimiser", "product", "nothing"], ["memory"])


def made_up_multiverse(n_training: int = 8, n_analysis: int = 4) -> xr.Dataset:
    """All of a multiverse, as from `run_multiverse`: every claim hangs on the optimiser alone.

    Every single deviation reproduces every claim, but the optimiser SGD claim C5.
    """
    rng = np.random.default_rng(1)
    shape = (n_training, n_analysis)
    levels = _levels(rng, shape)
    estimate = 0.1 * rng.standard_normal((*shape, len(CLAIMS)))
    estimate += np.array([1.0, 1.0, -1.0])[levels["optimiser"]][..., None]  # not with SGD
    found = _laid_out(rng, levels, estimate, CLAIMS, list(TASKS))
    for choice, known in (TRAINING | ANALYSIS).items():
        found[choice].attrs["levels"] = list(known)
    return found.merge(made_up_singles()).assign_attrs(verdicts=list(VERDICTS))


def made_up_singles(seeds: tuple[int, ...] = (2025, 1)) -> xr.Dataset:
    """The single deviations of a multiverse; estimates of 0.5 with intervals [0.4, 0.6]."""
    rows = [
        ("C9", f"{task} delay {regime} {gated} - RNN, Pearson r, difference")
        for task in TASKS
        for regime in range(1, 6)
        for gated in GATED
    ]
    rows += [(claim, f"{task} RNN, made up") for claim in CLAIMS if claim != "C9" for task in TASKS]
    rows.sort(key=lambda row: CLAIMS.index(row[0]))
    names = ["default"]
    for choices in (ANALYSIS, TRAINING | RNN_ALONE):
        names += [f"{c}: {level}" for c, known in choices.items() for level in list(known)[1:]]
    by_row = ("seed", "deviation", "row")
    shape = (len(seeds), len(names), len(rows))
    values = {"estimate": 0.5, "low": 0.4, "high": 0.6}
    data = {f"single_{name}": (by_row, np.full(shape, value)) for name, value in values.items()}
    data["single_holds"] = (by_row, np.ones(shape, np.int8))
    verdict = np.full((*shape[:2], len(CLAIMS)), REPRODUCED, np.int8)
    verdict[:, names.index("optimiser: SGD"), CLAIMS.index("C5")] = VERDICTS.index("partly")
    data["single_verdict"] = (("seed", "deviation", "claim"), verdict)
    regimes = ["1", "2", "3", "4", "5", "random"]
    dims = ("seed", "deviation", "task", "architecture", "single_regime")
    data["single_untrained_fraction"] = (dims, np.zeros((*shape[:2], 2, 3, 6)))
    coords = {"seed": list(seeds), "deviation": names, "claim": CLAIMS, "task": list(TASKS)}
    coords |= {"architecture": ["RNN", "GRU", "LSTM"], "single_regime": regimes}
    coords |= {"row_id": ("row", [id for id, _ in rows]), "row_null": ("row", np.zeros(len(rows)))}
    return xr.Dataset(data, coords | {"row_group": ("row", [group for _, group in rows])})


def made_up_dropout(seeds: tuple[int, ...] = (2025, 1), more: float = 0.5) -> xr.Dataset:
    """Networks without and with dropout, as from `run_state_dropout`; with 0.3 more is carried."""
    rng = np.random.default_rng(2)
    dims = ("seed", "state_dropout", "task", "architecture", "replicate")
    noise = 0.05 * rng.standard_normal((2, len(seeds), 4, 2, 3, 20))
    size = np.array([0.0, 0.1, 0.3, 0.5])[:, None, None, None] / 0.3
    names = ("nodes_per_concept", "shared_fraction")
    data = {name: (dims, each + more * size) for name, each in zip(names, noise, strict=True)}
    coords = {"seed": list(seeds), "state_dropout": [0.0, 0.1, 0.3, 0.5], "task": list(TASKS)}
    return xr.Dataset(data, coords | {"architecture": ["RNN", "GRU", "LSTM"]})


def _levels(rng: np.random.Generator, shape: tuple[int, int]) -> dict[str, np.ndarray]:
    """The level of each choice, (training, analysis)."""
    levels = {
        choice: (rng.permutation(shape[0]) % len(known))[:, None] + np.zeros(shape, int)
        for choice, known in TRAINING.items()
    }
    return levels | {
        choice: rng.integers(0, len(known), shape) for choice, known in ANALYSIS.items()
    }


def _laid_out(
    rng: np.random.Generator,
    levels: dict[str, np.ndarray],
    estimate: np.ndarray,
    claims: list[str],
    tasks: list[str],
) -> xr.Dataset:
    """Lay estimates (training, analysis, claim) along ``universe``, with drift of RNNs in all."""
    n_training, n_analysis, n_claims = estimate.shape
    verdict = np.where(estimate > 0, REPRODUCED, VERDICTS.index("partly"))
    verdict[np.isnan(estimate)] = VERDICTS.index("not judged")
    flat = {
        choice: ("universe", values.ravel().astype(np.int8)) for choice, values in levels.items()
    }
    flat["estimate"] = (("universe", "claim"), estimate.reshape(-1, n_claims))
    flat["verdict"] = (("universe", "claim"), verdict.reshape(-1, n_claims))
    r = rng.random((n_training, n_analysis, len(tasks), 3, 2)) + np.array([0, 2, 2])[:, None]
    dims = ("universe", "task", "architecture", "regime")
    flat["drift_r"] = (dims, r.reshape(-1, len(tasks), 3, 2))
    flat["untrained_fraction"] = (dims, np.zeros((len(r) * n_analysis, len(tasks), 3, 2)))
    training = np.repeat(np.arange(n_training), n_analysis)
    coords = {"training": ("universe", training), "claim": claims, "task": tasks}
    coords |= {"architecture": ["RNN", "GRU", "LSTM"], "regime": ["1", "random"]}
    return xr.Dataset(flat, coords)
