"""The rules of MM-PHATE's claims, by value: made-up maps on both sides of every null."""

import numpy as np
import pytest
import xarray as xr
from mmphate_cases import ARCHITECTURES, COMPARED, N_NETWORKS, TASKS, drawn, maps

from relaylib.mmphate.communities import COMMUNITIES
from relaylib.mmphate.embeddings import ALGORITHMS
from relaylib.mmphate.map_statistics import STATISTICS
from relaylib.studies.claims.mmphate import ENTROPIES, judge_mmphate, mmphate_ledger

NETWORK = ("task", "architecture", "replicate")
COURSE = (*NETWORK, "interval")


def judged(id: str, **given: xr.DataArray):
    """Return the claim and its groups that count, by name."""
    claim = judge_mmphate(maps(**given), id)
    return claim, {g.group: g for g in claim.groups if g.holds is not None}


def kept(**lead: float) -> xr.DataArray:
    """Return scores of 0.5 plus what is given by method, with a little noise."""
    noise = 0.02 * drawn(*NETWORK, "algorithm", "community", seed=9)
    plus = xr.DataArray([lead.get(name, 0.0) for name in ALGORITHMS], dims="algorithm")
    return 0.5 + noise + plus


def test_claims_have_numbers_and_words():
    claims = mmphate_ledger(maps())
    assert [claim.id for claim in claims] == ["M1", "M2", "M3"]
    assert all(claim.statistic and claim.fails_if and claim.our_part for claim in claims)


def test_m1_is_reproduced_where_mmphate_keeps_more_than_all_others():
    claim, groups = judged("M1", kept=kept(**{"MM-PHATE": 0.1}))
    assert claim.verdict == "reproduced"
    assert len(groups) == len(TASKS) * len(COMMUNITIES)
    assert all(0.05 < g.low <= g.estimate <= g.high < 0.15 for g in groups.values())


@pytest.mark.parametrize("better", ALGORITHMS[1:])
def test_m1_fails_where_a_single_method_keeps_as_much_and_names_it(better):
    claim, groups = judged("M1", kept=kept(**{"MM-PHATE": 0.1, better: 0.2}))
    assert claim.verdict == "not reproduced"
    assert all(name.endswith(f"against {better}") for name in groups)
    assert all(-0.15 < g.estimate < -0.05 for g in groups.values())


def test_m1_takes_networks_of_all_architectures_and_says_what_is_above_chance():
    scores = kept(**{"MM-PHATE": 0.1})
    claim, groups = judged("M1", kept=scores, chance=0 * drawn(*NETWORK, "community") + 0.3)
    where = {"task": "memory", "community": COMMUNITIES[0], "replicate": slice(0, COMPARED - 1)}
    ours = scores.sel(where)
    differences = ours.sel(algorithm="MM-PHATE") - ours.drop_sel(algorithm="MM-PHATE")
    means = differences.mean(["architecture", "replicate"])
    (name,) = [n for n in groups if n.startswith(f"memory {COMMUNITIES[0]}")]
    assert groups[name].estimate == pytest.approx(
        float(means.sel(algorithm=name.split("against ")[1]))
    )
    (chance,) = [g for g in claim.groups if g.group == f"memory {COMMUNITIES[0]}, against chance"]
    assert chance.holds is None
    assert chance.estimate == pytest.approx(float(ours.sel(algorithm="MM-PHATE").mean()) - 0.3)
    assert chance.n_undefined == 0


def test_m1_holds_partly_where_it_holds_on_one_task():
    lead = kept() + xr.DataArray([0.1, 0.0], {"task": list(TASKS)}) * (
        xr.DataArray(np.array(ALGORITHMS) == "MM-PHATE", dims="algorithm")
    )
    assert judged("M1", kept=lead)[0].verdict == "partly"


def test_m2_is_reproduced_where_the_map_moves_when_entropies_change():
    moves = drawn(*COURSE, seed=11)
    same = {f"{name}_change_bits": moves**2 for name in ENTROPIES}
    claim, groups = judged("M2", displacement=moves, **same)
    assert claim.verdict == "reproduced"
    assert list(groups) == [f"{t} {e}" for t in TASKS for e in ("intra-step", "inter-step")]
    # Over all shifts the correlation is 0 on average: over the 11 that are not 0 it is -1/11.
    assert all(g.estimate == pytest.approx(1 + 1 / 11) for g in groups.values())


def test_m2_fails_where_they_change_apart_or_in_the_opposite_direction():
    assert judged("M2")[0].verdict == "not reproduced"
    moves = drawn(*COURSE, seed=11)
    apart = {f"{name}_change_bits": 1 - moves for name in ENTROPIES}
    claim, groups = judged("M2", displacement=moves, **apart)
    assert claim.verdict == "not reproduced"
    assert all(g.high < 0 for g in groups.values())


def test_m2_shows_p_the_trend_and_the_data_beside_it():
    fall = -drawn(*COURSE).copy(data=np.broadcast_to(np.arange(12.0), drawn(*COURSE).shape))
    noisy = [fall + 3 * drawn(*COURSE, seed=s) for s in (21, 22, 23)]
    claim, groups = judged(
        "M2",
        displacement=noisy[0],
        intra_step_change_bits=noisy[1],
        inter_step_change_bits=noisy[2],
    )
    assert all(g.estimate > 0.5 for g in groups.values())  # a shared trend counts for the claim
    beside = {g.group: g for g in claim.groups if g.holds is None}
    assert abs(beside["memory intra-step, given the order"].estimate) < 0.4
    assert abs(beside["memory intra-step, data in place of map"].estimate) < 0.4
    assert beside["memory intra-step, p of shifts"].estimate < 0.01


def test_m2_reads_the_compared_networks_alone_and_leaves_out_what_is_not_defined():
    moves = drawn(*COURSE, seed=11)
    beyond = moves.replicate >= COMPARED
    changed = moves.where(~beyond, 1 - moves)
    given = {f"{name}_change_bits": changed for name in ENTROPIES}
    assert judged("M2", displacement=moves, **given)[0].verdict == "reproduced"
    short = moves.isel(interval=slice(0, 8)).pad(interval=(0, 4))
    given = {f"{name}_change_bits": short**2 for name in ENTROPIES}
    _, groups = judged("M2", displacement=short, **given)
    assert all(g.estimate == pytest.approx(1 + 1 / 7) for g in groups.values())


def foretelling(name: str) -> dict[str, xr.DataArray]:
    """One number about the map grows with test accuracy; the others do not."""
    accuracy = drawn(*NETWORK, seed=4)
    others = drawn(*NETWORK, "statistic", seed=2)
    is_it = xr.DataArray(np.array(STATISTICS) == name, dims="statistic")
    return {"map_statistic": others.where(~is_it, accuracy**2), "test_accuracy": accuracy}


@pytest.mark.parametrize("name", STATISTICS)
def test_m3_is_reproduced_where_one_number_foretells_accuracy(name):
    claim, groups = judged("M3", **foretelling(name))
    assert claim.verdict == "reproduced"
    assert list(groups) == [f"BasicMotions, {name}"]  # on the memory task none is tested
    (group,) = groups.values()
    assert group.low > 0
    within = [g for g in claim.groups if g.group.startswith("BasicMotions within")]
    assert within
    assert all(g.holds is None for g in within)


def test_m3_fails_where_nothing_foretells_it_or_the_raw_norm_does_as_well():
    assert judged("M3")[0].verdict == "not reproduced"
    given = foretelling("path")
    claim, groups = judged("M3", **given, activation_norm=-given["test_accuracy"])
    assert claim.verdict == "not reproduced"
    (group,) = groups.values()
    assert group.estimate == pytest.approx(0, abs=0.02)


def test_m3_within_architectures_takes_their_means_away():
    level = xr.DataArray([0.0, 10.0, 20.0], {"architecture": list(ARCHITECTURES)})
    accuracy = drawn(*NETWORK, seed=4) + level
    statistic = drawn(*NETWORK, "statistic", seed=2) + level
    claim, _ = judged("M3", map_statistic=statistic, test_accuracy=accuracy)
    assert claim.verdict == "reproduced"
    within = {g.group: g for g in claim.groups if g.group.startswith("BasicMotions within, ")}
    assert all(within[f"BasicMotions within, {name}"].low < 0 for name in STATISTICS)


def test_m3_counts_networks_without_a_value_and_is_not_judged_on_few():
    given = foretelling("path")
    gaps = given["map_statistic"].where(given["map_statistic"].replicate > 0)
    _, groups = judged("M3", map_statistic=gaps, test_accuracy=given["test_accuracy"])
    assert [g.n_undefined for g in groups.values()] == [len(ARCHITECTURES)]
    few = given["map_statistic"].where(given["map_statistic"].replicate == N_NETWORKS - 1)
    claim, _ = judged("M3", map_statistic=few, test_accuracy=given["test_accuracy"])
    assert claim.verdict == "not judged"


def test_wrong_maps_are_named():
    with pytest.raises(TypeError, match="maps must be"):
        mmphate_ledger([1])
    with pytest.raises(ValueError, match="maps must have the variable kept"):
        mmphate_ledger(maps().drop_vars("kept"))
    with pytest.raises(ValueError, match=r"labels .* of algorithm"):
        mmphate_ledger(maps().sel(algorithm=["PCA"]))
    with pytest.raises(ValueError, match=r"maps.kept must have dimensions .* got \('more'"):
        mmphate_ledger(maps().expand_dims(more=2))
    with pytest.raises(TypeError, match="seed of maps"):
        mmphate_ledger(maps().assign_attrs(seed="a"))
