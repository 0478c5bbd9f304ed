"""What recording and knocking out nodes of a torch module share: parts, inputs, mode, answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from relaylib.core.checks import as_array, check_all, check_floats, check_integer

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

Answers = Callable[[Any], Any]


def named_parts(model: nn.Module, watch: str | Sequence[str]) -> dict[str, nn.Module]:
    """Return the parts of a model by name; raise ValueError, with all names, on another."""
    from torch import nn

    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
    names = [watch] if isinstance(watch, str) else list(check_all("watch", watch, str))
    known = {name: part for name, part in model.named_modules() if name}
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        known_names = ", ".join(map(repr, known))
        raise ValueError(f"watch must name parts of the model ({known_names}), got {watch!r}")
    return {name: known[name] for name in names}


def as_inputs(model: nn.Module, inputs: Any) -> Tensor:
    """Return the inputs on the device of the model, fractions in the precision of its weights."""
    import torch

    shown = inputs if torch.is_tensor(inputs) else None
    if shown is None:
        array = as_array("inputs", inputs)
        check_floats("inputs", array, (...,))
        shown = torch.as_tensor(array)
    if shown.ndim == 0 or not len(shown):
        raise ValueError(f"inputs must hold sequences along the first axis, got {shown.shape}")
    weight = next(model.parameters(), shown)
    return shown.to(weight) if shown.is_floating_point() else shown.to(weight.device)


def check_run(batch_size: Any, time_axis: Any, answers: Any) -> tuple[int, int | None]:
    """Return batch_size and time_axis of a run; raise if one of the three is none."""
    batch_size = check_integer("batch_size", batch_size, 1)
    if time_axis is not None:
        time_axis = check_integer("time_axis", time_axis, 0, 2)
    if answers is not None and not callable(answers):
        raise TypeError(f"answers must be a function of the model's output, got {answers!r}")
    return batch_size, time_axis


def check_concepts(x_in: Any, n_sequences: int, answers: Answers | None) -> None:
    """Raise ValueError unless all sequences are labelled, and answered about several concepts."""
    shape = as_array("x_in", x_in).shape
    if len(shape) in (1, 2) and shape[-1] != n_sequences:
        raise ValueError(
            f"x_in must hold the true values of {n_sequences} sequences, (concept, sequence) or "
            f"(sequence,), got shape {shape}{': transpose it' if shape[0] == n_sequences else ''}"
        )
    if answers is None and len(shape) == 2 and shape[0] > 1:
        raise ValueError(
            f"answers must be a function of the model's output that returns a row for each of "
            f"{shape[0]} concepts, e.g. lambda output: (output > 0).long().T, got None"
        )


def run_batch(model: nn.Module, batch: Tensor) -> Any:
    """Return the output of the model; raise ValueError if it refuses the inputs."""
    try:
        return model(batch)
    except RuntimeError as error:
        shape = tuple(batch.shape)
        raise ValueError(
            f"inputs must be what the model takes; it refuses {batch.dtype} {shape}: {error}"
        ) from error


@contextmanager
def evaluated(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode, without gradients, for a ``with`` block."""
    import torch

    modes = {part: part.training for part in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for part, mode in modes.items():
            part.training = mode


def read_answers(output: Any, answers: Answers | None, n_sequences: int) -> np.ndarray:
    """Return answers (concept, sequence), or (sequence,) for one concept."""
    import torch

    if answers is None:
        if not torch.is_tensor(output) or output.ndim != 2 or output.shape[1] < 2:
            kind = tuple(output.shape) if torch.is_tensor(output) else type(output).__name__
            raise ValueError(
                "answers must be a function of the model's output unless that is (sequence, class) "
                f"scores, got an output of {kind}"
            )
        found = output.argmax(dim=1)
    else:
        try:
            found = answers(output)
        except TypeError as error:
            raise TypeError(f"answers must take the model's output alone: {error}") from error
    array = as_array("answers", found.cpu() if torch.is_tensor(found) else found)
    if array.ndim not in (1, 2) or array.shape[-1] != n_sequences:
        raise ValueError(
            f"answers must return one whole number per concept and sequence, (..., {n_sequences}), "
            f"got shape {array.shape}"
        )
    return array
