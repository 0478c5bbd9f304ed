"""Training of one small recurrent network in compiled loops: the fast backend.

`train_epochs` computes the same as `relaylib.networks.autograd`, several times faster on a CPU:
all data of a network stay in the processor's cache. It releases the GIL, so that threads train
networks in parallel; a network is bit-identical whatever else is trained and on any processor.
The equations are those of `torch.nn.RNN`, `GRU`, `LSTM` and `torch.optim.Adam`.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np

from relaylib.core.jit import cached_njit
from relaylib.core.threads import n_threads
from relaylib.networks import compiled_cells as cells
from relaylib.networks.cells import ARCHITECTURES
from relaylib.networks.replicate import Replicate, training_case

_DELAYS_AT_ONCE = 2**20  # drawn together, 8 MB


def train_replicates(replicates: Sequence[Replicate]) -> Iterator[Replicate]:
    """Train replicates in threads and yield each as soon as it is done."""
    cases = {config: training_case(config) for config in {r.config for r in replicates}}
    executor = ThreadPoolExecutor(max_workers=n_threads())
    try:
        jobs = [executor.submit(_train, r, *cases[r.config]) for r in replicates]
        for job in as_completed(jobs):
            yield job.result()
    finally:
        executor.shutdown(cancel_futures=True)


def _train(replicate: Replicate, inputs: np.ndarray, targets: np.ndarray) -> Replicate:
    config = replicate.config
    kind, read_at = ARCHITECTURES.index(config.architecture), np.array(config.delays)
    checkpoints = np.array(sorted(config.checkpoints), np.int64)
    rule = (config.accuracy_goal, config.learning_rate, config.max_epochs)
    n_together = max(1, _DELAYS_AT_ONCE // targets.shape[1])
    epoch, accuracy = 0, 0.0
    while not replicate.is_done(epoch, accuracy):
        flat, epoch = replicate.restart(), 0
        state = (flat, np.zeros_like(flat), np.zeros_like(flat))
        kept = np.zeros((len(checkpoints), flat.size), np.float32)
        while epoch < config.max_epochs and accuracy < config.accuracy_goal:
            n_epochs = min(n_together, config.max_epochs - epoch)
            case = (inputs, targets, replicate.draw_delays(n_epochs, targets.shape[1]), read_at)
            epoch, accuracy = train_epochs(
                kind, config.n_nodes, case, state, rule, epoch, checkpoints, kept
            )
    replicate.checkpoints = dict(zip(checkpoints.tolist(), kept, strict=True))
    replicate.finish(flat, epoch, accuracy)
    return replicate


@cells.fast
def _spread(n_steps, n_sequences):
    """One step more where rows would lie a multiple of 4 KB apart, and drive each other out."""
    return n_steps + 1 if n_steps * n_sequences % 1024 == 0 else n_steps


@cells.fast
def _workspace(kind, n_nodes, inputs, targets, n_blank):
    """Allocate arrays: h, c (LSTM) or W_hn h + b_hn (GRU), gates, outputs, partial sums."""
    last, n_sequences = inputs.shape[1] + n_blank, inputs.shape[2]
    h = np.zeros((n_nodes, _spread(last + 1, n_sequences), n_sequences), np.float32)
    extra = np.zeros_like(h)
    n_gates = n_nodes * (1 if kind == cells.RNN else 3 if kind == cells.GRU else 4)
    gates = np.empty((n_gates, _spread(last, n_sequences), n_sequences), np.float32)
    outputs = np.empty((targets.shape[0], n_blank + 1, n_sequences), np.float32)
    return h, extra, gates, outputs, np.empty(cells.N_LANES, np.float32)


@cells.fast
def _run(kind, n_nodes, flat, inputs, read_at, work):
    """Run one network forward; fill the workspace and return the outputs at the delays read_at."""
    h, extra, gates, outputs, _ = work
    t_in, n_blank = inputs.shape[1], outputs.shape[1] - 1
    weights = _views(flat, inputs.shape[0], n_nodes, outputs.shape[0], kind)
    w_ih, w_hh, b_ih, b_hh, w_out, b_out = weights
    if kind == cells.LSTM:
        extra[:, 0] = cells.ZERO
    split = 2 * w_hh.shape[1] if kind == cells.GRU else w_hh.shape[0]
    for t in range(t_in + n_blank):
        cells.set_rows(gates, t, b_ih, b_hh[:split])
        if t < t_in:
            cells.add_product(gates, t, w_ih, inputs, t)
        cells.add_product(gates, t, w_hh[:split], h, t)
        if kind == cells.RNN:
            cells.forward_rnn(h, gates, t)
        elif kind == cells.GRU:
            cells.set_rows(extra, t, b_hh[split:], b_hh[:0])
            cells.add_product(extra, t, w_hh[split:], h, t)
            cells.forward_gru(h, gates, extra, t)
        else:
            cells.forward_lstm(h, gates, extra, t)
    for delay in read_at:
        cells.set_rows(outputs, delay, b_out, b_out[:0])
        cells.add_product(outputs, delay, w_out, h, t_in + delay)
        cells.tanh_rows(outputs, delay)
    return outputs


@cells.fast
def output_gradient(outputs, targets, delays, delay, d_out):
    """Gradient of the mean squared error at one delay with respect to W h + b of the readout."""
    scale = cells.TWO / np.float32(targets.size)
    for k in range(targets.shape[0]):
        for s in range(targets.shape[1]):
            y = outputs[k, delay, s]
            factor = scale if delays[s] == delay else cells.ZERO
            d_out[k, 0, s] = factor * (y - targets[k, s]) * (cells.ONE - y * y)


@cells.fast
def _back(kind, n_nodes, flat, inputs, targets, delays, read_at, work, gradient):
    """Backpropagate through time; gates (and extra of a GRU) are replaced by their gradients."""
    h, extra, gates, outputs, lanes = work
    n, n_blank, (n_inputs, t_in, n_sequences) = n_nodes, outputs.shape[1] - 1, inputs.shape
    _, w_hh, _, _, w_out, _ = _views(flat, n_inputs, n, targets.shape[0], kind)
    views = _views(gradient, n_inputs, n, targets.shape[0], kind)
    g_ih, g_hh, gb_ih, gb_hh, g_out, gb_out = views
    split = 2 * n if kind == cells.GRU else w_hh.shape[0]
    dh = np.zeros((n, 1, n_sequences), np.float32)
    dc = np.zeros((n, 1, n_sequences), np.float32)
    d_out = np.empty((w_out.shape[0], 1, n_sequences), np.float32)
    back, back_new = np.ascontiguousarray(w_hh[:split].T), np.ascontiguousarray(w_hh[split:].T)
    back_out = np.ascontiguousarray(w_out.T)
    last = t_in + n_blank
    for t in range(last - 1, -1, -1):
        if t + 1 - t_in in read_at:
            output_gradient(outputs, targets, delays, t + 1 - t_in, d_out)
            cells.add_outer(g_out, d_out, h, t + 1, 1, lanes)
            cells.add_rows(gb_out, d_out, 1, lanes)
            cells.add_product(dh, 0, back_out, d_out, 0)
        if kind == cells.RNN:
            cells.backward_rnn(h, gates, dh, t)
        elif kind == cells.GRU:
            cells.backward_gru(h, gates, extra, dh, t)
            cells.add_product(dh, 0, back_new, extra, t)
        else:
            cells.backward_lstm(h, gates, extra, dh, dc, t)
        if t > 0:
            cells.add_product(dh, 0, back, gates, t)
    cells.add_outer(g_ih, gates, inputs, 0, t_in, lanes)
    cells.add_outer(g_hh[:split], gates, h, 0, last, lanes)
    cells.add_rows(gb_ih, gates, last, lanes)
    gb_hh[:split] = gb_ih[:split]
    if kind == cells.GRU:
        cells.add_outer(g_hh[split:], extra, h, 0, last, lanes)
        cells.add_rows(gb_hh[split:], extra, last, lanes)


@cells.fast
def _accuracy(outputs, targets, delays):
    """Fraction of right signs over concepts, sequences and the given delays."""
    correct = 0
    for delay in delays:
        for k in range(targets.shape[0]):
            for s in range(targets.shape[1]):
                correct += (outputs[k, delay, s] > cells.ZERO) == (targets[k, s] > cells.ZERO)
    return correct / (len(delays) * targets.size)


@cells.fast
def _adam_step(flat, gradient, mean, square, step, learning_rate):
    """One step of Adam with torch's defaults, in place; the first step is number 1."""
    rate = np.float32(learning_rate / (1 - 0.9**step))
    correction = np.float32(1 / np.sqrt(1 - 0.999**step))
    for k in range(flat.size):
        g = gradient[k]
        mean[k] = np.float32(0.9) * mean[k] + np.float32(0.1) * g
        square[k] = np.float32(0.999) * square[k] + np.float32(0.001) * (g * g)
        flat[k] -= rate * mean[k] / (np.sqrt(square[k]) * correction + np.float32(1e-8))


@cells.fast
def _views(row, n_inputs, n_nodes, n_concepts, kind):
    """Cut the flattened weights of one network into matrices, in torch's order."""
    n_gates = n_nodes * (1 if kind == cells.RNN else 3 if kind == cells.GRU else 4)
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
def train_epochs(kind, n_nodes, case, state, rule, first, checkpoints, kept):
    """Train one network, in place, until it reaches the goal or the given epochs are over.

    Parameters
    ----------
    kind, n_nodes
        Index of the architecture, and number of recurrent nodes.
    case
        ``inputs`` float32 (input, step, sequence); ``targets`` float32 (concept, sequence);
        ``delays`` int64 (epoch, sequence), at which answers are read in the next epochs;
        ``read_at`` int64, over which accuracy is averaged.
    state
        float32 (n_weights,) each: the flattened weights and Adam's two moments; changed in place.
    rule
        Accuracy goal, learning rate, maximum number of epochs.
    first
        Number of epochs before these.
    checkpoints, kept
        Epochs at which the weights are copied into the rows of ``kept``.

    Returns
    -------
    Epochs trained so far and the accuracy after them (0 if more epochs follow).
    """
    inputs, targets, delays, read_at = case
    flat, mean, square = state
    goal, learning_rate, max_epochs = rule
    work = _workspace(kind, n_nodes, inputs, targets, read_at.max())
    gradient = np.zeros_like(flat)
    last = first + delays.shape[0]
    for epoch in range(first, last + 1):
        if epoch == last and last < max_epochs:
            break
        for k in range(checkpoints.size):
            if checkpoints[k] == epoch:
                kept[k] = flat
        outputs = _run(kind, n_nodes, flat, inputs, read_at, work)
        accuracy = _accuracy(outputs, targets, read_at)
        if accuracy >= goal or epoch == max_epochs:
            return epoch, accuracy
        gradient[:] = cells.ZERO
        asked = delays[epoch - first]
        _back(kind, n_nodes, flat, inputs, targets, asked, read_at, work, gradient)
        _adam_step(flat, gradient, mean, square, epoch + 1, learning_rate)
    return last, 0.0


@cells.fast
def loss_gradient(kind, n_nodes, inputs, targets, delays, n_blank, flat):
    """Return outputs (delay 0..n_blank, concept, sequence) and gradient of the squared error."""
    work = _workspace(kind, n_nodes, inputs, targets, n_blank)
    gradient = np.zeros_like(flat)
    read_at = np.arange(n_blank + 1)
    outputs = _run(kind, n_nodes, flat, inputs, read_at, work)
    _back(kind, n_nodes, flat, inputs, targets, delays, read_at, work, gradient)
    return outputs.transpose(1, 0, 2), gradient
