"""Models that the code was not developed with, from recording to knockouts."""

import numpy as np
import pytest
import torch
from torch import nn

from relaylib import analyse, knockout_module, record_module

pytestmark = pytest.mark.filterwarnings(
    "ignore::relaylib.information.significance.UndersampledWarning"
)
N_SEQUENCES, N_STEPS, N_INPUTS = 60, 7, 3


class AttendingLSTM(nn.Module):
    """A bidirectional LSTM whose states are pooled by attention."""

    parts, times = {"watch": "lstm"}, N_STEPS

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(N_INPUTS, 4, bidirectional=True, batch_first=True)
        self.attention = nn.Linear(8, 1)
        self.head = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states, _ = self.lstm(x)
        share = torch.softmax(self.attention(states), dim=1)
        return self.head((share * states).sum(dim=1))


class Convolution(nn.Module):
    """A 1-D convolution over time, its largest value, and a readout."""

    parts, times = {"watch": "convolution", "time_axis": 2}, N_STEPS

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(N_INPUTS, 8, 3, padding=1)
        self.head = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found = torch.relu(self.convolution(x.transpose(1, 2)))
        return self.head(found.amax(dim=2))


class Transformer(nn.Module):
    """A transformer encoder of two layers, read at its last step."""

    parts, times = {"watch": "encoder.layers.1", "time_axis": 1}, N_STEPS

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(N_INPUTS, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, dropout=0.1)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder(self.embed(x))[:, -1])


@pytest.fixture(params=[AttendingLSTM, Convolution, Transformer], ids=lambda kind: kind.__name__)
def model(request: pytest.FixtureRequest) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return request.param()


@pytest.fixture
def shown() -> tuple[np.ndarray, np.ndarray]:
    """Sequences, and which of two kinds they are."""
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, N_SEQUENCES)
    inputs = rng.standard_normal((N_SEQUENCES, N_STEPS, N_INPUTS)) + 2 * label[:, None, None]
    return inputs.astype(np.float32), label


def learn(model: nn.Module, inputs: np.ndarray, label: np.ndarray) -> None:
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(40):
        loss = nn.functional.cross_entropy(model(torch.tensor(inputs)), torch.tensor(label))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def test_it_is_recorded_analysed_and_knocked_out(model, shown):
    learn(model, *shown)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    recording = record_module(model, *shown, concepts=["kind"], **model.parts)
    assert dict(recording.activations.sizes) == {
        "time": model.times,
        "node": 8,
        "sequence": N_SEQUENCES,
    }
    assert float((recording.x_in == recording.x_out).mean()) > 0.9
    for estimator in ("plugin", "decoder"):
        analysis = analyse(
            recording,
            estimator=estimator,
            times=[model.times],
            rng=np.random.default_rng(0),
            n_shuffles=9,
            n_permutations=2,
        )
        assert float(analysis.total_bits.squeeze()) > 0.3
        assert np.isfinite(analysis.information_bits).all()
    nodes = [str(name) for name in recording.activations.node.values]
    how = {"rng": np.random.default_rng(0), "concepts": ["kind"], **model.parts}
    without = knockout_module(model, *shown, nodes=nodes, **how)
    assert float(without.intact_accuracy.squeeze()) > 0.9
    assert without.x_out.to_numpy().std() == 0  # without any state all get the same answer
    one = knockout_module(model, *shown, nodes=nodes[:1], **how)
    assert 0 <= float(one.accuracy.squeeze()) <= 1
    assert all((model.state_dict()[name] == weight).all() for name, weight in before.items())
    assert model.training
    assert not any(part._forward_hooks for part in model.modules())
