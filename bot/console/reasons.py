"""Why something did not get out, in an officer's words."""

import re

_CODE = re.compile(r"errcode (\d+)")
_PLATFORM = {
    40003: "微信不认识这个用户",
    40007: "文件已失效",
    43004: "居民已取消关注",
    45002: "内容太长",
    45009: "微信接口今日调用次数已用完",
    45015: "超过48小时没有来信，或已取消关注",
    45047: "居民来信后可回复的条数已用完",
    48001: "公众号没有这个接口的权限",
}

_UNREADABLE = "the picture cannot be read"
_CHANNELS = {
    "rate limit": "渠道发送次数已满，排队中",
    "no desk of": "该民警没有打开值班台",
    "has no mobile": "值班表里没有手机号",
    "is not configured any more": "渠道已不在设置里",
    "not reached: ": "电话没有打通",
}


def in_chinese(error: str) -> str:
    """What a stored error means; one that is not known here is shown as it is, for whoever looks into it."""
    if _UNREADABLE in error:
        return "图片文件读不到，请重新发送"
    if match := _CODE.search(error):
        return _PLATFORM.get(
            int(match[1]), f"微信没有接受（{error}）" if match[1] != "0" else f"微信没有应答（{error}）"
        )
    if "window is over" in error:
        return _PLATFORM[45015]
    if "have been sent since" in error:
        return _PLATFORM[45047]
    for beginning, words in _CHANNELS.items():
        if beginning in error:
            return words
    if error.startswith("no answer"):
        return "对方没有应答"
    if error.startswith("HTTP "):
        return f"对方拒绝（{error}）"
    return error
