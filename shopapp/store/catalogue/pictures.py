"""Serving pictures: names change with the content, so that browsers keep them for good."""

from __future__ import annotations

from flask import Blueprint, abort, send_file
from flask.wrappers import Response

from shopapp.kernel.templating import PICTURES_PREFIX

from . import media

KEPT_SECONDS = 365 * 24 * 3600

blueprint = Blueprint("media", __name__)


@blueprint.get(f"{PICTURES_PREFIX}<name>")
def picture(name: str) -> Response:
    file = media.scaled(name)
    if file is None:
        abort(404)
    response = send_file(file, mimetype="image/webp", conditional=True, max_age=KEPT_SECONDS)
    response.cache_control.public = True
    response.cache_control.immutable = True
    return response
