"""Small valid arguments of every public function of relaylib, by the name of the parameter.

`BY_NAME` holds what is right wherever the name occurs; `OF` holds what only one function takes,
several sets of arguments where it takes several kinds. A parameter that is in neither is tested
with its default, if that is not None. `UNCHECKED` says what is not tested, and why.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import torch
import xarray as xr
from matter_cases import made_up
from mmphate_cases import maps
from multiverse_cases import (
    made_up_dropout,
    made_up_multiverse,
    made_up_singles,
    made_up_universes,
)
from torch import nn

from book.drift_seeds import stored_drift
from relaylib.core.store import Store
from relaylib.information.exact import exact_subsets
from relaylib.information.relay import greedy_orders
from relaylib.measures.knockout import first_nodes
from relaylib.mmphate.estimator import MMPHATE
from relaylib.networks.ensemble import Ensemble
from relaylib.networks.examples import example_module
from relaylib.networks.first_weights import FirstWeights
from relaylib.networks.minibatch import MinibatchConfig
from relaylib.networks.recording import Recording
from relaylib.networks.trained import trained_networks
from relaylib.networks.training import Trained
from relaylib.studies.attribution import AttributionConfig
from relaylib.studies.choices import Analysis
from relaylib.studies.claims.claim import Claim, Group
from relaylib.studies.config import StudyConfig
from relaylib.studies.drift_findings import DriftResults, drift_results
from relaylib.studies.estimator_config import EstimatorConfig
from relaylib.studies.estimator_validation import ValidationConfig
from relaylib.studies.intervention import Counteraction, InterventionConfig
from relaylib.studies.knockouts import KnockoutConfig, run_knockouts
from relaylib.studies.latent import LatentConfig, run_latent
from relaylib.studies.lattices import run_lattices
from relaylib.studies.mmphate_config import MapStudyConfig
from relaylib.studies.multiverse import MultiverseConfig
from relaylib.studies.node_noise import NodeNoiseConfig
from relaylib.studies.node_scores import Layer
from relaylib.studies.noise_levels import NoiseConfig
from relaylib.studies.real_config import RealConfig
from relaylib.studies.real_series import run_real_series
from relaylib.studies.study import record_condition, run_study
from relaylib.studies.training_activations import ActivationsConfig
from relaylib.studies.training_history import training_history
from relaylib.studies.training_maps import MapConfig
from relaylib.studies.universe import Universe
from relaylib.studies.witnesses import WitnessConfig, run_witnesses
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask
from relaylib.tasks.series import SeriesTask

Arguments = dict[str, object]

UNCHECKED = {
    "relaylib.core.checks.check_": "the checks themselves, tested in test_checks.py",
    "relaylib.core.checks.as_array": "one of the checks",
    "relaylib.measures.perturbation": "used by knockout_accuracy and noise_accuracy",
    "relaylib.core.progress": "passes its arguments on to tqdm, or into a warning",
    "relaylib.networks.clustering": "called by discretise and smearing, which check",
    "relaylib.networks.cells": "the equations; Ensemble checks weights and inputs",
    "relaylib.networks.autograd": "a backend of train, which checks",
    "relaylib.core.threads": "called without arguments",
    "relaylib.studies.claims.rules.arrival": "called by the rule of C8 and by judge",
    "relaylib.studies.cluster": "real clusters, tested in test_cluster.py",
    "relaylib.studies.sweep.run_sweep.cluster": "given to compute_all",
    "relaylib.studies.multiverse_run.run_multiverse.cluster": "given to compute_all",
    "relaylib.studies.multiverse_run.run_multiverse.known": "tests/test_multiverse.py",
    "relaylib.studies.real_series.run_real_series.cluster": "given to compute_all",
    "relaylib.studies.real_series.measure_networks": "called by run_real_series with one data set",
    "relaylib.studies.real_series.measure_data": "called by run_real_series with one data set",
    "relaylib.studies.multiverse_reading.deciding_choices": "takes seconds; calls effects, which "
    "checks, and its own check is tested in test_multiverse_reading.py",
    "relaylib.studies.state_dropout": "trains networks; its checks are tested in "
    "test_claims_multiverse.py",
    "relaylib.studies.universe.measure_part": "called by run_multiverse with parts of a Universe",
    "relaylib.studies.universe.together": "called by run_multiverse with what it measured",
    "relaylib.studies.verdicts.judge": "called by run_multiverse with what it measured",
    "relaylib.studies.drift_findings.drift_results": "given to run_witnesses and run_intervention",
    "relaylib.studies.study.assemble": "called by run_study and run_sweep with what they measured",
    "relaylib.studies.study.matrix_values": "called with recordings and orders of a study",
    "relaylib.studies.study.measure_condition": "called with networks of a study",
    "relaylib.studies.sweep.measure": "called by run_sweep with a study of one architecture",
    "relaylib.studies.knockouts.knock_out": "called by run_knockouts with networks of a study",
    "relaylib.networks.draws": "random numbers of train, which checks",
    "relaylib.networks.compiled_training": "a backend of train, which checks",
    "relaylib.studies.baselines.baseline_accuracy": "takes Series alone, which it checks",
    "relaylib.studies.real_summary.check_series": "one of the checks",
    "relaylib.tasks.series.SeriesTask.answers": "called with the classes of its own series",
    "relaylib.networks.compiled_minibatch": "called by train_minibatches, which checks",
    "relaylib.studies.real_networks": "the parts of run_real_series, whose configuration checks",
    "relaylib.studies.real_measures": "the parts of run_real_series, whose configuration checks",
    "relaylib.networks.first_weights.start_from": "begins a network of train, which checks",
    "relaylib.networks.replicate": "one network during train, which checks",
    "relaylib.networks.ensemble.Ensemble.from_flat": "used by train, which checks",
    "relaylib.networks.ensemble.Ensemble.step": "called once per step by run, which checks",
    "relaylib.networks.ensemble.Ensemble.readout": "called once per step by run, which checks",
    "relaylib.networks.discretisation.symbols": "discretise without its check of activations",
    "relaylib.studies.wide_networks": "the parts of run_estimator_study, which checks",
    "relaylib.studies.population_orders": "the same",
    "relaylib.studies.known_wirings.estimate_wirings": "the same",
    "relaylib.studies.estimator_study": "takes minutes; EstimatorConfig checks",
    "relaylib.mmphate.graph": "the parts of MMPHATE, which checks",
    "relaylib.mmphate.estimator.in_order": "one of the checks",
    "relaylib.mmphate.estimator.point_coords": "called with activations that are checked",
    "relaylib.mmphate.estimator.MMPHATE.fit.y": "ignored: scikit-learn's convention",
    "relaylib.mmphate.estimator.MMPHATE.fit_transform.y": "ignored: scikit-learn's convention",
    "relaylib.information.logistic": "the parts of decoder_order, which checks",
    "relaylib.information.decoder.decoder_case": "called by decoder_order with its arguments",
    "relaylib.information.decoder.walk": "called with cases from decoder_case",
    "relaylib.information.decoder.standard_error": "called with what walk returns",
    "relaylib.information.decoder.plain_usable_entropy": "called with cases from decoder_case",
    "relaylib.measures.estimators": "the parts of analyse, which checks",
    "relaylib.measures.decoder_estimator": "the parts of analyse, which checks",
    "relaylib.measures.groups.joint_states": "called with groups from group_nodes",
    "relaylib.networks.examples.example_module": "trains at each call; test_examples.py",
    "relaylib.networks.hooks": "the parts of record_module and knockout_module, which check",
    "relaylib.networks.by_steps": "the parts of knockout_module, which checks",
    "relaylib.networks.interventions": "the parts of knockout_module, which checks",
    "relaylib.information.labels": "called with the arguments of the functions that name them",
    "relaylib.information.entropy.conditional_bits": "called with labels from row_labels",
    "relaylib.information.entropy.pointwise_bits": "called with labels from row_labels",
    "relaylib.information.significance.warn_if_undersampled": "called with cases that are checked",
    "relaylib.information.entropy.row_labels": "called with columns that are checked",
    "relaylib.information.entropy.check_columns": "one of the checks",
    "relaylib.tasks.task.Task": "the interface of tasks, without code",
    "relaylib.tasks.task.check_task": "one of the checks",
    "relaylib.tasks.task.check_trials": "one of the checks",
    "relaylib.core.checks.normalise": "called by configurations with checked values",
    "relaylib.studies.config.configured": "one of the checks",
    "relaylib.studies.config.stored": "called by studies with config and store, which it checks",
    "relaylib.core.store.as_store": "one of the checks",
}

TINY = StudyConfig(
    tasks=(MemoryTask(),),
    architectures=("RNN",),
    regimes=("1", "random"),
    n_replicates=2,
    n_nodes=4,
    accuracy_goal=0.1,
    max_epochs=3,
    n_blank=5,
    test_delays=(0, 1),
)
CONDITION = TINY.condition("memory", "RNN", "random")
NODES = [1, 2, 3, 4]
REAL = RealConfig(
    data=("digits",),
    n_nodes=(3,),
    n_replicates=2,
    n_updates=2,
    n_sequences=20,
    n_decoded=20,
    n_knocked=10,
    n_random=1,
    n_shuffles=1,
)
MAPS = MapStudyConfig(
    tasks=("BasicMotions",),
    architectures=("RNN",),
    n_compared=1,
    n_ranked=1,
    n_nodes=4,
    n_updates=3,
    n_epochs=3,
    n_times=3,
    k=1,
)
ONE_REGIME = replace(TINY, regimes=("1",))


@dataclass(frozen=True)
class Setting:
    """A configuration of one number."""

    number: int = 1


@cache
def store() -> Store:
    return Store(mkdtemp())


@cache
def trained() -> Trained:
    return trained_networks(replace(CONDITION, checkpoints=(0, 1, 3)), store=store())


def ensemble() -> Ensemble:
    return trained().ensemble


@cache
def recording() -> Recording:
    return record_condition(TINY, CONDITION, ensemble())


def one_network() -> Recording:
    return recording().sel(network=0)


@cache
def right() -> Recording:
    """One network as if its answers were right: a network at chance has nothing to analyse."""
    data = one_network().data
    return Recording(data.assign(x_out=data.x_out.copy(data=data.x_in.broadcast_like(data.x_out))))


@cache
def model() -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2))


def module_order() -> xr.DataArray:
    names = [["0[1]", "0[3]", "0[0]", "0[2]"]]
    coords = {"concept": ["A"], "removal_step": [1, 2, 3, 4]}
    return xr.DataArray(names, coords, ("concept", "removal_step"))


@cache
def saved() -> Path:
    path = Path(mkdtemp()) / "recording.nc"
    one_network().save(path)
    return path


@cache
def states() -> xr.DataArray:
    """Node 1 holds A, node 2 holds B, node 3 holds both, node 4 neither; network 1 is reversed."""
    rows = (MemoryTask().population().targets.T > 0).astype(np.uint8)
    nodes = np.stack([rows[0], rows[1], rows[0] ^ rows[1], 0 * rows[0]])
    dims = ("network", "node", "sequence")
    coords = {"network": [0, 1], "node": [1, 2, 3, 4], "sequence": np.arange(8)}
    return xr.DataArray(np.stack([nodes, nodes[::-1]]), coords, dims)


@cache
def concepts() -> xr.DataArray:
    signs = MemoryTask().population().targets.T.astype(np.int8)
    coords = {"concept": ["A", "B", "C"], "sequence": np.arange(8)}
    return xr.DataArray(signs, coords, ("concept", "sequence"))


@cache
def bits() -> xr.DataArray:
    sizes = {"regime": 2, "replicate": 3, "time": 15, "concept": 3, "node": 4}
    values = np.random.default_rng(0).random(tuple(sizes.values()))
    coords = {
        "regime": ["1", "random"],
        "replicate": np.arange(3),
        "time": np.arange(1, 16),
        "concept": ["A", "B", "C"],
        "node": np.arange(1, 5),
        "answer_delay": ("regime", [1, 5]),
        "input_end": 10,
    }
    return xr.DataArray(values, coords, tuple(sizes))


@cache
def study() -> xr.Dataset:
    return run_study(TINY, store=store())


@cache
def decoded_states() -> xr.DataArray:
    states = over("network time node sequence", random(2, 3, 4, 8))
    return states.drop_vars("sequence")


def witness_config() -> WitnessConfig:
    return WitnessConfig(TINY, n_removed=2, n_random=2, n_sequences=32, n_leading=2)


def intervention_config() -> InterventionConfig:
    first = (FirstWeights(), FirstWeights("orthogonal"))
    return InterventionConfig(witness_config(), regimes=("1",), first_weights=first)


@cache
def drift_chapter() -> DriftResults:
    folder = os.environ.get("RELAY_QUICK_RESULTS") or mkdtemp()  # set where tests share them
    return drift_results(WitnessConfig(StudyConfig(n_replicates=2)), store=Store(folder))


@cache
def universes() -> xr.Dataset:
    return made_up_universes(4, 2)


@cache
def whole_multiverse() -> xr.Dataset:
    return made_up_multiverse(4, 2)


def small_multiverse() -> MultiverseConfig:
    study = replace(
        StudyConfig(n_nodes=4, n_replicates=2, max_epochs=2, max_attempts=1, test_delays=(0, 1)),
        regimes=("1", "random"),
        on_unsolved="record",
    )
    return MultiverseConfig(study, n_training=0, single_seeds=())


@cache
def witnesses() -> xr.Dataset:
    return run_witnesses(witness_config(), store=store())


@cache
def correlations() -> xr.DataArray:
    levels = {"task": ["memory"], "architecture": ["RNN", "GRU", "LSTM"], "regime": list("12345")}
    values = over("task architecture regime replicate", random(1, 3, 5, 3))
    return values.assign_coords(levels)


@cache
def lattices() -> xr.Dataset:
    return run_lattices(TINY, store=store())


@cache
def knockouts() -> xr.Dataset:
    return run_knockouts(KnockoutConfig(TINY, n_random=2), store=store())


@cache
def network() -> xr.Dataset:
    return latent().sel(regime="random", replicate=0)


@cache
def history() -> xr.Dataset:
    return training_history(ONE_REGIME, store=store())


@cache
def latent() -> xr.Dataset:
    return run_latent(LatentConfig(TINY, n_random=2), store=store())


def layer() -> Layer:
    return Layer(random(6, 4), random(2, 6).round().astype(int), np.eye(2, 6, dtype=int))


@cache
def real_series() -> xr.Dataset:
    return run_real_series(REAL, store=store())


def claims() -> list[Claim]:
    group = Group("memory RNN", "accuracy", 0.9, 0.8, 1.0, 0, 0.5, True)
    return [Claim("C1", "text", "where", "statistic", "fails if", "our part", (group,))]


def layers() -> list[tuple[nn.Module, nn.Module]]:
    return [ensemble().to_torch(0), ensemble().to_torch(1)]


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).random(shape)


def over(dims: str, values: np.ndarray) -> xr.DataArray:
    names = dims.split()
    coords = {name: np.arange(n) for name, n in zip(names, values.shape, strict=True)}
    return xr.DataArray(values, coords, names)


def small_map() -> xr.DataArray:
    return over("epoch time node component", random(2, 3, 4, 2))


BY_NAME: dict[str, object] = {
    "rng": lambda: np.random.default_rng(7),
    "store": store,
    "weights": lambda: np.arange(1.0, 9.0),
    "x_in": lambda: concepts().values[0],
    "x_out": lambda: concepts().values[1],
    "y_relay": lambda: states().values[0, :2].T,
    "y_rest": lambda: states().values[0, 2:].T,
    "x": lambda: concepts().values[0],
    "y": lambda: states().values[0].T,
    "given": lambda: states().values[0, 1:2].T,
    "symbols": lambda: states().values[0].T,
    "information_bits": bits,
    "points": lambda: random(8, 4),
    "labels": lambda: np.repeat([0, 1], 4),
    "ensemble": ensemble,
    "trials": lambda: MemoryTask().population(),
    "task": lambda: TINY.tasks[0],
    "architecture": lambda: "RNN",
    "regime": lambda: "random",
    "condition": lambda: CONDITION,
    "conditions": lambda: [CONDITION],
    "config": lambda: TINY,
    "configs": lambda: [CONDITION],
    "trained": trained,
    "replicate": lambda: 1,
    "activations": lambda: over("epoch time node sequence", random(2, 3, 4, 8)),
    "seed": lambda: 3,
    "n": lambda: 5,
    "batch_size": lambda: 3,
    "n_orders": lambda: 3,
    "n_nodes": lambda: 4,
    "n_sequences": lambda: 6,
    "n_shuffles": lambda: 5,
    "n_permutations": lambda: 5,
    "n_blank": lambda: 3,
    "delay": lambda: 2,
    "delays": lambda: (1, 2),
    "step": lambda: 4,
    "time": lambda: 10,
    "lag": lambda: 2,
    "answer_delay": lambda: 3,
    "first_time": lambda: 10,
    "onsets": lambda: (4, 7, 10),
    "orders": lambda: np.array([[0, 2, 1, 3], [3, 2, 1, 0]]),
    "relay_bits": lambda: random(2, 5),
    "name": lambda: "a-name",
    "modules": lambda: ["relaylib.core.seeds"],
    "dataset": lambda: xr.Dataset({"a": ("x", [1.0, 2.0])}),
    "latent": latent,
    "lattices": lattices,
    "knockouts": knockouts,
    "history": history,
    "claims": claims,
    "lstm_state": lambda: "cell",
    "study": lambda: TINY,
}

PLAIN_CASE = {"states": lambda: states().values[0].T}
LABELLED_CASE = {
    "states": lambda: states()[0],
    "x_in": lambda: concepts()[0],
    "x_out": lambda: concepts()[1],
    "weights": lambda: over("sequence", np.arange(1.0, 9.0)),
}
PLAIN_BATCH = {
    "states": lambda: states().values,
    "x_in": lambda: concepts().values,
    "x_out": lambda: concepts().values[::-1].copy(),
}
LABELLED_BATCH = {
    "states": states,
    "x_in": concepts,
    "x_out": lambda: concepts().copy(data=concepts().values[::-1]),
    "weights": LABELLED_CASE["weights"],
}
MAPPING = {"information_bits": bits, "onsets": lambda: {"A": 4, "B": 7, "C": 10}}

MANY = {  # sequences, more than ten for each state
    name: lambda name=name: np.concatenate([BY_NAME[name]()] * 10)
    for name in ("x_in", "x_out", "y_relay", "y_rest")
}

# By function, class or Class.method: sets of arguments that differ from `BY_NAME`.
OF: dict[str, list[Arguments]] = {
    "resampled": [{"values": lambda: random(5), "n_resamples": lambda: 20}],
    "bootstrap_interval": [{"values": lambda: over("a replicate", random(2, 3))}],
    "select": [{"data": bits, "labels": lambda: {"time": 3}}],
    "code_hash": [{"package": lambda: Path(__file__).parent.parent / "relaylib"}],
    "write_atomically": [{"path": lambda: Path("a"), "data": lambda: b"a"}],
    "imported_modules": [{"source": lambda: "import relaylib.core.seeds"}],
    "fingerprint": [{"instance": MemoryTask}],
    "read_regular": [{"path": lambda: Path(__file__), "max_bytes": lambda: 10**6}],
    "entry_key": [{"config": Setting}],
    "check_name": [{"argument": lambda: "name", "name": lambda: "study"}],
    "stream": [{"key": lambda: 4}],
    "Store": [{"root": lambda: "a-folder"}],
    "Store.dataset": [{"config": Setting, "compute": lambda: lambda: xr.Dataset({"a": 1.0})}],
    "Store.arrays": [{"config": Setting, "compute": lambda: lambda: {"a": np.ones(2)}}],
    "Store.holds": [{"config": Setting}],
    "Store.claim": [{"entries": lambda: [("study", Setting())]}],
    "Store.export": [{"filename": lambda: "a.nc"}],
    "exact_subsets": [PLAIN_CASE, LABELLED_CASE],
    "exact_summaries": [PLAIN_BATCH, LABELLED_BATCH],
    "sampled_shapley": [PLAIN_CASE, LABELLED_CASE],
    "greedy_order": [PLAIN_CASE, LABELLED_CASE],
    "plain_greedy_order": [PLAIN_CASE],
    "greedy_orders": [PLAIN_BATCH, LABELLED_BATCH],
    "information_matrix": [
        {
            "states": lambda: states().values[0].T,
            "x_in": lambda: concepts().values.T,
            "x_out": lambda: concepts().values[::-1].T,
        },
        LABELLED_BATCH,
    ],
    "node_values": [
        {},
        {
            "orders": lambda: greedy_orders(states(), concepts(), concepts()).order,
            "relay_bits": lambda: greedy_orders(states(), concepts(), concepts()).relay_bits,
        },
    ],
    "shuffle_test": [MANY],
    "corrected_relay_information": [MANY],
    "occupied_fraction": [{"states": lambda: np.tile(states().values[0].T, (10, 1))}],
    "node_information": [{"states": lambda: states().values, "x_in": lambda: concepts().values}],
    "probe_weights": [
        {
            "activations": lambda: random(2, 4, 8),
            "x_in": lambda: concepts().values,
            "ridge": lambda: 0.01,
        }
    ],
    "rank_agreement": [{"a": lambda: random(2, 5), "b": lambda: random(2, 5)[::-1].copy()}],
    "rank_prediction": [
        {
            "scores": lambda: random(2, 6),
            "losses": lambda: random(2, 6)[::-1].copy(),
            "sizes": lambda: np.array([1, 1, 1, 2, 2, 2]),
        }
    ],
    "pearson": [{"first": lambda: random(2, 5), "second": lambda: random(2, 5)[::-1].copy()}],
    "spearman": [{"first": lambda: random(2, 5), "second": lambda: random(2, 5)[::-1].copy()}],
    "cosine": [{"first": lambda: random(2, 5), "second": lambda: random(2, 5)[::-1].copy()}],
    "Universe": [
        {
            "training_levels": lambda: (("loss", "cross-entropy"),),
            "analyses": lambda: (Analysis(lag=2),),
            "analysis_levels": lambda: ((("lag", "2"),),),
        }
    ],
    "trained_with": [{"levels": lambda: {"loss": "cross-entropy"}}],
    "analysed_with": [{"levels": lambda: {"lag": "2"}}],
    "Universe.analysed": [{"analysis": Analysis}],
    "run_sweep": [{"studies": lambda: {"a": ONE_REGIME}}],
    "run_multiverse": [{"config": small_multiverse}],
    "holding_shares": [{"found": universes, "n_resamples": lambda: 10}],
    "effects": [{"found": universes, "n_resamples": lambda: 10}],
    "shuffled_curves": [{"found": universes, "n_draws": lambda: 10}],
    "counteracted": [{"found": made_up_singles, "seed": lambda: 1}],
    "judge_c17": [{"found": made_up_singles, "seed": lambda: 1}],
    "judge_c20": [{"smearing": made_up_dropout, "seed": lambda: 1}],
    "single_estimates": [{"found": made_up_singles}],
    "survivors": [{"found": whole_multiverse}],
    "MultiverseConfig": [{"study": lambda: replace(TINY, on_unsolved="record")}],
    "overlap": [{"first": lambda: random(2, 5), "second": lambda: random(2, 5)[::-1].copy()}],
    "persistence": [{}, MAPPING],
    "bits_before": [{}, MAPPING],
    "median_replicate": [{"values": lambda: over("a replicate", random(2, 3))}],
    "auc": [
        {
            "score": lambda: over("a node", random(2, 4)),
            "positive": lambda: over("a node", random(2, 4) > 0.5),
        }
    ],
    "project_many": [{"kept": lambda: np.array([[True] * 4, [True] * 3 + [False]])}],
    "score_many": [
        {
            "points": lambda: random(2, 2, 8),
            "labels": lambda: np.arange(8) % 4,
            "labellings": lambda: np.array([[0, 1, 0, 1], [0, 1, 2, 3]]),
        }
    ],
    "first_nodes": [{}, {"orders": lambda: greedy_orders(states(), concepts(), concepts()).order}],
    "knockout_accuracy": [
        {"knocked_out": lambda: first_nodes(np.array([[0, 2, 1, 3], [3, 2, 1, 0]]))},
        {
            "knocked_out": lambda: over("n_knocked_out node", np.tri(5, 4, -1) > 0).assign_coords(
                node=[1, 2, 3, 4]
            )
        },
    ],
    "smearing": [{}, {"information_bits": lambda: random(2, 3, 4)}],
    "MMPHATE": [
        {
            "decay": lambda: 5.5,
            "t": lambda: 3,
            "gamma": lambda: 0.5,
            "n_landmarks": lambda: 20,
            "max_iter": lambda: 5,
        }
    ],
    "MMPHATE.fit": [{}, {"activations": lambda: random(2, 3, 4, 8)}],
    "embed": [{"algorithm": lambda: "PCA"}, {"algorithm": lambda: "diffusion map"}],
    "diffusion_map": [{"n_components": lambda: 2}],
    "community_preservation": [
        {"embedding": small_map, "k": lambda: 1, "n_clusters": lambda: 2},
        {
            "activations": lambda: random(2, 3, 4, 8),
            "embedding": lambda: random(2, 3, 4, 2),
            "k": lambda: 1,
            "n_clusters": lambda: 2,
        },
    ],
    "map_displacement": [{"embedding": small_map}],
    "data_displacement": [{}],
    "map_statistics": [{"embedding": small_map}],
    "neighbourhood_preservation": [
        {"embedding": lambda: over("epoch time node component", random(2, 3, 4, 2))},
        {
            "activations": lambda: random(2, 3, 4, 8),
            "embedding": lambda: random(2, 3, 4, 2),
        },
    ],
    "discretise": [
        {"activations": lambda: random(8, 4)},
        {"activations": lambda: over("node sequence", random(4, 8))},
    ],
    "Ensemble": [{"weights": lambda: dict(ensemble().weights)}],
    "Ensemble.from_torch": [{"networks": layers}],
    "Ensemble.to_torch": [{"index": lambda: 1}],
    "Ensemble.run": [{"inputs": lambda: MemoryTask().population().inputs}],
    "Ensemble.states": [{"inputs": lambda: MemoryTask().population().inputs}],
    "Recording.sel": [{"labels": lambda: {"time": 3}}],
    "Recording.from_arrays": [
        {
            "activations": lambda: random(2, 3, 8),
            "x_in": lambda: np.arange(16).reshape(2, 8) % 3,
            "x_out": lambda: np.arange(16).reshape(2, 8) % 2,
            "concepts": lambda: ["A", "B"],
            "nodes": lambda: [1, 2, 3],
            "times": lambda: [1.5, 2.0],
            "weights": lambda: np.arange(1.0, 9.0),
        }
    ],
    "Recording.save": [{"path": lambda: "a.nc"}],
    "Recording.open": [{"path": saved}],
    "record_module": [
        {
            "model": model,
            "inputs": lambda: random(8, 3).astype(np.float32),
            "x_in": lambda: np.arange(8) % 2,
            "watch": lambda: ["0"],
            "concepts": lambda: ["A"],
            "answers": lambda: lambda scores: scores.argmax(dim=1),
            "time_axis": lambda: 1,
            "lstm_state": lambda: "cell",
            "batch_size": lambda: 3,
        }
    ],
    "analyse": [
        {
            "recording": right,
            "concepts": lambda: ["A", "C"],
            "times": lambda: [10, 11],
            "groups": lambda: {"first": [1, 2], "last": [4]},
            "n_shuffles": lambda: 9,
            "n_permutations": lambda: 2,
            "is_population": lambda: True,
        },
        {
            "recording": right,
            "estimator": lambda: "decoder",
            "concepts": lambda: ["B"],
            "times": lambda: [10],
            "groups": lambda: 2,
            "n_shuffles": lambda: 9,
            "n_permutations": lambda: 2,
        },
    ],
    "decoder_order": [
        {"activations": lambda: random(8, 3), "blocks": lambda: [[0, 1], [2]]},
    ],
    "group_nodes": [{"groups": lambda: {"a": [0, 1], "b": [3]}}, {"groups": lambda: 2}],
    "knockout_module": [
        {
            "model": model,
            "inputs": lambda: random(8, 3).astype(np.float32),
            "x_in": lambda: np.arange(8) % 2,
            "watch": lambda: ["0"],
            "nodes": lambda: ["0[1]"],
            "time": lambda: 1,
            "concepts": lambda: ["A"],
            "answers": lambda: lambda scores: scores.argmax(dim=1),
            "time_axis": lambda: 1,
        }
    ],
    "recording_named": [{"recording": lambda: str(saved())}],
    "module_knockouts": [
        {
            "model": model,
            "inputs": lambda: random(8, 3).astype(np.float32),
            "x_in": lambda: np.arange(8) % 2,
            "removal_order": module_order,
            "watch": lambda: ["0"],
            "n_random": lambda: 2,
            "sizes": lambda: [0, 2],
            "how": lambda: {"time": 1},
        }
    ],
    "record_condition": [{"n_blank": lambda: 6}],
    "train": [{"config": lambda: CONDITION}],
    "all_networks": [{"conditions": lambda: [CONDITION]}],
    "TrainingConfig": [{"checkpoints": lambda: (0, 1)}],
    "FirstWeights": [{"recurrent": lambda: "orthogonal"}],
    "cross_temporal_decoding": [
        {
            "activations": decoded_states,
            "x_in": concepts,
            "test_activations": decoded_states,
            "test_x_in": concepts,
        }
    ],
    "by_lag": [
        {
            "matrix": lambda: over("a i j", random(2, 3, 3)),
            "rows": lambda: "i",
            "columns": lambda: "j",
        }
    ],
    "shrunk_covariance": [{"x": lambda: random(3, 8)}],
    "jacobian": [{"state": lambda: ensemble().start(3)}],
    "step_spectrum": [{"n_leading": lambda: 2}],
    "leading_eigenvalues": [{"matrices": lambda: random(2, 4, 4), "n_leading": lambda: 2}],
    "causal_drift": [
        {
            "removal_order": lambda: study().removal_order.isel(task=0, architecture=0, regime=1),
            "n_removed": lambda: 2,
            "n_random": lambda: 3,
        }
    ],
    "noise_accuracy": [
        {"noisy": lambda: np.eye(4, dtype=bool)[None].repeat(2, axis=0), "size": lambda: 0.5},
        {"noisy": lambda: over("n_knocked_out node", np.eye(4) > 0).assign_coords(node=NODES)},
    ],
    "MinibatchConfig": [{"checkpoints": lambda: (1, 2)}],
    "train_minibatches": [
        {"delays": lambda: [(1,), (1, 2)], "config": lambda: MinibatchConfig(3, n_updates=2)}
    ],
    "first_modules": [{"sizes": lambda: (2, 3, 1)}],
    "SeriesTask": [{}],
    "warped_distances": [{"series": lambda: random(4, 2), "others": lambda: random(3, 4, 2)}],
    "RealConfig": [{"data": lambda: ("digits",)}],
    "RealConfig.task": [{"data": lambda: "digits", "split": lambda: "train"}],
    "RealConfig.regimes": [{"n_nodes": lambda: 12}],
    "RealConfig.training": [{"n_nodes": lambda: 12, "residual_sd": lambda: 0.5}],
    "EstimatorConfig": [{}],
    "EstimatorConfig.sizes": [{"task": lambda: "block"}],
    "node_order": [{"layer": layer, "score": lambda: "plug-in"}],
    "true_bits": [{"wiring": lambda: "cipher"}],
    "draw_wiring": [{"wiring": lambda: "cipher", "n_nodes": lambda: 4}],
    "believed": [{"error_bits": lambda: over("n replicate", random(2, 3))}],
    "estimator_ledger": [{"found": made_up}],
    "judge_estimators": [{"found": made_up, "id": lambda: "E1"}],
    "run_real_series": [{"config": lambda: REAL}],
    "real_claims": [{"series": real_series, "data": lambda: "digits"}],
    "real_ledger": [{"series": real_series}],
    "judge_c19": [{"ledger": lambda: {"digits": claims()}}],
    "known_from": [{"total_bits": lambda: over("replicate time", random(3, 4))}],
    "real_summary": [{"series": real_series}],
    "WitnessConfig": [{"n_leading": lambda: 2}],
    "run_witnesses": [{"config": witness_config}],
    "NodeNoiseConfig": [{}],
    "run_node_noise": [{"config": lambda: NodeNoiseConfig(TINY, n_nodes=2, n_draws=2)}],
    "findings": [{"results": drift_chapter}],
    "measures": [{"intervention": lambda: drift_chapter().rnns}],
    "sentences": [{"found": lambda: stored_drift().query("seed == 2025")}],
    "InterventionConfig": [{"regimes": lambda: ("1",)}],
    "InterventionConfig.of": [{"first": lambda: FirstWeights("orthogonal")}],
    "label": [{"first": lambda: FirstWeights("orthogonal")}],
    "run_intervention": [{"config": intervention_config}],
    "turning_states": [{"config": intervention_config, "task": lambda: "memory"}],
    "counteraction": [
        {
            "witnesses": lambda: xr.Dataset({"correlation": correlations()}),
            "deviating": lambda: correlations().sel(architecture="RNN", drop=True),
        }
    ],
    "preliminary_verdict": [
        {"judged": lambda: {"a": Counteraction(xr.Dataset(), {"memory": True})}}
    ],
    "predictors": [{"witnesses": witnesses}],
    "rank_correlations": [{"witnesses": witnesses, "against": lambda: "correlation"}],
    "AttributionConfig": [{"time": lambda: 9}],
    "run_attribution": [{"config": lambda: AttributionConfig(TINY, n_random=2)}],
    "KnockoutConfig": [{"time": lambda: 9, "task": lambda: "memory"}],
    "run_knockouts": [{"config": lambda: KnockoutConfig(TINY, n_random=2)}],
    "LatentConfig": [{"order_time": lambda: 9}],
    "run_latent": [{"config": lambda: LatentConfig(TINY, n_random=2)}],
    "noisy_trials": [{"config": lambda: LatentConfig(TINY)}],
    "NoiseConfig": [{"noise_sds": lambda: (0.0, 0.1)}],
    "noise_levels": [{"config": lambda: NoiseConfig(LatentConfig(TINY), noise_sds=(0.0, 0.1))}],
    "removal_projections": [{"network": network}],
    "ValidationConfig": [{"n_sequences": lambda: (100, 300)}],
    "draw_sample": [{"distribution": lambda: "copy"}],
    "validate_estimators": [
        {"config": lambda: ValidationConfig((50,), n_nodes=2, n_shuffles=2, n_replicates=1)}
    ],
    "contrast": [
        {
            "terms": lambda: (1.0, over("replicate", random(3))),
            "label": lambda: "a label",
        }
    ],
    "evaluate": [
        {"config": lambda: StudyConfig(n_replicates=2, n_nodes=3, accuracy_goal=0.1, max_epochs=3)}
    ],
    "by_condition": [
        {
            "cells": lambda: [study().isel(task=0, architecture=0, regime=r) for r in (0, 1)],
        },
    ],
    "stack": [{"parts": lambda: [xr.Dataset({"a": ("x", [1.0, 2.0])})] * 2, "dim": lambda: "new"}],
    "combine_studies": [{"studies": lambda: {1: study()}, "dim": lambda: "n_nodes"}],
    "relay_distance_ratio": [
        {"place": lambda: random(3, 4, 2), "bits": lambda: random(3, 2, 4)},
    ],
    "map_quality": [{"config": lambda: MapConfig(ONE_REGIME, n_epochs=2, scored_epochs=2, k=2)}],
    "map_training": [{"config": lambda: MapConfig(ONE_REGIME, n_epochs=2, scored_epochs=2, k=2)}],
    "MapStudyConfig": [{"tasks": lambda: ("memory",)}],
    "MapStudyConfig.study": [{"task": lambda: "memory"}],
    "MapStudyConfig.real": [{"data": lambda: "BasicMotions"}],
    "MapStudyConfig.training": [{"residual_sd": lambda: 0.5}],
    "MapStudyConfig.times": [{"n_steps": lambda: 12}],
    "run_mmphate_study": [{"config": lambda: MAPS}],
    "mmphate_ledger": [{"maps": maps}],
    "judge_mmphate": [{"maps": maps, "id": lambda: "M1"}],
    "shifted_correlations": [{"x": lambda: random(6), "y": lambda: random(6)}],
    "partial_correlation": [{"x": lambda: random(6), "y": lambda: random(6)}],
    "shift_p": [{"correlations": lambda: [random(5), random(4)]}],
    "predictions": [{"values": lambda: random(6), "outcomes": lambda: random(2, 6)[1]}],
    "foretold": [
        {
            "values": lambda: random(6),
            "baseline": lambda: random(3, 6)[2],
            "outcomes": lambda: random(2, 6)[1],
            "n_resamples": lambda: 20,
        }
    ],
    "MapConfig": [{"study": lambda: ONE_REGIME}],
    "ActivationsConfig": [{"condition": lambda: replace(CONDITION, checkpoints=(0, 1))}],
    "training_activations": [
        {"config": lambda: ActivationsConfig(replace(CONDITION, checkpoints=(0, 1)))}
    ],
    "checkpoint_epochs": [{"max_epochs": lambda: 30}],
    "network_checkpoints": [{"n_epochs": lambda: 2}],
    "training_history": [{"config": lambda: ONE_REGIME}],
    "random_walk": [{"ensemble": ensemble}],
    "training_trials": [{"n_sampled": lambda: 10}],
    "with_noise": [{"trials": lambda: MemoryTask().population(), "noise_sd": lambda: 0.1}],
    "StudyConfig.check_labels": [{"labels": lambda: {"task": "memory", "time": 10}}],
    "StudyConfig": [{"tasks": lambda: (MemoryTask(), BlockTask())}],
}

# The object whose method is called.
INSTANCES: dict[str, object] = {
    "Store": store,
    "ExactSubsets": lambda: exact_subsets(
        concepts().values[0], concepts().values[1], states().values[0].T
    ),
    "MMPHATE": lambda: MMPHATE(t=3, max_iter=5, progress=False),
    "Run": lambda: ensemble().run(MemoryTask().population().inputs, 2),
    "Ensemble": ensemble,
    "Example": example_module,
    "Recording": recording,
    "StudyConfig": lambda: TINY,
    "InterventionConfig": intervention_config,
    "MultiverseConfig": lambda: MultiverseConfig(),
    "Universe": lambda: Universe(TINY),
    "BlockTask": BlockTask,
    "MemoryTask": MemoryTask,
    "SeriesTask": SeriesTask,
    "RealConfig": lambda: REAL,
    "EstimatorConfig": EstimatorConfig,
    "MapStudyConfig": lambda: MAPS,
}

# What to do with an object whose arguments are checked only when it is used.
AFTERWARDS: dict[str, Callable[[Any], Any]] = {
    "record_module": lambda made: made.data,
    "Recording.from_arrays": lambda made: made.data,
    "Recording.open": lambda made: made.data,
    "Store.claim": lambda claimed: claimed.__enter__(),
    "Ensemble.states": list,
    "MMPHATE": lambda method: method.fit(random(2, 3, 4, 8)).embedding_,  # as in scikit-learn
}
