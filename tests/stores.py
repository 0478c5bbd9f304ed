"""Configurations and results that the tests of the store share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from relaylib.core.store import Store

MODULES = ["relaylib.core.seeds"]


@dataclass(frozen=True)
class Task:
    n_steps: int = 10


@dataclass(frozen=True)
class OtherTask:
    n_steps: int = 10


@dataclass(frozen=True)
class Config:
    seed: int = 2025
    rate: float = 0.01
    regime: str | None = "random"
    lean: bool = False
    tasks: tuple[Any, ...] = (Task(),)


@dataclass
class Thawed:
    seed: int = 1


class Recorder:
    """A computation that counts its calls."""

    def __init__(self, result: Any) -> None:
        self.result, self.calls = result, 0

    def __call__(self) -> Any:
        self.calls += 1
        return self.result


def weights() -> dict[str, np.ndarray]:
    return {
        "weight_hh": np.arange(6, dtype=np.float32).reshape(2, 3),
        "transposed": np.arange(6.0).reshape(2, 3).T,
        "scalar": np.array(3),
        "flags": np.array([True, False]),
        "empty": np.zeros((0, 4)),
    }


def study() -> xr.Dataset:
    relay_bits = np.array([[0.5, np.nan], [1.0, -1.0]], dtype=np.float32)
    return xr.Dataset(
        {
            "relay_bits": (("architecture", "replicate"), relay_bits, {"units": "bit"}),
            "reached": ("architecture", np.array([True, False])),
            "removal_order": ("replicate", np.array([2, 1], dtype=np.int8)),
            "accuracy": (("architecture", "replicate"), np.full((2, 2), np.nan)),
        },
        coords={
            "architecture": ["RNN", "LSTM"],
            "replicate": [0, 1],
            "concept_name": (("architecture", "replicate"), [["A", "größe"], ["B", ""]]),
        },
        attrs={"title": "study", "n_replicates": 2},
    )


def data_file(store: Store) -> Path:
    (path,) = (p for p in store.root.iterdir() if p.suffix in {".nc", ".safetensors"})
    return path


def manifest_file(store: Store) -> Path:
    return data_file(store).with_name(data_file(store).name + ".json")
