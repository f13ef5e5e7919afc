"""What a message says without saying it, or says and does not mean."""

import pytest

from bot.nlu.unspoken import (
    breaks_out,
    has_come,
    has_passed,
    leaves_contact,
    means_own_end,
    names_a_visit,
    only_unheard,
    reports_nothing,
    tells_of_popup,
    tells_of_smell,
    threatens_in_jest,
    was_bitten,
    without_figures,
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("就是我自己的，想提前弄明白，省得给别人添麻烦", True),
        ("就是给我自己问的 免得到时候麻烦邻居", True),
        ("我走了以后不想麻烦别人", True),
        ("他自己生前说不想给我们添麻烦", False),
        ("我自己去办行不 省得麻烦我姐", False),
        ("我七十八了 给我自己问的 省得孩子麻烦", False),
    ],
)
def test_that_who_asks_beforehand_for_themself_is_heard_unless_they_are_old_or_ask_for_others(
    text: str, meant: bool
) -> None:
    assert means_own_end(text) is meant


@pytest.mark.parametrize(
    ("text", "smells"),
    [
        ("哎呀妈呀我们楼道啥味儿啊呛死个人了", True),
        ("屋里一股刺鼻子味 熏人", True),
        ("厨房辣椒味呛死了", False),
        ("外头味儿真冲", False),
    ],
)
def test_that_a_stinging_smell_indoors_that_nobody_knows_is_no_figure_of_speech(text: str, smells: bool) -> None:
    assert tells_of_smell(text) is smells


@pytest.mark.parametrize(
    ("text", "kind", "over"),
    [
        ("锅里炸茄盒呢 油着了似的直冒烟 我关火去…关了 没事 糊了俩", "fire", True),
        ("燃气公司来人了 老刘没事就是锅溢了把火浇灭了 人清醒着呢", "gas_leak", True),
        ("着火了快来 没事吧你们", "fire", False),
        ("灭了 没事 就是我妈呛着了头晕", "fire", False),
        ("火灭了没事了 但是楼上还在冒烟", "fire", False),
        ("他走了 没事了", "domestic_violence", False),
    ],
)
def test_that_a_danger_told_with_its_end_is_none_but_where_it_goes_on_or_somebody_else_may_say_so(
    text: str, kind: str, over: bool
) -> None:
    assert has_passed(text, kind) is over


@pytest.mark.parametrize(
    ("text", "kind", "popup"),
    [
        ("手机弹窗说电池要爆炸 让我点", "gas_leak", True),
        ("电脑蹦出来一个广告说中病毒了要爆炸", "explosives_weapons", True),
        ("手机弹出来一条说燃气报警器响了", "gas_leak", False),
        ("手机弹窗说绑了我女儿", "kidnapping", False),
        ("手机中病毒了 对方说要发我照片", "extortion", False),
        ("手机提示说电池过热 现在冒烟了", "fire", False),
    ],
)
def test_that_what_a_screen_threatens_with_is_told_from_what_it_tells_of_people_and_of_things(
    text: str, kind: str, popup: bool
) -> None:
    assert tells_of_popup(text, kind) is popup


def test_that_what_broke_out_is_told_from_a_smoking_pan() -> None:
    assert breaks_out("油锅着火盖上锅盖灭了没事")
    assert not breaks_out("锅直冒烟我关火去 关了没事")


def test_that_the_cry_of_who_is_nursed_is_left_out_and_of_who_is_beaten_is_not() -> None:
    assert "救命" not in without_figures("上午护工给她翻身 她有褥疮疼得直喊救命的")
    assert without_figures("他打得她直喊救命") == ""
    assert "打她" in without_figures("护工打她 她疼得喊救命")


def test_that_figures_are_left_out_and_what_has_the_same_words_is_not() -> None:
    assert without_figures("现在就在你这办能行吗 地铁上挤成尸体了").startswith("现在就在你这办能行吗")
    assert (
        without_figures("墙裂开了快塌了")
        == without_figures("我腿麻了")
        == without_figures("救命啊我要死了他打我")
        == ""
    )
    assert without_figures("救命啊啊啊我要死了😭居住证下周到期", in_talk=True) == "居住证下周到期"


@pytest.mark.parametrize(
    ("text", "nothing"),
    [
        ("他没打我 就是冷战 你别报警啊", True),
        ("不是不是 先不报 就问问", True),
        ("我没想报警 打听打听", True),
        ("他打我了 别报警", False),
        ("别报警 他会弄死我", False),
        ("不让我报警", False),
        ("不报警行不行", False),
        ("想报警", False),
    ],
)
def test_that_who_says_that_nothing_is_to_be_reported_and_tells_of_no_blow_only_asks(text: str, nothing: bool) -> None:
    assert reports_nothing(text) is nothing


def test_that_who_rang_back_and_said_something_struck_nobody() -> None:
    assert without_figures("师傅给打回来了 说送到你们门口") == "师傅回电话说送到你们门口"
    assert without_figures("他打回来了 我俩都出血了") == without_figures("他拿棍子打过来了") == ""
    assert "弄死" in without_figures("他打过来说要弄死我")


@pytest.mark.parametrize(
    ("text", "only"),
    [
        ("别打电话 我聋人", True),
        ("我聋人 不能打电话 打字说", True),
        ("别打电话 他会听见", False),
        ("我聋人 他砸门", False),
    ],
)
def test_that_only_the_deaf_who_say_nothing_else_are_no_whisper(text: str, only: bool) -> None:
    assert only_unheard(text) is only


def test_that_a_time_to_come_is_told_from_a_time_of_anything() -> None:
    assert names_a_visit("别下午来 下午他透析")
    assert names_a_visit("晚上七点以后家里有人")
    assert not names_a_visit("明天他来找我")


def test_that_whoever_leaves_an_address_and_a_telephone_waits_for_an_officer() -> None:
    assert leaves_contact("上园小区旁边 86号楼1-2-1 我姓佟 1399801 后面四位3352")
    assert not leaves_contact("我电话13912345678")


@pytest.mark.parametrize(
    ("text", "past"),
    [
        ("昨晚上的事 咬我儿子小腿了 针都打了", True),
        ("前天它把送水的咬了", True),
        ("昨天那狗又来了 现在追着咬人呢", False),
        ("狗咬着我闺女胳膊不松口", False),
        ("昨天那狗在楼下转悠", False),
    ],
)
def test_that_a_bite_of_yesterday_is_no_danger_now(text: str, past: bool) -> None:
    assert was_bitten(text, "dangerous_animal") is past
    assert not was_bitten(text, "assault")


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ("桌上一瓶安眠药空了", True),
        ("她把药都咽下去了", True),
        ("手腕划开了", True),
        ("他翻到栏杆外头了", True),
        ("他爬到窗台上了", True),
        ("I took all the pills", True),
        ("药没吃", False),
        ("别让他吃药", False),
        ("他说要吞药", False),
        ("他要跳下去", False),
        ("平时吃着抗抑郁的药", False),
    ],
)
def test_that_who_has_begun_to_take_a_life_is_told_from_who_speaks_of_it(text: str, acts: bool) -> None:
    assert has_come(text, "suicide_other") is acts


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("门 坏 开 了 他 进 我 卧室 躲", True),
        ("窗户碎了 人进来了", True),
        ("他进屋了 我躲柜子里", True),
        ("the door broke, he is inside", True),
        ("他没进来", False),
        ("怕他进来", False),
        ("他要进来", False),
        ("他是不是进来了", False),
        ("门开了条缝 他在外面", False),
        ("我进屋了", False),
    ],
)
def test_that_who_is_inside_now_is_told_from_who_is_feared(text: str, inside: bool) -> None:
    assert has_come(text, "stalking") is inside


@pytest.mark.parametrize(
    ("kind", "text", "come"),
    [
        ("fraud_transfer", "这是他让我先打的五万 写的处理中", True),
        ("fraud_transfer", "我已经转了两万八", True),
        ("fraud_transfer", "五千块转过去了", True),
        ("fraud_transfer", "他让我转五万", False),
        ("fraud_transfer", "还没转呢", False),
        ("fire", "消防来了没 屋里进烟了 孩子咳得喘不上来", True),
        ("fire", "烟往屋里灌 我出不去", True),
        ("fire", "屋里没烟 我们都在外面", False),
        ("dangerous_animal", "它进来了", False),
    ],
)
def test_that_what_has_come_is_told_from_what_is_at_hand(kind: str, text: str, come: bool) -> None:
    assert has_come(text, kind) is come


@pytest.mark.parametrize(
    ("text", "jests"),
    [
        ("我媳妇说今晚我再不洗碗就整死我 能立案不🤣", True),
        ("对象说我再打游戏就把我劈了 哈哈", True),
        ("我媳妇说今晚我再不洗碗就整死我", False),
        ("他说我再不开门就弄死我 哈哈 拎着棍子呢", False),
        ("他说再不还钱就弄死我爸 哈哈哈", False),
    ],
)
def test_that_only_a_laugh_and_nothing_in_earnest_make_a_threat_a_jest(text: str, jests: bool) -> None:
    assert threatens_in_jest(text) is jests
