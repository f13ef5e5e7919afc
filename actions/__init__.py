"""Rasa custom actions, thin over `bot.services`. The backbone answers with rules and responses alone and needs none;
the server runs so that forms and look-ups have a place to come to."""
