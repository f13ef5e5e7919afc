"""What a message is answered with that no line fits: its own words, a promise to whoever asks, nothing on a cry."""

import pytest

from bot.intake import receipts, wording
from bot.store.models import Message


def message(text: str, kind: str = "text") -> Message:
    return Message(text=text, kind=kind)


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("我在哪儿等你们", True),
        ("窗户能不能砸", True),
        ("钥匙在谁手里不知道", False),
        ("他怎么叫都不答应", False),
        ("孩子在客厅呢", False),
        ("他要三百 给不给", True),
        ("头磕了有点想吐 正常不", True),
        ("牌照后面让手挡着看不", False),
        ("120问我哪个门 我说不上来", False),
        ("车屁股写着啥啥净水", False),
        ("我咋寻思她不对劲呢", False),
        ("一个三室住了十好几个人", False),
        ("来了几个人", True),
        ("住店不看身份证 我亲眼瞅见几个穿校服的进去了", False),
        ("我说了单元号 他们一琢磨就知道是谁说的", False),
        ("怎么知道的 反正知道", False),
        ("哪个学校?就大东路那个二小后门", False),
        ("工行转到一个建行卡 户名李什么强", False),
        ("她住北海街 几号楼我找找", False),
        ("几号楼我找找行吗", True),
        ("He is at the door", False),
        ("is he allowed in", True),
    ],
)
def test_that_a_question_is_told_from_a_fact(text: str, asks: bool) -> None:
    assert receipts.asks_something(text) is asks


def test_that_what_is_told_is_repeated() -> None:
    assert receipts.of(message("他往 后门\n去了")) == wording.NOTED.format(what="", said="他往 后门 去了")
    assert receipts.of(message("a red coat and boots"), english=True).startswith("Noted: “a red coat and boots”")


def test_that_of_a_long_story_the_beginning_is_repeated() -> None:
    assert len(receipts.told("从前头那条街一直走到底再往左拐" * 5)) == 36


@pytest.mark.parametrize("text", ["快来啊求求你们", "嗯", "吓死我了真的", "妈呀妈呀妈呀"])
def test_that_a_cry_and_a_word_are_not_read_back(text: str) -> None:
    assert receipts.of(message(text)) == wording.RECEIPT


def test_that_nobody_in_despair_is_quoted_but_for_a_place() -> None:
    assert receipts.of(message("她走了以后我就这样了"), quotes=False) == wording.RECEIPT
    assert receipts.of(message("我在大东路12号"), quotes=False).startswith("地点记下了")


def test_that_a_detail_put_right_is_taken_down_as_such() -> None:
    assert receipts.of(message("说错了 是17号不是7号")) == wording.PUT_RIGHT.format(said="说错了 是17号不是7号")


def test_that_in_front_of_others_a_receipt_says_nothing() -> None:
    assert receipts.quiet(message("他有几个人要不要紧")) == wording.SILENT_ASKED
    assert receipts.quiet(message("在里屋")) == wording.SILENT_RECEIPT


def test_that_a_picture_is_received_as_one() -> None:
    assert receipts.of(message("", "image")) == wording.PHOTO_RECEIPT
