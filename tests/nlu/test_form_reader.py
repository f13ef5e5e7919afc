"""What a message gives to an open form."""

from collections import defaultdict
from datetime import date
from typing import Any

import pytest

from bot.nlu import forms
from bot.nlu.entities import StationEntities
from bot.nlu.form_reader import Heard, Reading, read
from bot.nlu.forms import CONSENT
from bot.nlu.marked import Tagged
from bot.nlu.stopped import asks_still
from bot.nlu.turns import Turn
from bot.nlu.values import _check_digit

FORMS = forms.load()
DOG, PERMIT = FORMS.forms["dog_licence_form"], FORMS.forms["residence_permit_form"]
TODAY = date(2026, 11, 25)
ENTITIES = StationEntities.load()
NUMBER = "21010419900307001" + _check_digit("21010419900307001")


def reading(text: str, requested: str | None, form: forms.Form = DOG, **filled: Any) -> Reading:
    return read(FORMS, form, requested, text, filled, today=TODAY, entities=ENTITIES)


def test_that_one_message_may_hold_everything_in_any_order() -> None:
    text = (
        f"我叫李娜，养了只泰迪叫豆豆，棕色的，上个月打的疫苗，住大东路12号3-1-2，电话幺三八零零幺三八零零零，{NUMBER}"
    )
    assert reading(text, "consent").values == {
        "consent": True,
        "name": "李娜",
        "id_number": NUMBER,
        "phone": "13800138000",
        "address": "大东路12号3-1-2",
        "dog_name": "豆豆",
        "dog_breed": "泰迪",
        "dog_colour": "棕色",
        "vaccinated_on": "2026-10",
    }


def test_that_a_permit_is_read_the_same_way() -> None:
    text = "王芳，电话13800138000，黑龙江佳木斯人，住小什字街5号，去年五月来的，在饭店上班"
    assert reading(text, "name", PERMIT).values == {
        "name": "王芳",
        "phone": "13800138000",
        "household_place": "黑龙江佳木斯",
        "address": "小什字街5号",
        "lived_since": "2025-05",
        "ground": "上班",
    }


@pytest.mark.parametrize(
    ("requested", "text", "value"),
    [
        ("name", "张伟", "张伟"),
        ("address", "我家住东逸花园3号楼", "东逸花园3号楼"),
        ("dog_name", "它叫旺财", "旺财"),
        ("dog_breed", "不知道 就是个小土狗", "中华田园犬"),
        ("dog_colour", "黄白相间的", "黄白相间"),
        ("vaccinated_on", "今年三月打的", "2026-03"),
        ("consent", "行", True),
        ("confirmed", "没毛病", True),
    ],
)
def test_that_the_answer_to_the_question_is_its_value(requested: str, text: str, value: object) -> None:
    assert reading(text, requested).values == {requested: value}


@pytest.mark.parametrize(
    ("requested", "text"),
    [
        ("dog_name", "你好"),
        ("dog_name", "多少钱"),
        ("dog_name", "办这个要多久啊"),
        ("address", "要房产证吗"),
        ("dog_colour", "有人吗"),
        ("photo_dog_front", "没有照片咋整"),
        ("name", "谢谢"),
    ],
)
def test_that_what_is_no_answer_gives_nothing(requested: str, text: str) -> None:
    assert not reading(text, requested)


def test_that_somebody_elses_telephone_is_no_other_person() -> None:
    filled = {"name": "尹德顺", "id_number": NUMBER, "phone": "13900003141"}
    changed = reading("手机也改一下 用我老伴儿那个 13900005926", "dog_name", **filled)
    assert (changed.values, changed.again) == ({"phone": "13900005926"}, ())
    assert reading("还是写我媳妇吧", "dog_name", **filled).again == ("name", "id_number")
    assert reading("还是写我媳妇吧 手机换她的 13900005926", "dog_name", **filled).again == ("name", "id_number")


def test_that_a_correction_names_its_field_with_or_without_the_right_value() -> None:
    filled = {"name": "张伟", "dog_name": "豆豆", "phone": "13800138000"}
    assert reading("狗名写错了，叫旺旺", "dog_colour", **filled).values == {"dog_name": "旺旺"}
    assert reading("狗名写错了", "dog_colour", **filled).again == ("dog_name",)
    assert reading("电话改成13900139000", "confirmed", **filled).values == {"phone": "13900139000"}
    assert reading("名字不对，是张玮", "confirmed", **filled).values == {"name": "张玮"}


@pytest.mark.parametrize(
    ("form", "requested", "text", "told"),
    [
        (DOG, "id_number", "210104199003070010", "校验不对"),
        (DOG, "id_number", "21010419900307", "18位"),
        (DOG, "vaccinated_on", "前年打的", "超过12个月"),
        (DOG, "address", "大东路那边", "门牌"),
        (PERMIT, "lived_since", "上个月搬来的", "2027年4月1日"),
    ],
)
def test_that_a_value_that_cannot_be_right_is_told_with_what_to_send(
    form: forms.Form, requested: str, text: str, told: str
) -> None:
    given = reading(text, requested, form)
    assert given.values == {}
    assert told in "".join(given.problems)


def test_that_a_breed_on_the_stations_list_is_refused_and_the_list_decides() -> None:
    breeds = {"breeds": {"藏獒": ["藏獒"]}, "fierce": ["藏獒"], "banned": ["藏獒"]}
    listed = forms.Forms(FORMS.forms, defaultdict(lambda: ["-"]), breeds)
    refused = read(listed, DOG, "dog_breed", "藏獒", {}, today=TODAY, entities=StationEntities.load())
    assert "禁养名单" in refused.problems[0]
    assert reading("藏獒", "dog_breed").values == {"dog_breed": "藏獒"}


@pytest.mark.parametrize("text", ["不办了", "算了", "取消", "不填了！"])
def test_that_a_form_can_be_given_up_at_any_time(text: str) -> None:
    assert reading(text, "dog_name").command == "cancel"


@pytest.mark.parametrize("text", ["先不填了！", "先不弄了 我问问我姐", "那先不办了"])
def test_that_what_is_put_off_is_kept(text: str) -> None:
    assert reading(text, "dog_name").command == "later"


@pytest.mark.parametrize(
    ("text", "requested", "values"),
    [
        ("妥了，就这么交上去吧", "confirmed", {"confirmed": True}),
        ("中，同意，你往下问", "consent", {"consent": True}),
        ("没问题，谢谢，你是真人还是机器人", "confirmed", {"confirmed": True}),
        ("门牌错了，是7门", "confirmed", {"address": "东顺城街21号楼7门"}),
        ("是25号楼，不是21", "confirmed", {"address": "东顺城街25号楼3门"}),
        ("不叫豆豆，叫嘟嘟", "confirmed", {"dog_name": "嘟嘟"}),
        ("小河沿路 靠桥那个院 9号楼2单元501", "address", {"address": "小河沿路 靠桥那个院 9号楼2单元501"}),
        ("大东路那院 3-2-601", "address", {"address": "大东路那院 3-2-601"}),
        ("先别交", "confirmed", {}),
        ("不同意", "consent", {}),
        ("可以吗", "confirmed", {}),
        ("把打针的日子写成上个月行不行", "vaccinated_on", {}),
    ],
)
def test_that_agreement_and_corrections_come_in_residents_own_words(
    text: str, requested: str, values: dict[str, Any]
) -> None:
    filled = {"address": "东顺城街21号楼3门", "dog_name": "豆豆"} if requested == "confirmed" else {}
    assert reading(text, requested, **filled).values == values


@pytest.mark.parametrize(
    ("text", "requested", "command"),
    [
        ("我不想授权，先不同意", "consent", "cancel"),
        ("得了，先别办了，我再琢磨琢磨", "phone", "cancel"),
        ("来单了 晚点再弄", "phone", "later"),
        ("先别交", "confirmed", "later"),
        ("行", "photo_dog_front", "agreed"),
        ("对，手机是8000那个吧", "confirmed", "again"),
        ("谁能看到我的信息", "consent", "privacy"),
        ("那还能接着办不", "phone", "resume"),
        ("免疫证有 这就拍", "photo_vaccine", "agreed"),
    ],
)
def test_that_what_is_said_about_filling_in_is_no_value(text: str, requested: str, command: str) -> None:
    read_ = reading(text, requested)
    assert (read_.command, read_.values) == (command, {})


def test_that_another_owner_is_asked_for_and_the_dog_is_kept() -> None:
    filled = {"name": "赵强", "id_number": NUMBER, "dog_name": "豆豆"}
    assert reading("不对，狗主得写我爸", "address", **filled).again == ("name", "id_number")


def test_that_a_picture_that_does_not_count_is_asked_for_again() -> None:
    assert reading("发错了 那是单位的", "phone", photo_dog_front="11").again == ("photo_dog_front",)


@pytest.mark.parametrize(
    ("text", "intent", "form"),
    [
        ("我要办犬证", "", DOG),
        ("给我家狗办个证", "enquiry/dog_licence", DOG),
        ("想办居住证", "", PERMIT),
        ("申请居住证", "", PERMIT),
        ("犬证怎么办", "enquiry/dog_licence", None),
        ("办居住证要啥材料", "enquiry/residence_permit_apply", None),
        ("居住证能办吗", "enquiry/residence_permit_apply", None),
        ("给它落户口", "", DOG),
        ("我要办身份证", "enquiry/idcard_first", None),
    ],
)
def test_that_a_wish_begins_a_form_and_a_question_does_not(text: str, intent: str, form: forms.Form | None) -> None:
    assert FORMS.wished(text, intent) is form


@pytest.mark.parametrize(
    ("text", "requested", "values"),
    [
        ("点点 比熊 白色", "dog_name", {"dog_name": "点点", "dog_breed": "比熊", "dog_colour": "白色"}),
        ("狗子大名叫将军", "dog_name", {"dog_name": "将军"}),
        ("平常都喊它蛋蛋", "dog_name", {"dog_name": "蛋蛋"}),
        ("灰不溜秋的", "dog_colour", {"dog_colour": "灰不溜秋"}),
        ("灰色", "dog_name", {"dog_colour": "灰色"}),
        ("花花", "dog_name", {"dog_name": "花花"}),
        ("入秋那会儿打的", "dog_colour", {"vaccinated_on": "2026-09"}),
        ("我姓孟叫孟庆山", "name", {"name": "孟庆山"}),
        ("孟 庆 山", "name", {"name": "孟庆山"}),
        ("名字就写孟庆山吧", "name", {"name": "孟庆山"}),
        ("白的", "name", {"dog_colour": "白"}),
        ("犬名“元宝”，博美，毛色奶白色", "dog_name", {"dog_name": "元宝", "dog_breed": "博美", "dog_colour": "奶白色"}),
        ("孟庆珊 打错了 孟庆山", "name", {"name": "孟庆山"}),
        ("小东路9号2-3-1 不对是2-3-4", "address", {"address": "小东路9号2-3-4"}),
        ("小东路9号C座1101", "address", {"address": "小东路9号C座1101"}),
        ("狗叫大黄 不对叫二黄", "id_number", {"dog_name": "二黄"}),
        (f"就是末尾是X {NUMBER}", "phone", {"id_number": NUMBER}),
        ("狗叫豆豆，说错了，是叫多多", "phone", {"dog_name": "多多"}),
        ("狗叫大黄 不是叫小黄", "phone", {"dog_name": "大黄"}),
        ("是只田园犬 黄不拉几的", "id_number", {"dog_breed": "中华田园犬", "dog_colour": "黄不拉几"}),
    ],
)
def test_that_values_are_told_in_residents_own_words(text: str, requested: str, values: dict[str, Any]) -> None:
    assert reading(text, requested).values == values


@pytest.mark.parametrize(
    ("text", "requested", "values"),
    [
        ("洛阳的", "household_place", {"household_place": "洛阳"}),
        ("户口在河北省唐山市路北区", "household_place", {"household_place": "河北省唐山市路北区"}),
        ("我叫佟德贵佟是单立人旁的", "name", {"name": "佟德贵"}),
        ("自己开个小卖店", "ground", {"ground": "上班"}),
        ("房子是买的", "ground", {"ground": "有稳定住处"}),
        ("24年底来的", "lived_since", {"lived_since": "2024-12"}),
        ("那到时候再说", "household_place", {}),
    ],
)
def test_that_a_permits_values_are_too(text: str, requested: str, values: dict[str, Any]) -> None:
    assert reading(text, requested, PERMIT).values == values


def test_that_who_sends_data_where_consent_was_asked_for_agrees_and_is_told() -> None:
    given = reading(f"张伟 {NUMBER}", "consent")
    assert given.values == {"name": "张伟", "id_number": NUMBER, "consent": True}
    assert "不办了" in given.remark
    assert reading(f"同意，张伟 {NUMBER}", "consent").values["consent"] is True


@pytest.mark.parametrize(
    "text",
    [
        f"张伟 {NUMBER}，先问一下这能查到我几条记录吗",
        f"我不想把{NUMBER}给你们",
        f"{NUMBER} 我先不同意",
        "随便吧",  # nothing of a dog
    ],
)
def test_that_a_question_a_refusal_or_loose_words_agree_to_nothing(text: str) -> None:
    assert "consent" not in reading(text, "consent").values


def test_that_data_sent_before_it_was_told_why_agree_to_nothing() -> None:
    assert "consent" not in reading(f"我要办犬证，张伟 {NUMBER}", None).values


def test_that_two_dogs_names_are_nobodys() -> None:
    given = reading("我家两条狗 一个叫大福一个叫白妞 都要办证", "consent")
    assert "name" not in given.values
    assert "一户只能登记一只" in given.remark


def test_that_a_filled_answer_is_replaced_when_it_is_named() -> None:
    given = reading("等一下 疫苗日期是2026年1月", "confirmed", vaccinated_on="2025-12-01")
    assert given.values == {"vaccinated_on": "2026-01"}


def test_that_another_persons_name_comes_with_another_number() -> None:
    filled = {"name": "孙一鸣", "id_number": NUMBER}
    assert reading("我妈叫孙艳", "phone", **filled).again == ("id_number",)
    assert reading("还是写我爱人吧", "phone", **filled).again == ("name", "id_number")
    other = "21010419850101002" + _check_digit("21010419850101002")
    assert reading(f"蒋薇 {other}", "phone", **filled).values == {"name": "蒋薇", "id_number": other}


def test_that_nobody_under_age_is_registered_under_their_own_name() -> None:
    young = "21010420150101003"
    given = reading(young + _check_digit(young), "id_number", name="孙一鸣")
    assert given.again == ("name",)
    assert "18周岁" in given.problems[0]


def test_that_who_is_registered_here_needs_no_permit() -> None:
    assert "不用办居住证" in reading("沈阳本地的", "household_place", PERMIT).problems[0]


def test_that_whether_a_fierce_dog_may_be_kept_is_answered_at_any_question() -> None:
    assert "烈性犬" in reading("那到底能不能办", "phone", dog_breed="藏獒").remark


@pytest.mark.parametrize(
    ("text", "requested", "told"),
    [
        ("照片怎么发给你", "dog_colour", "“+”"),
        ("照片自己拍就行呗", "photo_dog_front", "手机拍"),
        ("写我爸的名行不", "name", "18周岁"),
    ],
)
def test_that_what_is_asked_about_filling_in_is_answered(text: str, requested: str, told: str) -> None:
    given = reading(text, requested)
    assert told in given.remark
    assert given.values == {}


def test_that_a_photo_is_asked_for_again_by_its_name_or_number() -> None:
    photos = {"photo_dog_front": "3", "photo_dog_side": "4"}
    assert reading("能不能把侧面的换一张", "confirmed", **photos).again == ("photo_dog_side",)
    assert reading("第一张重发", "confirmed", **photos).again == ("photo_dog_front",)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("算了 改天吧", "later"),
        ("今天太晚了 明天接着弄", "later"),
        ("刚才忙去了 接着填吧", "resume"),
        ("算了我去窗口办", "cancel"),
        ("我再看看前面填的", "review"),
        ("凭啥要身份证号", "privacy"),
    ],
)
def test_that_putting_off_is_not_giving_up(text: str, command: str) -> None:
    assert reading(text, "phone").command == command


def test_that_a_question_whether_it_can_be_done_here_begins_the_form_it_is_about() -> None:
    about = "enquiry/residence_permit_apply"
    assert FORMS.goes_ahead("在这能直接办吗", about) is PERMIT
    assert FORMS.goes_ahead("办", about) is PERMIT
    assert FORMS.goes_ahead("要办多久", about) is None


@pytest.mark.parametrize(
    ("text", "requested", "command"),
    [
        ("居住证我昨天填到哪了", "phone", "resume"),
        ("你记的我身份证尾号是多少", "phone", "review"),
        ("问完没啊", "phone", "missing"),
    ],
)
def test_that_what_is_asked_about_filling_in_holds_no_values(text: str, requested: str, command: str) -> None:
    given = reading(text, requested, PERMIT, name="李四")
    assert (given.command, given.values, given.problems) == (command, {}, ())


def test_that_a_rare_surname_is_one_beside_an_identity_number() -> None:
    assert reading(f"么红 {NUMBER} 13655551111", "name").values["name"] == "么红"


def test_that_a_landline_is_told() -> None:
    assert "座机" in reading("024-88881234", "phone").problems[0]


def test_that_who_has_thought_about_it_asks_no_question() -> None:
    assert FORMS.wished("想了想还是先办居住证", "") is PERMIT


def test_that_the_last_digits_of_a_number_are_put_right() -> None:
    filled = {"name": "李四", "id_number": NUMBER, "phone": "13800138021"}
    assert reading("手机尾号错了，是12", "address", **filled).values == {"phone": "13800138012"}
    assert reading("后两位改成12", "address", name="李四", phone="13800138021").values == {"phone": "13800138012"}
    assert reading("后街12号3-1", "address", **filled).values == {"address": "后街12号3-1"}


def test_that_a_name_put_right_may_be_explained_beside_it() -> None:
    given = reading("名字写错了 是周立刚 刚强的刚", "phone", name="周力刚")
    assert given.values == {"name": "周立刚"}


@pytest.mark.parametrize("text", ["母的 两岁半", "小公狗", "已经绝育了", "是个妹妹，八个月大"])
def test_that_what_no_form_asks_for_is_no_answer(text: str) -> None:
    given = reading(text, "dog_colour")
    assert (given.values, given.command) == ({}, "unasked")


@pytest.mark.parametrize("text", ["把我填的信息都删掉", "我发的资料全删了吧", "删了我填的这些"])
def test_that_whoever_wants_it_deleted_gives_up(text: str) -> None:
    assert reading(text, "phone", name="李四").command == "cancel"


def test_that_a_picture_may_be_deleted_without_giving_up() -> None:
    assert reading("那张照片删了，我重发", "photo_dog_side", photo_dog_front="7").command != "cancel"


def test_that_words_that_only_say_something_was_wrong_are_asked_on() -> None:
    assert reading("哎发错了，不对", "phone", name="李四").command == "agreed"


def test_that_a_choice_heard_in_other_words_gives_way_to_one_of_its_own() -> None:
    assert reading("在超市理货", "photo_id_card", PERMIT, ground="有稳定住处").values == {"ground": "上班"}
    assert reading("租房合同", "photo_proof", PERMIT, ground="上班").values == {}


def test_that_an_address_stands_without_the_words_before_it() -> None:
    assert reading("就在小什字街5号", "address").values == {"address": "小什字街5号"}


def test_that_the_half_year_asked_about_is_no_day() -> None:
    assert "2026-08-01" in reading("八月份搬来的，够不够半年", "lived_since", PERMIT).problems[0]


@pytest.mark.parametrize(
    ("text", "begun"),
    [
        ("那给我爸办吧", True),
        ("那就给它整一个", True),
        ("还是在这办吧", True),
        ("给我爸办身份证要啥", False),
        ("给孩子办户口", False),
    ],
)
def test_that_an_answer_is_followed_by_doing_it_for_somebody(text: str, begun: bool) -> None:
    assert (FORMS.goes_ahead(text, "enquiry/dog_licence") is DOG) == begun


def test_that_what_is_asked_after_handing_in_has_an_answer_of_its_own() -> None:
    assert "通知" in FORMS.after_line("到时候给我邮来吗")
    assert "转人工" in FORMS.after_line("手机号填错了")
    assert FORMS.after_line("身份证丢了") == ""


def test_that_a_number_that_is_far_too_short_is_told() -> None:
    assert "18位" in reading("2101031985", "id_number").problems[0]
    assert "11位" in reading("号码是1390", "phone").problems[0]
    assert not reading("110", "phone").problems
    assert reading("13900001111", "id_number").values == {"phone": "13900001111"}


def test_that_a_day_may_be_put_right_without_its_name() -> None:
    given = reading("一月份就搬来了，写错了", "ground", PERMIT, lived_since="2026-03-01")
    assert given.values == {"lived_since": "2026-01"}


@pytest.mark.parametrize("text", ["记不准是哪天了", "哪天打的忘了", "想不起来了"])
def test_that_who_does_not_remember_the_day_may_tell_about_when(text: str) -> None:
    assert "大概的年月" in reading(text, "vaccinated_on").remark


def test_that_a_day_alone_puts_the_day_before_it_more_exactly() -> None:
    assert reading("9月13", "photo_dog_front", vaccinated_on="2026-09-10").values == {"vaccinated_on": "2026-09-13"}


def test_that_a_number_that_is_stopped_ends_no_form() -> None:
    told = reading(f"手机 旧 13998250417 停 了。新 19824065530。身份证 {NUMBER}", "phone", name="李四")
    assert told.command != "cancel"
    assert told.values["id_number"] == NUMBER
    assert reading("不办了 13998250417这个号给我删了", "phone", name="李四").command == "cancel"


def test_that_who_drops_another_way_does_not_give_up() -> None:
    assert reading("算了，还是手机上弄吧", "consent").command != "cancel"
    assert reading("算了，还是别在这办了", "phone", name="李四").command == "cancel"


@pytest.mark.parametrize(
    ("requested", "text", "value"),
    [
        ("name", "我叫张桂芹弓长张桂花的桂芹菜的芹", "张桂芹"),
        ("name", "陈德福耳东陈道德的德福气的福", "陈德福"),
        ("id_number", "211202-19910719-9553", "211202199107199553"),
        ("id_number", "22020219931207980 末尾是大写的X", "22020219931207980X"),
        ("phone", "13904051386 哎那是我的 用她的吧 18840627759", "18840627759"),
        ("phone", "少打个7 18640193527", "18640193527"),
        ("address", "东逸花园3号楼 1单元 302", "东逸花园3号楼 1单元 302"),
        ("address", "就大东路三十三号五号楼一单元一楼一号我儿子家", "大东路三十三号五号楼一单元一楼一号"),
        ("dog_colour", "白的耳朵尖儿上有点黄", "白的耳朵尖儿上有点黄"),
        ("dog_name", "豆包 就吃的那个黏豆包的豆包", "豆包"),
        ("dog_name", "二蛋", "二蛋"),
    ],
)
def test_that_what_is_spelled_out_or_told_in_more_words_is_taken(requested: str, text: str, value: str) -> None:
    assert reading(text, requested).values[requested] == value


def test_that_a_name_put_right_with_the_thing_it_is_of_is_only_the_name() -> None:
    given = reading("不对狗名给我打错了不是都宝是豆包黏豆包的豆包", "dog_breed", dog_name="都宝")
    assert given.values == {"dog_name": "豆包"}


def test_that_a_month_told_behind_the_season_counts() -> None:
    assert reading("大前年秋天过来的 十月份", "lived_since", PERMIT).values == {"lived_since": "2023-10"}


def test_that_where_somebody_works_is_no_part_of_the_address() -> None:
    given = reading("吴敏，小什字街30号2单元17楼3号，在医院上班", "consent", PERMIT)
    assert given.values["address"] == "小什字街30号2单元17楼3号"


@pytest.mark.parametrize("text", ["可以不留电话吗 老接到骚扰电话 烦", "咋这么多问题啊 还有几个"])
def test_that_a_doubt_about_the_form_is_answered(text: str) -> None:
    assert reading(text, "phone").remark


@pytest.mark.parametrize("text", ["行行行你记吧我同意", "哦那我自己办。我同意", "嗯同意啊 你问吧"])
def test_that_consent_may_stand_among_other_words(text: str) -> None:
    assert reading(text, "consent").values == {"consent": True}


@pytest.mark.parametrize("text", ["不同意", "我同意了会咋样", "先不同意 我问一下"])
def test_that_words_of_consent_may_refuse_or_ask(text: str) -> None:
    assert "consent" not in reading(text, "consent").values


@pytest.mark.parametrize("text", ["去年2月生的", "2023年5月20号生日", "公的 21年出生"])
def test_that_a_dogs_birthday_is_no_vaccination(text: str) -> None:
    assert reading(text, "vaccinated_on") == Reading(command="unasked")


def test_that_what_stands_beside_a_number_is_no_dogs_name() -> None:
    text = "那电话再说一遍啊 幺三八四零零七二二五六 后面还有个九 哎不对 没有九"
    assert "dog_name" not in reading(text, "dog_name", phone="13840072256").values


def test_that_a_dog_is_named_anew_in_so_many_words_and_barking_is_no_name() -> None:
    assert reading("狗叫妞妞", "dog_breed", dog_name="来福").values == {"dog_name": "妞妞"}
    assert "dog_name" not in reading("狗叫一宿", "dog_breed", dog_name="来福").values


def test_that_where_one_lives_and_where_one_is_registered_stand_in_one_message() -> None:
    text = "现在住大东区万柳塘路19号2-1-4，户口在内蒙古赤峰松山区"
    found = reading(text, "household_place", PERMIT)
    assert found.problems == ()
    assert found.values == {"address": "大东区万柳塘路19号2-1-4", "household_place": "内蒙古赤峰松山区"}
    assert reading("大东区小津桥路11号2-3-2，租的", "household_place", PERMIT).values == {
        "address": "大东区小津桥路11号2-3-2",
        "ground": "有稳定住处",
    }


@pytest.mark.parametrize("text", ["3月15号吧", "就是阳历3月15号", "那就按今年3月15号写，你备注一下我搬过家"])
def test_that_a_day_is_put_more_exactly(text: str) -> None:
    found = reading(text, "ground", PERMIT, lived_since="2026-03-01")
    assert found.values == {"lived_since": "2026-03-15"}


def test_that_an_address_is_put_right_in_one_breath() -> None:
    text = "铁西区建设东路那边……不对那是我单位，我家是大东区大东路120号4-1-3"
    assert reading(text, "address").values == {"address": "大东区大东路120号4-1-3"}
    assert reading("家大东区长安路27号5-2-2", "address").values == {"address": "大东区长安路27号5-2-2"}


def test_that_dropping_a_change_does_not_give_up_the_form() -> None:
    assert reading("算了算了，还是我自己的名，别改了", "confirmed", name="吴艳华").command != "cancel"


@pytest.mark.parametrize(
    ("text", "requested", "values"),
    [
        (
            "搁大东区草仓路29号2-2-1住，租的房",
            "household_place",
            {"address": "大东区草仓路29号2-2-1", "ground": "有稳定住处"},
        ),
        ("户口在阜新蒙古族自治县", "name", {"household_place": "阜新蒙古族自治县"}),
        ("唐山路南区的户口", "household_place", {"household_place": "唐山路南区"}),
        ("老家四川的", "lived_since", {"household_place": "四川"}),
        ("前年9月来给我带孩子的，1号", "name", {"lived_since": "2024-09"}),
        ("租房", "lived_since", {"ground": "有稳定住处"}),
    ],
)
def test_that_what_tells_what_it_is_is_taken_whatever_was_asked(
    text: str, requested: str, values: dict[str, Any]
) -> None:
    assert reading(text, requested, PERMIT).values == values


def test_that_other_words_are_no_place_and_an_age_is_no_day() -> None:
    assert reading("补充一下地址 是二单元的", "household_place", PERMIT).values == {}
    assert reading("刚才那号打错一位 是13804020107", "household_place", PERMIT).values == {"phone": "13804020107"}
    assert reading("富锦", "household_place", PERMIT).values == {"household_place": "富锦"}
    assert reading("豆豆今年四岁了", "vaccinated_on").values == {}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("跟室友在小什字街租的 31号5-1-4", "小什字街31号5-1-4"),
        ("北海街 汽车配件厂后院 2号宿舍楼 306", "北海街 汽车配件厂后院 2号宿舍楼 306"),
    ],
)
def test_that_a_house_may_stand_apart_from_its_street(text: str, address: str) -> None:
    assert reading(text, "address", PERMIT).values["address"] == address


def test_that_a_flat_is_put_right_beside_another_correction() -> None:
    told = reading("姓是臧不是藏 还有是1-6-2", "confirmed", name="藏玉兰", address="小东路5号1-2-6")
    assert told.values == {"name": "臧玉兰", "address": "小东路5号1-6-2"}
    unit = reading("是3单元不是2单元", "confirmed", name="李娜", address="小东路9号2-2-1")
    assert unit.values == {"address": "小东路9号3-2-1"}
    turned = reading("我打反了 是5-4-1", "confirmed", name="李娜", address="小东路11号4-5-1")
    assert turned.values == {"address": "小东路11号5-4-1"}


@pytest.mark.parametrize("text", ["刚才那些给我删了吧", "把填过的都清空"])
def test_that_who_wants_nothing_kept_gives_the_form_up(text: str) -> None:
    assert reading(text, "phone", name="李娜").command == "cancel"


def test_that_who_asks_whether_it_was_deleted_gives_nothing_up() -> None:
    assert reading("刚才填的你们删没删", "phone", name="李娜").command != "cancel"


def test_that_what_only_sounds_like_a_question_asks_nothing() -> None:
    told = reading("13800138000 你们派出所我还能信不着吗", "phone", name="李娜")
    assert (told.values, told.remark) == ({"phone": "13800138000"}, "")


def test_that_the_other_forms_values_are_not_taken_and_it_is_said_where_they_belong() -> None:
    told = reading("狗的也同意 写我名", "phone", PERMIT, name="李娜")
    assert told.values == {}
    assert "我要办犬证" in told.remark


def test_that_who_hands_in_too_early_is_told_what_is_missing() -> None:
    assert heard("没问题了，确认提交", "agree", "vaccinated_on").command == "missing"
    assert heard("没问题", "agree", "vaccinated_on").command == "agreed"


def test_that_who_doubts_a_value_and_asks_to_see_it_is_shown_all() -> None:
    assert reading("名字好像打错了吧？给我看看", "confirmed", PERMIT, name="崔文博").command == "review"


# -- what the model takes a message for ----------------------------------------------------------------------------


def heard(
    text: str, turn: str, requested: str | None = "phone", *, sure: float = 0.9, form: forms.Form = DOG, **filled: Any
) -> Reading:
    """The reading of a text that the model takes for this turn."""
    known = {"name": "李娜", **filled}
    turns = [Turn(turn, sure)]
    return read(FORMS, form, requested, text, known, today=TODAY, entities=StationEntities.load(), heard=Heard(turns))


@pytest.mark.parametrize(
    ("turn", "text", "command"),
    [
        ("cancel", "这事儿我还是上你们那儿整吧", "later"),
        ("later", "锅糊了你等我会儿", "later"),
        ("resume", "又来啦 弄到一半那个", "resume"),
        ("missing", "这就完活了呗", "missing"),
        ("review", "电话你念给我听哈", "review"),
        ("privacy", "我发的这些你删没删", "privacy"),
        ("sent_already", "上头都写着你自己瞅", "sent"),
        ("chat", "它打针嗷嗷叫唤可心疼了", "chat"),
        ("photo_how", "用去年那张老的中用不", "photos"),
        ("whose", "搁谁名下呀", "whose"),
        ("agree", "我瞅了都对", "agreed"),
    ],
)
def test_that_what_the_model_is_sure_of_needs_no_listed_words(turn: str, text: str, command: str) -> None:
    assert heard(text, turn).command == command
    assert not heard(text, turn).values


def test_that_nothing_filled_in_is_lost_unless_its_writer_says_so() -> None:
    assert heard("网上这个我不整了", "cancel", sure=0.95).command == "cancel"
    assert heard("网上这个我不整了", "cancel", sure=0.8).command == "later"


def test_that_words_that_begin_a_form_neither_end_it_nor_put_it_off() -> None:
    assert not heard("行那就在这儿办吧我不会弄那些网上的", "cancel", None, sure=0.95, name=None)


def test_that_whoever_wishes_for_the_form_where_consent_is_asked_for_gives_it() -> None:
    assert heard("那我家这个也来一份", "wish", "consent", name=None).values == {"consent": True}


def test_that_a_doubtful_turn_is_taken_only_where_the_words_tell_nothing() -> None:
    assert heard("嗯呐就那样式儿的", "later", sure=0.5).command == "later"
    assert heard("同意", "later", "consent", sure=0.5).values == {"consent": True}
    assert not heard("嗯呐就那样式儿的", "later", sure=0.3)


def test_that_words_of_the_model_agree_and_confirm() -> None:
    assert heard("行啊你问吧", "agree", "consent").values == {"consent": True}
    assert heard("戴花镜瞧了没毛病", "agree", "confirmed").values == {"confirmed": True}
    assert heard("能交了吗", "agree", "confirmed").command == "missing"


def test_that_a_full_name_in_answer_to_the_request_for_consent_gives_it() -> None:
    assert heard("刘桂芝", "answer", "consent", name=None).values == {"name": "刘桂芝", "consent": True}
    assert heard("刘桂芝", "chat", "consent", name=None).values == {"name": "刘桂芝"}


def test_that_a_wish_for_something_untrue_changes_nothing() -> None:
    bent = heard("那你给我写五月不就完了", "pretends", "lived_since", form=PERMIT)
    assert not bent.values
    assert "照实" in bent.problems[0]


def test_that_the_last_picture_is_asked_for_again() -> None:
    dropped = heard("哎呀那是我家猫", "photo_again", "photo_vaccine", photo_dog_front="1", photo_dog_side="2")
    assert dropped.again == ("photo_dog_side",)


def test_that_a_correction_without_what_is_right_is_asked_for_in_one_sentence() -> None:
    assert heard("有个地方整岔劈了", "correction").command == "change"


def test_that_values_are_taken_whatever_the_model_thinks_of_the_words_around_them() -> None:
    assert heard("等我瞅瞅啊 13800138000", "later").values == {"phone": "13800138000"}
    assert heard("我来了 今天刚打的", "resume", "vaccinated_on").values == {"vaccinated_on": "2026-11-25"}


def test_that_a_short_word_still_answers_the_question_for_a_name() -> None:
    assert heard("高峰", "chat", "name", name=None).values == {"name": "高峰"}


def test_that_an_answer_worded_as_a_question_is_an_answer() -> None:
    text, filled = "上学啊这还用问吗", {"ground": "上班"}
    assert heard(text, "answer", "photo_id_card", form=PERMIT, **filled).values == {"ground": "上学"}
    assert not heard(text, "question", "photo_id_card", form=PERMIT, **filled).values


# -- in residents' own words ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "filled", "value"),
    [
        ("找着本儿了 4月11号", {"vaccinated_on": "2026-03-01"}, {"vaccinated_on": "2026-04-11"}),
        ("针 打 6月18 今年", {}, {"vaccinated_on": "2026-06-18"}),
        ("背上黑黄 四个小白爪", {}, {"dog_colour": "背上黑黄 四个小白爪"}),
        ("狗 金毛 名字 多多 颜色 金黄", {}, {"dog_breed": "金毛", "dog_name": "多多", "dog_colour": "金黄"}),
        ("狗叫旺财 京巴", {"dog_name": "小白"}, {"dog_name": "旺财", "dog_breed": "京巴"}),
        ("哎不是我搬家了现在住津桥路18号楼3单元602", {}, {"address": "津桥路18号楼3单元602"}),
        (f"吴海涛{NUMBER}", {"name": None}, {"name": "吴海涛", "id_number": NUMBER}),
        (f"我叫马国强身份证号是{NUMBER}", {"name": None}, {"name": "马国强", "id_number": NUMBER}),
        ("住址不对 我家是1-5-1", {"address": "珠林路76号1-5-2"}, {"address": "珠林路76号1-5-1"}),
        ("门牌反了 是B座2106", {"address": "滂江街22号B座2016"}, {"address": "滂江街22号B座2106"}),
    ],
)
def test_that_residents_own_ways_of_giving_a_value_are_read(
    text: str, filled: dict[str, Any], value: dict[str, Any]
) -> None:
    known = {"name": "李娜", "id_number": None, **filled}
    assert reading(text, "id_number", **known).values == value


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("不是9月 我8月28就来报到了", "2025-08-28"),
        ("嗯 六月中旬吧", "2025-06"),
        ("是2024年6月3日，没写清楚", "2024-06-03"),
    ],
)
def test_that_a_day_put_anew_keeps_the_year_that_was_told(text: str, since: str) -> None:
    assert reading(text, "confirmed", PERMIT, lived_since="2025-09-01").values == {"lived_since": since}


def test_that_a_day_told_in_answer_counts_instead_of_a_vague_one() -> None:
    told = heard("去年国庆那天来的 路上堵得要命", "answer", "id_number", form=PERMIT, lived_since="2025-11-26")
    assert told.values == {"lived_since": "2025-10"}


def test_that_a_vaccination_put_anew_is_the_last_one_that_there_was() -> None:
    told = reading("找着本儿了 4月11号", "confirmed", vaccinated_on="2025-12-03")
    assert told.values == {"vaccinated_on": "2026-04-11"}


def test_that_a_day_that_turns_out_too_late_is_not_kept_as_it_was() -> None:
    late = reading("我翻了下本子 入住是5月28", "confirmed", PERMIT, lived_since="2026-05-20")
    assert late.again == ("lived_since",)
    assert "半年" in late.problems[0]


@pytest.mark.parametrize(
    ("text", "requested"),
    [
        ("就差仨月 行不行啊", "vaccinated_on"),
        ("我替我爸办 狗是他养的", "dog_name"),
        ("嗷嗷叫唤 心疼死我了", "confirmed"),
        ("我也不上班也不念书", "ground"),
    ],
)
def test_that_words_that_only_resemble_a_value_are_none(text: str, requested: str) -> None:
    form = PERMIT if requested == "ground" else DOG
    assert not reading(text, requested, form, name="李娜").values


def test_that_this_year_alone_does_not_tell_whether_half_a_year_is_over() -> None:
    vague = reading("今年的 就差一点 先办着呗", "lived_since", PERMIT, name="李娜")
    assert not vague.values
    assert "月" in vague.problems[0]


def test_that_the_place_of_registration_is_taken_out_of_a_story() -> None:
    told = reading("我从黑龙江来给我闺女看孩子的", "household_place", PERMIT, name="李娜")
    assert told.values == {"household_place": "黑龙江"}


AGREES = [Turn("agree", 0.95)]


@pytest.mark.parametrize("text", ["问呗 我这大岁数了还怕你打听咋的", "你写 我说", "尽管问"])
def test_that_who_bids_to_be_asked_agrees(text: str) -> None:
    assert reading(text, CONSENT).values == {CONSENT: True}


def test_that_who_bids_to_be_asked_in_the_middle_is_asked_on() -> None:
    assert not reading("尽管问", "dog_colour", name="李娜").values


def test_that_a_last_digit_put_right_replaces_the_one_that_was_misread() -> None:
    earlier = [f"他叫关德厚 身份证{NUMBER[:-1]}{'1' if NUMBER[-1] != '1' else '2'}"]
    said = f"最后一位是{NUMBER[-1]} 我看成{'1' if NUMBER[-1] != '1' else '2'}了"
    found = read(FORMS, DOG, CONSENT, said, {"name": "关德厚"}, today=TODAY, entities=ENTITIES, earlier=earlier)
    assert found.values == {"id_number": NUMBER, CONSENT: True}


def test_that_a_name_behind_the_consent_is_kept_however_sure_the_model_is_that_it_is_consent() -> None:
    found = read(FORMS, DOG, CONSENT, "同意 孙泽宇", {}, today=TODAY, entities=ENTITIES, heard=Heard(AGREES))
    assert found.values == {"consent": True, "name": "孙泽宇"}


def test_that_who_agrees_in_the_first_message_has_agreed() -> None:
    assert reading("那现在就办吧 同意", None).values == {"consent": True}


def test_that_a_question_about_somebody_elses_dog_gives_no_breed_and_is_answered() -> None:
    found = reading("我朋友家养的罗威纳 那种能办不", "name")
    assert "dog_breed" not in found.values
    assert "烈性犬" in found.remark


@pytest.mark.parametrize("text", ["住东逸社区 具体门牌我看下合同哈", "我手机号换了 以后打15998336071 别打那个了"])
def test_that_where_somebody_lives_or_calls_is_not_where_they_are_registered(text: str) -> None:
    assert "household_place" not in reading(text, "household_place", PERMIT).values


def test_that_a_name_behind_its_label_needs_no_known_surname() -> None:
    assert reading("姓名：萨仁高娃", "name", PERMIT).values == {"name": "萨仁高娃"}
    assert reading("啊打反了 210104196001019030", "name", PERMIT).values.get("name") is None


def test_that_many_words_that_the_model_takes_for_something_else_are_no_dogs_name() -> None:
    text = "打针那个本儿是蓝皮的 是那个吧"
    turns = [Turn("puzzled", 0.5), Turn("answer", 0.1)]
    found = read(FORMS, DOG, "dog_name", text, {"consent": True}, today=TODAY, entities=ENTITIES, heard=Heard(turns))
    assert found.values == {}


def test_that_an_address_in_words_is_taken_beside_other_values() -> None:
    said = reading("电话幺三八零零零零八零二幺 住东逸社区小什字街八号楼三单元五零二", "phone").values
    assert said == {"phone": "13800008021", "address": "东逸社区小什字街八号楼三单元五零二"}


def test_that_whoever_applies_is_called_so_where_no_dog_could_be() -> None:
    assert reading("她叫包桂兰", "consent", PERMIT).values["name"] == "包桂兰"


def test_that_a_day_of_something_else_is_no_vaccination() -> None:
    assert not reading("京巴前年就办完证了", "dog_colour").problems
    assert reading("上个月打的", "dog_colour").values == {"vaccinated_on": "2026-10"}


def test_that_the_last_digit_of_a_number_that_was_refused_is_no_telephones() -> None:
    assert not reading("最后一位是x不是0", "id_number", phone="15000002618").problems


def test_that_whoever_has_a_permit_that_runs_out_wants_no_new_one() -> None:
    assert FORMS.wished("居住证快到期了 重新办一个", "") is None
    assert FORMS.wished("居住证给我办一个", "") is PERMIT


def test_that_what_stands_behind_rabies_is_no_dogs_name() -> None:
    assert reading("三针都打完了 狂犬是3月9号打的", "vaccinated_on").values == {"vaccinated_on": "2026-03-09"}


def test_that_a_day_put_right_is_no_part_of_an_address() -> None:
    """Its "1号" stands in 14-2号1单元 as well."""
    known = {"lived_since": "2026-03-01", "address": "上园路14-2号1单元902"}
    told = reading("哎日子记错了，合同是3月15起，不是1号", "household_place", PERMIT, **known)
    assert told.values == {"lived_since": "2026-03-15"}


def test_that_a_dogs_name_told_in_one_breath_ends_where_its_looks_begin() -> None:
    told = reading("狗叫豆包是个母的黄白花的捡来的串儿", "address", name="王贵忠").values
    assert (told["dog_name"], told["dog_breed"]) == ("豆包", "串串")


def test_that_another_name_that_no_person_has_is_the_dogs() -> None:
    filled = {"name": "许一鸣", "dog_name": "小白"}
    assert reading("名字改成土豆别的不动", "dog_colour", **filled).values == {"dog_name": "土豆"}
    assert reading("名字改成李娜", "dog_colour", **filled).values.get("name") == "李娜"


@pytest.mark.parametrize(
    ("text", "since"),
    [("2025年9月底搬来的", "2025-09"), ("去年三月中旬来的", "2025-03"), ("去年三月来的", "2025-03")],
)
def test_that_a_part_of_a_month_is_that_month(text: str, since: str) -> None:
    assert reading(text, "lived_since", PERMIT).values == {"lived_since": since}


def test_that_a_region_of_another_place_is_where_one_is_registered_whatever_was_asked() -> None:
    assert reading("内蒙古赤峰市翁牛特旗乌丹镇", "name", PERMIT).values == {
        "household_place": "内蒙古赤峰市翁牛特旗乌丹镇"
    }


def test_that_the_papers_name_tells_no_day_since_when_one_lives_here() -> None:
    text = "上礼拜那个居住证没填完 接着整 电话13244571890"
    assert reading(text, "address", PERMIT).values == {"phone": "13244571890"}


def test_that_a_wish_before_the_values_is_no_part_of_the_name() -> None:
    assert reading("我想在线办居住证：孟瑶，电话13800138000", None, PERMIT).values["name"] == "孟瑶"


def test_that_whoever_asks_after_an_application_wishes_no_new_one() -> None:
    assert FORMS.wished("我上月申办了犬证，请告知进度", "") is None


# -- what the model finds in a message -------------------------------------------------------------------------------


def found_in(
    text: str, *tagged: tuple[str, str, float], asked: str | None = "dog_colour", form: forms.Form = DOG, **filled: Any
) -> Reading:
    """The reading of a text in which the model has found these values: field, words, likelihood."""
    heard = Heard(tagged=[Tagged(*one) for one in tagged])
    return read(FORMS, form, asked, text, filled, today=TODAY, entities=ENTITIES, heard=heard)


def test_that_the_values_that_the_model_finds_are_taken_whatever_was_asked() -> None:
    told = "狗叫点点是个母的三岁了白毛的京巴"
    found = found_in(
        told, ("dog_name", "点点", 0.99), ("dog_colour", "白毛", 0.9), ("dog_breed", "京巴", 0.99), asked="dog_name"
    )
    assert found.values == {"dog_name": "点点", "dog_colour": "白毛", "dog_breed": "京巴"}


def test_that_an_address_ends_where_the_model_says() -> None:
    text = "住滂江街18号3号楼2104狗叫馒头"
    found = found_in(text, ("address", "滂江街18号3号楼2104", 0.95), ("dog_name", "馒头", 0.9), asked="address")
    assert found.values == {"address": "滂江街18号3号楼2104", "dog_name": "馒头"}


def test_that_what_was_told_before_gives_way_to_a_correction_that_the_model_finds() -> None:
    text = "等下，狗名写错了，年糕是我以前那只，这只叫麻薯"
    found = found_in(text, ("dog_name", "麻薯", 0.9), dog_name="年糕")
    assert found.values == {"dog_name": "麻薯"}


@pytest.mark.parametrize(("sure", "values"), [(0.6, {}), (0.95, {"dog_name": "豆包"})])
def test_that_without_a_word_of_correction_only_a_sure_value_replaces_another(
    sure: float, values: dict[str, str]
) -> None:
    assert found_in("那会儿一直喊豆包来着", ("dog_name", "豆包", sure), dog_name="年糕").values == values


def test_that_a_question_about_one_value_gives_none() -> None:
    assert found_in("以前那条叫豆包的还用销不", ("dog_name", "豆包", 0.9)).values == {}


def test_that_a_surely_found_name_needs_no_known_surname() -> None:
    found = found_in("本人白玛央金，藏族", ("name", "白玛央金", 0.9), asked="name", form=PERMIT)
    assert found.values == {"name": "白玛央金"}


def test_that_work_which_no_list_has_is_work() -> None:
    assert found_in("就干切墩的", ("ground", "切墩", 0.9), asked="ground", form=PERMIT).values == {"ground": "上班"}


def test_that_a_found_number_that_is_too_short_is_told() -> None:
    found = found_in("手机1884027365", ("phone", "1884027365", 0.9), asked="phone")
    assert "11位" in "".join(found.problems)


def asking(text: str, logit: float, question: str = "vaccine_cover_private", asked: str = "dog_name") -> Reading:
    """The reading of a text that may ask this question about filling in, `logit` likelier than none."""
    heard = Heard(asked=[Turn(question, logit)])
    return read(FORMS, DOG, asked, text, {}, today=TODAY, entities=ENTITIES, heard=heard)


def test_that_a_question_about_filling_in_has_its_answer() -> None:
    assert asking("免疫证上有我儿子电话 遮住可以吗", 2.0).remark == FORMS.answers["vaccine_cover_private"].says
    assert asking("免疫证上有我儿子的号 遮住可以吗", -2.0).remark == ""


def test_that_a_statement_gets_an_answer_only_where_it_surely_wants_one() -> None:
    assert asking("上头有我儿子的号", 0.3).remark == ""
    assert asking("上头有我儿子的号", 3.0).remark == FORMS.answers["vaccine_cover_private"].says


@pytest.mark.parametrize(("text", "told"), [("我12岁 上六年级 我叫孙一诺", True), ("我62岁 我叫孙一诺", False)])
def test_that_a_child_is_told_that_a_grown_up_must_apply(text: str, told: bool) -> None:
    assert bool(reading(text, "name").problems) == told
    assert not reading(text, "name", PERMIT).problems


def test_that_another_forms_answer_is_none() -> None:
    assert asking("租房合同丢了咋整", 4.0, question="contract_lost").remark == ""


def test_that_a_dog_that_is_told_by_its_breed_has_its_name() -> None:
    assert reading("豆豆是蝴蝶犬 黑白的", "id_number").values["dog_name"] == "豆豆"
    assert "dog_name" not in reading("它是泰迪 黑白的", "id_number").values


def test_that_who_surely_agrees_and_hands_in_too_early_is_told_what_is_missing() -> None:
    assert heard("没别的要改了，确认提交", "agree", "vaccinated_on").command == "missing"


def test_that_a_field_that_was_written_wrongly_is_asked_anew_and_nothing_explained() -> None:
    heard_so = Heard(asked=[Turn("phone_change", 3.0)])
    known = {"phone": "13800138021"}
    found = read(FORMS, DOG, "address", "手机号写错了", known, today=TODAY, entities=ENTITIES, heard=heard_so)
    assert (found.again, found.remark) == (("phone",), "")


# -- what stands on the messages before ------------------------------------------------------------------------------


def after(text: str, requested: str, *earlier: str, form: forms.Form = DOG, **filled: Any) -> Reading:
    """What a message gives behind earlier ones, the newest first."""
    return read(FORMS, form, requested, text, filled, today=TODAY, entities=ENTITIES, earlier=earlier)


@pytest.mark.parametrize(
    ("refused", "text", "number"),
    [
        ("370783200604121643", "手滑 最后一位是7", "370783200604121647"),
        ("我的是370783200604121643", "后四位1647", "370783200604121647"),
        ("身份证 21010419790611199", "最后 X 忘", "21010419790611199X"),
        ("21010419790611199", "少打了个叉", "21010419790611199X"),
        ("2101041979061119X", "中间少了个9", "21010419790611199X"),
        ("2101049790611199X", "少打了一位 中间是1979", "21010419790611199X"),
        ("370783200604131647", "不是13是12", "370783200604121647"),
        ("3707832006041216477", "多打了个7", "370783200604121647"),
        ("3707832006", "后面还有 04121647", "370783200604121647"),
    ],
)
def test_that_a_refused_identity_number_is_put_right_bit_by_bit(refused: str, text: str, number: str) -> None:
    assert after(text, "id_number", refused, form=PERMIT).values == {"id_number": number}
    assert after(text, "consent", "稍等", refused, form=PERMIT).values == {"id_number": number, "consent": True}


def test_that_a_telephone_number_is_put_right_in_the_same_way() -> None:
    assert after("最后少个6", "phone", "1380013800", id_number=NUMBER).values == {"phone": "13800138006"}
    assert after("还有俩数 21", "phone", "139940057", id_number=NUMBER).values == {"phone": "13994005721"}


def test_that_what_still_cannot_be_right_is_asked_for_as_a_whole() -> None:
    given = after("最后一位是8", "id_number", "370783200604121643", form=PERMIT)
    assert not given.values
    assert "从头到尾再发一遍" in given.problems[0]


def test_that_an_address_told_before_is_the_one_pointed_back_to() -> None:
    told = "东顺城街41号 1单元 三楼和四楼中间 我抱孩子下楼了"
    given = after("那接着办狗证吧 地址就刚才那个 401", "address", "没事了", told)
    assert given.values == {"address": "东顺城街41号1单元401"}
    assert "东顺城街41号1单元401" in given.remark
    assert after("跟前面一样", "address", "住东逸社区 津桥路5号 2单元").values == {"address": "东逸社区 津桥路5号2单元"}
    assert after("就刚才说的那个地址", "address", "你好").problems


def test_that_an_address_beside_words_that_point_back_to_something_else_is_taken() -> None:
    given = after("地址长安路81号 锦绣家园5-2-1701，电话刚才打错了", "address", "你好", phone="13804000127")
    assert given.values["address"] == "长安路81号 锦绣家园5-2-1701"


@pytest.mark.parametrize("text", ["有单了 回聊", "来病人了 拜拜", "先这样 再见", "拜拜", "行吧 拜拜👋"])
def test_that_a_farewell_is_no_value(text: str) -> None:
    given = reading(text, "household_place", PERMIT, name="马小军")
    assert (given.command, given.values) == ("later", {})


@pytest.mark.parametrize("text", ["斯琴", "巴特尔", "萨仁高娃", "阿依努尔"])
def test_that_a_name_needs_no_surname_that_is_known(text: str) -> None:
    assert heard(text, "answer", "name", form=PERMIT).values == {"name": text}
    assert reading(f"{text} {NUMBER} 电话15047628813", "consent", PERMIT).values["name"] == text


@pytest.mark.parametrize("text", ["内蒙古", "租房", "手机号", "不知道啊"])
def test_that_not_every_word_is_a_name(text: str) -> None:
    assert "name" not in heard(text, "answer", "name", form=PERMIT).values


def test_that_an_address_ends_where_something_else_is_told() -> None:
    text = "现在住东逸社区那个万泉街十九号院里边那个平房租的没有合同"
    assert reading(text, "name", PERMIT).values == {"address": "东逸社区万泉街十九号院里边平房"}
    assert reading("津桥路46号2单元602 我跟我妈住", "address").values == {"address": "津桥路46号2单元602"}


def test_that_the_beginning_of_an_address_is_not_lost() -> None:
    found = (Tagged("address", "星社区小河沿路22号2-6-1", 0.89),)
    given = read(
        FORMS,
        DOG,
        "address",
        "魁星社区小河沿路22号2-6-1",
        {},
        today=TODAY,
        entities=ENTITIES,
        heard=Heard(tagged=found),
    )
    assert given.values == {"address": "魁星社区小河沿路22号2-6-1"}


@pytest.mark.parametrize("text", ["还没打疫苗呢 才俩月", "才俩月", "三个月大 没打针"])
def test_that_how_old_a_dog_is_or_that_it_was_not_vaccinated_is_no_day(text: str) -> None:
    assert "vaccinated_on" not in reading(text, "address").values


def test_that_a_day_that_was_told_is_dropped_by_word_that_there_was_no_vaccination() -> None:
    assert reading("其实还没打疫苗", "photo_dog_front", vaccinated_on="2026-10").again == ("vaccinated_on",)


def test_that_a_name_may_stand_before_its_label_as_the_deaf_sign_it() -> None:
    given = reading("狗 火锅 名字 黄 小 串儿 母", "dog_name", name="高志远")
    assert given.values == {"dog_name": "火锅", "dog_breed": "串串", "dog_colour": "黄"}


def test_that_a_vaccination_by_its_month_says_so() -> None:
    given = reading("三月份打的", "vaccinated_on")
    assert given.values == {"vaccinated_on": "2026-03"}
    assert "免疫证" in given.remark


def test_that_a_child_and_a_deaf_person_are_answered_in_their_own_way() -> None:
    assert "小朋友" in reading("我上四年级 可以办吗", "consent").problems[0]
    told = reading("电话 13800138000 打 不要 听不见", "phone")
    assert told.values == {"phone": "13800138000"}
    assert "不打电话" in told.remark


def test_that_to_go_on_may_be_asked() -> None:
    assert reading("警察来过了 安静了 居住证还继续吗", "address", PERMIT, name="斯琴").command == "resume"


def test_that_what_stands_beside_an_address_pointed_back_to_is_kept() -> None:
    given = after("地址就刚才那个401 狗叫妞妞 博美 白的 母", "address", "津桥路22号3单元4楼 我家401她家402", "没事了")
    assert given.values == {
        "address": "津桥路22号3单元4楼401",
        "dog_name": "妞妞",
        "dog_breed": "博美",
        "dog_colour": "白",
    }


def test_that_a_name_is_respelt() -> None:
    assert reading("写错了 是艳燕 后面那个是燕子的燕", "consent", PERMIT, name="刘艳艳").values == {"name": "刘艳燕"}
    assert reading("名字打错了 是拂晓的晓", "phone", PERMIT, name="李小红").values == {"name": "李晓红"}
    filled = {"name": "李娜", "address": "津桥路7号"}
    assert reading("地址写错了 是津桥路9号", "phone", **filled).values == {"address": "津桥路9号"}


@pytest.mark.parametrize("text", ["不对这是我对象的号 我的晚点发", "不是我的 我找找我的", "发错了 等会儿发"])
def test_that_a_number_taken_back_in_the_same_breath_is_none(text: str) -> None:
    given = reading(f"{NUMBER} {text}", "id_number", PERMIT, name="何倩")
    assert (given.values, given.command) == ({}, "later")


def test_that_a_number_put_right_in_the_same_breath_is_the_right_one() -> None:
    assert reading(f"210104199003070010 不对 {NUMBER}", "id_number", PERMIT).values == {"id_number": NUMBER}


def test_that_another_ground_is_no_pretence_unless_it_is_untrue() -> None:
    def pretending(text: str) -> Reading:
        heard = Heard((Turn("pretends", 0.9),))
        filled = {"name": "李娜", "ground": "上班"}
        return read(FORMS, PERMIT, "photo_id_card", text, filled, today=TODAY, entities=ENTITIES, heard=heard)

    assert pretending("那就写租房吧 有租房合同").values == {"ground": "有稳定住处"}
    assert pretending("其实没工作 就写上班吧").problems


@pytest.mark.parametrize(("text", "requested"), [("早打了", "vaccinated_on"), ("狂犬疫苗有打 证在手边", "dog_breed")])
def test_that_a_vaccination_of_no_day_is_heard_and_its_day_wanted(text: str, requested: str) -> None:
    given = reading(text, requested, name="李娜")
    assert (given.values, given.problems) == ({}, ())
    assert "记得年月就行" in given.remark


def test_that_whoever_only_asks_for_another_owner_loses_nothing() -> None:
    filled = {"name": "李娜", "id_number": NUMBER}
    assert reading("换成我儿子的名行不", "confirmed", **filled).again == ()
    assert reading("换成我儿子的名吧", "confirmed", **filled).again == ("name", "id_number")


def test_that_a_change_that_is_dropped_with_a_yes_confirms() -> None:
    filled = {"name": "李娜", "id_number": NUMBER}
    assert reading("算了不换了 确认", "confirmed", **filled).values == {"confirmed": True}
    assert reading("别改了 行", "phone", **filled).command == "agreed"


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("楼号不对 是十七号楼", "联合路十七号楼二单元五零一"),
        ("楼号错了 是17号楼", "联合路17号楼二单元五零一"),
        ("单元号写错了 是三单元", "联合路七号楼三单元五零一"),
        ("搬家了 现在住津桥路9号", "津桥路9号"),
    ],
)
def test_that_a_part_of_an_address_put_right_keeps_the_rest(text: str, right: str) -> None:
    given = reading(text, "confirmed", name="胡长顺", address="联合路七号楼二单元五零一")
    assert given.values == {"address": right}


def test_that_a_block_told_anew_keeps_the_estate() -> None:
    given = reading("栋号错了 是5栋", "photo_id_card", PERMIT, name="李娟", address="龙之梦小区3栋1单元1201")
    assert given.values == {"address": "龙之梦小区5栋1单元1201"}


@pytest.mark.parametrize(("text", "command"), [("狗证先不办了", "later"), ("犬证不办了", "cancel")])
def test_that_a_form_is_left_by_its_name(text: str, command: str) -> None:
    assert reading(text, "phone", name="高强").command == command
    assert FORMS.wished(text, "") is None


def test_that_what_is_not_wanted_done_begins_nothing() -> None:
    assert FORMS.goes_ahead("不想办了 把我妈信息删了", DOG.intent) is None
    assert FORMS.goes_ahead("那我想办", DOG.intent) is DOG


FILLED_PERMIT = {
    "consent": True,
    "name": "张铁军",
    "phone": "13941078265",
    "household_place": "内蒙",
    "address": "大东区望花南街35号1单元804",
}


@pytest.mark.parametrize(
    "text",
    ["我瞅了都对 证号就照片上那个LN0104-2207318 就这么交吧", "嗯确认提交，证号210104-260611-0087", "可以提交了，辛苦"],
)
def test_that_who_hands_in_before_all_is_there_is_told_what_is_missing(text: str) -> None:
    read_ = reading(text, "vaccinated_on", name="孙桂芬", phone="13940286661")
    assert (read_.command, read_.problems, read_.values) == ("missing", (), {})


def test_that_the_number_of_a_paper_is_told_to_be_needless() -> None:
    assert "不用填" in reading("免疫证号：2101042606110087", "vaccinated_on", name="孙桂芬").remark


@pytest.mark.parametrize(
    "text", ["信息随便用 张铁军", "可以用我的信息，张铁军", "你们可以收集，张铁军", "资料你们放心用 张铁军"]
)
def test_that_consent_has_other_words(text: str) -> None:
    assert reading(f"{text} {NUMBER}", None, PERMIT).values["consent"] is True


@pytest.mark.parametrize("text", ["我的信息不能用", "你们用我的信息干啥", "信息先别用"])
def test_that_a_refusal_is_no_consent(text: str) -> None:
    assert "consent" not in reading(text, CONSENT, PERMIT).values


@pytest.mark.parametrize("text", ["等会儿 性别不对 是母的 其他没毛病", "公母写错了是母狗", "改一下 不是弟弟是妹妹"])
def test_that_what_the_form_does_not_ask_need_not_be_put_right(text: str) -> None:
    assert reading(text, "vaccinated_on", name="赵一鸣", dog_name="法棍").command == "unasked"


@pytest.mark.parametrize(
    ("text", "also"),
    [
        ("手机18802437560 狗叫煤球 哎来病人了先不说了", "later"),
        ("电话13941078265 不整了喝酒去", "later"),
        ("电话13941078265，改天接着弄", "later"),
        ("电话13941078265 就这些给我交上吧", "missing"),
        ("电话13941078265 前面填的都给我看看", "review"),
        ("电话13941078265 我在工地干活的", None),
        ("手机 13941078265", None),
        ("电话13941078265 住小河沿路 88", None),
    ],
)
def test_that_what_is_said_beside_values_is_heard(text: str, also: str | None) -> None:
    read_ = reading(text, "phone", name="佟丽娜")
    assert "phone" in read_.values
    assert read_.also == also


def test_that_the_register_may_be_told_more_exactly_with_its_street() -> None:
    told = reading("户口在通辽市科尔沁区霍林河大街114号", "photo_id_card", PERMIT, **FILLED_PERMIT)
    assert told.values == {"household_place": "通辽市科尔沁区"}
    assert reading("我老家户口上就是5号", "photo_id_card", PERMIT, **FILLED_PERMIT).values == {}


@pytest.mark.parametrize("text", ["电话尾号是8256不是8265", "手机写成8265了，应该是8256"])
def test_that_some_digits_of_a_telephone_are_put_right(text: str) -> None:
    assert reading(text, "photo_proof", PERMIT, **FILLED_PERMIT).values == {"phone": "13941078256"}


def test_that_the_digits_of_a_house_are_no_telephones() -> None:
    told = reading("门牌是53号不是35号", "photo_proof", PERMIT, **{**FILLED_PERMIT, "phone": "13941073578"})
    assert told.values == {"address": "大东区望花南街53号1单元804"}


@pytest.mark.parametrize("text", ["2023年腊月二十三搬来的", "去年正月十五住进来的", "农历三月初八搬来的"])
def test_that_a_day_of_the_old_calendar_is_asked_for_in_the_new_one(text: str) -> None:
    assert "阳历" in "".join(reading(text, "lived_since", PERMIT, consent=True).problems)


def test_that_a_day_told_in_both_calendars_is_taken() -> None:
    assert reading("腊月二十三 阳历2024年2月2号搬来的", "lived_since", PERMIT).values["lived_since"] == "2024-02-02"


def test_that_what_is_not_told_is_no_question() -> None:
    told = reading("房东叫啥我先不说 住大东区天后宫路77号1-3-2", "address", PERMIT, consent=True)
    assert told.values["address"] == "大东区天后宫路77号1-3-2"


def test_that_a_correction_with_its_value_gets_no_answer_nobody_asked_for() -> None:
    text = "地址改一下吧，写我妈家，大东区珠林路31号"
    assert reading(text, "vaccinated_on", name="佟丽娜", address="大东区万泉街22号3单元502").remark == ""


def test_that_what_the_model_finds_in_anothers_number_is_not_taken() -> None:
    heard = Heard(tagged=[Tagged("phone", "13604055182", 0.98), Tagged("name", "崔永利", 0.95)])
    for text in ("房东电话13604055182要不要留", "房东叫崔永利13604055182。来沈阳就是打工"):
        told = read(FORMS, PERMIT, "name", text, {}, today=TODAY, entities=ENTITIES, heard=heard)
        assert not {"phone", "name"} & set(told.values)


# -- what stands around a value, and what is no value at all -----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("那我户口其实早迁鞍山去了 我媳妇那边", "鞍山"),
        ("户口前年就转回通辽了", "通辽"),
        ("从河南周口过来的", "河南周口"),
        ("黑龙江那块儿的", "黑龙江"),
        ("迁西县的", "迁西县"),
    ],
)
def test_that_a_household_place_is_read_without_how_it_came_there(text: str, place: str) -> None:
    assert reading(text, "household_place", PERMIT).values == {"household_place": place}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("地址错了 88号是单位 住的是津桥路26号4单元502", "津桥路26号4单元502"),
        ("地址写错 我住的应该是津桥路6号", "津桥路6号"),
        ("住的地方是小河沿路12号1-3-2", "小河沿路12号1-3-2"),
    ],
)
def test_that_an_address_is_read_without_the_words_before_it(text: str, address: str) -> None:
    assert reading(text, "address", PERMIT).values == {"address": address}


def test_that_a_number_that_is_too_short_is_told_of_beside_other_values() -> None:
    tagged = [Tagged("phone", "1390000", 0.95)]
    given = read(
        FORMS, PERMIT, "phone", "电话1390000 我上班的", {}, today=TODAY, entities=ENTITIES, heard=Heard(tagged=tagged)
    )
    assert given.values == {"ground": "上班"}
    assert "11位" in given.problems[0]


@pytest.mark.parametrize("text", ["不整了 回头再说", "不办了 改天再来", "不填了 以后再说吧"])
def test_that_who_leaves_and_says_to_come_back_loses_nothing(text: str) -> None:
    assert reading(text, "address", name="李娜").command == "later"


@pytest.mark.parametrize("text", ["不弄了 去窗口办", "算了不办了 取消", "不办了"])
def test_that_who_leaves_for_good_gives_it_up(text: str) -> None:
    assert reading(text, "address", name="李娜").command == "cancel"


@pytest.mark.parametrize("text", ["对的对的 可以交了", "给我交了吧", "都填好了 帮我交上去"])
def test_that_who_wants_an_open_form_handed_in_is_told_what_is_missing(text: str) -> None:
    assert reading(text, "dog_name", name="李娜").command == "missing"


@pytest.mark.parametrize(
    "text", ["过了快十天了 到哪步了呀", "批没批", "没毛病 提交。完了我上哪看批没批", "证办得咋样了"]
)
def test_that_who_thinks_that_a_form_is_handed_in_is_told_that_it_is_not(text: str) -> None:
    told = reading(text, "dog_name", name="李娜")
    assert told.command == "missing"
    assert "受理号" in told.remark


@pytest.mark.parametrize("text", ["办下来要几天", "我媳妇那个批没批", "居住证我昨天填到哪了"])
def test_that_other_questions_ask_nothing_of_how_it_stands(text: str) -> None:
    assert "受理号" not in reading(text, "dog_name", name="李娜").remark


def test_that_handing_in_is_heard_beside_a_question_that_has_its_answer() -> None:
    both = reading("对了 交吧 拿证还用把狗抱过去不", "vaccinated_on", name="李娜")
    assert both.also == "missing"
    assert "狗不用" in both.remark
    assert reading("先别交吧 拿证还用把狗抱过去不", "vaccinated_on", name="李娜").also is None


def test_that_who_waits_behind_a_value_is_not_asked_on() -> None:
    assert reading("13800004406，先等等", "phone", name="李娜").also == "later"


@pytest.mark.parametrize("text", ["俩人黑龙江来的 一个干了八个月 一个上礼拜才下火车", "我给他俩租的房 房东不给登"])
def test_that_what_is_told_of_several_others_is_no_value_of_a_form(text: str) -> None:
    assert not reading(text, CONSENT, PERMIT).values
    assert not reading(text, CONSENT, PERMIT).problems


def test_that_who_lives_with_others_tells_of_oneself() -> None:
    assert reading("我们两个人合租的 房租一人一半", "ground", PERMIT).values == {"ground": "有稳定住处"}


def test_that_a_remark_is_no_choice_that_nobody_asked_for() -> None:
    turns = [Turn("elsewhere", 0.8)]
    text = "老板天天骂人 在工地上"
    remark = read(FORMS, PERMIT, "phone", text, {}, today=TODAY, entities=ENTITIES, heard=Heard(turns))
    assert not remark.values


@pytest.mark.parametrize(
    ("text", "since"), [("我又来啦 现在满七个月了", "2026-04"), ("这回够半年了 给我办", "2026-05")]
)
def test_that_a_stay_that_is_full_by_now_is_told_as_a_span(text: str, since: str) -> None:
    assert reading(text, None, PERMIT).values == {"lived_since": since}


def test_that_a_stay_that_is_not_full_yet_is_none() -> None:
    assert "满半年" in reading("还没满半年", "lived_since", PERMIT).problems[0]


def test_that_a_picture_may_be_sent_later() -> None:
    assert reading("侧面的明天拍行吗", "photo_dog_side", name="李娜").command == "later"


def test_that_what_one_is_doing_is_no_name_of_a_dog() -> None:
    assert "dog_name" not in reading("做饭呢 黄白花的", "dog_colour", name="李娜").values


def test_that_who_takes_the_form_up_again_tells_no_address() -> None:
    again = reading("昨儿那狗证我接着弄 我问社区了", "address", name="李娜")
    assert again.command == "resume"
    assert not again.problems


@pytest.mark.parametrize(
    ("text", "several"),
    [
        ("想给俩新伙计整个居住证", True),
        ("给我们店员工办居住证", True),
        ("厂里十几个工人想申请居住证", True),
        ("给我媳妇办居住证", False),
        ("我俩想办居住证", False),
        ("给我家两只狗办证", False),
        ("我和公司三个同事住一起 想办居住证", False),
    ],
)
def test_that_a_form_is_one_persons(text: str, several: bool) -> None:
    assert FORMS.of_several(text) is several


PLAINLY_TOLD = {"consent": True, "name": "李娜", "id_number": NUMBER, "phone": "13800138000"}


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("住小北街58号2单元301 哦不对301是我闺女家 我是401", "小北街58号2单元401"),
        ("小北街58号2单元301 不对 401", "小北街58号2单元401"),
        ("大东路12号3-1-2 不对不对 3-1-2是我妈家 我家是4-1-1", "大东路12号4-1-1"),
        ("津桥路9号1单元602，说错了，602是我儿子家，我住2单元502", "津桥路9号2单元502"),
        ("草仓路29号 不对 29号是我对象家 我是31号", "草仓路31号"),
        ("津桥路9号 不对 是草仓路3号", "草仓路3号"),
    ],
)
def test_that_the_house_put_right_in_the_same_breath_is_taken_and_nobody_is_asked_anew(text: str, address: str) -> None:
    given = reading(text, "address", **PLAINLY_TOLD)
    assert (given.values, given.again) == ({"address": address}, ())
    assert address in given.remark or "草仓路3号" in text


def test_that_a_telephone_behind_an_address_is_what_is_put_right() -> None:
    told = "住津桥路9号301 电话13800138000 不对 13900139000"
    assert reading(told, "phone", name="李娜").values.get("address", "津桥路9号301") == "津桥路9号301"


def test_that_an_address_is_put_right_in_the_same_breath_whatever_was_asked_and_stands_beside_it() -> None:
    told = "住小北街58号2单元301 哦不对 301是我妈家 我家401 电话13800138000"
    assert reading(told, "phone", name="李娜").values == {"address": "小北街58号2单元401", "phone": "13800138000"}


@pytest.mark.parametrize("text", ["刚才说错了 是我闺女家住301", "不对 是我妈家的狗", "说错了 还是我妈记得清楚"])
def test_that_a_relative_whose_home_or_words_are_told_of_takes_nobodys_place(text: str) -> None:
    assert reading(text, "dog_name", **PLAINLY_TOLD).again == ()


@pytest.mark.parametrize("text", ["不对 狗主是我妈", "错了 是我妈", "改成我妈的吧"])
def test_that_a_relative_who_is_to_be_registered_is_asked_for(text: str) -> None:
    assert reading(text, "dog_name", **PLAINLY_TOLD).again == ("name", "id_number")


def test_that_the_end_of_a_telephone_is_no_address() -> None:
    filled = {"name": "韩雪", "phone": "18624036617", "address": "东顺城街51号4-2-3"}
    told = reading("手机号打错了 尾号是6671 18624036671", "household_place", PERMIT, **filled)
    assert told.values == {"phone": "18624036671"}


def test_that_an_address_among_other_words_keeps_its_flat() -> None:
    told = reading("地址那个写成店了 住的是大北街16号1-3-2 你改一下", "photo_id_card", PERMIT, address="大北街14号")
    assert told.values == {"address": "大北街16号1-3-2"}


def test_that_a_name_told_again_asks_for_no_other_number() -> None:
    filled = {"name": "刘凤云", "id_number": NUMBER}
    assert reading("名字是刘凤云 别写反了", "household_place", PERMIT, **filled).again == ()


def test_that_who_would_say_they_came_earlier_is_told_to_tell_the_truth() -> None:
    told = reading("那我说我去年来的行不行", "phone", PERMIT)
    assert (told.values, len(told.problems)) == ({}, 1)


def test_that_what_the_form_does_not_ask_for_is_named_beside_values() -> None:
    assert reading("豆豆 泰迪 棕色的 公的 三岁", "dog_name").remark == "年龄、公母表里不用填。"


@pytest.mark.parametrize("text", ["那算了先不办了", "算了 我先不弄了", "拉倒吧 不填了"])
def test_that_who_drops_it_gives_it_up_although_they_say_for_now(text: str) -> None:
    assert reading(text, "address", name="李娜").command == "cancel"


@pytest.mark.parametrize("text", ["那算了先不办了 改天再说", "算了 回头再弄", "先不办了"])
def test_that_who_drops_it_and_comes_back_loses_nothing(text: str) -> None:
    assert reading(text, "address", name="李娜").command == "later"


@pytest.mark.parametrize("text", ["好 我的先提交", "那我啥时候能取"])
def test_that_who_would_hand_in_or_collect_what_is_not_complete_is_told_what_is_missing(text: str) -> None:
    told = reading(text, "household_place", PERMIT, name="周凯")
    assert "missing" in (told.command, told.also)


def test_that_what_becomes_of_the_data_is_no_question_after_a_form_that_was_stopped() -> None:
    assert asks_still("我那个还在办着吗")
    assert asks_still("刚才那个还在不")
    assert not asks_still("我刚才发的身份证号你们会留着吗 能删不")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("住津桥路8号2-3 跟同事合租", (("address", "津桥路8号2-3", 0.9), ("ground", "合租", 0.95))),
        ("电话13600001111 房子是租的", (("phone", "13600001111", 0.99), ("ground", "租的", 0.99))),
        ("去年八月来的 头俩月住宿舍", (("lived_since", "去年八月", 0.9),)),
    ],
)
def test_that_a_ground_that_was_told_stays_where_one_only_tells_how_one_lives(
    said: str, found: tuple[tuple[str, str, float], ...]
) -> None:
    assert "ground" not in found_in(said, *found, asked="phone", form=PERMIT, ground="上班").values
    assert "ground" in found_in(said, *found, asked="phone", form=PERMIT).values


@pytest.mark.parametrize(
    "said", ["理由改成租房吧 住津桥路8号2-3", "现在不上班了 租的房 津桥路8号2-3", "那就写租房的", "换成租房 有合同"]
)
def test_that_a_ground_gives_way_where_another_is_chosen_or_the_first_is_not_so(said: str) -> None:
    found = ("ground", "租房" if "租房" in said else "租的房", 0.95)
    told = found_in(said, found, asked="photo_id_card", form=PERMIT, ground="上班")
    assert told.values.get("ground") == "有稳定住处"


def test_that_a_number_or_a_neighbour_of_a_region_is_no_registration() -> None:
    own = {"phone": "13800138000", "household_place": "河南"}
    for said in ("手机换成13600001111 那个河南号不用了", "电话改一下 13600001111 吉林的卡要注销了"):
        assert reading(said, "photo_portrait", PERMIT, **own).values == {"phone": "13600001111"}
    assert reading("户口改一下 是河北保定", "photo_portrait", PERMIT, **own).values == {"household_place": "河北保定"}
    assert reading("河南信阳的", "household_place", PERMIT).values == {"household_place": "河南信阳"}


def test_that_who_asks_that_nothing_be_written_wrong_puts_nothing_right() -> None:
    said, found = "我叫萨仁高娃 名字四个字 可别写错了", ("name", "萨仁高娃", 0.95)
    assert found_in(said, found, asked="consent", consent=True).values["name"] == "萨仁高娃"
    assert reading("名字写错了", "phone", name="赵小满").again == ("name",)


def test_that_an_x_told_behind_the_digits_belongs_to_the_number() -> None:
    digits = next(f"21010419900307{end:03}" for end in range(999) if _check_digit(f"21010419900307{end:03}") == "X")
    for end in ("最后是个叉", "末尾是大写的X"):
        told = reading(f"身份证 {digits} {end}", "name", PERMIT)
        assert (told.values, told.problems) == ({"id_number": f"{digits}X"}, ())
    assert reading("身份证 21010419900307", "id_number", PERMIT).problems


def test_that_a_flat_told_digit_by_digit_is_part_of_the_address_and_can_be_put_right() -> None:
    whole = "东逸社区 大东路 十五号 402"
    assert reading("住东逸社区 大东路 十五号 四零二", "phone").values == {"address": whole}
    assert reading("门牌看看 不是402 是420", "phone", address=whole).values == {"address": whole.replace("402", "420")}
    assert reading("住大东路 十五号 三口人", "phone").values == {"address": "大东路 十五号"}


@pytest.mark.parametrize(
    ("said", "colour"),
    [
        ("狗是比熊白的叫糖糖住小东路5号", "白"),
        ("一只黑的小泰迪叫芝麻", "黑"),
        ("博美浅黄色的", "浅黄色"),
        ("京巴花的钱不少", None),
        ("泰迪叫灰灰", None),
    ],
)
def test_that_a_colour_right_beside_the_breed_is_the_dogs(said: str, colour: str | None) -> None:
    assert reading(said, "address").values.get("dog_colour") == colour


@pytest.mark.parametrize("said", ["大的送人了 给我爸那个比熊办", "那就办小的 换办比熊吧"])
def test_that_another_dog_takes_nothing_over_from_the_one_before(said: str) -> None:
    told = reading(said, "id_number", dog_breed="德牧", dog_name="黑子", dog_colour="黑背", name="李娜")
    assert (told.values, told.again) == ({"dog_breed": "比熊"}, ("dog_name", "dog_colour"))


def test_that_the_dog_of_which_is_told_stays_where_another_is_only_asked_about_or_the_same_is_meant() -> None:
    own = {"dog_breed": "比熊", "dog_name": "糖糖"}
    assert not reading("能给我妈那个泰迪也办不", "id_number", **own).again
    assert not reading("那先办比熊的 接着来", "id_number", **own).again


@pytest.mark.parametrize("said", ["我又想办了 嘿嘿", "改主意了 接着办吧", "后悔了 还是要办"])
def test_that_who_had_dropped_the_form_and_wants_it_after_all_goes_on(said: str) -> None:
    assert reading(said, "phone", name="李娜").command == "resume"
    assert heard(said, "cancel", sure=0.6).command == "resume"


@pytest.mark.parametrize("said", ["又不想办了", "我还是去窗口办", "改主意了 不办了", "还是算了 不办了"])
def test_that_who_drops_it_after_all_does_not_go_on(said: str) -> None:
    assert reading(said, "phone", name="李娜").command != "resume"


@pytest.mark.parametrize("said", ["交上去以后我咋知道批没批", "在哪能看到办好没"])
def test_that_who_asks_how_they_will_learn_of_it_is_told_where_it_shows(said: str) -> None:
    told = reading(said, "phone", name="李娜")
    assert told.command == "missing"
    assert "受理号" in told.remark


@pytest.mark.parametrize("said", ["我那个狗证现在啥状态", "那份申请什么进度", "现在状态咋样"])
def test_that_the_state_of_a_form_that_was_stopped_is_asked_in_many_words(said: str) -> None:
    assert asks_still(said)


def test_that_how_long_somebody_has_been_with_child_is_no_stay_and_no_consent() -> None:
    assert not reading("她怀孕五个月了", "consent", PERMIT).values
    assert reading("住五个月零三天不够 去年五月搬来的", "lived_since", PERMIT).values == {"lived_since": "2025-05"}


def test_that_of_two_addresses_it_is_told_which_one_is_written_and_the_other_can_be() -> None:
    both = "地址津桥路9号1-3 啊不那是我妈家 我住小东路30号"
    first = found_in(both, ("address", "小东路30号", 0.96), asked="address")
    assert first.values == {"address": "小东路30号"}
    assert "小东路30号" in first.remark
    for said in ("写我妈家那个", "还是写另一个吧"):
        told = read(
            FORMS, DOG, "dog_name", said, dict(first.values), today=TODAY, entities=ENTITIES, earlier=("好的", both)
        )
        assert told.values == {"address": "津桥路9号1-3"}
    own = read(
        FORMS, DOG, "dog_name", "写我家那个", dict(first.values), today=TODAY, entities=ENTITIES, earlier=(both,)
    )
    assert own.values.get("address") == "小东路30号"
    one = read(
        FORMS, DOG, "dog_name", "写我妈那个", dict(first.values), today=TODAY, entities=ENTITIES, earlier=("好",)
    )
    assert "address" not in one.values


def test_that_one_address_needs_no_such_line() -> None:
    assert not reading("我住东逸社区 小东路30号2单元301", "address").remark


def test_that_a_name_without_a_known_surname_is_taken_though_it_is_not_to_be_written_wrong() -> None:
    answer = Heard([Turn("correction", 0.6), Turn("answer", 0.37)])
    told = read(FORMS, PERMIT, "name", "斯琴高娃 可别给写错", {}, today=TODAY, entities=ENTITIES, heard=answer)
    assert told.values == {"name": "斯琴高娃"}


def test_that_an_address_keeps_its_flat_whoever_lives_there() -> None:
    both = "住津桥路9号1-3 我爸那边是小东路5号2-2"
    told = read(
        FORMS, DOG, "phone", "写我爸那个", {"address": "津桥路9号1-3"}, today=TODAY, entities=ENTITIES, earlier=(both,)
    )
    assert told.values == {"address": "小东路5号2-2"}


@pytest.mark.parametrize("said", ["多少天能拿到证 到哪步了", "交上去了吗 多久下来"])
def test_that_how_long_it_takes_is_told_beside_where_it_stands(said: str) -> None:
    assert "15日内" in reading(said, "photo_proof", PERMIT, name="周凯").remark
    assert "15日内" not in reading(said, "photo_vaccine", DOG, name="周凯").remark
    assert "15日内" not in reading("到哪步了", "photo_proof", PERMIT, name="周凯").remark


def test_that_somebody_who_still_wants_it_asks_nothing() -> None:
    assert reading("哎 我还是想办", "dog_colour", name="李娜").command == "resume"
    assert reading("我又想办护照了 咋办", "dog_colour", name="李娜").command != "resume"


def test_that_an_estate_alone_is_heard_and_its_house_asked_for() -> None:
    told = reading(f"李娜 {NUMBER} 13800138000 住东逸社区", "consent")
    assert told.values["consent"] is True
    assert "住东逸社区，知道了" in told.remark
    assert "不想办了随时回" in told.remark
    assert "知道了" not in reading(f"李娜 {NUMBER} 住东逸社区 大东路5号", "consent").remark
    assert "知道了" not in reading("李娜 在社区上班", "name").remark


@pytest.mark.parametrize("text", ["对 交 谢谢", "ok submit", "就可着我的来 发吧发吧", "对对对 快交吧 锅里还煮着呢"])
def test_that_handing_in_is_heard_in_few_words(text: str) -> None:
    heard, told = Heard(AGREES), {"name": "李娜"}
    found = read(FORMS, DOG, "photo_dog_side", text, told, today=TODAY, entities=ENTITIES, heard=heard)
    assert found.command == "missing"


def test_that_a_choice_told_again_is_said_back() -> None:
    told = reading("上班 在饺子馆 有合同", "household_place", PERMIT, name="李娜", ground="上班")
    assert "办证理由：上班" in told.remark


def test_that_a_dogs_name_may_hold_its_colour() -> None:
    tagged = [Tagged("dog_name", "黑豆", 0.81), Tagged("dog_colour", "黑", 0.84)]
    said = "家 魁星楼路 31号 4-5-1 狗 名 黑豆 土狗 黑"
    found = read(FORMS, DOG, "dog_name", said, {}, today=TODAY, entities=ENTITIES, heard=Heard((), (), tagged))
    assert (found.values["dog_name"], found.values["dog_colour"]) == ("黑豆", "黑")


def test_that_the_end_of_one_of_two_numbers_is_put_right_where_only_that_one_fits() -> None:
    told = reading("不对不对 尾号02 刚才秃噜嘴了", "address", name="李四", id_number=NUMBER, phone="13504317720")
    assert told.values == {"phone": "13504317702"}


def test_that_what_stands_before_a_region_is_none_of_it() -> None:
    told = reading("雇个小伙黑龙江的", "household_place", PERMIT, name="李娜")
    assert told.values == {"household_place": "黑龙江"}


def test_that_words_of_the_wish_are_no_name() -> None:
    assert "name" not in reading("申请 想 现在 这里 你 帮", None, PERMIT).values
    assert "name" not in reading("那应该够 咱开始呗", None, PERMIT).values


_BEGUN = {"consent": True, "name": "李娜", "id_number": NUMBER, "phone": "13800138000"}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("2单元 1楼 3号", {"address": "大北关街40号2单元1楼3号"}),
        ("那就写家里", {}),
        ("叫妞妞，串儿，妈是博美", {"dog_name": "妞妞", "dog_breed": "串串"}),
    ],
)
def test_that_what_follows_an_address_or_a_breed_is_read_with_it(text: str, values: dict[str, str]) -> None:
    assert reading(text, "dog_name", **_BEGUN, address="大北关街40号").values == values


def test_that_a_flat_is_not_put_behind_an_address_that_has_one() -> None:
    assert reading("2单元 1楼 3号", "dog_breed", **_BEGUN, address="大东路1号3单元201").values == {}


def test_that_a_choice_in_so_many_words_is_no_question_about_the_post() -> None:
    read_ = reading("送快递 正式工", "ground", PERMIT, **_BEGUN)
    assert (read_.values, read_.remark) == ({"ground": "上班"}, "")


@pytest.mark.parametrize(
    ("tagged", "text", "day"),
    [
        ("五一前后", "疫苗是五一前后打的 四月二十八吧", "2026-04-28"),
        ("四月二十八", "疫苗是四月二十八打的", "2026-04-28"),
    ],
)
def test_that_a_day_in_figures_counts_more_than_a_feast_beside_it(tagged: str, text: str, day: str) -> None:
    heard = Heard(tagged=[Tagged("vaccinated_on", tagged, 0.99)])
    read_ = read(FORMS, DOG, "vaccinated_on", text, _BEGUN, today=TODAY, entities=ENTITIES, heard=heard)
    assert read_.values["vaccinated_on"] == day


def test_that_who_writes_word_by_word_is_told_how_the_form_stands() -> None:
    assert reading("我的 狗证 好了 没有", "dog_name", **_BEGUN).command == "missing"
