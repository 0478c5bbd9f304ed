"""Standard classifiers of time series, on the series that networks are shown."""

import numpy as np
import xarray as xr

from relaylib.core.bootstrap import resampled
from relaylib.core.checks import check_floats, check_integer, check_type
from relaylib.core.seeds import stream
from relaylib.tasks.series import Series

BASELINES = ("1-NN DTW", "MiniRocket")
_SHORTEST = 9  # steps that MiniRocket needs


def baseline_accuracy(train: Series, test: Series, *, seed: int) -> xr.Dataset:
    """Accuracy of a nearest neighbour with dynamic time warping, and of MiniRocket.

    Parameters
    ----------
    train, test
        Series to fit, and to test.
    seed
        Root of the random streams of MiniRocket's biases and of the bootstrap.

    Returns
    -------
    xarray.Dataset
        (baseline): ``baseline_accuracy``, fraction of test series of which the class is right, with
        its 95 % bootstrap interval over test series, ``baseline_low`` and ``baseline_high``.

    Raises
    ------
    ModuleNotFoundError
        If sktime is not installed.

    References
    ----------
    Sakoe and Chiba (1978), IEEE Transactions on Acoustics 26, 43-49. Dempster, Schmidt and Webb
    (2021), KDD, 248-257.
    """
    check_type("train", train, Series), check_type("test", test, Series)
    check_integer("seed", seed, 0)
    right = [fit(train, test, seed) for fit in (_nearest_neighbour, _minirocket)]
    drawn = [
        resampled(hits.astype(float), rng=stream(seed, "baseline", name), n_resamples=2000)
        for name, hits in zip(BASELINES, right, strict=True)
    ]
    limits = [np.quantile(means, (0.025, 0.975)) for means in drawn]
    return xr.Dataset(
        {
            "baseline_accuracy": ("baseline", [hits.mean() for hits in right]),
            "baseline_low": ("baseline", [low for low, _ in limits]),
            "baseline_high": ("baseline", [high for _, high in limits]),
        },
        coords={"baseline": list(BASELINES)},
    )


def _nearest_neighbour(train: Series, test: Series, seed: int) -> np.ndarray:
    """Return whether each test series has the class of the nearest training series."""
    nearest = [warped_distances(series, train.inputs).argmin() for series in test.inputs]
    return train.classes[nearest] == test.classes


def warped_distances(series: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Dynamic time warping: least sum of squared differences over all alignments in order.

    Parameters
    ----------
    series
        (step, channel).
    others
        (sequence, step, channel).

    Returns
    -------
    numpy.ndarray
        (sequence,).

    Raises
    ------
    ValueError, TypeError
        If shapes do not fit, or values are not finite.
    """
    series = check_floats("series", series, (None, None))
    others = check_floats("others", others, (None, None, series.shape[1]))
    apart = ((series[:, None, None] - others) ** 2).sum(axis=-1).transpose(0, 2, 1)
    total = np.full((len(series) + 1, others.shape[1] + 1, len(others)), np.inf)
    total[0, 0] = 0
    for i, j in np.ndindex(apart.shape[:2]):
        before = np.minimum(np.minimum(total[i, j], total[i, j + 1]), total[i + 1, j])
        total[i + 1, j + 1] = apart[i, j] + before
    return total[-1, -1]


def _minirocket(train: Series, test: Series, seed: int) -> np.ndarray:
    """Return whether MiniRocket with a ridge classifier names the class of each test series."""
    from sklearn.linear_model import RidgeClassifierCV

    try:
        from sktime.transformations.panel.rocket import MiniRocketMultivariate
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"MiniRocket is in the package sktime, which is not installed ({error}): "
            "pip install 'relaylib[real]'",
            name=error.name,
        ) from error

    rocket = MiniRocketMultivariate(random_state=seed % 2**31, n_jobs=1)
    fitted = rocket.fit_transform(_long_enough(train))
    ridge = RidgeClassifierCV(alphas=np.logspace(-3, 3, 10)).fit(fitted, train.classes)
    return ridge.predict(rocket.transform(_long_enough(test))) == test.classes


def _long_enough(series: Series) -> np.ndarray:
    """Return (sequence, channel, step), with steps of the mean before series that are too short."""
    inputs = series.inputs.transpose(0, 2, 1)
    missing = max(0, _SHORTEST - inputs.shape[2])
    return np.pad(inputs, ((0, 0), (0, 0), (missing, 0)))
