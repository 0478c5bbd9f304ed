"""Multinomial logistic regression on features that are added one after the other.

Each fit starts from the last one, so that a whole sequence of nested models costs little more than
a few of them.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

_TOLERANCE = 1e-5  # gain of the mean loss in a step, nats, at which a fit ends
_MOST_STEPS = 200


class Folds(NamedTuple):
    """Which sequences are held out together, and what every sequence weighs.

    Attributes
    ----------
    held_out
        Number of the fold in which a sequence is held out, (sequence,).
    weights
        Weight of each sequence, their sum 1, (sequence,).
    """

    held_out: np.ndarray
    weights: np.ndarray

    def parts(self) -> list[np.ndarray]:
        """Return the weights in training: of each fold, and of all sequences."""
        folds = range(self.held_out.max() + 1)
        return [*(np.where(self.held_out == k, 0.0, self.weights) for k in folds), self.weights]


@dataclass
class NestedLogistic:
    """Cross-validated log-loss of logistic models of one answer, with more and more features.

    Losses are those of ``(1 - 1 / n) p + q / n`` with p the model's probability, q the share of the
    class in training and n its number of sequences: one surprise cannot cost more than log2(n / q).
    A model may ignore features: those that do not lower the mean loss leave it as it was.

    Attributes
    ----------
    z
        Classes 0, 1, ... to predict, (sequence,).
    folds
        From `Folds`.
    features
        Columns so far, (sequence, column). All coefficients but the intercepts pay half their
        square, in units of the sum of losses over sequences in nats.
    losses_bits
        Held-out loss of the best model so far, (sequence,).
    """

    z: np.ndarray
    folds: Folds
    features: np.ndarray
    losses_bits: np.ndarray = field(init=False)
    scores: np.ndarray = field(init=False)  # of the fit to all sequences, (sequence, class)

    def __post_init__(self) -> None:
        self.n_classes = int(self.z.max()) + 1
        n_rows = 1 + self.features.shape[1]
        self._coefficients = [np.zeros((n_rows, self.n_classes)) for _ in self.folds.parts()]
        self.losses_bits = np.full(len(self.z), np.inf)
        self._fit()

    def add(self, columns: np.ndarray) -> None:
        """Add feature columns, (sequence, column), and fit again."""
        if not columns.shape[1]:
            return
        self.features = np.hstack([self.features, columns])
        new = np.zeros((columns.shape[1], self.n_classes))
        self._coefficients = [np.vstack([known, new]) for known in self._coefficients]
        self._fit()

    def probabilities(self) -> np.ndarray:
        """Of the fit to all sequences, (sequence, class)."""
        return np.exp(log_softmax(self.scores, axis=1))

    def _fit(self) -> None:
        design = np.hstack([np.ones((len(self.z), 1)), self.features])
        losses = np.empty(len(self.z))
        for number, weights in enumerate(self.folds.parts()):
            trained = weights > 0
            case = design[trained], self.z[trained], weights[trained]
            self._coefficients[number] = _fitted(*case, self._coefficients[number])
            held_out = self.folds.held_out == number
            scores = design @ self._coefficients[number]
            if held_out.any():
                share = np.bincount(self.z, weights, self.n_classes) / weights.sum()
                smoothed = _smoothed(scores[held_out], share, int(trained.sum()))
                losses[held_out] = -np.log2(smoothed[range(len(smoothed)), self.z[held_out]])
        self.scores = scores
        if self.folds.weights @ losses < self._loss():
            self.losses_bits = losses

    def _loss(self) -> float:
        return float(self.folds.weights @ self.losses_bits)


def _smoothed(scores: np.ndarray, share: np.ndarray, n_trained: int) -> np.ndarray:
    q = (n_trained * share + 0.5) / (n_trained + 0.5 * len(share))
    return (1 - 1 / n_trained) * np.exp(log_softmax(scores, axis=1)) + q / n_trained


def _fitted(
    design: np.ndarray, z: np.ndarray, weights: np.ndarray, start: np.ndarray
) -> np.ndarray:
    """Return the coefficients (column, class) with the least penalised loss; column 0 is 1."""
    each = weights[:, None] / weights.sum()
    ridge = np.full((len(start), 1), 1 / len(design))
    ridge[0] = 0.0
    rows = np.arange(len(z))

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        coefficients = flat.reshape(start.shape)
        scores = design @ coefficients
        scores -= scores.max(axis=1, keepdims=True)
        p = np.exp(scores)
        total = p.sum(axis=1, keepdims=True)
        penalty = ridge * coefficients
        value = (each * (np.log(total) - scores[rows, z][:, None])).sum()
        p /= total
        p[rows, z] -= 1
        p *= each
        return value + (penalty * coefficients).sum() / 2, (design.T @ p + penalty).ravel()

    options = {"maxiter": _MOST_STEPS, "ftol": _TOLERANCE, "gtol": _TOLERANCE}
    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    return found.x.reshape(start.shape)


def stratified_folds(z: np.ndarray, n_folds: int, *, rng: np.random.Generator) -> np.ndarray:
    """Return the fold in which each sequence is held out; each class is spread evenly."""
    fold = np.empty(len(z), int)
    start = 0
    for k in range(int(z.max()) + 1):
        members = rng.permutation(np.flatnonzero(z == k))
        fold[members] = (start + np.arange(len(members))) % n_folds
        start += len(members)
    return fold
