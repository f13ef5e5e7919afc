"""What the intake is configured with: who is paged, how, the net that raises alarms, what an alarm is asked, and what
the menu answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.duty.roster import Roster, RosterFile
from bot.intake import questions
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
    channels: tuple[str, ...]
    net: SafetyNet
    menu: LiveFile[Menu]
    articles: LiveFile[tuple[Published, ...]]
    questions: LiveFile[AlarmQuestions] = field(default_factory=questions.live)

    def roster(self) -> Roster:
        """The roster as it is now."""
        return self.roster_file.current()

    def net_triage(self, text: str, fragments: Sequence[str] = ()) -> Triage | None:
        """The alarm that the safety net sees in a text, alone or together with the sender's last fragments.

        Fragments that were an alarm without it had theirs when they came: "thanks" after it is not another one.
        """
        finding = self.net.read(text)
        if finding is None and fragments and self.net.read("，".join(fragments)) is None:
            finding = self.net.read("，".join([*fragments, text]))
        return finding.triage() if finding else None
