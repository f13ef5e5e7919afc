"""WeChat's letters as the platform writes them, for tests that write some of them wrongly."""

from bot.wechat.envelope import Account

ACCOUNT = Account(app_id="wx1234567890abcdef", token="t0ken", aes_key="abcdefghijklmnopqrstuvwxyz0123456789ABCDEFA")
PLAIN = Account(app_id=ACCOUNT.app_id, token=ACCOUNT.token, aes_key="", mode="plain")


def letter(kind: str = "text", *, inside: str | None = None, **fields: str) -> str:
    """A message's XML; `inside` replaces everything below the root, a field given as "" is left out."""
    base = {"ToUserName": "gh_1", "FromUserName": "oA", "CreateTime": "1767614400", "MsgType": kind, "MsgId": "1"}
    if kind == "text":
        base["Content"] = "你好"
    named = {name: value for name, value in (base | fields).items() if value}
    elements = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in named.items())
    return f"<xml>{elements if inside is None else inside}</xml>"
