"""What the provider of messages pushes: receipts of ours, and what patients have answered.

It signs nothing, so the address itself is the secret: the line ``message_hook`` of secrets.toml.
"""

from __future__ import annotations

import asyncio
import hmac

from aiohttp import web

from followup.cases.messages import Post, note_reply
from followup.database.base import now
from followup.errors import NotFound
from followup.log import get_logger
from followup.messages import inbox, outbox
from followup.messages.provider import Unread
from followup.secrets import load_secrets
from webconsole.keys import DATABASE, POST, SETTINGS
from webconsole.rights import machines

log = get_logger(__name__)


@machines
async def receipts(request: web.Request) -> web.Response:
    """POST /api/messages/{token}/receipts: as the provider pushes them. 200 once all are stored;
    400 when the body does not read, 404 without the token."""
    post = await _checked(request)
    try:
        told = post.provider.receipts(await request.read())
    except Unread as error:
        return _answer(400, str(error))
    for message_id, receipt in told:
        async with request.app[DATABASE].session() as session:
            await outbox.note_receipt(session, message_id, receipt, now())
    return _answer(200, "ok")


@machines
async def replies(request: web.Request) -> web.Response:
    """POST /api/messages/{token}/replies: what patients have sent; each is kept once."""
    post = await _checked(request)
    try:
        told = post.provider.replies(await request.read())
    except Unread as error:
        return _answer(400, str(error))
    for reply in told:
        async with request.app[DATABASE].session() as session:
            message = await inbox.receive(session, reply, post.provider.name, now())
            if message is not None:
                await note_reply(session, message)
    return _answer(200, "ok")


async def _checked(request: web.Request) -> Post:
    """NotFound unless messages are set up and the address is the one that we told."""
    post = request.app[POST]
    secrets = await asyncio.to_thread(load_secrets, request.app[SETTINGS].data_dir)
    ours = secrets.message_hook.get_secret_value()
    if post is None or not hmac.compare_digest(request.match_info["token"].encode(), ours.encode()):
        raise NotFound("there is no such thing")
    return post


def _answer(status: int, told: str) -> web.Response:
    """As the provider expects it: code 0 is "taken", anything else is pushed again."""
    return web.json_response({"code": 0 if status == 200 else status, "msg": told},
                             status=status)
