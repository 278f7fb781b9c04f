"""One short conversation with an LDAP directory over asyncio; sansldap knows the protocol.

Nothing here blocks the event loop, and the caller's time-out ends everything: connecting, TLS,
a server that says nothing.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import sansldap
from sansldap import LDAPResultCode as Code

from followup.errors import Unavailable
from followup.sign_in_settings import DirectorySettings

_LARGEST_ANSWER = 1 << 20                # bytes that one conversation may receive
_REFUSED = frozenset({Code.INVALID_CREDENTIALS, Code.INAPPROPRIATE_AUTHENTICATION,
                      Code.UNWILLING_TO_PERFORM, Code.CONSTRAINT_VIOLATION, Code.NO_SUCH_OBJECT,
                      Code.INVALID_DN_SYNTAX, Code.INSUFFICIENT_ACCESS_RIGHTS})


class DirectoryAway(Unavailable):
    """The hospital's directory does not answer, or not as it should."""

    id = "directory-away"


@dataclass(frozen=True)
class Entry:
    """What a search found; attributes by lower-case name."""

    dn: str
    attributes: Mapping[str, tuple[str, ...]]


@asynccontextmanager
async def connected(settings: DirectorySettings) -> AsyncIterator[Connection]:
    """A connection, encrypted as the settings say; DirectoryAway when anything goes wrong in it
    or takes longer than ``timeout_s`` all together."""
    connection = Connection()
    try:
        async with asyncio.timeout(settings.timeout_s):
            await connection.open(settings)
            yield connection
    except TimeoutError as error:
        raise DirectoryAway(f"no answer within {settings.timeout_s:g} s") from error
    except ssl.SSLCertVerificationError as error:
        raise DirectoryAway(f"its certificate is not trusted: {error.verify_message}") from error
    except OSError as error:
        raise DirectoryAway(error.strerror or type(error).__name__) from error
    except (sansldap.LDAPError, ValueError, LookupError) as error:
        raise DirectoryAway(f"it does not speak LDAP: {type(error).__name__}") from error
    finally:
        connection.close()


class Connection:
    """Binds and searches, one after another."""

    def __init__(self) -> None:
        self._session = sansldap.LDAPClient()
        self._received = 0
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self, settings: DirectorySettings) -> None:
        """Connect, and encrypt."""
        tls = None
        if settings.encrypted:
            tls = await asyncio.to_thread(_tls, settings)
        at_once = settings.encrypted == "tls"
        self._reader, self._writer = await asyncio.open_connection(
            settings.host, settings.port, ssl=tls if at_once else None)
        if tls is not None and not at_once:
            await self._start_tls(tls, settings.host)

    async def bind(self, dn: str, password: str) -> bool:
        """Are these right? An empty password would be a bind as nobody, and is not sent."""
        if not password:
            return False
        self._session.bind_simple(dn, password)
        answer = (await self._answers())[-1]
        if not isinstance(answer, sansldap.BindResponse):
            raise DirectoryAway("it does not answer a bind with one")
        code = answer.result.result_code
        if code is not Code.SUCCESS and code not in _REFUSED:
            raise DirectoryAway(f"it answers {code.name}")
        return code is Code.SUCCESS

    async def search(self, base: str, query: str, attributes: Sequence[str], *,
                     limit: int = 0, here: bool = False) -> list[Entry]:
        """Entries under ``base`` (``here``: itself alone) that ``query`` fits, at most ``limit``
        of them; a base that does not exist has none."""
        scope = sansldap.SearchScope.BASE if here else sansldap.SearchScope.SUBTREE
        self._session.search_request(base, scope, size_limit=limit, attributes=list(attributes),
                                     filter=sansldap.LDAPFilter.from_string(query))
        answers = await self._answers()
        done = answers[-1]
        assert isinstance(done, sansldap.SearchResultDone)
        code = done.result.result_code
        if code not in (Code.SUCCESS, Code.SIZE_LIMIT_EXCEEDED, Code.NO_SUCH_OBJECT):
            raise DirectoryAway(f"it answers {code.name} to a search")
        return [Entry(answer.object_name, {
                    each.name.lower(): tuple(value.decode("utf-8", "replace")
                                             for value in each.values)
                    for each in answer.attributes})
                for answer in answers if isinstance(answer, sansldap.SearchResultEntry)]

    def close(self) -> None:
        """Gone at once: nobody waits for the other side's good-bye."""
        if self._writer is not None:
            self._writer.transport.abort()

    async def _start_tls(self, tls: ssl.SSLContext, host: str) -> None:
        assert self._writer is not None
        self._session.extended_request(sansldap.ExtendedOperations.LDAP_START_TLS.value)
        answers = await self._answers()
        done = answers[0]
        if len(answers) != 1 or not isinstance(done, sansldap.ExtendedResponse) \
                or done.result.result_code is not Code.SUCCESS:
            raise DirectoryAway("it refuses StartTLS")
        # whatever else came in clear is dropped with the session that holds it
        self._session = sansldap.LDAPClient()
        await self._writer.start_tls(tls, server_hostname=host)

    async def _answers(self) -> list[sansldap.LDAPMessage]:
        """Send what is to be sent; everything received up to the answer that ends it."""
        assert self._reader is not None
        assert self._writer is not None
        self._writer.write(self._session.data_to_send())
        await self._writer.drain()
        answers: list[sansldap.LDAPMessage] = []
        while not answers or isinstance(answers[-1], (sansldap.SearchResultEntry,
                                                      sansldap.SearchResultReference)):
            data = await self._reader.read(_LARGEST_ANSWER)
            self._received += len(data)
            if not data or self._received > _LARGEST_ANSWER:
                raise DirectoryAway("it hung up" if not data else "it says too much")
            answers += self._session.receive(data)
        return answers


def _tls(settings: DirectorySettings) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.ca_file)
