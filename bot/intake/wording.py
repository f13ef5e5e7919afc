"""The few sentences that the intake says without Rasa."""

from bot.duty.roster import Station

ALARM = (
    "您的求助已收到，值班民警已收到提醒，正在查看。\n请告诉我：您在哪里？\n"
    "能打电话请拨110（火警119、急救120）；不方便打电话就在这里发字或发位置。"
)
# In front of an attacker it must look like nothing.
SILENT_ALARM = "收到。你还在那边吗？在就回1，换地方了就发个位置。"
UNREAD = "您的消息已收到，值班民警会人工查看，并在这里回复您。\n如果现在有危险，请直接拨打110，或回复“现在有危险”。"
MEDIA_IN_CASE = "收到，已转给值班民警。"
MEDIA_ALONE = "收到，值班民警会查看。请再用一句话告诉我：发生了什么，在哪里？\n如果现在有危险，请直接拨打110。"


def for_event(event: str, station: Station) -> str | None:
    """What an event is answered with, or None. `event` is its name, for a menu click with the entry's key."""
    if event == "subscribe":
        return (
            f"您好，这里是{station.full_name}。\n遇到危险又不方便打电话时，直接在这里发字、语音、图片或位置，值班民警会收到提醒。\n"
            "也可以问我户籍、身份证、居住证、犬证怎么办，或者提供线索（为您保密）。\n能打电话时，紧急情况请先拨110。"
        )
    if event == "click:alarm":
        return (
            "请直接在这里发：在哪里、发生了什么。字、语音、图片、位置都可以，值班民警会收到提醒。\n"
            "能打电话请先拨110；不方便打电话就在这里发字。提供线索也在这里写，为您保密。"
        )
    if event == "click:services":
        return "想办什么，直接打字问我就行，比如：身份证丢了怎么补、孩子怎么上户口、居住证怎么办、养狗办什么证。"
    if event == "click:news":
        return f"这里是{station.full_name}，地址：{station.address}，昼夜有民警值班。"
    return None
