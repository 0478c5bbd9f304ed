"""What survives, what single deviations undo, and which choices decide, on made-up universes."""

import re

import numpy as np
import pytest
from multiverse_cases import CLAIMS, made_up_multiverse, made_up_singles, made_up_universes

from relaylib.studies.multiverse_reading import deciding_choices, single_estimates, survivors
from relaylib.studies.verdicts import VERDICTS


@pytest.fixture(scope="module")
def found():
    return made_up_multiverse()


def test_what_one_deviation_undoes_does_not_survive(found):
    read = survivors(found)
    assert read.by_default.all()
    assert read.claim[~read.survives_singles].values.tolist() == ["C5"]
    undone = read.is_undone.sel(claim="C5")
    assert undone.deviation[undone].values.tolist() == ["optimiser: SGD"]
    assert read.single_fraction.sel(claim="C9") == 1
    assert read.single_fraction.sel(claim="C5") == pytest.approx(1 - 2 / int(read.n_singles[0]))
    assert not read.survives_all.any()  # SGD takes every claim in the universes
    held = (found.optimiser != 2).mean()
    np.testing.assert_allclose(read.universe_fraction, held, atol=0.05)


def test_one_seed_alone_undoes_nothing_but_changes_a_verdict(found):
    changed = found.copy(deep=True)
    at = {"deviation": "optimiser: SGD", "claim": "C5", "seed": 1}
    changed.single_verdict.loc[at] = VERDICTS.index("reproduced")
    read = survivors(changed).sel(claim="C5")
    assert not read.is_undone.any()
    assert read.changes.sum() == 1
    assert not read.survives_singles


def test_what_cannot_be_judged_says_nothing(found):
    changed = found.copy(deep=True)
    at = {"deviation": "optimiser: SGD", "claim": "C5"}
    changed.single_verdict.loc[at] = VERDICTS.index("not judged")
    changed["verdict"] = changed.verdict.where(changed.optimiser != 2, 0)
    changed["verdict"] = changed.verdict.where(changed.verdict == 0, VERDICTS.index("reproduced"))
    read = survivors(changed).sel(claim="C5")
    assert read.survives_all
    assert (read.single_fraction, read.universe_fraction) == (1, 1)
    assert read.n_universes == (changed.optimiser != 2).sum()


def test_what_the_default_does_not_reproduce_cannot_be_undone(found):
    changed = found.copy(deep=True)
    changed.single_verdict.loc[{"claim": "C9"}] = VERDICTS.index("partly")
    read = survivors(changed).sel(claim="C9")
    assert not (read.by_default | read.survives_singles | read.changes.any())


def test_an_estimate_of_a_claim_is_the_mean_of_the_groups_that_count():
    singles = made_up_singles().copy(deep=True)
    rows = np.flatnonzero(singles.row_id.values == "C9")
    singles.single_estimate[0, 3, rows] = np.arange(20.0)
    singles.single_holds[0, 3, rows[10:]] = -1
    singles["row_null"] = ("row", np.full(singles.sizes["row"], 0.25))
    estimate = single_estimates(singles)
    assert estimate.claim.values.tolist() == CLAIMS
    assert estimate.sel(claim="C9")[0, 3] == pytest.approx(4.5 - 0.25)
    assert estimate.sel(claim="C9")[1, 3] == pytest.approx(0.25)


def test_the_deciding_choice_has_an_interval_that_holds_its_effect():
    read = deciding_choices(made_up_universes(32, 4), seed=1, n_parts=2)
    total = read.sel(claim="optimiser", choice="optimiser")
    assert total.total_low < total.total < total.total_high
    small = read.total.sel(claim="optimiser").drop_sel(choice="optimiser")
    assert small.max() < 0.2
    order = read.mean_total.sortby(-read.mean_total).choice.values[:3].tolist()
    assert {"optimiser", "lag", "window"} >= set(order[:1])
    assert (read.mean_low < read.mean_total).all()
    assert (read.mean_total < read.mean_high).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: survivors(made_up_universes(4, 2)), "found"),
        (lambda: survivors(made_up_singles()), "found"),
        (
            lambda: single_estimates(made_up_singles().isel(deviation=slice(1, None))),
            "deviation of found must be one of",
        ),
        (
            lambda: deciding_choices(made_up_universes(4, 2), seed=1, n_parts=5),
            "n_parts must be in",
        ),
    ],
)
def test_what_is_missing_is_named(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
