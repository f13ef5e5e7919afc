"""The few sentences that the intake says without Rasa."""

ALARM = (
    "您的求助已收到，值班民警已收到提醒，正在查看。\n请告诉我：您在哪里？\n"
    "能打电话请拨110（火警119、急救120）；不方便打电话就在这里发字或发位置。"
)
# In front of an attacker it must look like nothing.
SILENT_ALARM = "收到。你还在那边吗？在就回1，换地方了就发个位置。"
UNREAD = "您的消息已收到，值班民警会人工查看，并在这里回复您。\n如果现在有危险，请直接拨打110，或回复“现在有危险”。"
SILENT_RECEIPT = "收到。"
MEDIA_IN_CASE = "收到，已转给值班民警。"
MEDIA_ALONE = "收到，值班民警会查看。请再用一句话告诉我：发生了什么，在哪里？\n如果现在有危险，请直接拨打110。"
TAP_UNREAD = (
    "这一项现在查不了，请过一会儿再点一次；也可以把想问的直接打字发给我，值班民警看得到。\n"
    "如果现在有危险，请直接拨打110；不方便打电话就在这里发字。"
)
