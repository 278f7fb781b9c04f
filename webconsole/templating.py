"""Jinja2 for aiohttp: every template is compiled before it is needed, every value escaped."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
import jinja2.bccache
from aiohttp import web

from followup.database.base import now
from webconsole import formats, navigation, rights
from webconsole.i18n import NAMES
from webconsole.keys import CATALOGUES, SETTINGS, TEMPLATES, TIMEZONE, VISITOR, Visitor
from webconsole.rights import Right
from webconsole.unfit import UNFIT, Unfit

THEME_COOKIE = "aftercall_theme"
THEMES = ("auto", "light", "dark")        # the first is the default: as the browser has it
_FOLDER = Path(__file__).parent / "templates"
_COMPILED = Path(__file__).parent / "__pycache__"     # where Python keeps what it compiles of ours


class _Compiled(jinja2.FileSystemBytecodeCache):
    """Compiled templates beside the compiled modules: to compile them all takes a second and a half
    of each start. One whose source or Python has changed is compiled anew."""

    def __init__(self) -> None:
        super().__init__(str(_COMPILED), f"%s.{sys.implementation.cache_tag}.jinja")

    def dump_bytecode(self, bucket: jinja2.bccache.Bucket) -> None:
        with contextlib.suppress(OSError):            # an installation that others own
            super().dump_bytecode(bucket)


@cache
def make_environment() -> jinja2.Environment:
    """The environment, one for all consoles of a process.

    A template with a fault stops the start.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, auto_reload=False,
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        bytecode_cache=None if sys.dont_write_bytecode else _Compiled())
    environment.globals["address"] = address
    for name in formats.__all__:
        environment.filters[name] = getattr(formats, name)
    for name in environment.list_templates():
        environment.get_template(name)
    return environment


def render_text(request: web.Request, template: str, **values: Any) -> str:
    """A template filled in for this request's visitor."""
    visitor = request.get(VISITOR) or Visitor(address="", locale="zh", csrf_token="")
    settings, zone, moment = request.app[SETTINGS], request.app[TIMEZONE], now()
    translate = request.app[CATALOGUES][visitor.locale]
    today = moment.astimezone(zone).date()

    def at(value: datetime | None) -> str:
        return formats.moment(value, zone, today)

    def exactly(value: datetime) -> str:
        return f"{value.astimezone(zone):%H:%M:%S}"

    def may(name: str) -> bool:
        right: Right = getattr(rights, name)
        return visitor.may(right)

    return request.app[TEMPLATES].get_template(template).render(
        **values, t=translate, locale=visitor.locale, locales=NAMES, user=visitor.user,
        csrf_token=visitor.csrf_token, at=at, exactly=exactly, today=today, moment=moment, may=may,
        path=request.path, path_qs=request.path_qs, theme=_theme(request), themes=THEMES,
        stays=request.method != "POST" or request.path.startswith("/sign-in"),
        rooms=navigation.links(may), unfit=request.get(UNFIT) or Unfit(),
        cases_wanting=visitor.cases_wanting,
        hospital=settings.hospital_en if visitor.locale == "en" else settings.hospital)


def address(path: str, query: Mapping[str, Any], **more: Any) -> str:
    """A path with those fields of ``query`` and ``more`` that hold something."""
    told = {name: str(value) for name, value in {**query, **more}.items() if value}
    return f"{path}?{urlencode(told)}" if told else path


def _theme(request: web.Request) -> str:
    kept = request.cookies.get(THEME_COOKIE, "")
    return kept if kept in THEMES else THEMES[0]


def render(request: web.Request, template: str, *, status: int = 200,
           **values: Any) -> web.Response:
    """A page, or a part of one."""
    return web.Response(text=render_text(request, template, **values), status=status,
                        content_type="text/html", charset="utf-8")
