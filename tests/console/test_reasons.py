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
        ("no answer (ConnectTimeout)", "没有应答"),
        ("HTTP 502", "HTTP 502"),
        ("something new", "something new"),
    ],
)
def test_that_officers_read_why_something_did_not_get_out(error: str, words: str) -> None:
    assert words in in_chinese(error)
