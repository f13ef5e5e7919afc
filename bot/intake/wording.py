"""The few sentences that the intake says without Rasa."""

ALARM = (
    "您的求助已收到，值班民警已收到提醒，正在查看。\n请告诉我：您在哪里？\n"
    "能打电话请拨110（火警119、急救120）；不方便打电话就在这里发字或发位置。"
)
# In front of an attacker it must look like nothing.
SILENT_ALARM = "收到。你还在那边吗？在就回1，换地方了就发个位置。"
UNREAD = "您的消息已收到，值班民警会人工查看，并在这里回复您。\n如果现在有危险，请直接拨打110，或回复“现在有危险”。"
MEDIA_IN_CASE = "收到，已转给值班民警。"
MEDIA_ALONE = "收到，值班民警会查看。请再用一句话告诉我：发生了什么，在哪里？\n如果现在有危险，请直接拨打110。"


def welcome(station: str) -> str:
    """What a new follower reads first."""
    return (
        f"您好，这里是{station}。\n遇到危险又不方便打电话时，直接在这里发字、语音、图片或位置，值班民警会收到提醒。\n"
        "也可以问我户籍、身份证、居住证、犬证怎么办，或者提供线索（为您保密）。\n能打电话时，紧急情况请先拨110。"
    )
