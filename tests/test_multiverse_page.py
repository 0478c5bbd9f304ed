"""Tables and sentences of the page on the multiverse say what is in the data, whatever it is."""

import numpy as np
import pytest
import xarray as xr
from multiverse_cases import CLAIMS, made_up_dropout, made_up_multiverse, made_up_singles

from book.multiverse import dropout_of, effects_of, everything, prefixed
from book.multiverse_tables import (
    by_seed,
    choices_table,
    counteracting,
    counteracting_table,
    deciding_table,
    headline_sentence,
    most_deciding,
    stored_headline,
    survival_sentence,
    survivors_table,
    undone,
    verdict_counts,
)
from book.stored import keep
from relaylib.core.store import as_store
from relaylib.studies.choices import ANALYSIS, RNN_ALONE, TRAINING
from relaylib.studies.claims.multiverse import judge_c17, judge_c20
from relaylib.studies.config import StudyConfig
from relaylib.studies.multiverse import MultiverseConfig
from relaylib.studies.multiverse_reading import survivors
from relaylib.studies.multiverse_summary import CHOICES, holding_shares
from relaylib.tasks.memory import MemoryTask
from relaylib.widgets.multiverse import MultiverseExplorer


@pytest.fixture(scope="module")
def found():
    return made_up_multiverse()


@pytest.fixture(scope="module")
def read(found):
    return survivors(found)


@pytest.fixture(scope="module")
def effects():
    total = np.linspace(0, 1, len(CHOICES)) + np.zeros((2, 1))
    by_claim = ("claim", "choice")
    data = dict.fromkeys(("total", "main"), (by_claim, total))
    data |= {f"{name}_low": (by_claim, total - 0.1) for name in ("total", "main")}
    data |= {f"{name}_high": (by_claim, total + 0.1) for name in ("total", "main")}
    data |= {f"mean_{name}": ("choice", total[0]) for name in ("total", "low", "high")}
    return xr.Dataset(data, {"claim": ["C5", "C9"], "choice": list(CHOICES)})


def test_every_choice_has_a_line_with_its_levels():
    lines = choices_table().splitlines()[2:]
    choices = TRAINING | RNN_ALONE | ANALYSIS
    assert len(lines) == len(choices)
    for line, (choice, levels) in zip(lines, choices.items(), strict=True):
        assert f"| {choice} | **{next(iter(levels))}**; " in line
        assert all(level in line for level in levels)


def test_claims_stand_with_where_they_hold(found, read):
    shares = holding_shares(found, seed=1)
    lines = survivors_table(read, shares).splitlines()[2:]
    assert [line.split(". ")[0] for line in lines] == [f"| {claim}" for claim in CLAIMS]
    c9 = shares.sel(claim="C9", verdict="reproduced")
    wanted = f"| yes | 100% of {int(read.n_singles[0])} | {float(c9.share):.2f} ["
    assert wanted in lines[CLAIMS.index("C9")]
    assert f"98% of {int(read.n_singles[0])}" in lines[CLAIMS.index("C5")]


def test_what_is_undone_is_listed_with_what_undoes_it(read):
    (line,) = undone(read)
    assert line.startswith("- **C5. ")
    assert line.endswith("**: optimiser: SGD.")
    nothing = read.assign(is_undone=read.is_undone & False)
    assert undone(nothing) == []


@pytest.mark.parametrize(
    ("singles", "every", "wanted"),
    [
        ([], [], "No claim survives every single deviation. No claim holds in every universe."),
        (["C9"], [], "survives every single deviation. No claim holds in every universe."),
        (["C9"], ["C9"], "survives every single deviation, and every universe in which all"),
        (["C6", "C9"], ["C9"], "survive every single deviation. Of these, C9 (Information moves"),
    ],
)
def test_survival_is_said_as_it_is(read, singles, every, wanted):
    changed = read.assign(
        survives_singles=read.claim.isin(singles), survives_all=read.claim.isin(every)
    )
    assert wanted in survival_sentence(changed)


def test_headlines_say_what_single_deviations_undo(found, read):
    n = found.sizes["deviation"] - 1
    said = headline_sentence(found, read, ("C5", "C9"))
    assert said == (
        f"C5 is undone by 1 of {n} single deviations; C9 is undone by no single deviation of {n}"
    )
    never = read.assign(by_default=read.by_default & False)
    assert headline_sentence(found, never, ("C9",)) == "C9 is not reproduced by the default"


def test_the_headline_of_a_stored_multiverse_is_read_from_its_file(found, tmp_path, monkeypatch):
    keep(found, tmp_path / "made_up.nc")
    monkeypatch.setattr("book.stored.FOLDER", tmp_path)
    assert stored_headline("made_up.nc", ("C6",)).startswith("C6 is undone by no single deviation")
    with pytest.raises(ValueError, match=r"results must be one of 'made_up\.nc'; got 'other\.nc'"):
        stored_headline("other.nc")


def test_the_choices_that_decide_most_come_first(effects):
    assert most_deciding(effects) == list(CHOICES[:-6:-1])
    assert most_deciding(effects, 1, claim="C9") == [CHOICES[-1]]
    lines = deciding_table(effects).splitlines()[2:]
    assert len(lines) == 5
    wanted = "| knockout | 1.00 [1.00, 1.00] | C5: 1.00 [0.90, 1.10] | 1.00 [0.90, 1.10] |"
    assert lines[0] == wanted


def test_deviations_that_counteract_are_listed_by_task_and_seed():
    found = made_up_singles().copy(deep=True)
    assert len(counteracting_table(found).splitlines()) == 2
    rows = np.flatnonzero(found.row_id.values == "C9")
    found.single_low.loc[{"deviation": "nodes: 6"}][:, rows[:10]] = -1.0  # memory, both seeds
    found.single_low.loc[{"deviation": "lag: 2", "seed": 1}][rows] = -1.0
    lines = counteracting_table(found).splitlines()[2:]
    assert lines == [
        "| lag: 2 | analysis | 0% of 10 | **100%** of 10 | 0% of 10 | **100%** of 10 |",
        "| nodes: 6 | training | **100%** of 10 | **100%** of 10 | 0% of 10 | 0% of 10 |",
    ]
    assert counteracting(found, everywhere=False) == ["nodes: 6"]
    assert counteracting(found, everywhere=True) == []


def test_verdicts_by_seed_are_said_together_where_they_agree():
    dropout = made_up_dropout()
    same = {seed: judge_c20(dropout, seed=seed) for seed in (2025, 1)}
    assert by_seed(same) == "**reproduced** with seeds 2025 and 1"
    other = {**same, 1: judge_c20(made_up_dropout(more=-1), seed=1)}
    assert by_seed(other) == "**reproduced** with seed 2025 and **not reproduced** with seed 1"


def test_verdicts_are_counted(found):
    counts = verdict_counts(found)
    assert sum(counts.values()) == found.verdict.size
    assert counts["reproduced"] == int((found.verdict == 3).sum())


@pytest.mark.slow
def test_a_tiny_multiverse_is_kept_and_read(tmp_path, monkeypatch):
    """What the page reads is what `run_multiverse` gives, through the file."""
    few = {True: [{"lag": "2"}], False: [{"state dropout": "0.3"}]}
    monkeypatch.setattr("relaylib.studies.multiverse._deviations", lambda c: few["lag" in c])
    study = StudyConfig(
        tasks=(MemoryTask(),),
        regimes=("5", "random"),
        n_nodes=4,
        n_replicates=2,
        max_epochs=3,
        max_attempts=1,
        accuracy_goal=0.3,
        n_sampled=16,
        on_unsolved="record",
    )
    config = MultiverseConfig(
        study,
        n_training=2,
        n_analysis=2,
        n_random=1,
        single_seeds=(2025,),
        single_regimes=("5", "random"),
        single_replicates=2,
    )
    computed = everything(config, store=as_store(tmp_path))
    effects = xr.Dataset(
        {"total": (("claim", "choice"), np.ones((len(CLAIMS), len(CHOICES))))},
        {"claim": CLAIMS, "choice": list(CHOICES)},
    )
    path = tmp_path / "multiverse.nc"
    assert keep(computed.merge(prefixed(effects, "effect_")), path) == path.stat().st_size
    found = xr.load_dataset(path, engine="h5netcdf").drop_encoding()
    assert found.attrs["code_hash"]
    assert found.deviation.values.tolist() == ["default", "lag: 2", "state dropout: 0.3"]
    xr.testing.assert_equal(effects_of(found), effects)
    dropout = dropout_of(found)
    claim = judge_c20(dropout, seed=2025)
    assert len(claim.groups) == 18  # three sizes, three architectures, two quantities
    default = found.sel(deviation="default", seed=2025)
    row = default.row_group.values.tolist().index("memory GRU, nodes per concept")
    where = {"state_dropout": 0.0, "task": "memory", "architecture": "GRU", "seed": 2025}
    mean = float(dropout.nodes_per_concept.sel(where).mean("replicate"))
    assert mean == pytest.approx(float(default.single_estimate[row]), nan_ok=True)
    c17 = judge_c17(found, seed=2025)
    assert [g.group for g in c17.groups[2:]] == ["memory, lag: 2", "memory, state dropout: 0.3"]
    assert survivors(found).sizes["claim"] == len(CLAIMS)
    widget = MultiverseExplorer(found, effects_of(found))
    assert (
        np.frombuffer(widget.verdicts, np.uint8).tolist() == found.verdict.values.ravel().tolist()
    )
    assert set(widget.contents["singles"]) == set(found.deviation.values)
