"""The trainers' studio: review, data, training, judgement and promotion (docs/adr/009-the-studio.md)."""
