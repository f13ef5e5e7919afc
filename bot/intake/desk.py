"""What the intake is configured with: who is paged, how, the net that raises alarms, what an alarm is asked, and what
the menu answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.addresses import PageChannel
from bot.duty.roster import RosterFile
from bot.duty.watch import Watch
from bot.intake import advice, alarm_answers, questions
from bot.intake.advice import Advice
from bot.intake.alarm_answers import AlarmAnswers
from bot.intake.articles import Published
from bot.intake.menu import Menu
from bot.intake.questions import AlarmQuestions
from bot.nlu.live_file import LiveFile
from bot.nlu.safety_net import SafetyNet
from bot.nlu.triage import Triage


@dataclass(frozen=True)
class Desk:
    """The configuration, as one value to hand around."""

    roster_file: RosterFile
    channels: tuple[PageChannel, ...]
    net: SafetyNet
    menu: LiveFile[Menu]
    articles: LiveFile[tuple[Published, ...]]
    questions: LiveFile[AlarmQuestions] = field(default_factory=questions.live)
    advice: LiveFile[Advice] = field(default_factory=advice.live)
    answers: LiveFile[AlarmAnswers] = field(default_factory=alarm_answers.live)

    def watch(self) -> Watch:
        """Who is paged, and how, as the duty file says now."""
        return Watch.over(self.roster_file.current(), self.channels)

    def net_triage(self, text: str, fragments: Sequence[str] = ()) -> Triage | None:
        """The alarm that the safety net sees in a text, alone or together with the sender's last fragments.

        Fragments that were an alarm without it had theirs when they came: "thanks" after it is not another one.
        """
        finding = self.net.read(text)
        if finding is None and fragments and self.net.read("，".join(fragments)) is None:
            finding = self.net.read("，".join([*fragments, text]))
        return finding.triage() if finding else None
