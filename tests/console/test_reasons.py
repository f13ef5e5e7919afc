import pytest

from bot.console.reasons import in_chinese


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("errcode 45015: response out of time limit", "48小时"),
        ("errcode 45047: out of response count limit", "条数"),
        ("the 48-hour window is over", "48小时"),
        ("5 messages have been sent since the resident last wrote", "条数"),
        ("errcode 0: no answer from the platform (ConnectError)", "没有应答"),
        ("errcode 99999: odd", "99999"),
        ("errcode 0: the picture cannot be read (FileNotFoundError)", "图片文件读不到"),
        ("no answer (ConnectTimeout)", "没有应答"),
        ("HTTP 502", "HTTP 502"),
        ("rate limit: 8 s late", "排队"),
        ("rate limit of the vendor (answer 45009)", "排队"),
        ("no desk of 甲 is connected", "没有打开值班台"),
        ("甲 has no mobile in the duty file", "手机号"),
        ("群 is not configured any more; see FUJIN_PAGE_CHANNELS", "设置"),
        ("not reached: 空号", "没有打通"),
        ("something new", "something new"),
    ],
)
def test_that_officers_read_why_something_did_not_get_out(error: str, words: str) -> None:
    assert words in in_chinese(error)
