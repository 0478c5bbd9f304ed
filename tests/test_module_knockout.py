"""Nodes of any torch module are knocked out while it runs, and it comes back as it was."""

import numpy as np
import pytest
import torch
import xarray as xr
from test_modules import CLASSES, INPUTS, LABELS, MODELS, STEPS, Broken, FeedForward, Layered
from torch import nn

from relaylib.measures.knockout import first_nodes
from relaylib.measures.module_knockout import module_knockouts
from relaylib.networks.by_steps import run_by_steps
from relaylib.networks.module_knockout import REPLACEMENTS, knockout_module

N = len(LABELS)


def knocked(model, nodes, seed=0, **settings):
    rng = np.random.default_rng(seed)
    arguments = {"watch": "core", "nodes": nodes, "batch_size": 10} | settings
    return knockout_module(model, INPUTS, LABELS, rng=rng, **arguments)


def scores(model):
    with torch.no_grad():
        return model.eval()(torch.as_tensor(INPUTS))


@pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")  # of torch
@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"num_layers": 3},
        {"bidirectional": True, "num_layers": 2},
        {"batch_first": True, "bias": False},
    ],
)
def test_a_layer_run_by_steps_is_the_layer(kind, settings):
    if kind is nn.LSTM:
        settings = settings | {"proj_size": 2}
    layer = kind(3, 5, **settings).eval()
    shown = (
        torch.as_tensor(INPUTS) if layer.batch_first else torch.as_tensor(INPUTS).transpose(0, 1)
    )
    n_states = layer.num_layers * (2 if layer.bidirectional else 1)
    state = torch.zeros(n_states, N, 2 if kind is nn.LSTM else 5)
    started = (state + 0.1, torch.full((n_states, N, 5), 0.2)) if kind is nn.LSTM else state + 0.1
    before = torch.get_rng_state()
    for start in (None, started):
        with torch.no_grad():
            wanted, final = layer(shown, start)
            found, last = run_by_steps(layer, lambda time, back, states: states, shown, start)
        torch.testing.assert_close(found, wanted, atol=1e-6, rtol=0)
        torch.testing.assert_close(last, final, atol=1e-6, rtol=0)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("model", "watch", "settings", "n_times"), MODELS)
def test_any_module_without_knockout_answers_as_it_does(model, watch, settings, n_times):
    settings = {name: value for name, value in settings.items() if name == "time_axis"}
    before = {name: values.clone() for name, values in model.state_dict().items()}
    model.train()
    nodes = first_nodes(np.arange(6)[None])[0]  # sets of 0, 1, ... 6 nodes
    sets = labelled(nodes, watch)
    found = knocked(model, sets, watch=watch, **settings)
    np.testing.assert_array_equal(found.x_out[0, 0], scores(model).argmax(dim=1))
    assert found.accuracy[0] == found.intact_accuracy
    everything = found.x_out.isel(n_knocked_out=6, concept=0)
    assert len(np.unique(everything)) == 1 or (watch == "core" and n_times == STEPS)
    assert not any(part._forward_hooks for part in model.modules())
    for name, values in model.state_dict().items():
        assert torch.equal(values, before[name])


def labelled(sets, watch):
    names = [f"{watch}[{node}]" for node in range(sets.shape[1])]
    return xr.DataArray(sets, {"node": names}, ("n_knocked_out", "node"))


def test_modes_come_back_and_hooks_are_gone_after_an_error():
    model = Broken()
    with pytest.raises(ValueError, match=r"inputs must be what the model takes.*broken"):
        knocked(model, ["core[0]"])
    assert model.training
    assert not model.core._forward_hooks


def by_hand(model, nodes, times):
    """Scores of the GRU whose top layer loses nodes at some times, from its own equations."""
    layers = [nn.GRUCell(3, 6), nn.GRUCell(6, 6)]
    for depth, cell in enumerate(layers):
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            setattr(cell, name, getattr(model.core, f"{name}_l{depth}"))
    states = [torch.zeros(N, 6), torch.zeros(N, 6)]
    with torch.no_grad():
        for time, step in enumerate(torch.as_tensor(INPUTS).unbind(1), start=1):
            states[0] = layers[0](step, states[0])
            states[1] = layers[1](states[0], states[1])
            if time in times:
                states[1][:, nodes] = 0
        return model.head(states[1])


@pytest.mark.parametrize(
    ("settings", "times"),
    [({}, range(1, 6)), ({"time": 3}, range(3, 6)), ({"time": 3, "only": True}, [3])],
)
def test_the_knockout_has_consequences_in_later_steps(settings, times):
    model = Layered()
    found = knocked(model, ["core[1]", "core[4]"], **settings)
    wanted = by_hand(model, [1, 4], times).argmax(dim=1)
    np.testing.assert_array_equal(found.x_out[0], wanted)


@pytest.mark.parametrize("replace", REPLACEMENTS)
def test_replacements_are_what_they_say(replace):
    model = FeedForward()
    seen = []
    model.head.register_forward_hook(lambda part, shown, output: seen.append(shown[0]))
    knocked(model, ["body[2]"], watch="body", replace=replace, batch_size=N)
    intact, changed = seen
    untouched = [node for node in range(6) if node != 2]
    assert torch.equal(intact[:, untouched], changed[:, untouched])
    old, new = intact[:, 2], changed[:, 2]
    if replace == "zero":
        assert (new == 0).all()
    elif replace == "mean":
        torch.testing.assert_close(new, old.mean().expand(N))
    elif replace == "resample":
        torch.testing.assert_close(new.sort().values, old.sort().values)
        assert not torch.equal(new, old)
    else:
        assert abs(new.mean() - old.mean()) < 4 * old.std() / np.sqrt(N)
        assert 0.5 < new.std() / old.std() < 1.6


def test_batches_do_not_matter():
    model = Layered(nn.LSTM)
    for replace in ("mean", "resample"):
        one, many = (
            knocked(model, ["core[1]"], replace=replace, batch_size=size) for size in (N, 10)
        )
        np.testing.assert_array_equal(one.x_out, many.x_out)


def test_a_layer_in_both_directions_loses_both():
    layer = nn.GRU(3, 2, bidirectional=True)
    shown, seen = torch.as_tensor(INPUTS).transpose(0, 1), []

    def change(time, back, states):
        seen.append((back, time))
        return tuple(torch.zeros_like(part) if time >= 4 else part for part in states)

    with torch.no_grad():
        output, _ = run_by_steps(layer, change, shown)
        backwards = layer(shown[:3])[0][..., 2:]  # from a state of 0 on
    assert seen == [*((0, t) for t in range(1, 6)), *((1, t) for t in range(5, 0, -1))]
    assert (output[3:] == 0).all()
    torch.testing.assert_close(output[:3, :, 2:], backwards, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"nodes": ["core[9]"]},
            r"nodes must be names of watched nodes \(core\[0\], .*'core\[9\]'",
        ),
        ({"nodes": []}, "nodes must be names of watched nodes"),
        ({"nodes": 3}, "nodes must be a list or tuple of str"),
        ({"time": 6}, "time must be in 1..5, got 6"),
        ({"time": 0}, "time must be in 1..5, got 0"),
        ({"replace": "one"}, "replace must be one of 'zero', 'mean', 'resample', 'noise'"),
        ({"only": 3}, "only must be True or False"),
        ({"watch": "gru"}, r"watch must name parts of the model"),
        ({"concepts": ["a", "b"]}, "concepts must be 1 distinct names"),
        ({"answers": 3}, "answers must be a function"),
        ({"watch": ["core", "head"]}, "equal numbers of steps, got {'core': 5, 'head': 1}"),
    ],
)
def test_bad_input_is_refused_by_name(changed, message):
    arguments = {"nodes": ["core[0]"]} | changed
    with pytest.raises((ValueError, TypeError), match=message):
        knocked(Layered(), **arguments)


def test_packed_sequences_are_refused():
    class Packed(Layered):
        def forward(self, x):
            packed = nn.utils.rnn.pack_padded_sequence(x, [STEPS] * len(x), batch_first=True)
            return self.head(self.core(packed)[1][-1])

    with pytest.raises(ValueError, match="as a tensor, not packed"):
        knocked(Packed(), ["core[0]"])


def test_sets_must_be_of_the_watched_nodes():
    with pytest.raises(ValueError, match="nodes must be True or False for each of"):
        knocked(Layered(), labelled(np.eye(3, dtype=bool), "core"))
    assert CLASSES == 4


def test_relaying_nodes_are_knocked_out_beside_least_relaying_and_random_ones():
    nodes = [f"core[{node}]" for node in range(6)]
    coords = {"concept": ["digit", "parity"], "removal_step": range(1, 7)}
    order = xr.DataArray([nodes, nodes[::-1]], coords, ("concept", "removal_step"))
    model = Layered()

    def both(output):
        digit = output.argmax(dim=1)
        return torch.stack([digit, digit % 2])

    how = {"watch": "core", "answers": both, "time": 2}
    x_in = np.stack([LABELS, LABELS % 2])
    found = module_knockouts(
        model, INPUTS, x_in, order, rng=np.random.default_rng(0), n_random=3, sizes=[0, 2, 6], **how
    )
    assert dict(found.sizes) == {"relays_of": 2, "n_knocked_out": 3, "concept": 2, "draw": 3}
    assert len(np.unique(found.at_random.sel(n_knocked_out=6, concept="digit"))) == 1
    for concept, last, first in (("digit", [4, 5], [0, 1]), ("parity", [0, 1], [4, 5])):
        here = found.sel(relays_of=concept, n_knocked_out=2)
        for name, knocked_out in (("relaying", last), ("least_relaying", first)):
            alone = knockout_module(
                model,
                INPUTS,
                x_in,
                nodes=[nodes[node] for node in knocked_out],
                rng=np.random.default_rng(0),
                **how,
            )
            np.testing.assert_array_equal(here[name], alone.accuracy)


def test_a_removal_order_is_of_one_time_and_of_names():
    order = xr.DataArray([["core[0]", "core[1]"]], dims=("concept", "removal_step"))
    rng = np.random.default_rng(0)
    for wrong, message in (
        (order.expand_dims("time"), r"removal_order must be of one time, .*'time': 1"),
        (order.copy(data=[[0, 1]]), "removal_order must hold names of nodes"),
        (order.assign_coords(concept=["A"]), "a removal_order must be of the nodes"),
    ):
        with pytest.raises((ValueError, TypeError), match=message):
            module_knockouts(Layered(), INPUTS, LABELS, wrong, watch="core", rng=rng)
