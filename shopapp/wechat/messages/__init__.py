"""Messages to people: cleaned, queued once, sent by a job, followed to their end."""

from .fields import FieldRefused, clean_field, day_text, money_text, time_text
from .queueing import TOPICS, note_missed, queue_service_text, queue_template

__all__ = [
    "TOPICS",
    "FieldRefused",
    "clean_field",
    "day_text",
    "money_text",
    "note_missed",
    "queue_service_text",
    "queue_template",
    "time_text",
]
