"""How likely it is that a further message of a calm matter is an emergency.

By itself "no need today, have a look some morning" sounds like a farewell and "he is out on the balcony" like a jump.
What trainers wrote for it (`nlu_data/in_talk`: calm matters, with next messages that only sound like an emergency and
others that are one) teaches a machine of its own (`bot.nlu.components.TalkTurns`). What it hears counts beside the
classifier's P(urgent): a logistic regression over these messages, each read by a machine that had not learnt from its
matter (ADR 005). Reading both behind the calm words added nothing to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log
from typing import Any

from bot.nlu.triage import URGENT, Triage
from bot.nlu.turns import TALK_TURNS, turns_in

TURN, CALM = "turn", "calm"
"""The machine's two answers."""
DANGER, DOUBTFUL = 0.15, 0.05
"""P(emergency) from which what the classifier takes for an alarm is one, and from which a human sees it."""
_BY_ITSELF, _HEARD, _BASE = 0.292, 0.848, -0.265
_PLAIN, _PLAIN_IN_FORM = 0.9, 0.98
"""P(urgent) of what is an alarm wherever it stands, and of what is one among the answers to a form, which sound like
anything: the machine has learnt quiet turns, and not what all shout."""
_FAINTEST, _FAINTEST_TURN = 1e-4, 2e-3
"""Below this they count no more."""


def danger(parse_data: Mapping[str, Any], *, in_form: bool = False) -> float:
    """P(emergency) of a further message; a model without the machine tells the classifier's P alone."""
    by_itself, turns = _urgent_share(parse_data), turns_in(parse_data, TALK_TURNS)
    if not turns or by_itself >= (_PLAIN_IN_FORM if in_form else _PLAIN):
        return by_itself
    heard = next((turn.confidence for turn in turns if turn.name == TURN), 0.0)
    likely = _BY_ITSELF * _odds(by_itself, _FAINTEST) + _HEARD * _odds(heard, _FAINTEST_TURN) + _BASE
    return 1 / (1 + exp(-likely))


def _urgent_share(parse_data: Mapping[str, Any]) -> float:
    """How likely a message is an alarm, whatever it was taken for."""
    triage = Triage.from_json(parse_data["triage"])
    if triage.urgent:
        return triage.confidence
    ranked = parse_data.get("intent_ranking") or ()
    return next((float(item["confidence"]) for item in ranked if item["name"] == URGENT), 0.0)


def _odds(share: float, faintest: float) -> float:
    share = min(max(share, faintest), 1 - faintest)
    return log(share / (1 - share))
