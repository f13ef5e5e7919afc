"""What a message is answered with that no line fits: a receipt, and to whoever asks, that the officer will answer."""

import pytest

from bot.intake import advice, receipts, wording
from bot.intake.advice import Moment
from bot.intake.receipts import Spoken
from bot.store.models import Message

ADVICE = advice.load()


def message(text: str, kind: str = "text", number: int = 1) -> Message:
    return Message(id=number, text=text, kind=kind)


def receipt(text: str, kind: str = "text", *, alarm: str = "burglary", english: bool = False) -> str:
    """The receipt of the second message of an alarm."""
    said = message(text, kind, 2)
    return receipts.of(said, [message("有人撬门"), said], Moment(alarm), ADVICE, english=english)


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
        ("窗户外面能看见一个红色的字 惠什么超市", False),
        ("那是什么超市", True),
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
        ("没打起来 我还能跟她动手咋的", False),
        ("琴不值什么钱了", False),
        ("他喝没喝酒我闻不出来 他这阵子输了钱", False),
        ("我能出去不 他好像在翻柜子", True),
        ("我现在能不能把他翻个身 地上太凉了", True),
        ("我要不要先跑 他上楼了", True),
        ("先打110还是先打120", True),
        ("他在砸门，能不能快点，我害怕", False),
        ("我去了他还是去了", False),
        ("几个小伙给他摁住了", False),
        ("几个人能来", True),
        ("He is at the door", False),
        ("is he allowed in", True),
    ],
)
def test_that_a_question_is_told_from_a_fact(text: str, asks: bool) -> None:
    assert receipts.asks_something(text) is asks


@pytest.mark.parametrize("text", ["说错了 是17号不是7号", "不对 她穿的黄裙子", "数错了 是三个人"])
def test_that_a_detail_put_right_is_received_as_that_and_not_read_back(text: str) -> None:
    assert receipt(text) in wording.PUT_RIGHT


@pytest.mark.parametrize("text", ["他往后门去了", "嗯"])
def test_that_what_is_told_is_received_and_not_read_back(text: str) -> None:
    assert receipt(text) == ADVICE.receipts["any"][1]
    assert receipt("a red coat and boots", english=True) == wording.RECEIPT_ENGLISH


def test_that_whoever_asks_is_promised_the_officers_answer() -> None:
    assert receipt("牌子上写的字要不要发").startswith(wording.ASKED)
    assert receipt("is he allowed in", english=True) == wording.ASKED_ENGLISH


@pytest.mark.parametrize(
    "text", ["咋整啊", "我哭得手都抖了", "救命啊快来", "太吓人了 我好怕", "我慌得不行了", "叔叔我害怕"]
)
def test_that_whoever_is_beside_themself_hears_again_what_counts_most(text: str) -> None:
    for alarm in ("burglary", "fraud_transfer", "medical", "missing_child"):
        assert receipt(text, alarm=alarm).endswith(ADVICE.to_do_now(Moment(alarm)))


def test_that_what_others_do_is_no_cry() -> None:
    for text in ("他咋办的身份证不知道", "孩子在屋里哭", "他手里有刀", "她怕他"):
        assert not wording.cries(text)


def test_that_what_counts_most_is_not_said_twice_running() -> None:
    said = message("我该咋办啊", number=2)
    again = receipts.of(
        said, [message("有人撬门"), said], Moment("burglary"), ADVICE, english=False, spoken=Spoken(just_now=True)
    )
    assert again in ADVICE.comfort_again


def test_that_a_question_nobody_can_answer_brings_what_counts_most_but_once() -> None:
    said = message("牌子上写的字要不要发", number=2)
    case = [message("有人撬门"), said]
    first, second = (
        receipts.of(said, case, Moment("burglary"), ADVICE, english=False, spoken=spoken)
        for spoken in (Spoken(), Spoken(promised=True, urged=True))
    )
    assert first.endswith(ADVICE.to_do_now(Moment("burglary")))
    assert second == wording.ASKED_AGAIN


def test_that_out_of_danger_nobody_is_told_what_to_do() -> None:
    said = message("咋整啊", number=2)
    receipted = receipts.of(said, [message("有人撬门"), said], Moment("burglary", relieved=True), ADVICE, english=False)
    assert ADVICE.to_do_now(Moment("burglary")) not in receipted


def test_that_thanks_get_thanks_back() -> None:
    assert receipt("记着呢 谢谢啊").startswith("不客气")
    assert not receipt("那人姓谢").startswith("不客气")


def test_that_whoever_despairs_and_tells_where_hears_that_it_was_heard() -> None:
    assert receipt("我在万泉公园南门那边", alarm="suicide_self") == wording.PLACE_HEARD


def test_that_whoever_despairs_is_listened_to_also_in_asking() -> None:
    assert receipt("活着有什么劲吗", alarm="suicide_self") == ADVICE.receipts["suicide_self"][1]


def test_that_in_front_of_others_a_receipt_says_nothing() -> None:
    assert receipts.quiet(message("他有几个人要不要紧"), english=False) == wording.SILENT_ASKED
    assert receipts.quiet(message("在里屋"), english=False) == wording.SILENT_RECEIPT
    assert receipts.quiet(message("in the back room"), english=True) == wording.SILENT_RECEIPT_ENGLISH
    assert receipts.quiet(message("how many of you are there?"), english=True) == wording.SILENT_ASKED_ENGLISH


def test_that_whoever_despairs_in_english_is_listened_to_in_english() -> None:
    said = receipt("nobody would miss me", alarm="suicide_self", english=True)
    assert said == ADVICE.receipts_english["suicide_self"][1]
    assert receipt("is there any point?", alarm="suicide_self", english=True) == said


def test_that_a_picture_is_received_as_one() -> None:
    assert receipt("", "image") == wording.PHOTO_RECEIPT


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("我在魁星楼路18号3单元502", "魁星楼路18号3单元502"),
        ("我在魁山路18号3单元502", ""),
        ("小什字街33号 1单元 6楼 601 我跟孩子", "小什字街33号 1单元 6楼 601"),
        ("津桥路那个红砖楼7号楼2单元", "津桥路那个红砖楼7号楼2单元"),
        ("不是3号楼是5号楼2单元", ""),
        ("他从3号楼出来往大东路跑了", ""),
        ("就在大东路上", ""),
    ],
)
def test_that_one_address_with_its_door_is_read_back_and_no_other(text: str, address: str) -> None:
    told = wording.ADDRESS_TAKEN.format(address=address)
    assert (receipt(text) == told) is bool(address)
