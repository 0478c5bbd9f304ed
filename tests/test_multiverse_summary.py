"""Which choices decide, on made-up universes whose answer is known."""

import numpy as np
import pytest
from multiverse_cases import made_up_universes

from relaylib.studies.multiverse_summary import (
    CHOICES,
    effects,
    holding_shares,
    shuffled_curves,
)
from relaylib.studies.verdicts import VERDICTS

N_TRAINING, N_ANALYSIS = 64, 16


@pytest.fixture(scope="module")
def found():
    return made_up_universes(N_TRAINING, N_ANALYSIS)


@pytest.fixture(scope="module")
def explained(found):
    return effects(found, seed=1, n_resamples=50)


def test_the_choice_that_decides_is_found_alone(explained):
    main = explained.main.sel(claim="optimiser")
    assert main.sel(choice="optimiser") > 0.9
    assert abs(main.drop_sel(choice="optimiser")).max() < 0.15
    assert explained.main_low.sel(claim="optimiser", choice="optimiser") > 0.8
    assert explained.total.sel(claim="optimiser", choice="optimiser") > 0.8


def test_an_interaction_shows_in_total_effects_alone(explained):
    product = explained.sel(claim="product")
    assert abs(product.main.sel(choice=["lag", "window"])).max() < 0.1
    assert product.total.sel(choice=["lag", "window"]).min() > 0.5
    assert product.total.drop_sel(choice=["lag", "window"]).max() < 0.2
    assert product.surrogate_r2 > 0.8


def test_differences_of_ways_of_training_explain_nothing(explained):
    nothing = explained.sel(claim="nothing")
    assert nothing.main.mean() == pytest.approx(0, abs=0.02)
    assert nothing.main.max() < 0.15
    assert nothing.surrogate_r2 < 0.2


def test_a_claim_that_few_ways_of_training_have_gets_no_total_effects(found):
    few = optimiser_only_of(found, found.training < 3)
    explained = effects(few, seed=1, n_resamples=2).sel(claim=["optimiser", "product"])
    assert explained.total.isnull().all("choice").values.tolist() == [True, False]
    assert explained.surrogate_r2.isnull().values.tolist() == [True, False]


def test_a_claim_of_every_other_way_of_training_has_total_effects(found):
    """Odd and even ways stand for the two halves: one half alone has values."""
    odd = optimiser_only_of(found, found.training % 2 == 1)
    explained = effects(odd, seed=1, n_resamples=2).sel(claim="optimiser")
    assert explained.surrogate_r2.notnull()
    assert explained.total.notnull().all()


def optimiser_only_of(found, universes):
    """Return universes of which some alone have an estimate of the claim on the optimiser."""
    return found.assign(
        estimate=found.estimate.where(universes | (found.claim != "optimiser")).transpose(
            *found.estimate.dims
        )
    )


def test_a_claim_that_one_way_of_training_lets_judge_gets_no_interval(found):
    unknown = VERDICTS.index("not judged")
    judged = found.verdict.where((found.training == 0) | (found.claim != "optimiser"), unknown)
    shares = holding_shares(found.assign(verdict=judged.astype(int)), seed=1)
    one = shares.sel(claim="optimiser")
    assert one.share.notnull().all()
    assert one.low.isnull().all()
    assert one.high.isnull().all()
    assert shares.low.sel(claim="product").notnull().all()


def test_shares_leave_out_what_could_not_be_judged(found):
    shares = holding_shares(found, seed=1)
    known = found.estimate.sel(claim="optimiser").dropna("universe")
    assert shares.n_universes.sel(claim="optimiser") == len(known)
    share = shares.sel(claim="optimiser", verdict="reproduced")
    assert share.share == pytest.approx(float((known > 0).mean()))
    assert share.low < share.share < share.high
    np.testing.assert_allclose(shares.share.sum("verdict"), 1)


def test_intervals_come_from_ways_of_training(found):
    """All analyses of one way of training agree on "nothing": they are no independent evidence."""
    share = holding_shares(found, seed=1).sel(claim="nothing", verdict="reproduced")
    half = 1.96 * np.sqrt(0.25 / N_TRAINING)
    assert float(share.high - share.low) == pytest.approx(2 * half, rel=0.25)


def test_a_curve_beyond_every_shuffle_is_told_from_chance(found):
    curve = shuffled_curves(found, seed=1, n_draws=200)
    assert curve.positive_fraction == 1
    assert curve.median_p == curve.positive_p == pytest.approx(1 / 201)
    same = found.assign(
        drift_r=found.drift_r * 0 + np.random.default_rng(1).random((1024, 1, 3, 2))
    )
    assert shuffled_curves(same, seed=1, n_draws=200).median_p > 0.05


def test_universes_must_say_their_way_of_training(found):
    with pytest.raises(ValueError, match="way of training of each universe"):
        holding_shares(found.drop_vars("training"), seed=1)
    with pytest.raises(ValueError, match="optimiser"):
        effects(found.drop_vars("optimiser"), seed=1)
    assert set(CHOICES) <= set(found.data_vars)
