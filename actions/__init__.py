"""Rasa custom actions, thin over `bot.services`: forms and look-ups. What an answer's text settles needs none."""
