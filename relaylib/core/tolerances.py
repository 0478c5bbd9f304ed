"""The tolerances of relaylib in one place: below them, a difference is rounding."""

EQUAL_ACTIVATIONS = 1e-5
"""Activations closer than this are equal. Before information arrives all sequences give the same
activations up to rounding, and a discretiser that splits rounding noise invents information."""

TIE_BITS = 1e-12
"""Values of sets closer than this are a tie: far above the rounding of a sum (1e-13 bits), far
below any real difference."""

ZERO_BITS = 1e-9
"""Information up to this is 0: one result may come from several sums, each with its rounding."""

EQUAL_SCORES = 1e-9
"""Node scores and losses closer than this are equal."""

LEAST_BITS = 0.1
"""A concept of which all nodes together relay less than this is not relayed."""

EQUAL_SINGLE_BITS = 1e-6
"""Bits stored in single precision that are closer than this are equal."""

LARGEST_SAMPLE = 10_000_000
"""More sequences, random orders or shuffles than this do not fit the memory of a usual computer."""

TOO_LARGE = 1e15
"""Values of this size or above are refused by measures: squares could overflow single precision."""
