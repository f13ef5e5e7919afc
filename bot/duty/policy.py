"""Escalation policies: whom an unacknowledged case is paged to, step by step. A case keeps a copy of its own."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.nlu.triage import URGENT

EVERYONE, LEADERS, ON_DUTY = "全体", "所领导", "在班"
"""Words of a step for who is meant; besides them `在班1`, `在班2` …, a team or an officer by name."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Strict):
    """One step: everyone named in `who` is paged over `channels` (none given: all), then `wait_seconds` pass."""

    who: Annotated[tuple[str, ...], Field(min_length=1)]
    channels: Annotated[tuple[str, ...] | None, Field(min_length=1)] = None
    wait_seconds: Annotated[int | None, Field(ge=5, le=86400)] = None


class Policy(_Strict):
    """The steps for some labels ("urgent_alarm") or kinds ("urgent_alarm/fire").

    `then`: what follows the last step: begin again, repeat the last one, or stop (never for alarms).
    """

    match: Annotated[tuple[str, ...], Field(min_length=1)]
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    then: Literal["again", "last", "stop"] = "again"


def choose(policies: Iterable[Policy], label: str, intent: str) -> Policy | None:
    """The policy for a kind; one that names the kind comes before one that names its label."""
    found = list(policies)
    return next((policy for name in (intent, label) for policy in found if name in policy.match), None)


def one_after_another(officers: int, *, everyone_last: bool) -> Policy:
    """The policy of a station that has written none: whoever is on duty in turn, then, if others are off, all."""
    steps = [Step(who=(f"{ON_DUTY}{number + 1}",)) for number in range(max(1, officers))]
    if everyone_last:
        steps.append(Step(who=(EVERYONE,)))
    return Policy(match=(URGENT,), steps=tuple(steps))


def copied(policy: Policy, *, wait_seconds: int, silence_minutes: int | None) -> dict[str, Any]:
    """What a case keeps: the steps with their waits in seconds, what follows the last, and the silence in seconds."""
    return {
        "steps": [
            {
                "who": list(step.who),
                "channels": None if step.channels is None else list(step.channels),
                "wait": step.wait_seconds or wait_seconds,
            }
            for step in policy.steps
        ],
        "then": policy.then,
        "silence": silence_minutes * 60 if silence_minutes else None,
    }


def next_step(policy: dict[str, Any], step: int) -> int | None:
    """The step after one; None where the policy stops."""
    steps: Sequence[Any] = policy["steps"]
    if step + 1 < len(steps):
        return step + 1
    return {"again": 0, "last": len(steps) - 1, "stop": None}[policy["then"]]
