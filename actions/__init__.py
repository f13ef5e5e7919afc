"""Rasa custom actions, thin over `bot.services`: the forms of applications, look-ups, the state of one's own case.

Answers need none of them: the common path has no call of an action (`docs/adr/006-services-in-conversation.md`).
"""
