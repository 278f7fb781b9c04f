"""A real OpenLDAP server on loopback, with a small hospital in it. Not installed: unpacked."""

from __future__ import annotations

import datetime
import ipaddress
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aftercall.loopback_ports import free_port
from aftercall.provision.asterisk import SUITE
from aftercall.provision.debtree import unpack
from aftercall.provision.paths import cache_dir

BASE = "dc=hean,dc=example"
READER, READER_PASSWORD = f"cn=reader,{BASE}", "reader-secret"
NURSES, CHIEFS = f"cn=护士,ou=groups,{BASE}", f"cn=chiefs (all),ou=groups,{BASE}"
PASSWORD = "ward-password-5"

_PEOPLE = f"""
dn: {BASE}
objectClass: organization
objectClass: dcObject
o: Hean
dc: hean

dn: {READER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: {READER_PASSWORD}

dn: ou=people,{BASE}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{BASE}
objectClass: organizationalUnit
ou: groups

dn: uid=lin,ou=people,{BASE}
objectClass: inetOrgPerson
uid: lin
cn: Lin Jing
sn: Lin
displayName: 林静
memberOf: {NURSES}
userPassword: {PASSWORD}

dn: cn=He (chief)\\, Ping,ou=people,{BASE}
objectClass: inetOrgPerson
uid: he
cn: He (chief), Ping
sn: He
memberOf: {CHIEFS}
userPassword: {PASSWORD}

dn: uid=stranger,ou=people,{BASE}
objectClass: inetOrgPerson
uid: stranger
cn: Stranger
sn: Stranger
userPassword: {PASSWORD}

dn: {NURSES}
objectClass: groupOfNames
cn: 护士
member: uid=lin,ou=people,{BASE}

dn: {CHIEFS}
objectClass: groupOfNames
cn: chiefs (all)
member: cn=He (chief)\\, Ping,ou=people,{BASE}
"""


@dataclass(frozen=True)
class Slapd:
    """Where it listens, and who signed its certificate."""

    port: int
    tls_port: int
    ca_file: Path


@contextmanager
def slapd(folder: Path) -> Iterator[Slapd]:
    """A server that runs; ProvisionError when Debian's package cannot be had."""
    tree = unpack(("slapd",), SUITE, cache_dir() / f"debian-{SUITE}-slapd", lambda _: None,
                  size="20 MB")
    _certificates(folder)
    (folder / "db").mkdir()
    schema = tree.root / "etc/ldap/schema"
    config = folder / "slapd.conf"
    config.write_text(f"""
include {schema}/core.schema
include {schema}/cosine.schema
include {schema}/inetorgperson.schema
modulepath {tree.root}/usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {folder}/slapd.pid
TLSCACertificateFile {folder}/ca.pem
TLSCertificateFile {folder}/server.pem
TLSCertificateKeyFile {folder}/server.key
disallow bind_anon
database mdb
suffix "{BASE}"
rootdn "cn=root,{BASE}"
directory {folder}/db
maxsize 16777216
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{READER}" read by * none
overlay memberof
""")
    entries = folder / "people.ldif"
    entries.write_text(_PEOPLE)
    environment = {**os.environ, "LANG": "C.UTF-8"}
    add = tree.command("slapd", "-T", "add", "-f", str(config), "-l", str(entries), "-o",
                       "schema-check=yes")
    subprocess.run(add, check=True, capture_output=True, env=environment)
    port, tls_port = free_port(), free_port()
    server = subprocess.Popen(
        tree.command("slapd", "-f", str(config), "-d", "0", "-h",
                     f"ldap://127.0.0.1:{port}/ ldaps://127.0.0.1:{tls_port}/"),
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(port, server)
        yield Slapd(port, tls_port, folder / "ca.pem")
    finally:
        server.terminate()
        server.wait(20)


def _certificates(folder: Path) -> None:
    """A CA in ca.pem, and a certificate for 127.0.0.1 that it signed."""
    now = datetime.datetime.now(datetime.UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hean CA")])

    def begun(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(ca_name)
                .public_key(public).serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(hours=1))
                .not_valid_after(now + datetime.timedelta(days=1)))

    ca = (begun(ca_name, ca_key.public_key())
          .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
          .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), False)
          .sign(ca_key, hashes.SHA256()))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "directory")])
    alternatives = x509.SubjectAlternativeName([
        x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    server = (begun(name, key.public_key()).add_extension(alternatives, critical=False)
              .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                  ca_key.public_key()), False)
              .sign(ca_key, hashes.SHA256()))
    (folder / "ca.pem").write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    (folder / "server.pem").write_bytes(server.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None, "slapd ended by itself"
        time.sleep(0.05)
    raise AssertionError("slapd does not listen")
