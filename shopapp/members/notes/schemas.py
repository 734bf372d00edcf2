"""Shapes of notes, tags and tasks over the API."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from shopapp.kernel.fields import PlainText

from .rules import NOTE_MAX, TAG_MAX, TAGS_EACH_MAX, TASK_MAX

ID_MAX = 32
PAGE_MAX = 100


class NotePageInput(Schema):
    cursor = PlainText(least=1, longest=ID_MAX)
    limit = fields.Integer(load_default=20, validate=validate.Range(min=1, max=PAGE_MAX))


class TagsInput(Schema):
    tags = fields.List(
        PlainText(least=1, longest=TAG_MAX),
        required=True,
        validate=validate.Length(max=TAGS_EACH_MAX),
        metadata={"description": "names; those that the shop does not know yet are made"},
    )


class TagAnswer(Schema):
    id = fields.String()
    name = fields.String()


class TagList(Schema):
    items = fields.List(fields.Nested(TagAnswer))


class CustomerNoteInput(Schema):
    text = PlainText(required=True, least=1, longest=NOTE_MAX, lines=True)


class CustomerNoteAnswer(Schema):
    id = fields.String()
    text = fields.String()
    author = fields.String()
    created_at = fields.AwareDateTime()
    edited_at = fields.AwareDateTime(allow_none=True)


class CustomerNoteList(Schema):
    items = fields.List(fields.Nested(CustomerNoteAnswer))
    next_cursor = fields.String(allow_none=True)


class CustomerTaskInput(Schema):
    text = PlainText(required=True, least=1, longest=TASK_MAX, lines=True)
    due = fields.Date(load_default=None, allow_none=True)
    assignee = PlainText(
        least=1,
        longest=ID_MAX,
        load_default=None,
        allow_none=True,
        metadata={"description": "a staff member's id"},
    )


class CustomerTaskAnswer(Schema):
    """`state` is open, done or cancelled."""

    id = fields.String()
    text = fields.String()
    due = fields.Date(allow_none=True)
    assignee = fields.String(allow_none=True)
    assignee_name = fields.String()
    state = fields.String()
    author = fields.String()
    created_at = fields.AwareDateTime()
    ended_at = fields.AwareDateTime(allow_none=True)


class CustomerTaskList(Schema):
    items = fields.List(fields.Nested(CustomerTaskAnswer))
    next_cursor = fields.String(allow_none=True)
