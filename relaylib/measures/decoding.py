"""Cross-temporal decoding: decoders trained at one step read the code of another.

The matrix of accuracies tells what information matrices cannot, since they do not see signs:
information that stays (a square block), moves (a diagonal), or turns round (below chance).
"""

import numpy as np
import xarray as xr

from relaylib.core.checks import check_choice, check_dims, check_floats, check_labels
from relaylib.core.tolerances import EQUAL_ACTIVATIONS

_DIMS = ("network", "time", "node", "sequence")


def cross_temporal_decoding(
    activations: xr.DataArray,
    x_in: xr.DataArray,
    test_activations: xr.DataArray,
    test_x_in: xr.DataArray,
) -> xr.DataArray:
    """Train a linear decoder of each concept at every step, and test it at every step.

    Parameters
    ----------
    activations, x_in
        On which decoders are trained: (network, time, node, sequence), and the concepts' values, of
        either sign, (concept, sequence).
    test_activations, test_x_in
        The same for other sequences, on which they are tested.

    Returns
    -------
    xarray.DataArray
        Fraction of test sequences decoded with the right sign, (network, trained_at, tested_at,
        concept). 0.5 is chance; below it the code has turned round.

    Raises
    ------
    ValueError, TypeError
        If a dimension is missing, labels differ, values are not finite, or a concept has but one
        value in the training sequences.

    Notes
    -----
    Linear discriminant analysis whose covariance is shrunk as Ledoit and Wolf say: the same as
    ``sklearn.discriminant_analysis.LinearDiscriminantAnalysis("lsqr", shrinkage="auto")``, for
    many networks at once.

    References
    ----------
    King and Dehaene (2014), Trends in Cognitive Sciences 18, 203-210. Ledoit and Wolf (2004),
    Journal of Multivariate Analysis 88, 365-411.
    """
    given = {"activations": activations, "test_activations": test_activations}
    values = {"x_in": x_in, "test_x_in": test_x_in}
    for name, array in given.items():
        check_dims(name, array, _DIMS)
        check_floats(name, array.values, (None,) * 4)
    for name, array in values.items():
        check_dims(name, array, ("concept", "sequence"))
        check_floats(name, array.values, (None, None))
    check_labels(activations=activations.isel(sequence=0), test=test_activations.isel(sequence=0))
    x = activations.transpose(*_DIMS).values.astype(float)
    tested = test_activations.transpose(*_DIMS).values.astype(float)
    positive = x_in.transpose("concept", "sequence").values > 0
    truth = test_x_in.transpose("concept", "sequence").values > 0
    if positive.shape[1] != x.shape[3] or truth.shape != (len(positive), tested.shape[3]):
        raise ValueError(f"x_in must fit the activations, got {x_in.sizes} and {test_x_in.sizes}")
    accuracy = np.stack(
        [_accuracies(x, tested, *of_concept) for of_concept in zip(positive, truth, strict=True)],
        axis=-1,
    )
    time = activations.time.values
    names = x_in.concept.values if "concept" in x_in.coords else np.arange(len(positive))
    coords = {"trained_at": time, "tested_at": time, "concept": names}
    if "network" in activations.coords:
        coords["network"] = activations.network.values
    attrs = {"units": "1", "long_name": "fraction of sequences decoded"}
    dims = ("network", "trained_at", "tested_at", "concept")
    return xr.DataArray(accuracy, coords, dims, "decoding", attrs)


def by_lag(matrix: xr.DataArray, rows: str, columns: str) -> xr.DataArray:
    """Mean over all pairs of steps that are as far apart, (..., lag); lag 0 is the diagonal.

    Parameters
    ----------
    matrix
        With two dimensions of equal steps, and any others. NaN is left out.
    rows, columns
        Names of these dimensions, e.g. ``"trained_at"``, ``"tested_at"``.

    Returns
    -------
    xarray.DataArray
        The remaining dimensions and ``lag``, in steps.

    Raises
    ------
    ValueError, TypeError
        If a dimension is missing or their steps differ.
    """
    check_dims("matrix", matrix, ())
    check_choice("rows", rows, matrix.dims), check_choice("columns", columns, matrix.dims)
    check_floats("matrix", matrix.values, (...,), allow_nan=True)
    for name in (rows, columns):
        if name not in matrix.coords or matrix[name].dtype.kind not in "iuf":
            raise ValueError(f"matrix must have numbers as labels of {name}")
    if rows == columns or not np.array_equal(matrix[rows], matrix[columns]):
        raise ValueError(f"rows and columns must be two dimensions of equal steps, got {rows}")
    apart = abs(matrix[rows] - matrix[columns])
    lags = np.unique(apart.values)
    means = [matrix.where(apart == lag).mean([rows, columns]) for lag in lags]
    lag = xr.DataArray(lags, dims="lag", name="lag", attrs={"units": "step"})
    return xr.concat(means, lag).transpose(..., "lag").assign_attrs(matrix.attrs)


def _accuracies(
    x: np.ndarray, tested: np.ndarray, positive: np.ndarray, truth: np.ndarray
) -> np.ndarray:
    """Accuracy (network, trained_at, tested_at) of decoders of one concept."""
    if positive.all() or not positive.any():
        raise ValueError("x_in must have both values of every concept, got one of them alone")
    share = positive.mean()
    classes = [x[..., ~positive], x[..., positive]]
    means = [part.mean(axis=-1) for part in classes]
    within = (1 - share) * shrunk_covariance(classes[0]) + share * shrunk_covariance(classes[1])
    inverse = np.linalg.pinv(within, hermitian=True)
    weights = np.einsum("btij,btj->bti", inverse, means[1] - means[0])
    middle = np.einsum("bti,bti->bt", weights, (means[0] + means[1]) / 2)
    threshold = middle - np.log(share / (1 - share))
    scores = np.einsum("bti,buis->btus", weights, tested, optimize=True)
    return ((scores > threshold[..., None, None]) == truth).mean(axis=-1)


def shrunk_covariance(x: np.ndarray) -> np.ndarray:
    """Covariance of standardised variables, shrunk to a multiple of the identity, and scaled back.

    Parameters
    ----------
    x
        (..., variable, sample).

    Returns
    -------
    numpy.ndarray
        (..., variable, variable).

    Raises
    ------
    ValueError, TypeError
        If values are not finite.

    References
    ----------
    Ledoit and Wolf (2004), Journal of Multivariate Analysis 88, 365-411, lemma 3.2 ff.
    """
    x = check_floats("x", x, (..., None, None))
    n_variables, n = x.shape[-2:]
    spread = x.std(axis=-1, keepdims=True)
    scale = np.where(spread > EQUAL_ACTIVATIONS**2, spread, 1.0)
    z = (x - x.mean(axis=-1, keepdims=True)) / scale
    covariance = z @ np.swapaxes(z, -1, -2) / n
    eye = np.eye(n_variables)
    mu = np.trace(covariance, axis1=-2, axis2=-1)[..., None, None] / n_variables
    size = ((covariance - mu * eye) ** 2).sum(axis=(-2, -1), keepdims=True)  # n_variables delta^2
    length = (z**2).sum(axis=-2)  # of each sample, squared
    error = (length**2).mean(axis=-1)[..., None, None] - (covariance**2).sum(
        (-2, -1), keepdims=True
    )
    error = np.minimum(error / n, size)
    shrinkage = np.divide(error, size, out=np.zeros_like(size), where=size > 0)
    shrunk = (1 - shrinkage) * covariance + shrinkage * mu * eye
    return scale * shrunk * np.swapaxes(scale, -1, -2)
