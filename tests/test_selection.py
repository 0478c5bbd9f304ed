import pytest
import xarray as xr

from relaylib.core.selection import select

BITS = xr.DataArray(
    [[1.0, 2.0], [3.0, 4.0]],
    {"architecture": ["RNN", "GRU"], "time": [10, 11]},
    ("architecture", "time"),
)


@pytest.mark.parametrize("data", [BITS, BITS.to_dataset(name="bits")])
def test_it_selects_as_xarray_does(data):
    chosen = select(data, architecture="GRU", time=10)
    assert chosen.identical(data.sel(architecture="GRU", time=10))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"architecture": "gru"}, "architecture must be one of 'RNN', 'GRU'; got 'gru'"),
        ({"architecture": "GRU", "time": 12}, "time must be one of 10, 11; got 12"),
    ],
)
def test_an_unknown_label_is_refused_with_those_there_are(labels, message):
    with pytest.raises(ValueError, match=message):
        select(BITS, **labels)
