"""Accounts and sign-ins: who may use the console, with which password, from which browser, and for how long.

Passwords are kept as argon2id hashes with the library's parameters of RFC 9106's low-memory recommendation; a hash
made with older parameters is renewed at the next sign-in. Everything that changes an account is in the audit log.
"""

import hashlib
import secrets
import string
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from bot.duty import audit
from bot.duty.access import ROLES, Actor
from bot.duty.one_time_codes import Codes, is_shared_secret
from bot.store.models import Account, AuditEntry, SignIn
from bot.store.session import Store

IDLE = timedelta(hours=12)
"""A browser that has not been heard from for half a day is signed out; an open page is heard from."""
LASTS = timedelta(hours=36)
"""A sign-in ends after a shift of 24 hours and the hand-over, whatever happens."""
SEEN_EVERY = timedelta(minutes=5)
"""How exactly it is known when a browser was last heard from: a write each time would be many."""
PASSWORD_CHARACTERS = 10
_LONGEST_PASSWORD = 200
_NAME_CHARACTERS = 64
_FREE_FAILURES, _FREE_FAILURES_OF_ADDRESS = 5, 20
_FIRST_WAIT, _LONGEST_WAIT, _FORGOTTEN = timedelta(seconds=30), timedelta(minutes=15), timedelta(hours=1)
_REMEMBERED = 10_000
_DRAWN = string.ascii_lowercase.replace("l", "").replace("o", "") + "23456789"

_hasher = PasswordHasher()
# Each takes 64 MB and a core for a moment: a flood of attempts must not take the alarms' memory.
_hashing = threading.BoundedSemaphore(2)


class AccountError(Exception):
    """Something about an account that cannot be done; the text says why and what to do."""


class SignInError(Exception):
    """A sign-in that is refused; the text tells nobody whether the name exists."""


@dataclass(frozen=True)
class SignedIn:
    """A browser's sign-in: who it is, and what the table knows the browser by."""

    actor: Actor
    token_hash: str
    must_change: bool
    seen_at: datetime


@dataclass(frozen=True)
class AccountRow:
    """An account as the administrators' list shows it."""

    name: str
    role: str
    totp: bool
    must_change: bool
    locked_until: datetime | None
    disabled_at: datetime | None
    seen_at: datetime | None


# -- passwords --------------------------------------------------------------------------------------------------------


def draw_password() -> str:
    """A first password that can be read out over the telephone: 60 bits in three groups."""
    return "-".join("".join(secrets.choice(_DRAWN) for _ in range(4)) for _ in range(3))


def check_password(password: str, name: str) -> None:
    """Refuse a password that is easily guessed.

    Raises:
        AccountError: it is too short or too long, of too few different characters, or holds the name.
    """
    if len(password) < PASSWORD_CHARACTERS:
        raise AccountError(
            f"口令至少{PASSWORD_CHARACTERS}个字符，现在是{len(password)}个；几个不相干的词连起来，又长又好记"
        )
    if len(password) > _LONGEST_PASSWORD:
        raise AccountError(f"口令最多{_LONGEST_PASSWORD}个字符")
    if len(set(password)) < 5:
        raise AccountError("口令里不同的字符太少，容易被猜到")
    if name and name.casefold() in password.casefold():
        raise AccountError("口令里不要用自己的名字")


def hash_password(password: str) -> str:
    """The argon2id hash of a password; takes some 50 ms and 64 MB."""
    with _hashing:
        return _hasher.hash(password)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_hex(16))


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


# -- accounts ---------------------------------------------------------------------------------------------------------


def add(session: Session, name: str, role: str, *, password_hash: str, by: str, now: datetime) -> Account:
    """Add an account; its first password must be changed at the first sign-in.

    Raises:
        AccountError: the name is taken or cannot be recorded, or there is no such role.
    """
    name = name.strip()
    _check_role(role)
    if not 0 < len(name) <= _NAME_CHARACTERS or not name.isprintable():
        raise AccountError(f"名字要有1到{_NAME_CHARACTERS}个字")
    if _find(session, name) is not None:
        raise AccountError(f"已经有“{name}”这个账号")
    account = Account(name=name, role=role, password_hash=password_hash, must_change=True, created_at=now)
    session.add(account)
    audit.record(session, by, "account_add", now=now, subject=name, detail={"role": role})
    return account


def change_role(session: Session, name: str, role: str, *, by: str, now: datetime) -> None:
    """Give an account another role, at once for the browsers that are signed in.

    Raises:
        AccountError: no such account or role, or nobody could manage accounts any more.
    """
    _check_role(role)
    account = _named(session, name)
    if role == account.role:
        return
    if account.role == "administrator":
        _check_not_last(session, account)
    was, account.role = account.role, role
    audit.record(session, by, "account_role", now=now, subject=name, detail={"was": was, "now": role})


def reset(session: Session, name: str, *, password_hash: str, by: str, now: datetime) -> None:
    """Give an account a new first password; its lock and its one-time codes end, and so do its sign-ins.

    Raises:
        AccountError: no such account.
    """
    account = _named(session, name)
    account.password_hash, account.must_change = password_hash, True
    account.failures, account.locked_until = 0, None
    account.totp_secret = account.totp_step = None
    end_sign_ins(session, account)
    audit.record(session, by, "account_reset", now=now, subject=name)


def disable(session: Session, name: str, *, by: str, now: datetime, off: bool = False) -> None:
    """Let nobody in under this name any more, and sign out every browser; `off` lets them in again.

    Raises:
        AccountError: no such account, or nobody could manage accounts any more.
    """
    account = _named(session, name)
    if off:
        account.disabled_at = None
    else:
        if account.role == "administrator":
            _check_not_last(session, account)
        account.disabled_at = now
        end_sign_ins(session, account)
    audit.record(session, by, "account_enable" if off else "account_disable", now=now, subject=name)


def listed(session: Session) -> list[AccountRow]:
    """Every account in order of name, with when a browser of it was last heard from."""
    last = sa.select(sa.func.max(SignIn.seen_at)).where(SignIn.account_id == Account.id).scalar_subquery()
    query = sa.select(Account, last.label("seen_at")).order_by(Account.name)
    return [
        AccountRow(
            name=account.name,
            role=account.role,
            totp=account.totp_secret is not None,
            must_change=account.must_change,
            locked_until=account.locked_until,
            disabled_at=account.disabled_at,
            seen_at=seen_at,
        )
        for account, seen_at in session.execute(query)
    ]


def named(session: Session, name: str) -> Account | None:
    """The account of this name, if there is one, disabled or not."""
    return session.scalars(sa.select(Account).where(Account.name == name)).one_or_none()


def any_account(session: Session) -> bool:
    """Whether anybody can sign in at all."""
    return session.scalars(sa.select(Account.id).limit(1)).first() is not None


def draw_demo(session: Session, names: Iterable[tuple[str, str]], *, password: str, now: datetime) -> None:
    """Give the model station accounts for those of these (name, role) that have none, all with one password."""
    known = set(session.scalars(sa.select(Account.name)))
    new = [(name, role) for name, role in names if name not in known]
    password_hash = hash_password(password) if new else ""
    for name, role in new:
        account = add(session, name, role, password_hash=password_hash, by=audit.SYSTEM, now=now)
        account.must_change = False


def left_of_demo(session: Session) -> list[str]:
    """The names of the model station's accounts that still have the password from its sign-in page."""
    drawn = sa.select(AuditEntry.subject).where(AuditEntry.actor == audit.SYSTEM, AuditEntry.action == "account_add")
    changed = sa.select(AuditEntry.subject).where(AuditEntry.action.in_(("account_reset", "account_password")))
    left = sa.select(Account.name).where(
        Account.disabled_at.is_(None), Account.name.in_(drawn), Account.name.not_in(changed)
    )
    return list(session.scalars(left.order_by(Account.name)))


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise AccountError(f"没有“{role}”这种角色；可用的是{'、'.join(ROLES)}")


def _check_not_last(session: Session, account: Account) -> None:
    query = sa.select(Account.id).where(
        Account.role == "administrator", Account.disabled_at.is_(None), Account.id != account.id
    )
    if session.scalars(query.limit(1)).first() is None:
        raise AccountError(f"“{account.name}”是最后一个管理员，先给另一个人管理员角色")


def _find(session: Session, name: str) -> Account | None:
    query = sa.select(Account).where(Account.name == name).with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def _named(session: Session, name: str) -> Account:
    account = _find(session, name)
    if account is None:
        raise AccountError(f"没有“{name}”这个账号")
    return account


# -- signing in -------------------------------------------------------------------------------------------------------


class Throttle:
    """Failed attempts by key, in this process's memory; what has not failed for an hour is forgotten."""

    def __init__(self, free: int) -> None:
        self._free = free
        self._lock = threading.Lock()
        self._failures: OrderedDict[str, tuple[int, datetime]] = OrderedDict()

    def wait(self, key: str, *, now: datetime) -> timedelta:
        """How long the next attempt has to wait; zero for none."""
        with self._lock:
            failures, last = self._failures.get(key, (0, now))
        left: timedelta = last + wait_after(failures, self._free) - now
        return max(left, timedelta(0))

    def failed(self, key: str, *, now: datetime) -> None:
        """Count a failure."""
        with self._lock:
            failures, last = self._failures.pop(key, (0, now))
            self._failures[key] = (failures + 1 if now - last < _FORGOTTEN else 1, now)
            while len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)


def wait_after(failures: int, free: int = _FREE_FAILURES) -> timedelta:
    """How long to wait after so many failures in a row: nothing for the first few, then twice as long each time."""
    if failures < free:
        return timedelta(0)
    return min(_FIRST_WAIT * 2.0 ** min(failures - free, 20), _LONGEST_WAIT)


class Gate:
    """Where passwords are checked. Share one per process; it is safe between threads."""

    def __init__(self, store: Store, codes: Codes) -> None:
        self._store, self._codes = store, codes
        self._addresses = Throttle(_FREE_FAILURES_OF_ADDRESS)
        self._strangers = Throttle(_FREE_FAILURES)

    def sign_in(self, name: str, password: str, code: str, *, address: str, now: datetime) -> str:
        """Check name, password and one-time code and give the browser's new token.

        A name that does not exist takes as long and locks as one that does. While it is locked the right password
        does not help, so that nobody learns whether it was.

        Raises:
            SignInError: refused; the text says what to do.
            StoreUnavailableError: nothing can be checked now.
        """
        _check_wait(self._addresses.wait(address, now=now))
        with _hashing:  # the lock is looked at in here too: of many attempts at once, two at most see it open
            token = self._check(name.strip(), password, code, now=now)
        if token is None:
            self._addresses.failed(address, now=now)
            raise SignInError("名字、口令或动态口令不对")
        return token

    def _check(self, name: str, password: str, code: str, *, now: datetime) -> str | None:
        with self._store.reading() as session:
            account = session.scalars(sa.select(Account).where(Account.name == name)).one_or_none()
        if account is None:
            _check_wait(self._strangers.wait(name, now=now))
            _matches(_nobodys_hash(), password)
            self._strangers.failed(name, now=now)
            with self._store.transaction() as session:  # the name may be a password in the wrong field
                audit.record(session, audit.SYSTEM, "sign_in_failed", now=now)
            return None
        _check_wait((account.locked_until or now) - now)
        if not _matches(account.password_hash, password):
            self._refuse(name, now=now)
            return None
        renewed = _hasher.hash(password) if _hasher.check_needs_rehash(account.password_hash) else None
        return self._let_in(name, account.password_hash, code, renewed, now=now)

    def _let_in(self, name: str, checked: str, code: str, renewed: str | None, *, now: datetime) -> str | None:
        with self._store.transaction() as session:
            account = _named(session, name)
            unchanged = account.password_hash == checked and account.disabled_at is None
            token = secrets.token_urlsafe(32) if unchanged and _take_code(account, self._codes, code, now) else None
            if token:
                account.password_hash = renewed or account.password_hash
                account.failures, account.locked_until = 0, None
                session.add(SignIn(token_hash=token_hash(token), account_id=account.id, created_at=now, seen_at=now))
                audit.record(session, name, "sign_in", now=now)
        if token is None:
            self._refuse(name, now=now)
        return token

    def _refuse(self, name: str, *, now: datetime) -> None:
        with self._store.transaction() as session:
            account = _named(session, name)
            if account.locked_until is not None and now - account.locked_until > _FORGOTTEN:
                account.failures = 0
            account.failures += 1
            wait = wait_after(account.failures)
            account.locked_until = now + wait if wait else None
            audit.record(session, audit.SYSTEM, "sign_in_failed", now=now, subject=name)

    def change_password(self, signed_in: SignedIn, old: str, new: str, *, now: datetime) -> None:
        """Change one's own password; every other browser of the account is signed out.

        Raises:
            AccountError: the present one is wrong, or the new one is refused; the text says why.
        """
        name = signed_in.actor.name
        self.confirm(name, old, now=now)
        check_password(new, name)
        if new == old:
            raise AccountError("新口令和原来的一样")
        password_hash = hash_password(new)
        with self._store.transaction() as session:
            account = _named(session, name)
            account.password_hash, account.must_change = password_hash, False
            end_sign_ins(session, account, but=signed_in.token_hash)
            audit.record(session, name, "account_password", now=now, subject=name)

    def confirm(self, name: str, password: str, *, now: datetime) -> None:
        """Ask for the password again before something grave; failures count like those of a sign-in.

        Raises:
            AccountError: it is wrong.
        """
        with _hashing:
            with self._store.reading() as session:
                account = session.scalars(sa.select(Account).where(Account.name == name)).one()
            try:
                _check_wait((account.locked_until or now) - now)
            except SignInError as error:
                raise AccountError(str(error)) from None
            if not _matches(account.password_hash, password):
                self._refuse(name, now=now)
                raise AccountError("现在的口令不对")


def _check_wait(wait: timedelta) -> None:
    if wait > timedelta(0):
        seconds = int(wait.total_seconds()) + 1
        told = f"{seconds}秒" if seconds <= 60 else f"{-(-seconds // 60)}分钟"
        raise SignInError(f"错了太多次，请{told}后再试；着急请找管理员重置口令")


def token_hash(token: str) -> str:
    """What the table knows a browser's token by."""
    return hashlib.sha256(token.encode()).hexdigest()


def signed_in(session: Session, hashed: str, *, now: datetime) -> SignedIn | None:
    """The sign-in of a token's hash; None when there is none (any more)."""
    query = (
        sa.select(Account.name, Account.role, Account.must_change, SignIn.seen_at)
        .join(SignIn, SignIn.account_id == Account.id)
        .where(
            SignIn.token_hash == hashed,
            SignIn.seen_at > now - IDLE,
            SignIn.created_at > now - LASTS,
            Account.disabled_at.is_(None),
        )
    )
    row = session.execute(query).one_or_none()
    return row and SignedIn(Actor(row.name, row.role), hashed, row.must_change, row.seen_at)


def heard_from(session: Session, hashed: str, *, now: datetime) -> None:
    """Note that a browser was heard from."""
    session.execute(sa.update(SignIn).where(SignIn.token_hash == hashed).values(seen_at=now))


def sign_out(session: Session, signed_in: SignedIn, *, now: datetime) -> None:
    """End a browser's sign-in."""
    session.execute(sa.delete(SignIn).where(SignIn.token_hash == signed_in.token_hash))
    audit.record(session, signed_in.actor.name, "sign_out", now=now)


def end_sign_ins(session: Session, account: Account, *, but: str = "") -> None:
    """Sign out every browser of an account, but the one of this token's hash."""
    session.execute(sa.delete(SignIn).where(SignIn.account_id == account.id, SignIn.token_hash != but))


# -- one-time codes ---------------------------------------------------------------------------------------------------


def enrol_codes(session: Session, codes: Codes, name: str, secret: str, code: str, *, now: datetime) -> None:
    """Ask for a one-time code at each sign-in from now on, once the authenticator has shown that it makes right ones.

    Raises:
        AccountError: the code is not the secret's.
    """
    if not is_shared_secret(secret):
        raise AccountError("密钥不完整，请重新打开这一页")
    account = _named(session, name)
    account.totp_secret, account.totp_step = codes.seal(secret), None
    if not code or not _take_code(account, codes, code, now):
        raise AccountError("动态口令不对，请看手机上现在的6位数字；手机时间也要准")
    audit.record(session, name, "account_totp", now=now, subject=name, detail={"on": True})


def end_codes(session: Session, name: str, *, by: str, now: datetime) -> None:
    """Ask for no one-time code any more."""
    account = _named(session, name)
    account.totp_secret = account.totp_step = None
    audit.record(session, by, "account_totp", now=now, subject=name, detail={"on": False})


def end_unreadable_codes(session: Session, codes: Codes, *, by: str, now: datetime) -> list[str]:
    """End the codes that this installation cannot check, so that nobody is locked out for good; whose they were."""
    query = sa.select(Account.name, Account.totp_secret).where(Account.totp_secret.is_not(None)).order_by(Account.name)
    names = [name for name, kept in session.execute(query) if kept and not codes.opens(kept)]
    for name in names:
        end_codes(session, name, by=by, now=now)
    return names


def has_codes(session: Session, name: str) -> bool:
    """Whether a one-time code is asked for."""
    return session.scalars(sa.select(Account.totp_secret).where(Account.name == name)).one_or_none() is not None


def _take_code(account: Account, codes: Codes, code: str, now: datetime) -> bool:
    """Whether a code is right; it counts once."""
    if account.totp_secret is None:
        return True
    step = codes.step(account.totp_secret, code, after=account.totp_step, now=now)
    if step is None:
        return False
    account.totp_step = step
    if is_shared_secret(account.totp_secret):  # enrolled before secrets were sealed
        account.totp_secret = codes.seal(account.totp_secret)
    return True
