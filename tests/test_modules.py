"""Any torch module can be recorded and analysed, and comes back as it was."""

import numpy as np
import pytest
import torch
from torch import nn

from relaylib.networks.modules import record_module

N, STEPS, WIDTH, CLASSES = 37, 5, 3, 4
rng = np.random.default_rng(0)
INPUTS = rng.normal(size=(N, STEPS, WIDTH)).astype(np.float32)
LABELS = rng.integers(CLASSES, size=N)


class Layered(nn.Module):
    """Two recurrent layers with dropout between them, and scores of classes."""

    def __init__(self, kind: type[nn.RNNBase] = nn.GRU, batch_first: bool = True) -> None:
        super().__init__()
        self.core = kind(WIDTH, 6, num_layers=2, batch_first=batch_first, dropout=0.5)
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x):
        x = x if self.core.batch_first else x.transpose(0, 1)
        states, _ = self.core(x)
        return self.head(states[:, -1] if self.core.batch_first else states[-1])


class ByHand(nn.Module):
    """A cell that is called once a step."""

    def __init__(self, cell: nn.Module) -> None:
        super().__init__()
        self.cell, self.head = cell, nn.Linear(6, CLASSES)

    def forward(self, x):
        state = None
        for step in x.unbind(1):
            state = self.cell(step, state)
        return self.head(state[0] if isinstance(state, tuple) else state)


class FeedForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(STEPS * WIDTH, 6), nn.Tanh())
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x):
        return self.head(self.body(x))


class Pooled(nn.Module):
    """A bidirectional LSTM with attention pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.core = nn.LSTM(WIDTH, 3, bidirectional=True, batch_first=True)
        self.score, self.head = nn.Linear(6, 1), nn.Linear(6, CLASSES)

    def forward(self, x):
        states, _ = self.core(x)
        return self.head((states * self.score(states).softmax(dim=1)).sum(dim=1))


class Convolution(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.core, self.head = nn.Conv1d(WIDTH, 6, 3, padding=1), nn.Linear(6, CLASSES)

    def forward(self, x):
        return self.head(self.core(x.transpose(1, 2)).tanh().mean(dim=2))


class Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(6, 2, 8, batch_first=True)
        self.embed, self.core = nn.Linear(WIDTH, 6), nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(6, CLASSES)

    def forward(self, x):
        return self.head(self.core(self.embed(x)).mean(dim=1))


MODELS = [
    (Layered(), "core", {}, STEPS),
    (Layered(nn.LSTM, batch_first=False), "core", {}, STEPS),
    (Layered(nn.LSTM), "core", {"lstm_state": "cell"}, STEPS),
    (ByHand(nn.GRUCell(WIDTH, 6)), "cell", {}, STEPS),
    (ByHand(nn.LSTMCell(WIDTH, 6)), "cell", {"lstm_state": "cell"}, STEPS),
    (FeedForward(), "body", {}, 1),
    (Pooled(), "core", {}, STEPS),
    (Convolution(), "core", {"time_axis": 2}, STEPS),
    (Transformer(), "core", {"time_axis": 1}, STEPS),
]


@pytest.mark.parametrize(("model", "watch", "settings", "n_times"), MODELS)
def test_any_module_is_recorded_and_comes_back_as_it_was(model, watch, settings, n_times):
    model.train()
    model.head.eval()  # the mode of every part is its own
    before = {name: values.clone() for name, values in model.state_dict().items()}
    modes = [part.training for part in model.modules()]
    recording = record_module(model, INPUTS, LABELS, watch=watch, batch_size=10, **settings)
    assert dict(recording.activations.sizes) == {"time": n_times, "node": 6, "sequence": N}
    assert recording.data.node[0] == f"{watch}[0]"
    with torch.no_grad():
        scores = model.eval()(torch.as_tensor(INPUTS))
    np.testing.assert_array_equal(recording.x_out, scores.argmax(dim=1)[None])
    np.testing.assert_array_equal(recording.x_in, LABELS[None])
    model.train()
    for part, mode in zip(model.modules(), modes, strict=True):
        part.training = mode
    assert not any(part._forward_hooks for part in model.modules())
    for name, values in model.state_dict().items():
        assert torch.equal(values, before[name])


def test_activations_are_those_of_the_layer():
    model = Layered().eval()
    recording = record_module(model, INPUTS, LABELS, watch="core", batch_size=10)
    with torch.no_grad():
        states, _ = model.core(torch.as_tensor(INPUTS))
    np.testing.assert_allclose(recording.activations, states.permute(1, 2, 0), atol=1e-6, rtol=0)


@pytest.mark.parametrize("batch_first", [True, False])
def test_cell_states_are_those_after_every_step(batch_first):
    model = Layered(nn.LSTM, batch_first).eval()
    recording = record_module(model, INPUTS, LABELS, watch="core", lstm_state="cell")
    shown = torch.as_tensor(INPUTS)
    for step in range(1, STEPS + 1):
        part = shown[:, :step] if batch_first else shown[:, :step].transpose(0, 1)
        with torch.no_grad():
            _, (_, cell) = model.core(part)
        np.testing.assert_allclose(
            recording.activations.sel(time=step), cell[-1].T, atol=1e-6, rtol=0
        )


def test_several_parts_are_put_side_by_side_with_their_names():
    model = FeedForward()
    recording = record_module(model, INPUTS, LABELS, watch=["body", "head"], concepts=["digit"])
    assert recording.data.node.values.tolist() == [
        *(f"body[{node}]" for node in range(6)),
        *(f"head[{node}]" for node in range(CLASSES)),
    ]
    assert recording.data.concept.values.tolist() == ["digit"]


def test_answers_of_several_concepts():
    both = np.stack([LABELS % 2, LABELS // 2])
    recording = record_module(
        Layered(), INPUTS, both, watch="core", answers=lambda scores: (scores[:, :2] > 0).T.long()
    )
    assert recording.x_out.shape == (2, N)


class Broken(Layered):
    def forward(self, x):
        super().forward(x)
        raise RuntimeError("broken")


def test_hooks_are_gone_after_an_error():
    model = Broken()
    with pytest.raises(ValueError, match=r"inputs must be what the model takes.*broken"):
        record_module(model, INPUTS, LABELS, watch="core")
    assert not model.core._forward_hooks
    assert model.training


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"watch": "gru"}, r"watch must name parts of the model \('core', 'head'\), got 'gru'"),
        ({"watch": []}, r"watch must name parts of the model .*, got \[\]"),
        ({"watch": 1}, "watch must be a list or tuple of str"),
        ({"time_axis": 3}, "time_axis must be"),
        ({"answers": 3}, "answers must be a function"),
        ({"model": len}, "model must be a torch.nn.Module, got builtin_function"),
        ({"watch": ["core", "head"]}, "equal numbers of steps, got {'core': 5, 'head': 1}"),
        ({"x_in": LABELS[1:]}, "x_in must hold the true values of 37"),
        ({"inputs": np.float32(1)}, "inputs must hold sequences along the first axis"),
        ({"answers": lambda scores: scores[:5, 0] > 0}, "answers must return one whole number"),
        ({"lstm_state": "both"}, "lstm_state must be"),
        ({"batch_size": 0}, "batch_size must be"),
    ],
)
def test_bad_input_is_refused_by_name(changed, message):
    arguments = {"model": Layered(), "inputs": INPUTS, "x_in": LABELS, "watch": "core"} | changed
    with pytest.raises((ValueError, TypeError), match=message):
        record_module(**arguments)


def test_time_must_be_named_where_it_could_be_either():
    with pytest.raises(ValueError, match="time_axis must say which axis of the output of 'core'"):
        record_module(Transformer(), INPUTS, LABELS, watch="core")
    with pytest.raises(ValueError, match=r"must have 37 sequences, got .* check batch_first"):
        record_module(Transformer(), INPUTS, LABELS, watch="core", time_axis=0)


def test_a_layer_that_reads_the_sequences_as_time_is_refused():
    class Confused(Layered):
        def forward(self, x):
            states, _ = self.core(x)  # batch_first is False: the first axis is taken as time
            return self.head(states[:, -1])

    with pytest.raises(ValueError, match="must have 37 sequences"):
        record_module(Confused(batch_first=False), INPUTS, LABELS, watch="core")


def test_scores_are_needed_where_answers_are_not_given():
    class Single(Layered):
        def forward(self, x):
            return super().forward(x)[:, 0]

    with pytest.raises(ValueError, match="answers must be a function of the model's output unless"):
        record_module(Single(), INPUTS, LABELS, watch="core")


def test_several_concepts_need_answers_and_a_row_each():
    both = np.stack([LABELS, LABELS])
    with pytest.raises(ValueError, match=r"answers must be .* a row for each of 2 concepts"):
        record_module(Layered(), INPUTS, both, watch="core")
    with pytest.raises(ValueError, match=r"got shape \(37, 2\): transpose it"):
        record_module(Layered(), INPUTS, both.T, watch="core")
    with pytest.raises(ValueError, match=r"true values of 37 sequences, .* got shape \(36,\)$"):
        record_module(Layered(), INPUTS, LABELS[1:], watch="core")


def test_activations_that_are_not_finite_are_refused():
    model = Layered()
    with torch.no_grad():
        model.core.bias_hh_l1[:] = np.nan
    with pytest.raises(ValueError, match="activations must be finite"):
        record_module(model, INPUTS, LABELS, watch="core")


def test_half_precision_is_recorded_in_single_precision():
    model = FeedForward().to(torch.bfloat16)
    recording = record_module(
        model, torch.as_tensor(INPUTS, dtype=torch.bfloat16), LABELS, watch="body"
    )
    assert recording.activations.dtype == np.float32
