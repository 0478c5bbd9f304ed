"""One claim of the paper: what is compared in each group, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """One comparison of a claim: estimate, 95 % interval, null, and whether it holds.

    ``quantity`` says what is estimated, with its unit where it has one. Nothing is sampled where
    the interval is a single value. ``n_undefined`` networks have no value and are left out.
    """

    group: str
    quantity: str
    estimate: float
    low: float
    high: float
    n_undefined: int
    null: float
    holds: bool | None


@dataclass(frozen=True)
class Claim:
    """One claim of the paper with its groups.

    Attributes
    ----------
    id, claim, where
        Number, the claim in our words, and where the paper makes it.
    statistic
        What is measured, and the rule.
    fails_if
        What would have to come out for the claim to fail.
    our_part
        How our choices may have affected it.
    """

    id: str
    claim: str
    where: str
    statistic: str
    fails_if: str
    our_part: str
    groups: tuple[Group, ...]

    @property
    def verdict(self) -> str:
        """Reproduced, partly, or not reproduced, by the groups that count; else not judged."""
        held = [group.holds for group in self.groups if group.holds is not None]
        if not held:
            return "not judged"
        return "reproduced" if all(held) else "partly" if any(held) else "not reproduced"
