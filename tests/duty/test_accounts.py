"""Signing in, as attackers and tired officers do it."""

from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from bot.duty import accounts, one_time_codes
from bot.duty.accounts import AccountError, Gate, SignedIn, SignInError
from bot.duty.one_time_codes import Codes
from bot.store.models import Account, AuditEntry, SignIn
from bot.store.session import Store
from tests.world import FakeClock

PASSWORD = "三棵松树 下雨了"
WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))


@pytest.fixture
def codes(tmp_path: Path) -> Codes:
    """This installation's key for one-time codes."""
    return Codes(var_dir=tmp_path)


@pytest.fixture
def gate(store: Store, clock: FakeClock, codes: Codes) -> Gate:
    """A gate with one officer, 甲, who has changed the first password."""
    add(store, clock, "甲")
    return Gate(store, codes)


def add(store: Store, clock: FakeClock, name: str, role: str = "officer", password: str = PASSWORD) -> None:
    with store.transaction() as session:
        password_hash = accounts.hash_password(password)
        account = accounts.add(session, name, role, password_hash=password_hash, by="管理员", now=clock.now())
        account.must_change = False


def enter(gate: Gate, clock: FakeClock, name: str = "甲", password: str = PASSWORD, **more: str) -> str:
    given = {"code": "", "address": "10.0.0.1"} | more
    return gate.sign_in(name, password, given["code"], address=given["address"], now=clock.now())


def who(store: Store, clock: FakeClock, token: str) -> SignedIn | None:
    with store.reading() as session:
        return accounts.signed_in(session, accounts.token_hash(token), now=clock.now())


def log(store: Store) -> list[tuple[str, str, str]]:
    with store.reading() as session:
        return [
            (row.actor, row.action, row.subject)
            for row in session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))
        ]


def test_that_a_browser_is_signed_in_by_a_token_that_no_table_holds(store: Store, gate: Gate, clock: FakeClock) -> None:
    token = enter(gate, clock)
    signed_in = who(store, clock, token)
    assert signed_in
    assert (signed_in.actor.name, signed_in.actor.role) == ("甲", "officer")
    with store.reading() as session:
        (row,) = session.scalars(sa.select(SignIn))
        assert token not in (row.token_hash, "")
        assert PASSWORD not in session.scalars(sa.select(Account.password_hash)).one()
    assert who(store, clock, "x") is None
    assert log(store)[-1] == ("甲", "sign_in", "")


def test_that_a_browser_that_is_not_heard_from_and_one_that_is_too_old_are_signed_out(
    store: Store, gate: Gate, clock: FakeClock
) -> None:
    idle, busy = enter(gate, clock), enter(gate, clock)
    for _ in range(5):
        clock.advance(hours=7)
        with store.transaction() as session:
            accounts.heard_from(session, accounts.token_hash(busy), now=clock.now())
        assert who(store, clock, busy)
    assert who(store, clock, idle) is None
    clock.advance(hours=1)
    assert who(store, clock, busy) is None


def test_that_wrong_passwords_lock_the_account_for_longer_and_longer_and_the_right_one_waits_too(
    store: Store, gate: Gate, clock: FakeClock
) -> None:
    for _ in range(5):
        with pytest.raises(SignInError, match="名字、口令或动态口令不对"):
            enter(gate, clock, password="wrong")
    with pytest.raises(SignInError, match="请31秒后再试"):
        enter(gate, clock)
    clock.advance(seconds=30)
    with pytest.raises(SignInError, match="不对"):
        enter(gate, clock, password="wrong")
    clock.advance(seconds=59)
    with pytest.raises(SignInError, match="请2秒后再试"):
        enter(gate, clock)
    clock.advance(seconds=1)
    assert enter(gate, clock)
    with pytest.raises(SignInError, match="不对"):  # the count began anew
        enter(gate, clock, password="wrong")
    assert [action for _, action, _ in log(store)].count("sign_in_failed") == 7


def test_that_the_wait_has_an_end() -> None:
    assert accounts.wait_after(4) == timedelta(0)
    assert accounts.wait_after(5) == timedelta(seconds=30)
    assert accounts.wait_after(10_000) == timedelta(minutes=15)


def test_that_a_name_that_does_not_exist_behaves_like_one_that_does(
    store: Store, gate: Gate, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = []
    matches = accounts._matches
    monkeypatch.setattr(accounts, "_matches", lambda *given: checked.append(given) or matches(*given))
    told: dict[str, list[str]] = {}
    for name in ("甲", "没有这人"):
        for _ in range(6):
            with pytest.raises(SignInError) as refused:
                enter(gate, clock, name, "wrong", address=name)
            told.setdefault(name, []).append(str(refused.value))
    assert told["甲"] == told["没有这人"]
    assert len(checked) == 10  # a password was looked at for both, five times each
    assert ("系统", "sign_in_failed", "没有这人") not in log(store)  # it may be a password


def test_that_an_address_that_tries_many_names_is_kept_waiting(gate: Gate, clock: FakeClock) -> None:
    for number in range(20):
        with pytest.raises(SignInError, match="不对"):
            enter(gate, clock, f"名字{number}", "wrong")
    with pytest.raises(SignInError, match="再试"):
        enter(gate, clock)
    assert enter(gate, clock, address="10.0.0.2")


def test_that_a_hash_of_older_parameters_is_renewed_at_the_next_sign_in(
    store: Store, gate: Gate, clock: FakeClock
) -> None:
    with store.transaction() as session:
        session.execute(sa.update(Account).values(password_hash=WEAK.hash(PASSWORD)))
    enter(gate, clock)
    with store.reading() as session:
        assert "m=16,t=2" in session.scalars(sa.select(Account.password_hash)).one()
    assert enter(gate, clock)


def test_that_a_changed_password_signs_out_the_other_browsers(store: Store, gate: Gate, clock: FakeClock) -> None:
    here, there = enter(gate, clock), enter(gate, clock)
    me = who(store, clock, here)
    assert me
    for old, new, why in (
        ("wrong", "另一个很长的口令啊啊", "现在的口令不对"),
        (PASSWORD, "太短", "至少10个字符"),
        (PASSWORD, "aaaaaaaaaaaa", "不同的字符太少"),
        (PASSWORD, "甲是我我叫什么名字呢", "自己的名字"),
    ):
        with pytest.raises(AccountError, match=why):
            gate.change_password(me, old, new, now=clock.now())
    gate.change_password(me, PASSWORD, "另一个很长的口令呀呀", now=clock.now())
    assert who(store, clock, here)
    assert who(store, clock, there) is None
    with pytest.raises(SignInError):
        enter(gate, clock)
    assert enter(gate, clock, password="另一个很长的口令呀呀")


def test_that_a_one_time_code_counts_once(store: Store, gate: Gate, codes: Codes, clock: FakeClock) -> None:
    secret = one_time_codes.draw()
    totp = pyotp.TOTP(secret)
    with store.transaction() as session, pytest.raises(AccountError, match="动态口令不对"):
        accounts.enrol_codes(session, codes, "甲", secret, "", now=clock.now())
    with store.transaction() as session:
        accounts.enrol_codes(session, codes, "甲", secret, totp.at(clock.now()), now=clock.now())
    clock.advance(seconds=30)
    for wrong in ("", "000000", totp.at(clock.now() - timedelta(seconds=90))):
        with pytest.raises(SignInError):
            enter(gate, clock, code=wrong)
    code = totp.at(clock.now())
    assert enter(gate, clock, code=code)
    with pytest.raises(SignInError):
        enter(gate, clock, code=code)
    clock.advance(seconds=30)
    assert enter(gate, clock, code=totp.at(clock.now() + timedelta(seconds=30)))  # a telephone that goes ahead
    with store.transaction() as session:
        accounts.end_codes(session, "甲", by="甲", now=clock.now())
    assert enter(gate, clock)


def test_that_the_database_keeps_no_secret_of_one_time_codes(
    store: Store, gate: Gate, codes: Codes, clock: FakeClock
) -> None:
    secret = one_time_codes.draw()
    with store.transaction() as session:
        accounts.enrol_codes(session, codes, "甲", secret, pyotp.TOTP(secret).at(clock.now()), now=clock.now())
    assert secret not in kept_secret(store)


def test_that_a_secret_from_before_there_was_a_seal_is_sealed_at_its_next_use(
    store: Store, gate: Gate, clock: FakeClock
) -> None:
    secret = one_time_codes.draw()
    with store.transaction() as session:
        session.execute(sa.update(Account).values(totp_secret=secret))
    for _ in range(2):
        assert enter(gate, clock, code=pyotp.TOTP(secret).at(clock.now()))
        assert secret not in kept_secret(store)
        clock.advance(seconds=30)


def test_that_codes_sealed_under_another_secret_let_nobody_in_until_they_are_ended(
    store: Store, gate: Gate, codes: Codes, clock: FakeClock, tmp_path: Path
) -> None:
    add(store, clock, "乙")
    secret = one_time_codes.draw()
    code = pyotp.TOTP(secret).at(clock.now())
    with store.transaction() as session:
        accounts.enrol_codes(session, codes, "甲", secret, code, now=clock.now())
    other = Codes(var_dir=tmp_path, given="s" * 32)
    clock.advance(seconds=30)
    with pytest.raises(SignInError):
        enter(Gate(store, other), clock, code=pyotp.TOTP(secret).at(clock.now()))
    with store.transaction() as session:
        assert accounts.end_unreadable_codes(session, codes, by="管理员", now=clock.now()) == []
        assert accounts.end_unreadable_codes(session, other, by="管理员", now=clock.now()) == ["甲"]
    assert enter(Gate(store, other), clock)
    assert ("管理员", "account_totp", "甲") in log(store)


def kept_secret(store: Store) -> str:
    with store.reading() as session:
        kept = session.scalars(sa.select(Account.totp_secret).where(Account.name == "甲")).one()
    assert kept is not None
    return kept


def test_that_a_disabled_account_is_out_at_once_and_in_again_later(store: Store, gate: Gate, clock: FakeClock) -> None:
    token = enter(gate, clock)
    with store.transaction() as session:
        accounts.disable(session, "甲", by="管理员", now=clock.now())
    assert who(store, clock, token) is None
    with pytest.raises(SignInError):
        enter(gate, clock)
    with store.transaction() as session:
        accounts.disable(session, "甲", by="管理员", now=clock.now(), off=True)
    assert enter(gate, clock)


def test_that_a_reset_ends_locks_codes_and_sign_ins_and_asks_for_a_new_password(
    store: Store, gate: Gate, clock: FakeClock
) -> None:
    token = enter(gate, clock)
    for _ in range(5):
        with pytest.raises(SignInError):
            enter(gate, clock, password="wrong")
    first = accounts.draw_password()
    with store.transaction() as session:
        password_hash = accounts.hash_password(first)
        accounts.reset(session, "甲", password_hash=password_hash, by="管理员", now=clock.now())
    assert who(store, clock, token) is None
    signed_in = who(store, clock, enter(gate, clock, password=first))
    assert signed_in
    assert signed_in.must_change


def test_that_a_new_role_counts_at_once_and_the_last_administrator_stays(
    store: Store, gate: Gate, clock: FakeClock
) -> None:
    add(store, clock, "管理员", "administrator")
    token = enter(gate, clock)
    with store.transaction() as session:
        accounts.change_role(session, "甲", "leader", by="管理员", now=clock.now())
    signed_in = who(store, clock, token)
    assert signed_in
    assert signed_in.actor.role == "leader"
    for act in (
        lambda session: accounts.disable(session, "管理员", by="管理员", now=clock.now()),
        lambda session: accounts.change_role(session, "管理员", "officer", by="管理员", now=clock.now()),
    ):
        with store.transaction() as session, pytest.raises(AccountError, match="最后一个管理员"):
            act(session)


@pytest.mark.parametrize(
    ("name", "role", "why"),
    [("甲", "officer", "已经有"), ("", "officer", "1到64"), ("乙", "boss", "没有“boss”这种角色")],
)
def test_that_what_cannot_be_added_is_refused(
    store: Store, gate: Gate, clock: FakeClock, name: str, role: str, why: str
) -> None:
    with store.transaction() as session, pytest.raises(AccountError, match=why):
        accounts.add(session, name, role, password_hash="", by="管理员", now=clock.now())


def test_that_first_passwords_are_all_different_and_long() -> None:
    drawn = {accounts.draw_password() for _ in range(100)}
    assert len(drawn) == 100
    for password in drawn:
        accounts.check_password(password, "甲")


def test_that_demo_accounts_are_drawn_once(store: Store, clock: FakeClock, codes: Codes) -> None:
    people = [("甲", "officer"), ("管理员", "administrator")]
    for names in (people[:1], people):
        with store.transaction() as session:
            accounts.draw_demo(session, names, password="abcd-efgh", now=clock.now())
    gate = Gate(store, codes)
    assert all(enter(gate, clock, name, "abcd-efgh") for name, _ in people)
    assert [action for _, action, _ in log(store)].count("account_add") == 2


def test_that_demo_accounts_are_known_until_they_have_another_password(
    store: Store, clock: FakeClock, codes: Codes
) -> None:
    people = [("甲", "officer"), ("乙", "officer"), ("丙", "officer"), ("丁", "officer"), ("管理员", "administrator")]
    with store.transaction() as session:
        accounts.draw_demo(session, people, password="abcd-efgh", now=clock.now())
        accounts.add(session, "戊", "officer", password_hash="", by="管理员", now=clock.now())
        accounts.disable(session, "丙", by="管理员", now=clock.now())
        accounts.reset(session, "乙", password_hash="", by="管理员", now=clock.now())
    gate = Gate(store, codes)
    signed_in = who(store, clock, enter(gate, clock, "甲", "abcd-efgh"))
    assert signed_in
    gate.change_password(signed_in, "abcd-efgh", "一个新的长口令呀呀呀", now=clock.now())
    with store.reading() as session:
        assert set(accounts.left_of_demo(session)) == {"丁", "管理员"}
