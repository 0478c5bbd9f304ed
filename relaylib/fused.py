"""Training of one small recurrent network, forward and backward, as one compiled loop.

`train_attempt` computes what `relaylib.stacked` computes with torch's autograd, several times
faster on a CPU: all steps of a network stay in cache, and element-wise work costs no pass over
memory. It lets go of the interpreter's lock, so that threads train networks side by side; a network
is the same to the last bit whatever the others do. The equations are those of `torch.nn.RNN`,
`GRU`, `LSTM` and `torch.optim.Adam`. Arrays are feature-major, (feature, step, sequence), so that
inner loops run along the sequences; each inner loop touches few rows, so that the compiler can
prove them apart and vectorise it.
"""

import numba
import numpy as np

_fast = numba.njit(fastmath=True, error_model="numpy", cache=True)
_LOG2_E, _LN_2 = np.float32(1.4426950408889634), np.float32(0.6931471805599453)
RNN, GRU, LSTM = 0, 1, 2
_ZERO, _ONE, _TWO, _HALF = np.float32(0), np.float32(1), np.float32(2), np.float32(0.5)
_TAYLOR = tuple(np.float32(1 / k) for k in (5040, 720, 120, 24, 6, 2))


@_fast
def _tanh(x):
    """tanh by (e - 1) / (e + 1), e = exp(2 x) = 2^n exp(r); absolute error below 2e-7."""
    y = min(max(x, np.float32(-9)), np.float32(9)) * _TWO
    n = np.floor(y * _LOG2_E + _HALF)
    r = y - n * _LN_2
    p = _TAYLOR[0] * r + _TAYLOR[1]
    p = p * r + _TAYLOR[2]
    p = p * r + _TAYLOR[3]
    p = p * r + _TAYLOR[4]
    p = p * r + _TAYLOR[5]
    p = (p * r + _ONE) * r + _ONE
    e = p * np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
    return (e - _ONE) / (e + _ONE)


@_fast
def _sigmoid(x):
    return _HALF * _tanh(_HALF * x) + _HALF


@_fast
def _add_product(out, t, weight, x, u):
    """out[i, t, s] += sum_j weight[i, j] x[j, u, s], four columns of weights at a time."""
    n_out, n_in = weight.shape
    quads = n_in - n_in % 4
    for i in range(n_out):
        for j in range(0, quads, 4):
            w0, w1, w2, w3 = weight[i, j], weight[i, j + 1], weight[i, j + 2], weight[i, j + 3]
            for s in range(out.shape[2]):
                out[i, t, s] += (w0 * x[j, u, s] + w1 * x[j + 1, u, s]) + (
                    w2 * x[j + 2, u, s] + w3 * x[j + 3, u, s]
                )
        for j in range(quads, n_in):
            w0 = weight[i, j]
            for s in range(out.shape[2]):
                out[i, t, s] += w0 * x[j, u, s]


@_fast
def _add_outer(gradient, left, right, shift, n_steps):
    """gradient[i, j] += sum over steps and sequences of left[i, t, s] right[j, t + shift, s]."""
    n_out, n_in = gradient.shape
    quads = n_in - n_in % 4
    for i in range(n_out):
        for j in range(0, quads, 4):
            g0, g1, g2, g3 = _ZERO, _ZERO, _ZERO, _ZERO
            for t in range(n_steps):
                for s in range(left.shape[2]):
                    d = left[i, t, s]
                    g0 += d * right[j, t + shift, s]
                    g1 += d * right[j + 1, t + shift, s]
                    g2 += d * right[j + 2, t + shift, s]
                    g3 += d * right[j + 3, t + shift, s]
            gradient[i, j] += g0
            gradient[i, j + 1] += g1
            gradient[i, j + 2] += g2
            gradient[i, j + 3] += g3
        for j in range(quads, n_in):
            g0 = _ZERO
            for t in range(n_steps):
                for s in range(left.shape[2]):
                    g0 += left[i, t, s] * right[j, t + shift, s]
            gradient[i, j] += g0


@_fast
def _add_rows(gradient, values, n_steps):
    """gradient[i] += sum over steps and sequences of values[i, t, s]."""
    for i in range(gradient.shape[0]):
        total = _ZERO
        for t in range(n_steps):
            for s in range(values.shape[2]):
                total += values[i, t, s]
        gradient[i] += total


@_fast
def _set_rows(out, t, bias):
    for i in range(bias.size):
        out[i, t, :] = bias[i]


@_fast
def _forward_rnn(h, gates, t):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh)."""
    for i in range(h.shape[0]):
        for s in range(h.shape[2]):
            h[i, t + 1, s] = _tanh(gates[i, t, s])


@_fast
def _backward_rnn(h, gates, dh, t):
    for i in range(h.shape[0]):
        for s in range(h.shape[2]):
            gates[i, t, s] = dh[i, 0, s] * (_ONE - h[i, t + 1, s] * h[i, t + 1, s])
            dh[i, 0, s] = _ZERO


@_fast
def _squash_rows(gates, t, first, last):
    """Sigmoid of some rows, in place."""
    for i in range(first, last):
        for s in range(gates.shape[2]):
            gates[i, t, s] = _sigmoid(gates[i, t, s])


@_fast
def _forward_gru(h, gates, fresh, t):
    """r, z = sigmoid(.); n = tanh(x part + r * (h part)); h' = (1 - z) n + z h."""
    n = h.shape[0]
    _squash_rows(gates, t, 0, 2 * n)
    for i in range(n):
        for s in range(h.shape[2]):
            gates[2 * n + i, t, s] = _tanh(gates[2 * n + i, t, s] + gates[i, t, s] * fresh[i, t, s])
        for s in range(h.shape[2]):
            z = gates[n + i, t, s]
            h[i, t + 1, s] = (_ONE - z) * gates[2 * n + i, t, s] + z * h[i, t, s]


@_fast
def _backward_gru(h, gates, fresh, dh, t):
    n = h.shape[0]
    for i in range(n):
        for s in range(h.shape[2]):
            z, new, d = gates[n + i, t, s], gates[2 * n + i, t, s], dh[i, 0, s]
            gates[n + i, t, s] = d * (h[i, t, s] - new) * z * (_ONE - z)
            gates[2 * n + i, t, s] = d * (_ONE - z) * (_ONE - new * new)
            dh[i, 0, s] = d * z
        for s in range(h.shape[2]):
            r, d_new = gates[i, t, s], gates[2 * n + i, t, s]
            gates[i, t, s] = d_new * fresh[i, t, s] * r * (_ONE - r)
            fresh[i, t, s] = d_new * r


@_fast
def _forward_lstm(h, gates, c, t):
    """i, f, o = sigmoid(.), g = tanh(.); c' = f c + i g; h' = o tanh(c')."""
    n = h.shape[0]
    _squash_rows(gates, t, 0, 2 * n)
    _squash_rows(gates, t, 3 * n, 4 * n)
    for i in range(n):
        for s in range(h.shape[2]):
            gates[2 * n + i, t, s] = _tanh(gates[2 * n + i, t, s])
        for s in range(h.shape[2]):
            kept = gates[n + i, t, s] * c[i, t, s]
            c[i, t + 1, s] = kept + gates[i, t, s] * gates[2 * n + i, t, s]
        for s in range(h.shape[2]):
            h[i, t + 1, s] = gates[3 * n + i, t, s] * _tanh(c[i, t + 1, s])


@_fast
def _backward_lstm(h, gates, c, dh, dc, t):
    n = h.shape[0]
    for i in range(n):
        for s in range(h.shape[2]):
            squashed, out = _tanh(c[i, t + 1, s]), gates[3 * n + i, t, s]
            dc[i, 0, s] += dh[i, 0, s] * out * (_ONE - squashed * squashed)
            gates[3 * n + i, t, s] = dh[i, 0, s] * squashed * out * (_ONE - out)
        for s in range(h.shape[2]):
            into, new, d = gates[i, t, s], gates[2 * n + i, t, s], dc[i, 0, s]
            gates[i, t, s] = d * new * into * (_ONE - into)
            gates[2 * n + i, t, s] = d * into * (_ONE - new * new)
        for s in range(h.shape[2]):
            keep, d = gates[n + i, t, s], dc[i, 0, s]
            gates[n + i, t, s] = d * c[i, t, s] * keep * (_ONE - keep)
            dc[i, 0, s] = d * keep
        dh[i, 0, :] = _ZERO


@_fast
def _read_out(outputs, h, t, weight, bias):
    """outputs = tanh(W h + b)."""
    for k in range(outputs.shape[0]):
        for s in range(outputs.shape[1]):
            total = bias[k]
            for i in range(h.shape[0]):
                total += weight[k, i] * h[i, t, s]
            outputs[k, s] = _tanh(total)


@_fast
def _workspace(kind, n_nodes, inputs, targets, n_blank):
    """Room for one network: h, (LSTM) c or (GRU) W_hn h + b_hn, gates, outputs by delay."""
    last, n_sequences = inputs.shape[1] + n_blank, inputs.shape[2]
    h = np.zeros((n_nodes, last + 1, n_sequences), np.float32)
    extra = np.zeros((n_nodes, last + 1, n_sequences), np.float32)
    n_gates = n_nodes * (1 if kind == RNN else 3 if kind == GRU else 4)
    gates = np.empty((n_gates, last, n_sequences), np.float32)
    return h, extra, gates, np.empty((n_blank + 1, *targets.shape), np.float32)


@_fast
def _run(kind, n_nodes, flat, inputs, work):
    """Forward pass of one network; fills the workspace and returns its outputs."""
    h, extra, gates, outputs = work
    t_in, n_blank = inputs.shape[1], outputs.shape[0] - 1
    weights = _views(flat, inputs.shape[0], n_nodes, outputs.shape[1], kind)
    w_ih, w_hh, b_ih, b_hh, w_out, b_out = weights
    if kind == LSTM:
        extra[:, 0] = _ZERO
    split = 2 * w_hh.shape[1] if kind == GRU else w_hh.shape[0]
    for t in range(t_in + n_blank):
        _set_rows(gates, t, b_ih)
        for i in range(split):
            gates[i, t, :] += b_hh[i]
        if t < t_in:
            _add_product(gates, t, w_ih, inputs, t)
        _add_product(gates, t, w_hh[:split], h, t)
        if kind == RNN:
            _forward_rnn(h, gates, t)
        elif kind == GRU:
            _set_rows(extra, t, b_hh[split:])
            _add_product(extra, t, w_hh[split:], h, t)
            _forward_gru(h, gates, extra, t)
        else:
            _forward_lstm(h, gates, extra, t)
    for delay in range(n_blank + 1):
        _read_out(outputs[delay], h, t_in + delay, w_out, b_out)
    return outputs


@_fast
def _ask(outputs, targets, delays, delay, d_out):
    """Gradient of the squared error at one delay with respect to what goes into the last tanh."""
    scale = _TWO / np.float32(targets.size)
    for k in range(targets.shape[0]):
        for s in range(targets.shape[1]):
            y = outputs[delay, k, s]
            asked = scale if delays[s] == delay else _ZERO
            d_out[k, 0, s] = asked * (y - targets[k, s]) * (_ONE - y * y)


@_fast
def _back(kind, n_nodes, flat, inputs, targets, delays, work, gradient):
    """Backpropagation through time; gates (and the GRU's extra) become their own gradients."""
    h, extra, gates, outputs = work
    n, n_blank, (n_inputs, t_in, n_sequences) = n_nodes, outputs.shape[0] - 1, inputs.shape
    _, w_hh, _, _, w_out, _ = _views(flat, n_inputs, n, targets.shape[0], kind)
    views = _views(gradient, n_inputs, n, targets.shape[0], kind)
    g_ih, g_hh, gb_ih, gb_hh, g_out, gb_out = views
    split = 2 * n if kind == GRU else w_hh.shape[0]
    dh = np.zeros((n, 1, n_sequences), np.float32)
    dc = np.zeros((n, 1, n_sequences), np.float32)
    d_out = np.empty((w_out.shape[0], 1, n_sequences), np.float32)
    back, back_new = np.ascontiguousarray(w_hh[:split].T), np.ascontiguousarray(w_hh[split:].T)
    back_out = np.ascontiguousarray(w_out.T)
    last = t_in + n_blank
    for t in range(last - 1, -1, -1):
        if t + 1 >= t_in:
            _ask(outputs, targets, delays, t + 1 - t_in, d_out)
            _add_outer(g_out, d_out, h, t + 1, 1)
            _add_rows(gb_out, d_out, 1)
            _add_product(dh, 0, back_out, d_out, 0)
        if kind == RNN:
            _backward_rnn(h, gates, dh, t)
        elif kind == GRU:
            _backward_gru(h, gates, extra, dh, t)
            _add_product(dh, 0, back_new, extra, t)
        else:
            _backward_lstm(h, gates, extra, dh, dc, t)
        _add_product(dh, 0, back, gates, t)
    _add_outer(g_ih, gates, inputs, 0, t_in)
    _add_outer(g_hh[:split], gates, h, 0, last)
    _add_rows(gb_ih, gates, last)
    _add_rows(gb_hh[:split], gates, last)
    if kind == GRU:
        _add_outer(g_hh[split:], extra, h, 0, last)
        _add_rows(gb_hh[split:], extra, last)


@_fast
def _accuracy(outputs, targets, delays):
    """Fraction of signs that are right, over concepts, sequences and the delays given."""
    correct = 0
    for delay in delays:
        for k in range(targets.shape[0]):
            for s in range(targets.shape[1]):
                correct += (outputs[delay, k, s] > _ZERO) == (targets[k, s] > _ZERO)
    return correct / (len(delays) * targets.size)


@_fast
def _adam_step(flat, gradient, mean, square, step, learning_rate):
    """One step of Adam with torch's defaults, in place; the first step is number 1."""
    rate = np.float32(learning_rate / (1 - 0.9**step))
    correction = np.float32(1 / np.sqrt(1 - 0.999**step))
    for k in range(flat.size):
        g = gradient[k]
        mean[k] = np.float32(0.9) * mean[k] + np.float32(0.1) * g
        square[k] = np.float32(0.999) * square[k] + np.float32(0.001) * (g * g)
        flat[k] -= rate * mean[k] / (np.sqrt(square[k]) * correction + np.float32(1e-8))


@_fast
def _views(row, n_inputs, n_nodes, n_concepts, kind):
    """Cut one network's row of weights into its matrices, in torch's order."""
    n_gates = n_nodes * (1 if kind == RNN else 3 if kind == GRU else 4)
    a = n_gates * n_inputs
    b = a + n_gates * n_nodes
    c, d = b + n_gates, b + 2 * n_gates
    e = d + n_concepts * n_nodes
    return (
        row[:a].reshape(n_gates, n_inputs),
        row[a:b].reshape(n_gates, n_nodes),
        row[b:c],
        row[c:d],
        row[d:e].reshape(n_concepts, n_nodes),
        row[e:],
    )


@numba.njit(fastmath=True, error_model="numpy", cache=True, nogil=True)
def train_attempt(kind, n_nodes, case, flat, rule, checkpoints, kept):
    """Train one network until it is done or out of epochs, in place.

    Parameters
    ----------
    kind
        `RNN`, `GRU` or `LSTM`.
    n_nodes
        Recurrent nodes.
    case
        ``inputs`` float32 (input, step, sequence); ``targets`` float32 (concept, sequence);
        ``delays`` int64 (max_epochs, sequence): when each sequence is asked in each epoch;
        ``asked`` int64: the delays over which accuracy is averaged.
    flat
        float32 (n_weights,): weight_ih, weight_hh, bias_ih, bias_hh, readout_weight,
        readout_bias. Changed in place.
    rule
        (accuracy goal, learning rate).
    checkpoints, kept
        Epochs at which to copy ``flat`` into the rows of ``kept``.

    Returns
    -------
    epochs, accuracy
        Steps taken and the population accuracy after them.
    """
    inputs, targets, delays, asked = case
    goal, learning_rate = rule
    work = _workspace(kind, n_nodes, inputs, targets, asked.max())
    gradient, mean, square = np.zeros_like(flat), np.zeros_like(flat), np.zeros_like(flat)
    max_epochs = delays.shape[0]
    for epoch in range(max_epochs + 1):
        for k in range(checkpoints.size):
            if checkpoints[k] == epoch:
                kept[k] = flat
        outputs = _run(kind, n_nodes, flat, inputs, work)
        accuracy = _accuracy(outputs, targets, asked)
        if accuracy >= goal or epoch == max_epochs:
            return epoch, accuracy
        gradient[:] = _ZERO
        _back(kind, n_nodes, flat, inputs, targets, delays[epoch], work, gradient)
        _adam_step(flat, gradient, mean, square, epoch + 1, learning_rate)
    return max_epochs, 0.0  # not reached: the loop returns


@_fast
def loss_gradient(kind, n_nodes, inputs, targets, delays, n_blank, flat):
    """Outputs (delay 0..n_blank, concept, sequence) and gradient of the mean squared error."""
    work = _workspace(kind, n_nodes, inputs, targets, n_blank)
    gradient = np.zeros_like(flat)
    outputs = _run(kind, n_nodes, flat, inputs, work)
    _back(kind, n_nodes, flat, inputs, targets, delays, work, gradient)
    return outputs, gradient
