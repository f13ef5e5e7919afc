"""Parts of earlier answers that are put right."""

import pytest

from bot.nlu.corrections import other_end, other_house, other_spelling, puts_right, swapped, swaps


@pytest.mark.parametrize(
    ("value", "said", "right"),
    [
        ("豆豆", "不叫豆豆，叫嘟嘟", "嘟嘟"),
        ("小东路5号2-2", "门牌是5号2-3 不是2-2", "小东路5号2-3"),
        ("小东路60号B座1203", "写成1203了 应该是1302", "小东路60号B座1302"),
        ("小东路21号楼3门", "是25号楼，不是21", "小东路25号楼3门"),
        ("小东路6号6单元", "把6单元改成7单元", "小东路6号7单元"),
        ("小东路66号2单元302", "不是2单元是3单元", "小东路66号3单元302"),
        ("小东路11号1-1-1", "是小东路12号不是11号", "小东路12号1-1-1"),
        ("小东路11号", "不是17号是18号", None),
        ("小东路11号2-2-1", "是3单元不是2单元", "小东路11号3-2-1"),
        ("小东路11号2-3-1", "不是3楼 是4楼", "小东路11号2-4-1"),
        ("小东路11号2-301", "不是3楼 是4楼", None),
        ("小东路11号2-2-1", "是5单元不是4单元", None),
    ],
)
def test_that_the_right_part_takes_the_wrong_ones_place(value: str, said: str, right: str | None) -> None:
    found = [whole for old, new in swaps(said) if (whole := swapped(value, old, new))]
    assert next(iter(found), None) == right


def test_that_another_house_number_needs_no_wrong_one() -> None:
    assert other_house("小东路21号楼3门", "楼号是23号楼") == "小东路23号楼3门"
    assert other_house("小东路21号楼3门", "住三楼") is None


@pytest.mark.parametrize(
    ("value", "said", "right"),
    [
        ("小东路3号2-1-1", "不是3号 是33号2-1-1", "小东路33号2-1-1"),
        ("小东路3号2-1-1", "3号写错了 应该是33号2-1-1，不是3号", "小东路33号2-1-1"),
    ],
)
def test_that_what_is_told_again_behind_the_right_part_stands_there_once(value: str, said: str, right: str) -> None:
    found = [whole for old, new in swaps(said) if (whole := swapped(value, old, new))]
    assert right in found


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("末位是8不是1", "13800138028"),
        ("后三位改成 456", "13800138456"),
        ("尾号应该是零九", "13800138009"),
        ("最后两位发成21了，是12", "13800138012"),
        ("后四位改成12", None),
        ("最后一次打针是5月", None),
        ("后街5-1", None),
    ],
)
def test_that_the_last_digits_may_be_told_by_themselves(said: str, right: str | None) -> None:
    assert other_end("13800138021", said) == right


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("我 了是五零三 五零二是对门", "东逸社区小什字街八号楼三单元五零三"),
        ("是50", None),
        ("五月打的", None),
    ],
)
def test_that_a_flat_may_be_told_anew_by_its_number_alone(said: str, right: str | None) -> None:
    assert other_house("东逸社区小什字街八号楼三单元五零二", said) == right


@pytest.mark.parametrize("said", ["还有是5-4-1", "家住 5-4-1"])
def test_that_a_flat_in_figures_may_be_told_anew_whole(said: str) -> None:
    assert other_house("小东路11号4-5-1", said) == "小东路11号5-4-1"


@pytest.mark.parametrize(
    ("name", "text", "right"),
    [
        ("刘艳艳", "写错了 是艳燕", "刘艳燕"),
        ("刘艳艳", "最后一个字是燕子的燕", "刘艳燕"),
        ("赵梦瑶", "瑶是遥远的遥", "赵梦遥"),
        ("王静", "不是安静的静 是干净的净", "王净"),
        ("陈丽国", "是陈丽果 水果的果", "陈丽果"),
        ("李娜", "写错了 是津桥路的 7号", None),
        ("李秀兰", "打错了 是秀丽的丽那个李秀丽", "李秀丽"),
        ("李娜", "写错了 是我妈的名", None),
    ],
)
def test_that_a_name_is_put_right_by_how_it_is_spelt(name: str, text: str, right: str | None) -> None:
    assert other_spelling(name, text) == right


@pytest.mark.parametrize(
    "text",
    [
        "搞错了 不是12号 12号是我单位 我家在14号3楼",
        "记错了 我在二单元",
        "不对 她今天换了红外套",
        "数错了 屋里是四个人",
        "错 错 3 单元 不是 5",
        "看差了 不是一个是俩 还有个老太太",
        "认错了 车是白色的",
        "看错了 是邮储不是建行",
        "说差了 转了八千不是五千",
    ],
)
def test_that_a_place_a_number_or_clothes_put_right_are_only_a_detail(text: str) -> None:
    assert puts_right(text)


@pytest.mark.parametrize(
    "text",
    [
        "搞错了 不是着火 是3楼做饭",
        "看错了 是2楼的人拍戏",
        "弄错了 是我弟拿着钥匙 住5号楼的",
        "搞错了 不用来5号楼了",
        "整岔了 是我自己家",
        "不对劲 三楼没动静了",
        "三号楼二单元",
    ],
)
def test_that_who_was_wrong_about_the_danger_itself_puts_no_detail_right(text: str) -> None:
    assert not puts_right(text)
