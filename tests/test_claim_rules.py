"""Every rule of the ledger on made-up networks, for which the right answer is known."""

import numpy as np
import pytest
import xarray as xr
from claim_cases import (
    ABOVE,
    BITS,
    CASES,
    CELLS,
    CONDITION,
    NAN,
    Case,
    inputs,
    rnn_decoding,
    unread,
)

from relaylib.studies.claims.claim import Claim, Group
from relaylib.studies.claims.inputs import ClaimInputs
from relaylib.studies.claims.rules import RULES
from relaylib.studies.claims.texts import TEXTS
from relaylib.studies.config import StudyConfig
from relaylib.tasks.block import BlockTask
from relaylib.tasks.memory import MemoryTask


def judged(id: str, made_up: ClaimInputs) -> Claim:
    return Claim(id, *TEXTS[id], tuple(RULES[id](made_up)))


def in_turn(cases: list[Case], first: int, n: int) -> list[Case]:
    """Return n cases one after the other, so that each group meets each case."""
    return [cases[(first + k) % len(cases)] for k in range(n)]


def above_null(cases: list[Case]) -> np.ndarray:
    return np.array([case.above_null for case in cases])


def assert_is(group, name: str, quantity: str, null: float, case: Case, holds: bool | None) -> None:
    assert (group.group, group.quantity, group.null) == (name, quantity, null)
    interval = [null + bound for bound in (case.estimate, case.low, case.high)]
    assert [group.estimate, group.low, group.high] == pytest.approx(interval, nan_ok=True)
    assert (group.n_undefined, group.holds) == (case.n_undefined, holds)


@pytest.mark.parametrize("first", range(len(CASES)))
@pytest.mark.parametrize("id", ABOVE)
def test_each_group_is_judged_by_its_own_networks(id: str, first: int) -> None:
    """Groups take all cases in turn, beginning with another case each time."""
    rule = ABOVE[id]
    chosen = in_turn(list(CASES.values()), first, len(rule.groups))
    groups = judged(id, rule.made_up(above_null(chosen))).groups
    for group, case, (name, quantity, null) in zip(groups, chosen, rule.groups, strict=True):
        holds = None if name == rule.beside else case.holds
        if case is CASES["touching"] and quantity == "decoding accuracy":  # at least 0.9
            holds = True
        assert_is(group, name, quantity, null, case, holds)


@pytest.mark.parametrize(
    ("first", "others", "verdict"),
    [
        ("above", "above", "reproduced"),
        ("above", "below", "partly"),
        ("straddling", "below", "not reproduced"),
        ("none defined", "above", "reproduced"),
        ("none defined", "none defined", "not judged"),
    ],
)
@pytest.mark.parametrize("id", ABOVE)
def test_the_verdict_follows_from_the_groups_that_count(
    id: str, first: str, others: str, verdict: str
) -> None:
    rule = ABOVE[id]
    chosen = [CASES[first]] + [CASES[others]] * (len(rule.groups) - 1)
    assert judged(id, rule.made_up(above_null(chosen))).verdict == verdict


def test_every_rule_is_tested_here() -> None:
    assert {*ABOVE, "C1", "C6", "C8", "C11", "C15", "C18"} == set(RULES)


@pytest.mark.parametrize(
    ("worst", "holds"), [(0.98, True), (0.99, True), (0.97, False), (0.9799, False)]
)
def test_c1_one_network_below_the_goal_is_enough_to_fail(worst: float, holds: bool) -> None:
    """C1: the least accurate of all 720 networks reaches 0.98."""
    accuracy = 0.0 * unread(*CONDITION, "replicate") + 0.995
    accuracy[1, 2, 4, 1] = worst
    attempts = xr.ones_like(accuracy)
    attempts[0, 1, 2, 2] = 7
    data = {"population_accuracy": accuracy, "accuracy": 0 * accuracy, "attempts": attempts}
    claim = judged("C1", inputs(study=xr.Dataset(data)))
    assert claim.verdict == ("reproduced" if holds else "not reproduced")
    group, beside = claim.groups
    assert (beside.quantity, beside.estimate, beside.holds) == ("attempts", 7, None)
    case = Case([], worst - 0.98, worst - 0.98, worst - 0.98, 0, holds)
    assert_is(group, "all networks", "least accuracy", 0.98, case, holds)


NEAR_CHANCE = [
    Case([-0.01, 0, 0.01], 0, -0.01, 0.01, 0, True),
    Case([-0.02, -0.02, -0.02], -0.02, -0.02, -0.02, 0, True),
    Case([0.02, 0.02, 0.02], 0.02, 0.02, 0.02, 0, True),
    Case([-0.03, 0, 0], -0.01, -0.03, 0, 0, False),
    Case([0, 0, 0.03], 0.01, 0, 0.03, 0, False),
    Case([-0.03, 0, 0.03], 0, -0.03, 0.03, 0, False),
    Case([0.01, NAN, 0], 0.005, 0, 0.01, 1, True),
    CASES["none defined"],
]


def silenced(accuracy: np.ndarray) -> ClaimInputs:
    """Return inputs with the accuracy (task, architecture, replicate) of networks without nodes."""
    by_task = {}
    for task, values in zip(("memory", "block"), accuracy, strict=True):
        by_task[task] = unread("architecture", "replicate")
        by_task[task][:] = values
    return inputs(silenced=by_task)


@pytest.mark.parametrize("first", range(len(NEAR_CHANCE)))
def test_c6_accuracy_without_nodes_is_within_chance(first: int) -> None:
    """C6: the interval lies within 0.5 +- 0.02, limits included."""
    chosen = in_turn(NEAR_CHANCE, first, len(CELLS))
    groups = judged("C6", silenced(0.5 + above_null(chosen).reshape(2, 3, 3))).groups
    for group, case, name in zip(groups, chosen, CELLS, strict=True):
        assert_is(group, name, "accuracy", 0.5, case, case.holds)


@pytest.mark.parametrize(
    ("cells", "verdict"),
    [
        ([0.5] * 6, "reproduced"),
        ([0.5, 0.5, 0.5, 0.5, 0.75, 0.25], "partly"),
        ([0.75, 0.75, 0.75, 0.25, 0.25, 0.25], "not reproduced"),
        ([NAN] * 6, "not judged"),
    ],
)
def test_c6_verdict(cells: list[float], verdict: str) -> None:
    accuracy = np.reshape(cells, (2, 3, 1)).repeat(3, axis=2)
    assert judged("C6", silenced(accuracy)).verdict == verdict


ROWS = {  # rows of three nodes, by their Pearson correlation with (1, -1, 0)
    1.0: (1, -1, 0),
    0.5: (1, 0, -1),
    0.0: (1, 1, -2),
    -0.5: (0, 1, -1),
    -1.0: (-1, 1, 0),
    NAN: (1, 1, 1),
}


def lstm_bits(r: list[list[float]], onsets: tuple[int, ...]) -> xr.DataArray:
    """Return information matrices in which concepts persist with these r (concept, network).

    The rows three steps after the onset and at step 15 correlate as given. They are 0 before the
    onset and reversed at all other steps.
    """
    bits = unread(*BITS)
    of_lstms = bits.values[0, 2, 4]  # memory task, LSTM, delay 5
    for concept, onset in enumerate(onsets):
        of_lstms[:, :, concept] = (-1, 1, 0)
        of_lstms[:, : onset - 1, concept] = 0
        of_lstms[:, onset + 2, concept] = (1, -1, 0)
        of_lstms[:, 14, concept] = [ROWS[value] for value in r[concept]]
    return bits


PERSIST = [
    Case([1, 1, 1], 0.5, 0.5, 0.5, 0, True),
    Case([0, 0, 0], -0.5, -0.5, -0.5, 0, False),
    Case([-1, -0.5, 0], -1, -1.5, -0.5, 0, False),
    Case([1, 1, 0], 1 / 6, -0.5, 0.5, 0, False),
    Case([0.5, 1, 0.5], 1 / 6, 0, 0.5, 0, False),
    Case([1, NAN, 1], 0.5, 0.5, 0.5, 1, True),
    CASES["none defined"],
]


@pytest.mark.parametrize("onsets", [(4, 7, 10), (2, 6, 9)])
@pytest.mark.parametrize("first", range(len(PERSIST)))
def test_c8_information_stays_where_it_has_arrived(first: int, onsets: tuple[int, ...]) -> None:
    """C8: per concept, r of its row three steps after onset with that at step 15 is above 0.5."""
    chosen = in_turn(PERSIST, first, 3)
    bits = lstm_bits([case.above_null for case in chosen], onsets)
    config = StudyConfig(tasks=(BlockTask(), MemoryTask(onsets=onsets)))
    study = xr.Dataset({"information_bits": bits})
    early, *persistence = judged("C8", inputs(config=config, study=study)).groups
    assert early == Group("largest entry before onset", "bits", 0, 0, 0, 0, 0, True)
    for group, case, concept in zip(persistence, chosen, "ABC", strict=True):
        assert_is(group, f"persistence of {concept}", "Pearson r", 0.5, case, case.holds)


@pytest.mark.parametrize(
    ("entry", "step", "holds"),
    [(0.1, 3, False), (-0.1, 1, False), (2e-9, 3, False), (5e-10, 3, True), (0.1, 4, True)],
)
def test_c8_no_network_has_information_before_the_onset(
    entry: float, step: int, holds: bool
) -> None:
    """C8: the largest entry in size, of all concepts and networks, is 0 before the onset."""
    bits = lstm_bits([[1.0] * 3] * 3, (4, 7, 10))
    bits[0, 2, 4, 1, step - 1, 0, 2] = entry
    group = judged("C8", inputs(study=xr.Dataset({"information_bits": bits}))).groups[0]
    found = abs(entry) if step < 4 else 0
    assert group == Group("largest entry before onset", "bits", found, found, found, 0, 0, holds)


@pytest.mark.parametrize(
    ("early", "r", "verdict"),
    [
        (0, 1.0, "reproduced"),
        (0, 0.0, "partly"),
        (0.1, 1.0, "partly"),
        (0.1, 0.0, "not reproduced"),
        (0.1, NAN, "not reproduced"),
    ],
)
def test_c8_verdict(early: float, r: float, verdict: str) -> None:
    bits = lstm_bits([[r] * 3] * 3, (4, 7, 10))
    bits[0, 2, 4, 1, 0, 0, 2] = early
    study = xr.Dataset({"information_bits": bits})
    assert judged("C8", inputs(study=study)).verdict == verdict


def test_c8_needs_known_onsets() -> None:
    config = StudyConfig(tasks=(MemoryTask(onsets="random"),))
    with pytest.raises(ValueError, match="must hold a memory task with fixed onsets"):
        judged("C8", inputs(config=config))


@pytest.mark.parametrize("name", CASES)
def test_c11_random_delays_make_rnns_keep_information_in_place(name: str) -> None:
    """C11: r of RNNs, random minus fixed regimes. Beside it, r of GRUs (3/4) minus r of RNNs."""
    case, quantity = CASES[name], "Pearson r, difference"
    r = unread(*CONDITION, "replicate")
    r[:, 0, :5] = 5 / 8 + 5 / 64 * np.array([-2, 1, 0, 2, -1])[:, None]
    r[0, 0, 5] = 5 / 8 + np.array(case.above_null)
    r[1, 0, 5] = 5 / 8 - np.array([0, 0, 1 / 4])  # the block task never holds
    r[:, 1, 5] = 3 / 4
    claim = judged("C11", inputs(drift=r.to_dataset(name="correlation")))
    block = Case([], -1 / 12, -1 / 4, 0, 0, False)
    for k, (task, of_task) in enumerate({"memory": case, "block": block}.items()):
        rnns, beside = claim.groups[2 * k : 2 * k + 2]
        assert_is(rnns, f"{task} random - fixed", quantity, 0, of_task, of_task.holds)
        gru = [1 / 8 - bound for bound in (of_task.estimate, of_task.high, of_task.low)]
        of_gru = Case([], *gru, of_task.n_undefined, None)
        assert_is(beside, f"{task} random GRU - RNN", quantity, 0, of_gru, None)
    assert len(claim.groups) == 4
    assert claim.verdict == ("partly" if case.holds else "not reproduced")


@pytest.mark.parametrize("name", CASES)
def test_c15_greedy_sets_come_close_to_the_best(name: str) -> None:
    """C15: mean over all conditions, of which one varies. Beside it, each cell; none counts."""
    case, quantity = CASES[name], "share of the best set's bits"
    ratio = unread(*CONDITION, "replicate")
    of_cells = np.array([[-3, 1, 2], [2, -1, -1]]) / 64
    ratio[:] = 0.95 + of_cells[:, :, None, None]
    ratio[1, 2, 3] += 36 * np.array(case.above_null)
    claim = judged("C15", inputs(greedy_ratio=ratio))
    everything, *cells = claim.groups
    if name != "touching":  # the next test, for which sums are exact
        assert_is(everything, "all networks", quantity, 0.95, case, case.holds)
        verdicts = {True: "reproduced", False: "not reproduced", None: "not judged"}
        assert claim.verdict == verdicts[case.holds]
    for group, cell, mean in zip(cells, CELLS, of_cells.ravel(), strict=True):
        of_cell = Case([], mean, mean, mean, 0, None)
        if cell == "block LSTM":
            bounds = (mean + 6 * bound for bound in (case.estimate, case.low, case.high))
            of_cell = Case([], *bounds, case.n_undefined, None)
        assert_is(group, cell, quantity, 0.95, of_cell, None)


def test_c15_at_least_95_percent_includes_95_percent() -> None:
    """C15: judged on two networks of one cell, of which the mean is exactly 0.95."""
    ratio = xr.DataArray([[[0.95, 0.95]]], dims=("task", "architecture", "replicate"))
    ratio = ratio.assign_coords(task=["block"], architecture=["GRU"])
    study = ratio.to_dataset(name="accuracy")
    everything, _ = judged("C15", inputs(greedy_ratio=ratio, study=study)).groups
    assert (everything.low, everything.holds) == (0.95, True)


@pytest.mark.parametrize("first", range(len(CASES)))
def test_c18_a_what_diffuses_is_read_better_from_nearby(first: int) -> None:
    """C18 (a): accuracy at lag 1 minus that at lag 2, network by network."""
    chosen = in_turn(list(CASES.values()), first, 6)
    others = np.full((2, 3, 3), 5 / 8) + np.array([-1 / 16, 0, 1 / 16])
    made_up = rnn_decoding(others + above_null(chosen).reshape(2, 3, 3), others)
    names = [f"{task} delay {regime}" for task in ("memory", "block") for regime in (3, 4, 5)]
    for group, case, name in zip(judged("C18", made_up).groups[::2], chosen, names, strict=True):
        quantity = "decoding accuracy, lag 1 - lag 2"
        assert_is(group, f"{name} (a)", quantity, 0, case, case.holds)


NOT_BELOW = [
    Case([1 / 8, 1 / 4, 3 / 8], 1 / 4, 1 / 8, 3 / 8, 0, True),
    Case([-1 / 4, 1 / 4, 3 / 8], 1 / 8, -1 / 4, 3 / 8, 0, True),
    Case([-1 / 4, -1 / 8, 0], -1 / 8, -1 / 4, 0, 0, True),
    Case([-1 / 8, -1 / 4, -3 / 8], -1 / 4, -3 / 8, -1 / 8, 0, False),
    Case([-1 / 8, NAN, -3 / 8], -1 / 4, -3 / 8, -1 / 8, 1, False),
    CASES["none defined"],
]


@pytest.mark.parametrize("first", range(len(NOT_BELOW)))
@pytest.mark.parametrize("is_lag_1", [True, False])
def test_c18_b_no_lag_is_below_chance(first: int, is_lag_1: bool) -> None:
    """C18 (b): of all lags up to the delay the one that reaches least high; lag 0 is not read."""
    chosen = in_turn(NOT_BELOW, first, 6)
    low = 0.5 + above_null(chosen).reshape(2, 3, 3)
    high = np.full((2, 3, 3), 15 / 16)
    made_up = rnn_decoding(low, high) if is_lag_1 else rnn_decoding(high, low)
    names = [f"{task} delay {regime}" for task in ("memory", "block") for regime in (3, 4, 5)]
    for group, case, name in zip(judged("C18", made_up).groups[1::2], chosen, names, strict=True):
        quantity = "least decoding accuracy of a lag"
        assert_is(group, f"{name} (b)", quantity, 0.5, case, case.holds)


@pytest.mark.parametrize(
    ("lag_1", "others", "verdict"),
    [
        (0.8, 0.6, "reproduced"),
        (0.6, 0.8, "partly"),
        (0.45, 0.4, "partly"),
        (0.3, 0.6, "not reproduced"),
        (NAN, NAN, "not judged"),
    ],
)
def test_c18_verdict(lag_1: float, others: float, verdict: str) -> None:
    made_up = rnn_decoding(np.full((2, 3, 3), lag_1), np.full((2, 3, 3), others))
    assert judged("C18", made_up).verdict == verdict
