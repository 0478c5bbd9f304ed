"""Training of one small recurrent network, forward and backward, as one compiled loop.

`train_attempt` computes what `relaylib.networks.autograd` computes with torch's autograd, several times
faster on a CPU: all steps of a network stay in cache, and element-wise work costs no pass over
memory. It lets go of the interpreter's lock, so that threads train networks side by side; a network
is the same to the last bit whatever the others do and whatever processor it runs on. The equations
are those of `torch.nn.RNN`, `GRU`, `LSTM` and `torch.optim.Adam`.
"""

import numpy as np

from relaylib.core.jit import cached_njit
from relaylib.networks.compiled_cells import (
    GRU,
    LSTM,
    N_LANES,
    ONE,
    RNN,
    TWO,
    ZERO,
    add_outer,
    add_product,
    add_rows,
    backward_gru,
    backward_lstm,
    backward_rnn,
    fast,
    forward_gru,
    forward_lstm,
    forward_rnn,
    set_rows,
    tanh_rows,
)


@fast
def _workspace(kind, n_nodes, inputs, targets, n_blank):
    """Room for one network: h, (LSTM) c or (GRU) W_hn h + b_hn, gates, outputs, lanes."""
    last, n_sequences = inputs.shape[1] + n_blank, inputs.shape[2]
    h = np.zeros((n_nodes, last + 1, n_sequences), np.float32)
    extra = np.zeros((n_nodes, last + 1, n_sequences), np.float32)
    n_gates = n_nodes * (1 if kind == RNN else 3 if kind == GRU else 4)
    gates = np.empty((n_gates, last, n_sequences), np.float32)
    outputs = np.empty((targets.shape[0], n_blank + 1, n_sequences), np.float32)
    return h, extra, gates, outputs, np.empty(N_LANES, np.float32)


@fast
def _run(kind, n_nodes, flat, inputs, work):
    """Forward pass of one network; fills the workspace and returns its outputs."""
    h, extra, gates, outputs, _ = work
    t_in, n_blank = inputs.shape[1], outputs.shape[1] - 1
    weights = _views(flat, inputs.shape[0], n_nodes, outputs.shape[0], kind)
    w_ih, w_hh, b_ih, b_hh, w_out, b_out = weights
    if kind == LSTM:
        extra[:, 0] = ZERO
    split = 2 * w_hh.shape[1] if kind == GRU else w_hh.shape[0]
    for t in range(t_in + n_blank):
        set_rows(gates, t, b_ih)
        for i in range(split):
            gates[i, t, :] += b_hh[i]
        if t < t_in:
            add_product(gates, t, w_ih, inputs, t)
        add_product(gates, t, w_hh[:split], h, t)
        if kind == RNN:
            forward_rnn(h, gates, t)
        elif kind == GRU:
            set_rows(extra, t, b_hh[split:])
            add_product(extra, t, w_hh[split:], h, t)
            forward_gru(h, gates, extra, t)
        else:
            forward_lstm(h, gates, extra, t)
    for delay in range(n_blank + 1):
        set_rows(outputs, delay, b_out)
        add_product(outputs, delay, w_out, h, t_in + delay)
        tanh_rows(outputs, delay)
    return outputs


@fast
def _ask(outputs, targets, delays, delay, d_out):
    """Gradient of the squared error at one delay with respect to what goes into the last tanh."""
    scale = TWO / np.float32(targets.size)
    for k in range(targets.shape[0]):
        for s in range(targets.shape[1]):
            y = outputs[k, delay, s]
            asked = scale if delays[s] == delay else ZERO
            d_out[k, 0, s] = asked * (y - targets[k, s]) * (ONE - y * y)


@fast
def _back(kind, n_nodes, flat, inputs, targets, delays, work, gradient):
    """Backpropagation through time; gates (and the GRU's extra) become their own gradients."""
    h, extra, gates, outputs, lanes = work
    n, n_blank, (n_inputs, t_in, n_sequences) = n_nodes, outputs.shape[1] - 1, inputs.shape
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
            add_outer(g_out, d_out, h, t + 1, 1, lanes)
            add_rows(gb_out, d_out, 1, lanes)
            add_product(dh, 0, back_out, d_out, 0)
        if kind == RNN:
            backward_rnn(h, gates, dh, t)
        elif kind == GRU:
            backward_gru(h, gates, extra, dh, t)
            add_product(dh, 0, back_new, extra, t)
        else:
            backward_lstm(h, gates, extra, dh, dc, t)
        add_product(dh, 0, back, gates, t)
    add_outer(g_ih, gates, inputs, 0, t_in, lanes)
    add_outer(g_hh[:split], gates, h, 0, last, lanes)
    add_rows(gb_ih, gates, last, lanes)
    add_rows(gb_hh[:split], gates, last, lanes)
    if kind == GRU:
        add_outer(g_hh[split:], extra, h, 0, last, lanes)
        add_rows(gb_hh[split:], extra, last, lanes)


@fast
def _accuracy(outputs, targets, delays):
    """Fraction of signs that are right, over concepts, sequences and the delays given."""
    correct = 0
    for delay in delays:
        for k in range(targets.shape[0]):
            for s in range(targets.shape[1]):
                correct += (outputs[k, delay, s] > ZERO) == (targets[k, s] > ZERO)
    return correct / (len(delays) * targets.size)


@fast
def _adam_step(flat, gradient, mean, square, step, learning_rate):
    """One step of Adam with torch's defaults, in place; the first step is number 1."""
    rate = np.float32(learning_rate / (1 - 0.9**step))
    correction = np.float32(1 / np.sqrt(1 - 0.999**step))
    for k in range(flat.size):
        g = gradient[k]
        mean[k] = np.float32(0.9) * mean[k] + np.float32(0.1) * g
        square[k] = np.float32(0.999) * square[k] + np.float32(0.001) * (g * g)
        flat[k] -= rate * mean[k] / (np.sqrt(square[k]) * correction + np.float32(1e-8))


@fast
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


@cached_njit(fastmath={"nnan", "ninf", "nsz"}, error_model="numpy", nogil=True)
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
        gradient[:] = ZERO
        _back(kind, n_nodes, flat, inputs, targets, delays[epoch], work, gradient)
        _adam_step(flat, gradient, mean, square, epoch + 1, learning_rate)
    return max_epochs, 0.0  # not reached: the loop returns


@fast
def loss_gradient(kind, n_nodes, inputs, targets, delays, n_blank, flat):
    """Outputs (delay 0..n_blank, concept, sequence) and gradient of the mean squared error."""
    work = _workspace(kind, n_nodes, inputs, targets, n_blank)
    gradient = np.zeros_like(flat)
    outputs = _run(kind, n_nodes, flat, inputs, work)
    _back(kind, n_nodes, flat, inputs, targets, delays, work, gradient)
    return outputs.transpose(1, 0, 2), gradient
