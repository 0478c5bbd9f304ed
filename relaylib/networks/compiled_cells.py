"""Compiled kernels: one step of an RNN, GRU or LSTM, forward and backward.

Training amplifies any difference in rounding. Therefore every sum has a fixed order and every
product is rounded before it is added, so that every processor trains the same network. Arrays are
(feature, step, sequence) and inner loops run along the sequences; each inner loop uses few rows,
so that the compiler can rule out overlap and vectorise it.
"""

import numpy as np

from relaylib.core.jit import cached_njit

fast = cached_njit(fastmath={"nnan", "ninf", "nsz"}, error_model="numpy")
N_LANES = 64
_LOG2_E, _LN_2 = np.float32(1.4426950408889634), np.float32(0.6931471805599453)
RNN, GRU, LSTM = 0, 1, 2
ZERO, ONE, TWO, _HALF = np.float32(0), np.float32(1), np.float32(2), np.float32(0.5)
_TAYLOR = tuple(np.float32(1 / k) for k in (5040, 720, 120, 24, 6, 2))


@fast
def tanh(x):
    """tanh by (e - 1) / (e + 1), e = exp(2 x) = 2^n exp(r); absolute error below 2e-7."""
    y = min(max(x, np.float32(-9)), np.float32(9)) * TWO
    n = np.floor(y * _LOG2_E + _HALF)
    r = y - n * _LN_2
    p = _TAYLOR[0] * r + _TAYLOR[1]
    p = p * r + _TAYLOR[2]
    p = p * r + _TAYLOR[3]
    p = p * r + _TAYLOR[4]
    p = p * r + _TAYLOR[5]
    p = (p * r + ONE) * r + ONE
    e = p * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
    return (e - ONE) / (e + ONE)


@fast
def sigmoid(x):
    """1 / (1 + exp(-x)), by tanh."""
    return _HALF * tanh(_HALF * x) + _HALF


@fast
def add_product(out, t, weight, x, u):
    """out[i, t, s] += sum_j weight[i, j] x[j, u, s], two rows and four weights at a time."""
    n_out, n_in = weight.shape
    quads = n_in - n_in % 4
    for i in range(0, n_out - 1, 2):
        for j in range(0, quads, 4):
            v0, v1, v2, v3 = weight[i, j], weight[i, j + 1], weight[i, j + 2], weight[i, j + 3]
            w0, w1 = weight[i + 1, j], weight[i + 1, j + 1]
            w2, w3 = weight[i + 1, j + 2], weight[i + 1, j + 3]
            for s in range(out.shape[2]):
                x0, x1, x2, x3 = x[j, u, s], x[j + 1, u, s], x[j + 2, u, s], x[j + 3, u, s]
                out[i, t, s] += (v0 * x0 + v1 * x1) + (v2 * x2 + v3 * x3)
                out[i + 1, t, s] += (w0 * x0 + w1 * x1) + (w2 * x2 + w3 * x3)
    if n_out % 2:
        i = n_out - 1
        for j in range(0, quads, 4):
            v0, v1, v2, v3 = weight[i, j], weight[i, j + 1], weight[i, j + 2], weight[i, j + 3]
            for s in range(out.shape[2]):
                x0, x1, x2, x3 = x[j, u, s], x[j + 1, u, s], x[j + 2, u, s], x[j + 3, u, s]
                out[i, t, s] += (v0 * x0 + v1 * x1) + (v2 * x2 + v3 * x3)
    for i in range(n_out):
        for j in range(quads, n_in):
            w0 = weight[i, j]
            for s in range(out.shape[2]):
                out[i, t, s] += w0 * x[j, u, s]


@fast
def dot(x, y, lanes):
    """Sum of x[k] y[k] in a fixed order: partial sums, which are then added."""
    blocks = x.size - x.size % N_LANES
    pairs = blocks - blocks % (2 * N_LANES)
    lanes[:] = ZERO
    for first in range(0, pairs, 2 * N_LANES):
        second = first + N_LANES
        for k in range(N_LANES):
            lanes[k] = (lanes[k] + x[first + k] * y[first + k]) + x[second + k] * y[second + k]
    for first in range(pairs, blocks, N_LANES):
        for k in range(N_LANES):
            lanes[k] += x[first + k] * y[first + k]
    for k in range(x.size - blocks):
        lanes[k] += x[blocks + k] * y[blocks + k]
    for first in range(8, N_LANES, 8):
        for k in range(8):
            lanes[k] += lanes[first + k]
    low, high = (
        (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]),
        (lanes[4] + lanes[5]) + (lanes[6] + lanes[7]),
    )
    return low + high


@fast
def add_outer(gradient, left, right, shift, n_steps, lanes):
    """gradient[i, j] += sum over steps and sequences of left[i, t, s] right[j, t + shift, s]."""
    n_sequences = left.shape[2]
    n, first = n_steps * n_sequences, shift * n_sequences
    for i in range(gradient.shape[0]):
        row = left[i].reshape(-1)[:n]
        for j in range(gradient.shape[1]):
            gradient[i, j] += dot(row, right[j].reshape(-1)[first : first + n], lanes)


@fast
def add_rows(gradient, values, n_steps, lanes):
    """gradient[i] += sum over steps and sequences of values[i, t, s]."""
    n = n_steps * values.shape[2]
    ones = np.ones(n, np.float32)
    for i in range(gradient.shape[0]):
        gradient[i] += dot(values[i].reshape(-1)[:n], ones, lanes)


@fast
def set_rows(out, t, bias, other):
    """out[i, t, s] = bias[i] + other[i] for the rows that other has, and bias[i] for the rest."""
    for i in range(bias.size):
        value = bias[i] + other[i] if i < other.size else bias[i]
        for s in range(out.shape[2]):
            out[i, t, s] = value


@fast
def forward_rnn(h, gates, t):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh)."""
    for i in range(h.shape[0]):
        for s in range(h.shape[2]):
            h[i, t + 1, s] = tanh(gates[i, t, s])


@fast
def backward_rnn(h, gates, dh, t):
    """Replace gates by the gradient of the tanh's argument, given dh at step t + 1; set dh to 0."""
    for i in range(h.shape[0]):
        for s in range(h.shape[2]):
            gates[i, t, s] = dh[i, 0, s] * (ONE - h[i, t + 1, s] * h[i, t + 1, s])
            dh[i, 0, s] = ZERO


@fast
def squash_rows(gates, t, first, last):
    """Replace rows first..last - 1 by their sigmoid."""
    for i in range(first, last):
        for s in range(gates.shape[2]):
            gates[i, t, s] = sigmoid(gates[i, t, s])


@fast
def forward_gru(h, gates, fresh, t):
    """r, z = sigmoid(.); n = tanh(x part + r * (h part)); h' = (1 - z) n + z h."""
    n = h.shape[0]
    squash_rows(gates, t, 0, 2 * n)
    for i in range(n):
        for s in range(h.shape[2]):
            gates[2 * n + i, t, s] = tanh(gates[2 * n + i, t, s] + gates[i, t, s] * fresh[i, t, s])
        for s in range(h.shape[2]):
            z = gates[n + i, t, s]
            h[i, t + 1, s] = (ONE - z) * gates[2 * n + i, t, s] + z * h[i, t, s]


@fast
def backward_gru(h, gates, fresh, dh, t):
    """Replace gates by the gradients of the arguments of r, z, n; dh becomes the part z dh."""
    n = h.shape[0]
    for i in range(n):
        for s in range(h.shape[2]):
            z, new, d = gates[n + i, t, s], gates[2 * n + i, t, s], dh[i, 0, s]
            gates[n + i, t, s] = d * (h[i, t, s] - new) * z * (ONE - z)
            gates[2 * n + i, t, s] = d * (ONE - z) * (ONE - new * new)
            dh[i, 0, s] = d * z
        for s in range(h.shape[2]):
            r, d_new = gates[i, t, s], gates[2 * n + i, t, s]
            gates[i, t, s] = d_new * fresh[i, t, s] * r * (ONE - r)
            fresh[i, t, s] = d_new * r


@fast
def forward_lstm(h, gates, c, t):
    """i, f, o = sigmoid(.), g = tanh(.); c' = f c + i g; h' = o tanh(c')."""
    n = h.shape[0]
    squash_rows(gates, t, 0, 2 * n)
    squash_rows(gates, t, 3 * n, 4 * n)
    for i in range(n):
        for s in range(h.shape[2]):
            gates[2 * n + i, t, s] = tanh(gates[2 * n + i, t, s])
        for s in range(h.shape[2]):
            kept = gates[n + i, t, s] * c[i, t, s]
            c[i, t + 1, s] = kept + gates[i, t, s] * gates[2 * n + i, t, s]
        for s in range(h.shape[2]):
            h[i, t + 1, s] = gates[3 * n + i, t, s] * tanh(c[i, t + 1, s])


@fast
def backward_lstm(h, gates, c, dh, dc, t):
    """Replace gates by the gradients of the arguments of i, f, g, o; dc passes to step t."""
    n = h.shape[0]
    for i in range(n):
        for s in range(h.shape[2]):
            squashed, out = tanh(c[i, t + 1, s]), gates[3 * n + i, t, s]
            dc[i, 0, s] += dh[i, 0, s] * out * (ONE - squashed * squashed)
            gates[3 * n + i, t, s] = dh[i, 0, s] * squashed * out * (ONE - out)
        for s in range(h.shape[2]):
            into, new, d = gates[i, t, s], gates[2 * n + i, t, s], dc[i, 0, s]
            gates[i, t, s] = d * new * into * (ONE - into)
            gates[2 * n + i, t, s] = d * into * (ONE - new * new)
        for s in range(h.shape[2]):
            keep, d = gates[n + i, t, s], dc[i, 0, s]
            gates[n + i, t, s] = d * c[i, t, s] * keep * (ONE - keep)
            dc[i, 0, s] = d * keep
        dh[i, 0, :] = ZERO


@fast
def tanh_rows(values, t):
    """Replace all rows by their tanh."""
    for i in range(values.shape[0]):
        for s in range(values.shape[2]):
            values[i, t, s] = tanh(values[i, t, s])
