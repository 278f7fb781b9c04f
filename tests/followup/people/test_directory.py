"""Signing in with the hospital's directory: a real OpenLDAP, and servers that are ill."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
import sansldap
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import select, update

from aftercall.doctor.directory import directory_checks
from aftercall.doctor.result import Status, run_checks
from aftercall.provision.errors import ProvisionError
from followup.alarms.models import Alarm, AlarmKind
from followup.alarms.register import open_alarms
from followup.database.engine import Database
from followup.errors import Conflict
from followup.people import accounts
from followup.people.directory import Directory, Person, fill_in, is_disabled, role_of
from followup.people.ldap import DirectoryAway, Entry
from followup.people.models import AuditEvent, Role, Source, User
from followup.people.recheck import recheck
from followup.people.sessions import find_session, open_session
from followup.people.sign_in import Accounts, SignInRefused
from followup.sign_in_settings import DirectorySettings, RoleName
from tests.fakes.slapd import (
    BASE,
    CHIEFS,
    NURSES,
    PASSWORD,
    READER,
    READER_PASSWORD,
    Slapd,
    slapd,
)

ROLES: dict[str, Any] = {CHIEFS.upper(): "supervisor", NURSES.replace(",", " , "): "agent"}
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    try:
        with slapd(tmp_path_factory.mktemp("slapd")) as running:
            yield running
    except ProvisionError as error:
        pytest.skip(f"no slapd to be had: {error}")


def settings_of(server: Slapd, **more: Any) -> DirectorySettings:
    values = {"url": f"ldap://127.0.0.1:{server.port}", "ca_file": server.ca_file, "base": BASE,
              "bind_dn": READER, "bind_password": READER_PASSWORD, "roles": ROLES, **more}
    return DirectorySettings(**values)


def settings_at(port: int, **more: Any) -> DirectorySettings:
    return DirectorySettings(**{"url": f"ldap://127.0.0.1:{port}", "start_tls": False,
                                "base": BASE, "timeout_s": 0.3, **more})


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[int]:
    done: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            await handler(reader, writer)
        writer.close()

    async with await asyncio.start_server(
            lambda *ends: done.append(asyncio.create_task(serve(*ends))), "127.0.0.1",
            0) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*done)


def test_the_roles_of_the_settings_are_those_of_users() -> None:
    assert set(get_args(RoleName)) == set(Role)


# ---- a real server

@pytest.mark.parametrize("how", ["start_tls", "ldaps", "plain"])
async def test_the_right_password_gives_name_and_role(server: Slapd, how: str) -> None:
    more: dict[str, Any] = {"start_tls": how == "start_tls"}
    if how == "ldaps":
        more["url"] = f"ldaps://127.0.0.1:{server.tls_port}"
    directory = Directory(settings_of(server, **more))
    assert await directory.sign_in("lin", PASSWORD) == Person("林静", Role.AGENT)
    assert await directory.sign_in("he", PASSWORD) == Person("He (chief), Ping", Role.SUPERVISOR)
    assert await directory.sign_in("stranger", PASSWORD) == Person("Stranger", None)
    assert await directory.look() is None


@pytest.mark.parametrize(("username", "password"), [
    ("lin", "wrong"), ("lin", ""), ("nobody", PASSWORD), ("*", PASSWORD), ("l*", PASSWORD),
    ("lin)(uid=*", PASSWORD), ("", PASSWORD), ("lin\x00", PASSWORD)])
async def test_what_is_not_right_is_nobody(server: Slapd, username: str, password: str) -> None:
    assert await Directory(settings_of(server)).sign_in(username, password) is None


async def test_groups_are_also_found_by_a_search(server: Slapd) -> None:
    directory = Directory(settings_of(
        server, group_attribute=None, group_filter="(&(objectClass=groupOfNames)(member={dn}))"))
    for username, role in (("lin", Role.AGENT), ("he", Role.SUPERVISOR), ("stranger", None)):
        person = await directory.sign_in(username, PASSWORD)
        assert person
        assert person.role is role


@pytest.mark.parametrize(("more", "told"), [
    ({"ca_file": None}, "certificate is not trusted"),
    ({"bind_password": "wrong"}, "refuses bind_dn"),
    ({"url": "ldap://127.0.0.1:1"}, "failed"),
])
async def test_a_wrong_setting_is_told_and_is_no_refusal_of_the_user(
        server: Slapd, more: dict[str, Any], told: str) -> None:
    settings = settings_of(server, **more)
    with pytest.raises(DirectoryAway) as away:
        await Directory(settings).sign_in("lin", PASSWORD)
    assert told in away.value.message
    [result] = await run_checks(directory_checks(settings), 5)
    assert result.status is Status.FAIL
    assert told in result.seen
    assert READER_PASSWORD not in result.seen


async def test_doctor_tells_a_base_that_is_not_there_and_roles_that_nobody_gets(
        server: Slapd) -> None:
    seen = []
    for more in ({}, {"roles": {}}, {"base": "dc=elsewhere"}):
        [result] = await run_checks(directory_checks(settings_of(server, **more)), 5)
        seen.append(result.status)
    assert seen == [Status.OK, Status.WARN, Status.FAIL]
    assert directory_checks(None) == []


# ---- users of this console

async def test_a_first_sign_in_makes_the_user_and_later_ones_follow_the_directory(
        server: Slapd, database: Database) -> None:
    desk = Accounts(database, directory=Directory(settings_of(server)))
    user = await desk.verify(" LIN ", PASSWORD)
    assert (user.username, user.name, user.role) == ("lin", "林静", Role.AGENT)
    moved = Accounts(database, directory=Directory(settings_of(
        server, roles={NURSES: "doctor"})))
    await moved.verify("lin", PASSWORD)
    async with database.session() as session:
        users = (await session.scalars(select(User))).all()
        assert [(each.role, each.source) for each in users] == [(Role.DOCTOR, Source.DIRECTORY)]
        told = (await session.scalars(select(AuditEvent.action).order_by(AuditEvent.id))).all()
        assert told == ["create-user", "sign-in", "follow-directory", "sign-in"]
        with pytest.raises(Conflict):
            await accounts.change_password(session, "lin", "blue-bicycle-7")


async def test_who_has_no_role_is_disabled_or_was_not_added_stays_out(
        server: Slapd, database: Database) -> None:
    desk = Accounts(database, directory=Directory(settings_of(server)))
    await desk.verify("lin", PASSWORD)
    async with database.session() as session:
        await accounts.set_disabled(session, "lin", True, actor="chen")
    strict = Accounts(database, directory=Directory(settings_of(server, create_users=False)))
    for each, username, password in (
            (desk, "stranger", PASSWORD), (desk, "lin", PASSWORD), (desk, "lin", ""),
            (desk, "he", "wrong"), (strict, "he", PASSWORD)):
        with pytest.raises(SignInRefused):
            await each.verify(username, password)
    async with database.session() as session:
        assert (await session.scalars(select(User.username))).all() == ["lin"]
        reasons = [row.detail["reason"] for row in await session.scalars(
            select(AuditEvent).where(AuditEvent.action == "sign-in-refused")
            .order_by(AuditEvent.id))]
    assert reasons == ["no role", "disabled", "directory says no", "directory says no",
                       "not added here"]


async def test_local_accounts_work_beside_it_and_are_not_taken_over(
        server: Slapd, database: Database) -> None:
    async with database.session() as session:
        await accounts.create_user(session, "lin", "correct-horse-9")
    desk = Accounts(database, directory=Directory(settings_of(server)))
    await desk.verify("lin", "correct-horse-9")
    with pytest.raises(SignInRefused):
        await desk.verify("lin", PASSWORD)


async def test_a_directory_that_is_away_locks_nobody_raises_an_alarm_and_stops_no_local_account(
        server: Slapd, database: Database) -> None:
    well = Directory(settings_of(server))
    desk = Accounts(database, directory=well)
    await desk.verify("lin", PASSWORD)
    async with database.session() as session:
        await accounts.create_user(session, "gao", "correct-horse-9")
    ill = Accounts(database, directory=Directory(settings_at(1, url="ldap://127.0.0.1:1")))
    for _ in range(6):
        with pytest.raises(DirectoryAway):
            await ill.verify("lin", PASSWORD)
    await ill.verify("gao", "correct-horse-9")
    async with database.session() as session:
        assert not any((await session.scalars(select(User.failed_sign_ins))).all())
        assert [alarm.kind for alarm in await open_alarms(session)] == [AlarmKind.DIRECTORY_LOST]
        # the same address answers again
        await session.execute(update(Alarm).values(subject=well.settings.url))
    await desk.verify("lin", PASSWORD)
    async with database.session() as session:
        assert not await open_alarms(session)


# ---- servers that are ill

async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def no_ldap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"\xff" * 200)
    await reader.read()


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def floods(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    while not writer.is_closing():
        writer.write(b"\x30\x84\x7f\xff\xff\xff" + b"\x02\x01\x01" * 20_000)
        await writer.drain()


@pytest.mark.parametrize(("handler", "told"), [
    (silent, "no answer within"), (no_ldap, ""), (hangs_up, ""), (floods, "")])
async def test_an_ill_server_is_given_up_soon(handler: Handler, told: str) -> None:
    async with listening(handler) as port:
        with pytest.raises(DirectoryAway) as away:
            await Directory(settings_at(port)).sign_in("lin", PASSWORD)
    assert told in away.value.message


async def test_nothing_that_was_said_in_clear_is_believed_after_start_tls() -> None:
    """Somebody on the way answers the bind before it is asked, in clear."""
    async def on_the_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = sansldap.LDAPServer()
        [asked] = session.receive(await reader.read(1000))
        session.extended_response(asked.message_id)
        start_tls = session.data_to_send()
        yes = sansldap.BindResponse(
            message_id=1, controls=[], server_sasl_creds=None, result=sansldap.LDAPResult(
                sansldap.LDAPResultCode.SUCCESS, "", "", None))
        writer.write(start_tls + yes.pack(session._packing_options))
        await reader.read()

    async with listening(on_the_way) as port:
        settings = settings_at(port, start_tls=True)
        with pytest.raises(DirectoryAway):
            await Directory(settings).sign_in("lin", PASSWORD)


# ---- pure

@given(st.text(max_size=30))
def test_what_is_typed_is_only_ever_a_value(typed: str) -> None:
    query = sansldap.LDAPFilter.from_string(
        fill_in("(&(objectClass=person)(uid={username}))", username=typed))
    assert isinstance(query, sansldap.FilterAnd)
    assert query.filters[1] == sansldap.FilterEquality("uid", typed.encode())


def test_the_first_group_of_the_settings_counts() -> None:
    settings = settings_at(1, roles={"cn=a,dc=x": "doctor", "cn=b,dc=x": "agent"},
                           default_role="manager")
    assert role_of(["CN=B, dc=x", "cn=A,DC=x"], settings) is Role.DOCTOR
    assert role_of(["cn=c,dc=x"], settings) is Role.MANAGER
    assert role_of([], settings.model_copy(update={"default_role": None})) is None


@pytest.mark.parametrize(("more", "field"), [
    ({"url": "http://x"}, "url"), ({"url": "ldap://192.0.2.1", "start_tls": False}, "start_tls"),
    ({"user_filter": "uid={username}"}, "parentheses"), ({"user_filter": "(uid=x)"}, "{username}"),
    ({"group_filter": "(member=x)"}, "{dn}"), ({"bind_dn": "cn=x"}, "bind_password"),
    ({"roles": {"cn=x": "king"}}, "roles"), ({"timeout_s": 60}, "timeout_s")])
def test_a_wrong_setting_is_named(more: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        settings_at(1, **{"timeout_s": 4, **more})
    assert field in str(refusal.value)


def test_settings_keep_the_password_to_themselves(tmp_path: Path) -> None:
    settings = settings_at(1, bind_dn="cn=x", bind_password="bind-secret")
    assert "bind-secret" not in repr(settings)


# ---- who is signed in already

class Hall(Directory):
    """A directory that is asked without a network."""

    def __init__(self, settings: DirectorySettings, people: dict[str, Person | None]) -> None:
        super().__init__(settings)
        self.people, self.away = people, False

    async def present(self, username: str) -> Person | None:
        if self.away:
            raise DirectoryAway("no answer")
        return self.people.get(username)


async def test_whom_the_directory_lets_in_no_more_is_signed_out_and_others_follow_it(
        database: Database) -> None:
    names = ("gone", "outsider", "moved", "local")
    async with database.session() as session:
        users = [User(username=name, name=name, role=Role.AGENT, password_hash="",
                      source=Source.LOCAL if name == "local" else Source.DIRECTORY)
                 for name in names]
        session.add_all(users)
        await session.flush()
        tokens = {user.username: await open_session(session, user, timedelta(hours=1))
                  for user in users}
    hall = Hall(DirectorySettings(url="ldaps://ldap.example", base=BASE), {
        "outsider": Person("outsider", None), "moved": Person("搬家", Role.SUPERVISOR)})
    hall.away = True
    assert await recheck(database, hall) == 0              # silence signs nobody out
    async with database.session() as session:
        assert [each.kind for each in await open_alarms(session)] == [AlarmKind.DIRECTORY_LOST]
    hall.away = False
    assert await recheck(database, hall) == 2
    async with database.session() as session:
        assert await open_alarms(session) == []
        there = [name for name in names if await find_session(session, tokens[name])]
        moved = (await session.scalars(select(User).where(User.username == "moved"))).one()
        told = [(row.action, row.subject) for row in await session.scalars(
            select(AuditEvent).where(AuditEvent.actor == "directory").order_by(AuditEvent.id))]
    assert there == ["moved", "local"]
    assert (moved.name, moved.role) == ("搬家", Role.SUPERVISOR)
    assert sorted(told) == [("end-session", "user:gone"), ("end-session", "user:outsider"),
                            ("follow-directory", "user:moved")]


async def test_somebody_is_found_there_without_a_password(server: Slapd) -> None:
    directory = Directory(settings_of(server))
    person = await directory.present("lin")
    assert person
    assert (person.name, person.role) == ("林静", Role.AGENT)
    assert await directory.present("nobody") is None


@pytest.mark.parametrize(("attributes", "disabled"), [
    ({}, False), ({"useraccountcontrol": ("512",)}, False),
    ({"useraccountcontrol": ("514",)}, True), ({"nsaccountlock": ("TRUE",)}, True),
    ({"pwdaccountlockedtime": ("000001010000Z",)}, True),
    ({"pwdaccountlockedtime": ("20261129120000Z",)}, False)])
def test_an_account_that_is_disabled_there_is_known(attributes: dict[str, tuple[str, ...]],
                                                    disabled: bool) -> None:
    assert is_disabled(Entry("uid=lin", attributes)) is disabled
