"""What a new password must be, how long failures lock, and the codes of an authenticator app."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from followup.people import totp
from followup.people.lockout import ACCOUNT_FAILURES, LONGEST_LOCK, lock_after
from followup.people.passwords import generate_password
from followup.people.policy import Policy, Weakness, WeakPassword

POLICY = Policy(hospital=("和安医院", "Hean Hospital"))
NAMES = ("lin.jing", "林静护士")


@pytest.mark.parametrize(("password", "weakness"), [
    ("", Weakness.SHORT), ("elevenchars", Weakness.SHORT), ("水" * 3, Weakness.SHORT),
    ("x7" * 101, Weakness.LONG),
    ("lin.jing.lin.jing", Weakness.NAME), ("LinJing@LinJing", Weakness.NAME),
    ("linjinghushi88", Weakness.NAME), ("林静护士林静护士林静护士!", Weakness.NAME),
    ("Hean-Hospital-1", Weakness.HOSPITAL), ("heanyiyuan2026", Weakness.HOSPITAL),
    ("Password1234!", Weakness.COMMON), ("P@ssw0rdP@ssw0rd", Weakness.COMMON),
    ("welcome-admin-9", Weakness.COMMON), ("woaini-nihao-5", Weakness.COMMON),
    ("我爱你我爱你医院医院护士", Weakness.COMMON),
    ("aaaaaaaaaaaa", Weakness.REPEATED), ("xk7xk7xk7xk7", Weakness.REPEATED),
    ("123456789012", Weakness.SEQUENCE), ("qwertyuiop12", Weakness.SEQUENCE),
    ("1qaz2wsx3edc", Weakness.SEQUENCE), ("zyxwvutsrqpo", Weakness.SEQUENCE),
    ("19900101-2024", Weakness.COMMON),
])
def test_what_is_easily_guessed_is_refused_and_told(password: str, weakness: Weakness) -> None:
    with pytest.raises(WeakPassword) as refusal:
        POLICY.check(password, NAMES)
    assert refusal.value.weakness == weakness
    assert refusal.value.field == "password"
    assert not password or password not in refusal.value.message


@pytest.mark.parametrize("password", [
    "correct-horse-9", "kitchen table on the moon", "骑着蓝色自行车去买两斤桃子", "tk4-vm9q-rw2z",
    "my password is a blue bicycle", "linden tree, third floor"])
def test_length_is_what_counts(password: str) -> None:
    POLICY.check(password, NAMES)


def test_generated_passwords_differ_and_pass() -> None:
    made = {generate_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        POLICY.check(password, NAMES)


def test_the_hospital_s_own_length_counts() -> None:
    assert Policy(min_length=20).weakness("correct-horse-9") == Weakness.SHORT
    assert Policy(min_length=8).weakness("tk4-vm9q") is None


def test_locks_grow_and_have_an_end() -> None:
    assert lock_after(ACCOUNT_FAILURES - 1) is None
    locks = [lock_after(ACCOUNT_FAILURES + more) for more in range(5)]
    assert locks == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8, 16)]
    assert lock_after(10**9) == LONGEST_LOCK


# RFC 6238, appendix B, SHA-1, cut to six digits
RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.mark.parametrize(("second", "code"), [
    (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"),
    (20000000000, "353130")])
def test_codes_are_those_of_the_standard(second: int, code: str) -> None:
    at = datetime.fromtimestamp(second, UTC)
    assert totp.step_of(RFC_SECRET, code, at) == second // 30
    assert totp.step_of(RFC_SECRET, f"{code[:3]} {code[3:]}", at) == second // 30
    for late in (-30, 30):
        assert totp.step_of(RFC_SECRET, code, at + timedelta(seconds=late)) == second // 30
    for late in (-61, 61):
        assert totp.step_of(RFC_SECRET, code, at + timedelta(seconds=late)) is None


@pytest.mark.parametrize("code", ["", "05047", "0504711", "abcdef", "０５０４７１", "-50471",
                                  "050472"])
def test_what_is_no_code_fits_nothing(code: str) -> None:
    assert totp.step_of(RFC_SECRET, code, datetime.fromtimestamp(1111111111, UTC)) is None


def test_the_qr_code_names_the_hospital_and_the_user() -> None:
    secret = totp.new_secret()
    uri = totp.enrolment_uri(secret, "lin", "和安医院")
    assert uri.startswith("otpauth://totp/")
    assert f"secret={secret}" in uri
    assert "%E5%92%8C%E5%AE%89" in uri
    assert totp.grouped(secret).replace(" ", "") == secret
    assert len(secret) == 32
