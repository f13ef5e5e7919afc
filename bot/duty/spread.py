"""How long something took, where for some of it nobody knows yet how long it will take."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NamedTuple

_ROUNDING = 1e-9


class Wait(NamedTuple):
    """A wait for something: `censored` (on the right) if it had not come about after these seconds."""

    seconds: float
    censored: bool


@dataclass(frozen=True)
class Quantile:
    """The seconds within which a share had what it waited for; `at_least`: that share takes longer, nobody knows yet
    how much."""

    seconds: float
    at_least: bool = False


@dataclass(frozen=True)
class Spread:
    """How long something took: how often it came about, how often not (`censored`), median, ninth decile, and the
    share in time among those of which that is known."""

    count: int
    censored: int = 0
    p50: Quantile | None = None
    p90: Quantile | None = None
    within: float | None = None


def spread(waits: Iterable[Wait], target: timedelta | None) -> Spread:
    """The spread of some waits, of which some may still go on: these are right-censored.

    The quantiles are those of the Kaplan-Meier estimate: a wait that goes on counts as longer than it is so far, and
    one that has only begun says nothing. So what nobody answers never makes them look better, as leaving it out would.
    In time are those that ended within the target; not in time are those that took longer, ended or not; a wait that
    still goes on within the target is neither.
    """
    ordered = sorted(waits)  # what came about before what had not by then
    if not ordered:
        return Spread(0)
    censored = sum(wait.censored for wait in ordered)
    within = None if target is None else _within(ordered, target.total_seconds())
    return Spread(
        len(ordered) - censored, censored, _quantile(ordered, share=0.5), _quantile(ordered, share=0.9), within
    )


def _quantile(waits: Sequence[Wait], *, share: float) -> Quantile:
    """The first moment by which the share had come about. If the estimate does not get there, the least that it will
    be: as if all that goes on came about now."""
    left = 1.0
    for before, wait in enumerate(waits):
        if not wait.censored:
            left *= 1 - 1 / (len(waits) - before)
            if left <= 1 - share + _ROUNDING:
                return Quantile(wait.seconds)
    return replace(_quantile([Wait(wait.seconds, False) for wait in waits], share=share), at_least=True)


def _within(waits: Sequence[Wait], seconds: float) -> float | None:
    known = [wait for wait in waits if not wait.censored or wait.seconds > seconds]
    return sum(wait.seconds <= seconds for wait in known) / len(known) if known else None
