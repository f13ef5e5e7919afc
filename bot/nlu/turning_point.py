"""How likely it is that a further message of a calm matter is an emergency.

By itself "no need today, have a look some morning" sounds like a farewell and "he is out on the balcony" like a jump;
with what was told before it, both say what they are. Read together alone, a true turn drowns in the calm words. So both
readings count: a logistic regression on 438 messages that the model took for alarms by themselves, 97 of them rightly,
in 190 matters that others had written for it (ADR 005).
"""

from math import exp, log

_BY_ITSELF, _TOGETHER, _BASE = 1.036, 0.464, -3.811
_FAINTEST, _FAINTEST_TOGETHER = 1e-4, 0.01
"""Many calm words before it can make a danger as faint as they like; below this they count no more."""


def danger(by_itself: float, together: float) -> float:
    """P(emergency) from P(urgent) of a message by itself and read behind what its sender has told."""
    likely = _BY_ITSELF * _odds(by_itself, _FAINTEST) + _TOGETHER * _odds(together, _FAINTEST_TOGETHER) + _BASE
    return 1 / (1 + exp(-likely))


def _odds(share: float, faintest: float) -> float:
    share = min(max(share, faintest), 1 - faintest)
    return log(share / (1 - share))
