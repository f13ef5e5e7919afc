"""Verdicts: what they change, what they propose, who may take them back, and how far trainers agree."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot.duty import audit
from bot.nlu.project import NLU_DATA
from bot.store.models import AuditEntry, Correction, DataChange, Message, Review, ReviewItem
from bot.store.session import Store, take_turn
from bot.studio import changes, corpus, inbox, reviews
from bot.studio.inbox import Queued
from bot.studio.masking import mask
from bot.studio.reviews import AMBIGUOUS, SECOND, SKIP, ReviewError, Rules, Taken, kappa
from tests.studio.inbox_rows import DOUBTFUL, SURE, Inbox
from tests.world import FakeClock

TWO = Rules(two_for_urgent=True)
LOST, PET = "enquiry/idcard_lost", "help_request/lost_pet"
FIRE = "urgent_alarm/fire"


class Trainers(Inbox):
    """The inbox with trainers at it; each verdict is given in the next second."""

    def label(self, item: ReviewItem, intent: str, who: str = "甲", **more: Any) -> Taken:
        with changes.deciding(self.store) as session:
            return reviews.label(session, item.id, intent, trainer=who, now=self.tick(), **more)

    def accept(self, item: ReviewItem, intent: str, who: str = "甲", **more: Any) -> Taken:
        seen = more.pop("seen", self.shown(item, who).also)
        with changes.deciding(self.store) as session:
            return reviews.accept(session, item.id, intent, seen=seen, trainer=who, now=self.tick(), **more)

    def shown(self, item: ReviewItem, who: str = "甲") -> Queued:
        with self.store.reading() as session:
            return inbox.queued(session, session.get_one(ReviewItem, item.id), trainer=who)

    def aside(self, item: ReviewItem, verdict: str, who: str = "甲", **more: Any) -> ReviewItem:
        with changes.deciding(self.store) as session:
            return reviews.put_aside(session, item.id, verdict, trainer=who, now=self.tick(), **more)

    def undo(self, who: str = "甲") -> ReviewItem:
        with changes.deciding(self.store) as session:
            return reviews.undo(session, trainer=who, now=self.tick())

    def correct(self, item: ReviewItem, now: str) -> None:
        """An officer says what the message was, and the inbox hears of it."""
        with self.store.transaction() as session:
            case_id = session.get_one(Message, item.message_id).case_id
            told = {"made_by": "民警", "made_at": self.tick()}
            session.add(Correction(case_id=case_id, message_id=item.message_id, was=item.intent, now=now, **told))
        self.later(seconds=30)
        self.fill()

    def noise(self, text: str) -> ReviewItem:
        """An item of a case."""
        return self.doubtful(text, intent="help_request/noise", case=self.case("help_request/noise"))

    def standing(self) -> list[tuple[str, str]]:
        """The changes that wait or were made, with their intents."""
        with self.store.reading() as session:
            found = session.scalars(sa.select(DataChange).order_by(DataChange.id))
            return [(one.kind, one.payload["intent"]) for one in found if one.state in ("pending", "done")]

    def tick(self) -> datetime:
        self.clock.advance(seconds=1)
        return self.clock.now()

    def queue(self, who: str = "甲") -> list[int]:
        with self.store.reading() as session:
            return [one.id for one in inbox.queue(session, trainer=who)]

    def state(self, item: ReviewItem) -> str:
        with self.store.reading() as session:
            return session.get_one(ReviewItem, item.id).state

    def pending(self) -> list[str]:
        with self.store.reading() as session:
            return list(
                session.scalars(sa.select(DataChange.kind).where(DataChange.state == "pending").order_by(DataChange.id))
            )


@pytest.fixture
def trainers(store: Store, clock: FakeClock) -> Trainers:
    return Trainers(store, clock)


def test_that_a_label_that_corrects_the_model_becomes_an_example(trainers: Trainers) -> None:
    item = trainers.doubtful("我家狗跑没影了，我电话13800138000")
    taken = trainers.label(item, PET)
    assert taken.proposed == ("add_example",)
    assert trainers.changes() == [("add_example", {"intent": PET, "text": "我家狗跑没影了，我电话这个电话"})]
    assert trainers.state(item) == "done"
    assert trainers.queue() == []


def test_that_a_label_that_agrees_with_the_model_teaches_nothing(trainers: Trainers) -> None:
    item = trainers.doubtful("证没了咋整")
    assert trainers.label(item, LOST).proposed == ()
    assert trainers.changes() == []


@pytest.mark.parametrize(
    ("intent", "label", "case"),
    [("help_request/noise", "urgent_alarm/stalking", "missed"), (FIRE, "other/chitchat", "false_page")],
)
def test_that_what_was_missed_or_paged_falsely_goes_into_the_regression_set(
    trainers: Trainers, intent: str, label: str, case: str
) -> None:
    item = trainers.doubtful("他一直敲我家门", intent=intent)
    assert trainers.label(item, label, note="人在门口").proposed == ("add_example", "add_regression")
    kind, payload = trainers.changes()[1]
    assert kind == "add_regression"
    told = {"text": "他一直敲我家门", "intent": label, "why": "人在门口", "case": case}
    assert told.items() <= payload.items()


def test_that_new_wording_is_an_example_even_where_the_model_was_right(trainers: Trainers) -> None:
    item = trainers.doubtful("证儿整丢啦", reading=replace(SURE, nearest=0.1))
    assert trainers.label(item, LOST).proposed == ("add_example",)


def test_that_the_trainer_may_rewrite_the_text_but_not_put_anybody_into_it(trainers: Trainers) -> None:
    item = trainers.doubtful("我家狗跑没影了")
    with pytest.raises(ReviewError, match="personal") as refused:
        trainers.label(item, PET, text="狗丢了打13800138000")
    assert "13800138000" in refused.value.told
    assert trainers.state(item) == "waiting"
    trainers.label(item, PET, text="家里的狗跑没影了")
    assert trainers.changes()[0][1]["text"] == "家里的狗跑没影了"


def test_that_what_the_masking_did_not_see_is_taken_out_by_hand(trainers: Trainers) -> None:
    said = "西边小高层1704一天要六桶水"
    assert mask(said) == said
    item = trainers.doubtful(said)
    with pytest.raises(ReviewError, match="personal") as refused:
        trainers.label(item, PET)
    assert "例句里还有像个人信息的内容：1704" in refused.value.told
    assert trainers.state(item) == "waiting"
    trainers.label(item, PET, text="西边小高层一天要六桶水")
    assert trainers.changes()[0][1]["text"] == "西边小高层一天要六桶水"


def test_that_what_is_judged_at_once_is_told_before_with_every_wording(trainers: Trainers) -> None:
    said = ("这个楼道里着火了冒烟呢快来人", "这个楼道里没着火就冒烟呢快来人")
    for number, text in enumerate((*said, said[1])):
        trainers.hear(text, who=f"R{number}", reading=DOUBTFUL)
    trainers.fill()
    with trainers.store.transaction() as session:
        session.execute(sa.update(ReviewItem).values(cluster="same"))
        first, _, asked = session.scalars(sa.select(ReviewItem).order_by(ReviewItem.id)).all()
        asked.state = "second"  # of another trainer: it is judged too
    shown = trainers.shown(first)
    assert (shown.count, shown.others) == (3, (said[1],))
    assert trainers.accept(first, FIRE).items == 3


def test_that_what_has_come_in_since_is_not_judged_with_what_was_seen(trainers: Trainers) -> None:
    for number in range(2):
        trainers.hear("狗能坐地铁吗", who=f"R{number}", reading=DOUBTFUL)
    trainers.fill()
    first, _ = trainers.items()
    seen = trainers.shown(first).also
    late = trainers.doubtful("狗能坐地铁吗", who="late")
    assert trainers.accept(first, "enquiry/dog_rules", seen=(*seen, 999)).items == 2
    assert trainers.queue() == [late.id]


def test_that_no_note_names_anybody(trainers: Trainers) -> None:
    item = trainers.doubtful("我家狗跑没影了")
    with pytest.raises(ReviewError, match="note still holds") as refused:
        trainers.label(item, PET, note="是张建国家的狗")
    assert "张建国" in refused.value.told
    assert trainers.state(item) == "waiting"


def test_that_a_cluster_is_judged_at_once_with_one_example(trainers: Trainers) -> None:
    for number in range(3):
        trainers.hear("狗能坐地铁吗", who=f"R{number}", reading=DOUBTFUL)
    other = trainers.doubtful("居住证丢了在哪补")
    first = next(item for item in trainers.items() if item.id != other.id)
    assert trainers.accept(first, "enquiry/dog_rules").items == 3
    assert len(trainers.changes()) == 1
    assert trainers.queue() == [other.id]
    trainers.undo()
    assert len(trainers.queue()) == 2
    assert trainers.pending() == []


def test_that_one_takes_back_ones_own_last_verdict_and_no_other(trainers: Trainers) -> None:
    first, second = trainers.doubtful("我家狗跑没影了"), trainers.doubtful("猫也跑没影了你看咋整")
    trainers.label(first, PET)
    trainers.aside(second, SKIP)
    with pytest.raises(ReviewError, match="no verdict"):
        trainers.undo("乙")
    assert trainers.undo().id == second.id
    assert trainers.undo().id == first.id
    assert trainers.pending() == []
    assert {trainers.state(first), trainers.state(second)} == {"waiting"}
    with trainers.store.reading() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Review.undone_at.is_not(None))) == 2


def test_that_a_written_example_is_taken_out_again(trainers: Trainers) -> None:
    item = trainers.doubtful("我家狗跑没影了")
    trainers.label(item, PET)
    with trainers.store.transaction() as session:
        session.execute(sa.update(DataChange).values(state="done", applied_at=trainers.clock.now()))
    trainers.undo()
    assert [kind for kind, _ in trainers.changes()] == ["add_example", "remove_example"]


@pytest.mark.parametrize(("verdict", "state"), [(SKIP, "skipped"), (AMBIGUOUS, "ambiguous"), (SECOND, "second")])
def test_that_what_is_put_aside_is_out_of_ones_own_queue(trainers: Trainers, verdict: str, state: str) -> None:
    item = trainers.doubtful("我这个事儿咋整")
    trainers.aside(item, verdict)
    assert trainers.state(item) == state
    assert trainers.queue() == []
    assert trainers.queue("乙") == ([item.id] if verdict == SECOND else [])


def test_that_what_one_trainer_calls_a_tip_points_to_nobody_for_the_other_nor_in_the_data(trainers: Trainers) -> None:
    asked = trainers.doubtful("我家楼下那家麻将馆天天赌")
    trainers.aside(asked, SECOND, intent="tip/gambling")
    with trainers.store.reading() as session:
        (shown,) = inbox.queue(session, trainer="乙")
    assert shown.confidential
    assert "楼下" not in shown.text
    trainers.label(asked, "tip/gambling", "乙")
    (_, payload), *_ = trainers.changes()
    assert "楼下" not in payload["text"]
    assert "天天赌" in payload["text"]


def test_that_of_a_case_that_is_a_tip_by_now_no_example_is_made_that_points_to_somebody(trainers: Trainers) -> None:
    case = trainers.case("help_request/noise")
    item = trainers.doubtful("我家楼下那家麻将馆天天赌", case=case)
    with trainers.store.transaction() as session:
        session.merge(case).confidential = True
    trainers.label(item, "other/chitchat")
    (_, payload), *_ = trainers.changes()
    assert "楼下" not in payload["text"]


def test_that_a_trainer_writes_nothing_back_that_points_to_whoever_gave_a_tip(trainers: Trainers) -> None:
    item = trainers.doubtful("我家楼下那家麻将馆天天赌")
    with pytest.raises(ReviewError, match="text still holds") as refused:
        trainers.label(item, "tip/gambling", text="楼下麻将馆赌博")
    assert "楼下" in refused.value.told
    with pytest.raises(ReviewError, match="note still holds"):
        trainers.aside(item, SECOND, intent="tip/gambling", note="是他家楼下的事")
    assert trainers.state(item) == "waiting"
    trainers.label(item, "tip/gambling", text="对面棋牌室天天赌")
    assert trainers.changes() == [("add_example", {"intent": "tip/gambling", "text": "对面棋牌室天天赌"})]


def test_that_a_second_opinion_that_agrees_settles_it(trainers: Trainers) -> None:
    item = trainers.doubtful("我家狗跑没影了")
    trainers.aside(item, SECOND, intent=PET)
    with pytest.raises(ReviewError, match="somebody else"):
        trainers.label(item, PET)
    assert trainers.changes() == []
    trainers.label(item, PET, "乙")
    assert trainers.state(item) == "done"
    assert len(trainers.changes()) == 1


def test_that_two_who_disagree_make_it_ambiguous(trainers: Trainers) -> None:
    item = trainers.doubtful("我家狗跑没影了")
    trainers.aside(item, SECOND, intent=PET)
    trainers.label(item, "other/chitchat", "乙")
    assert trainers.state(item) == "ambiguous"
    assert trainers.changes() == []


@pytest.mark.parametrize(("intent", "label"), [(LOST, FIRE), (FIRE, "other/chitchat")])
def test_that_what_makes_or_unmakes_an_alarm_takes_two_where_the_station_wants_it(
    trainers: Trainers, intent: str, label: str
) -> None:
    item = trainers.doubtful("那边冒烟了好像", intent=intent)
    trainers.label(item, label, rules=TWO)
    assert trainers.state(item) == "second"
    assert trainers.changes() == []
    trainers.label(item, label, "乙", rules=TWO)
    assert trainers.state(item) == "done"
    assert [kind for kind, _ in trainers.changes()] == ["add_example", "add_regression"]


def test_that_what_is_no_alarm_takes_one(trainers: Trainers) -> None:
    item = trainers.doubtful("我家狗跑没影了")
    trainers.label(item, PET, rules=TWO)
    assert trainers.state(item) == "done"


def test_that_nothing_is_judged_twice_and_no_intent_invented(trainers: Trainers) -> None:
    item = trainers.doubtful("我家狗跑没影了")
    with pytest.raises(ReviewError, match="no intent"):
        trainers.label(item, "help_request/nothing_of_the_kind")
    trainers.label(item, PET)
    with pytest.raises(ReviewError, match="has been judged"):
        trainers.label(item, PET, "乙")
    with pytest.raises(ReviewError, match="no verdict"):
        trainers.aside(trainers.doubtful("另一个事儿咋整"), "whatever")


def test_that_every_act_stands_in_the_log_without_a_residents_word(trainers: Trainers) -> None:
    item = trainers.doubtful("我家狗跑没影了")
    trainers.label(item, PET)
    trainers.undo()
    with trainers.store.transaction() as session:
        said = reviews.reveal(session, item.id, by="带班所长", reason="看不懂", now=trainers.tick())
    assert said == "我家狗跑没影了"
    with trainers.store.reading() as session:
        entries = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id)).all()
        told = [entry.action for entry in entries if entry.action in audit.ACTIONS]
        assert [action for action in told if "data" not in action] == ["review", "review_undo", "reveal_words"]
        assert entries[-1].detail == {"reason": "看不懂"}
        assert not any("狗" in str(entry.detail) + entry.subject for entry in entries)
        assert audit.verify(session) is None


def test_that_the_original_words_take_a_reason_and_of_a_tip_another_right(trainers: Trainers) -> None:
    item = trainers.doubtful("我家狗跑没影了", who="B")
    tip = trainers.doubtful("我邻居开赌场", intent="tip/gambling")
    late = trainers.doubtful("那谁天天打麻将", case=trainers.case("tip/gambling"))
    with trainers.store.transaction() as session:
        assert reviews.right_to_reveal(session, item.id) == "see_cases"
        assert reviews.right_to_reveal(session, tip.id) == "see_reporter"
        assert reviews.right_to_reveal(session, late.id) == "see_reporter"
        with pytest.raises(ReviewError, match="why"):
            reviews.reveal(session, item.id, by="带班所长", reason=" ", now=trainers.tick())


def test_that_agreement_is_counted_on_what_two_have_judged(trainers: Trainers) -> None:
    for number, second in enumerate((PET, PET, "other/chitchat", "help_request/lost_item")):
        item = trainers.doubtful(f"第{number}件事到底咋整呢", who=f"R{number}")
        trainers.aside(item, SECOND, intent=PET if number != 2 else "other/chitchat")
        trainers.label(item, second, "乙")
    with trainers.store.reading() as session:
        found = reviews.agreement(session)
    assert (found.items, found.agreed, found.label_kappa) == (4, 3, 1.0)
    assert found.intent_kappa == pytest.approx((0.75 - 0.4375) / (1 - 0.4375))


def test_that_kappa_is_cohens() -> None:
    # Cohen's own way of counting: 50 things, 20 times both yes, 15 times both no, 5 and 10 times one of each.
    pairs = [("y", "y")] * 20 + [("n", "n")] * 15 + [("y", "n")] * 5 + [("n", "y")] * 10
    assert kappa(pairs) == pytest.approx(0.4)
    assert kappa([]) is None
    assert kappa([("y", "y")] * 3) is None


# -- what an officer says afterwards ----------------------------------------------------------------------------------


@pytest.mark.parametrize("verdict", [SKIP, AMBIGUOUS])
def test_that_what_was_put_aside_comes_again_to_the_same_trainer_when_it_was_a_missed_emergency(
    trainers: Trainers, verdict: str
) -> None:
    item = trainers.noise("他一直敲我家门")
    trainers.aside(item, verdict)
    trainers.correct(item, "urgent_alarm/stalking")
    assert trainers.queue() == [item.id]
    taken = trainers.label(item, "urgent_alarm/stalking")
    assert taken.proposed == ("add_example", "add_regression")


@pytest.mark.parametrize(
    ("said", "officers"),
    [
        ("help_request/neighbour_dispute", "urgent_alarm/stalking"),
        ("urgent_alarm/stalking", "help_request/neighbour_dispute"),
        ("help_request/lost_item", "enquiry/idcard_lost"),
    ],
)
def test_that_a_verdict_that_an_officer_contradicts_is_asked_for_again_and_its_data_goes(
    trainers: Trainers, said: str, officers: str
) -> None:
    item = trainers.noise("他一直敲我家门")
    trainers.label(item, said)
    trainers.correct(item, officers)
    assert trainers.state(item) == "waiting"
    assert trainers.queue() == [item.id]
    trainers.label(item, officers)
    assert {intent for _, intent in trainers.standing()} == {officers}


def test_that_a_verdict_that_an_officer_shares_stands(trainers: Trainers) -> None:
    item = trainers.noise("他一直敲我家门")
    trainers.label(item, "urgent_alarm/stalking")
    before = trainers.standing()
    trainers.correct(item, "urgent_alarm/burglary")
    assert trainers.state(item) == "done"
    assert trainers.queue() == []
    assert trainers.standing() == before


def test_that_two_opinions_that_an_officer_contradicts_are_both_asked_for_again(trainers: Trainers) -> None:
    item = trainers.noise("他一直敲我家门")
    trainers.aside(item, SECOND, intent="help_request/lost_item")
    trainers.correct(item, "urgent_alarm/stalking")
    assert (trainers.queue(), trainers.queue("乙")) == ([item.id], [item.id])


def test_that_the_data_of_two_opinions_goes_when_the_first_is_taken_back(trainers: Trainers) -> None:
    item = trainers.doubtful("那边冒烟了好像", intent=LOST)
    trainers.label(item, FIRE, rules=TWO)
    trainers.label(item, FIRE, "乙", rules=TWO)
    assert len(trainers.pending()) == 2
    with trainers.store.transaction() as session:
        reviews.undo(session, trainer="甲", now=trainers.tick(), rules=TWO)
    assert trainers.state(item) == "second"
    assert trainers.pending() == []


# -- every missed emergency and every false page stays in the regression set ------------------------------------------

STALKING, DISPUTE = "urgent_alarm/stalking", "help_request/neighbour_dispute"


def regressions(trainers: Trainers) -> list[tuple[str, str]]:
    return [(one["text"], one["case"]) for kind, one in trainers.changes() if kind == "add_regression"]


def test_that_of_a_batch_each_that_was_missed_enters_though_the_first_was_paged(trainers: Trainers) -> None:
    said = (("他一直敲我家门", STALKING), ("他一直敲我家门啊", "help_request/noise"), ("他一直敲我家门呢", DISPUTE))
    for number, (text, intent) in enumerate(said):
        trainers.hear(text, intent, who=f"R{number}", reading=DOUBTFUL)
    trainers.hear("他一直敲我家门啊", "help_request/noise", who="R4", reading=DOUBTFUL)
    trainers.fill()
    with trainers.store.transaction() as session:
        session.execute(sa.update(ReviewItem).values(cluster="same"))
        first = session.scalars(sa.select(ReviewItem).order_by(ReviewItem.id)).first()
    assert first is not None
    taken = trainers.accept(first, STALKING)
    assert (taken.items, taken.proposed) == (4, ("add_example", "add_regression"))
    assert regressions(trainers) == [("他一直敲我家门啊", "missed"), ("他一直敲我家门呢", "missed")]
    trainers.undo()
    assert trainers.pending() == []


def test_that_a_missed_wording_in_which_somebody_could_be_recognised_enters_in_the_words_of_the_first(
    trainers: Trainers,
) -> None:
    for number, intent in enumerate((STALKING, "help_request/noise")):
        trainers.hear(f"他一直敲我家门{number}", intent, who=f"R{number}", reading=DOUBTFUL)
    trainers.fill()
    with trainers.store.transaction() as session:
        session.execute(sa.update(ReviewItem).values(cluster="same"))
        first, other = session.scalars(sa.select(ReviewItem).order_by(ReviewItem.id)).all()
        other.text = "张建国一直敲我家门13800138000"
    trainers.accept(first, STALKING, text="他老敲我家门")
    assert regressions(trainers) == [("他老敲我家门", "missed")]


def test_that_a_missed_cry_of_one_letter_enters_though_it_is_no_example(trainers: Trainers) -> None:
    case = trainers.case("other/chitchat")
    number = trainers.hear("救", "other/chitchat", case=case)
    with trainers.store.transaction() as session:
        told = {"made_by": "民警", "made_at": trainers.tick(), "was": "other/chitchat", "now": STALKING}
        session.add(Correction(case_id=case.id, message_id=number, **told))
    trainers.later(seconds=30)
    assert trainers.fill() == 1
    (item,) = trainers.items()
    assert trainers.label(item, STALKING).proposed == ("add_regression",)
    assert regressions(trainers) == [("救", "missed")]


def test_that_what_an_officer_called_missed_is_not_skipped_but_asked_of_another_and_again_after_a_week(
    trainers: Trainers,
) -> None:
    item = trainers.noise("他一直敲我家门")
    trainers.correct(item, STALKING)
    assert trainers.aside(item, SKIP).state == "second"
    assert (trainers.queue(), trainers.queue("乙")) == ([], [item.id])
    trainers.later(days=8)
    trainers.fill()
    assert trainers.queue() == [item.id]


def test_that_what_stays_ambiguous_enters_as_the_officer_has_it(trainers: Trainers) -> None:
    item = trainers.noise("他一直敲我家门")
    trainers.correct(item, STALKING)
    trainers.aside(item, AMBIGUOUS)
    assert trainers.state(item) == "ambiguous"
    assert regressions(trainers) == [("他一直敲我家门", "missed")]
    trainers.undo()
    assert (trainers.state(item), trainers.pending()) == ("waiting", [])


def test_that_what_is_ambiguous_and_still_personal_is_not_put_aside(trainers: Trainers) -> None:
    item = trainers.noise("他一直敲我家门")
    trainers.correct(item, STALKING)
    with trainers.store.transaction() as session:
        session.get_one(ReviewItem, item.id).text = "张建国一直敲我家门13800138000"
    with pytest.raises(ReviewError, match="regression set") as refused:
        trainers.aside(item, AMBIGUOUS)
    assert "改写" in refused.value.told
    assert trainers.state(item) == "waiting"


def test_that_two_who_disagree_only_on_the_kind_of_emergency_teach_that_it_is_one(trainers: Trainers) -> None:
    item = trainers.doubtful("他一直敲我家门", intent="help_request/noise")
    trainers.aside(item, SECOND, intent="urgent_alarm/burglary")
    trainers.label(item, STALKING, "乙")
    assert trainers.state(item) == "ambiguous"
    assert regressions(trainers) == [("他一直敲我家门", "missed")]


def test_that_one_trainer_alone_does_not_unmake_the_emergency_that_an_officer_raised(trainers: Trainers) -> None:
    item = trainers.noise("他一直敲我家门")
    trainers.correct(item, STALKING)
    trainers.label(item, DISPUTE)
    assert trainers.state(item) == "second"
    trainers.label(item, STALKING, "乙")
    assert trainers.state(item) == "ambiguous"
    assert regressions(trainers) == [("他一直敲我家门", "missed")]


def test_that_what_lost_its_second_opinion_waits_for_another(trainers: Trainers) -> None:
    item = trainers.doubtful("我家狗跑没影了")
    trainers.aside(item, SECOND, intent=PET)
    trainers.label(item, "other/chitchat", "乙")
    trainers.undo()
    assert (trainers.state(item), trainers.queue()) == ("second", [item.id])


def test_that_another_kind_of_emergency_leaves_the_message_in_the_regression_set(trainers: Trainers) -> None:
    item = trainers.noise("他一直敲我家门")
    trainers.label(item, "urgent_alarm/burglary")
    with trainers.store.transaction() as session:
        session.get_one(ReviewItem, item.id).state = "waiting"
        session.execute(sa.update(Review).values(undone_at=trainers.clock.now()))
    trainers.label(item, STALKING)
    assert ("add_regression", "urgent_alarm/burglary") in trainers.standing()


def test_that_one_trainer_alone_does_not_take_back_what_two_have_made_an_emergency(trainers: Trainers) -> None:
    item = trainers.doubtful("那边冒烟了好像", intent=LOST)
    trainers.label(item, FIRE, rules=TWO)
    trainers.label(item, FIRE, "乙", rules=TWO)
    with trainers.store.transaction() as session:
        for change in session.scalars(sa.select(DataChange)):
            change.state = "done"
    with trainers.store.transaction() as session:
        reviews.undo(session, trainer="甲", now=trainers.tick(), rules=TWO)
    with trainers.store.reading() as session:
        found = session.execute(sa.select(DataChange.kind, DataChange.state).order_by(DataChange.id)).all()
    assert [tuple(one) for one in found[2:]] == [
        ("remove_example", "unapproved"),
        ("remove_regression", "unapproved"),
    ]


# -- of the words of a case one is the missed emergency ---------------------------------------------------------------

HELLO, NOISE, KNOCKS = "您好在吗", "我家楼上太吵了", "他拿刀敲我家门"


@pytest.fixture
def words(trainers: Trainers) -> dict[str, ReviewItem]:
    """The items of a case that an officer has made an alarm, by their words; the last is likely one."""
    case = trainers.case("help_request/noise")
    for text in (HELLO, NOISE):
        trainers.hear(text, "help_request/noise", case=case)
    likely = replace(DOUBTFUL, ranking=(("help_request/noise", 0.5), (STALKING, 0.4)))
    trainers.hear(KNOCKS, "help_request/noise", case=case, reading=likely)
    with trainers.store.transaction() as session:
        told = {"made_by": "民警", "made_at": trainers.tick(), "was": "help_request/noise", "now": STALKING}
        session.add(Correction(case_id=case.id, **told))
    trainers.later(seconds=30)
    trainers.fill()
    return {item.text: item for item in trainers.items()}


def test_that_when_one_of_a_cases_words_is_called_its_emergency_the_others_rest(
    trainers: Trainers, words: dict[str, ReviewItem]
) -> None:
    assert trainers.queue() == [words[KNOCKS].id]
    trainers.label(words[KNOCKS], STALKING)
    assert regressions(trainers) == [(KNOCKS, "missed")]
    assert (trainers.queue(), trainers.queue("乙")) == ([], [])
    with trainers.store.reading() as session:
        assert inbox.counts(session) == {"done": 1}
    trainers.undo()
    assert (trainers.queue(), trainers.pending()) == ([words[KNOCKS].id], [])


def test_that_the_next_likeliest_is_asked_for_when_one_is_called_no_emergency(
    trainers: Trainers, words: dict[str, ReviewItem]
) -> None:
    trainers.label(words[KNOCKS], DISPUTE)
    assert (trainers.queue(), trainers.queue("乙")) == ([words[NOISE].id], [words[KNOCKS].id])
    trainers.label(words[NOISE], STALKING)
    assert regressions(trainers) == [(NOISE, "missed")]
    assert (trainers.queue(), trainers.queue("乙")) == ([], [])


def test_that_of_words_that_stay_ambiguous_the_likeliest_enters_when_all_are_judged(
    trainers: Trainers, words: dict[str, ReviewItem]
) -> None:
    for text in (KNOCKS, NOISE):
        trainers.aside(words[text], AMBIGUOUS)
        assert regressions(trainers) == []
    trainers.label(words[HELLO], "other/greeting")
    assert regressions(trainers) == []
    trainers.label(words[HELLO], "other/greeting", "乙")
    assert regressions(trainers) == [(KNOCKS, "missed")]
    trainers.undo("乙")
    assert "add_regression" not in trainers.pending()


def test_that_none_enters_by_the_officers_word_when_one_was_called_the_emergency(
    trainers: Trainers, words: dict[str, ReviewItem]
) -> None:
    trainers.aside(words[KNOCKS], AMBIGUOUS)
    trainers.label(words[NOISE], STALKING)
    trainers.aside(words[HELLO], AMBIGUOUS)
    assert regressions(trainers) == [(NOISE, "missed")]


def test_that_what_rests_is_not_asked_for_again_when_more_is_said(
    trainers: Trainers, words: dict[str, ReviewItem]
) -> None:
    trainers.aside(words[NOISE], AMBIGUOUS)
    trainers.label(words[KNOCKS], STALKING)
    trainers.correct(words[NOISE], "urgent_alarm/burglary")
    assert (trainers.state(words[NOISE]), trainers.queue()) == ("ambiguous", [])


def test_that_a_verdict_stands_where_the_emergency_was_found_before_the_officer_spoke(trainers: Trainers) -> None:
    case = trainers.case("help_request/noise")
    hello, knocks = (
        trainers.doubtful(text, intent="help_request/noise", case=case, reading=replace(DOUBTFUL, nearest=0.1))
        for text in (HELLO, KNOCKS)
    )
    trainers.label(hello, "other/greeting")
    trainers.label(knocks, STALKING)
    trainers.correct(hello, STALKING)
    assert (trainers.state(hello), trainers.queue()) == ("done", [])


def test_that_a_tap_alone_puts_nothing_ambiguous_into_the_regression_set(trainers: Trainers) -> None:
    case = trainers.case("help_request/general_help")
    trainers.hear("他又来了咋整", "help_request/general_help", uncertain=True, case=case, reading=DOUBTFUL)
    trainers.hear("现在有危险", "urgent_alarm/general_alarm", tapped=True, case=case)
    trainers.fill()
    (item,) = trainers.items()
    assert trainers.aside(item, SKIP, "乙").state == "second"
    trainers.aside(item, AMBIGUOUS)
    assert regressions(trainers) == []


# -- what stands among the examples already ---------------------------------------------------------------------------


def an_example(label: str) -> corpus.Held:
    """One that is no question of somebody's, as the files have it."""
    found = corpus.load(NLU_DATA).training
    return next(held for held in found if held.label == label and len(held.text) > 5 and mask(held.text) == held.text)


def test_that_a_text_that_stands_under_another_intent_is_moved(trainers: Trainers) -> None:
    held = an_example("other")
    item = trainers.doubtful(held.text, intent=held.intent)
    assert trainers.label(item, PET).proposed == ("move_example",)
    assert trainers.changes() == [("move_example", {"text": held.text, "was": held.intent, "now": PET})]
    trainers.undo()
    assert trainers.pending() == []


def test_that_no_verdict_takes_an_example_from_an_alarm(trainers: Trainers) -> None:
    held = an_example("urgent_alarm")
    taken = trainers.label(trainers.doubtful(held.text, intent=PET), PET)
    assert (taken.proposed, "数据体检" in taken.problem) == ((), True)
    assert trainers.changes() == []


# -- at the same time -------------------------------------------------------------------------------------------------


def both(first: Callable[[], object], second: Callable[[], object]) -> tuple[object, object]:
    """Begin the second when the first has the audit log's turn, and let it come to where it waits; how both ended."""
    usual, begun = take_turn, threading.Event()

    def in_its_turn(session: Session, key: int) -> None:
        usual(session, key)
        if not begun.is_set():
            begun.set()
            time.sleep(0.3)

    with pytest.MonkeyPatch.context() as patched, ThreadPoolExecutor(2) as pool:
        patched.setattr(audit, "take_turn", in_its_turn)
        one = pool.submit(first)
        begun.wait(5)
        other = pool.submit(second)
        return one.exception(20), other.exception(20)


def test_that_taking_back_and_the_writer_do_not_wait_for_each_other_for_ever(trainers: Trainers) -> None:
    item = trainers.doubtful("那边冒烟了好像", intent=LOST)
    trainers.label(item, FIRE)
    with trainers.store.reading() as session:
        last = session.scalars(sa.select(DataChange.id).order_by(DataChange.id.desc())).first()

    def write() -> None:
        """As the writer does: the row, then the log."""
        with trainers.store.transaction() as session:
            session.get_one(DataChange, last, with_for_update=True)
            audit.record(session, audit.SYSTEM, "data_apply", now=trainers.clock.now())

    assert both(trainers.undo, write) == (None, None)
    assert trainers.pending() == []


def test_that_a_batch_and_another_trainers_verdict_do_not_wait_for_each_other_for_ever(trainers: Trainers) -> None:
    for number in range(2):
        trainers.hear("狗能坐地铁吗", who=f"R{number}", reading=DOUBTFUL)
    trainers.fill()
    first, second = sorted(trainers.items(), key=lambda item: item.id)

    def label() -> None:
        with pytest.raises(ReviewError, match="has been judged"):
            trainers.label(second, "enquiry/dog_rules", "乙")

    problems = both(lambda: trainers.accept(first, "enquiry/dog_rules"), label)
    assert problems == (None, None)
    assert trainers.queue("丙") == []
