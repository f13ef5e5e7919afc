"""Proof and secrecy of a callback: signatures, freshness, AES, and XML that cannot hurt the parser.

Source: WeChat official-account documentation, "Message encryption and decryption" (safe mode). wechatpy 1.8.18 does
the AES; what it leaves to its caller (constant-time comparison, replay guard, size and depth caps) is done here.
"""

import binascii
import hashlib
import hmac
import re
import secrets
import time
import xml.parsers.expat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from wechatpy.crypto import PrpCrypto, WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException

from bot.wechat.errors import ForbiddenError, MalformedError, TooLargeError

MAX_BODY_BYTES = 256 * 1024
"""Room for 20,000 Chinese characters, encrypted, and in compatibility mode once more in plain."""
MAX_AGE_SECONDS = 300
_MAX_DEPTH = 6
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TIMESTAMP = re.compile("[0-9]{1,12}")


@dataclass(frozen=True)
class Account:
    """One official account as its callback knows it. `mode` is "safe" (AES) or "plain" (loopback only)."""

    app_id: str
    token: str
    aes_key: str
    mode: Literal["safe", "plain"] = "safe"


def signature(*parts: str) -> str:
    """The platform's signature: SHA-1 in hex over the sorted, joined parts."""
    return hashlib.sha1(_bytes("".join(sorted(parts))), usedforsecurity=False).hexdigest()


def readable(text: str) -> str:
    """The text without what XML 1.0 cannot hold: control characters, non-characters and lone surrogates."""
    return _UNREADABLE.sub("", text)


def check_in(account: Account, query: Mapping[str, str], *, now: float) -> str:
    """Answer the platform's check-in GET: give `echostr` back when the signature proves who asks.

    Raises:
        ForbiddenError: wrong signature or stale timestamp.
    """
    _verify(query.get("signature", ""), account.token, query, now=now)
    return query.get("echostr", "")


def open_envelope(account: Account, query: Mapping[str, str], body: bytes, *, now: float) -> str:
    """Verify a callback POST and give the message's XML.

    Args:
        account: whose callback it is.
        query: the URL's parameters (signature, timestamp, nonce, msg_signature).
        body: the raw request body.
        now: the present Unix time in seconds.

    Raises:
        TooLargeError: more than `MAX_BODY_BYTES`.
        ForbiddenError: signature, timestamp or account is wrong.
        MalformedError: not XML, not decryptable, nested or declared in a way no message of the platform is.
    """
    if len(body) > MAX_BODY_BYTES:
        raise TooLargeError(f"the body exceeds {MAX_BODY_BYTES} bytes")
    if account.mode == "plain":
        _verify(query.get("signature", ""), account.token, query, now=now)
        return _guarded(_decode(body))
    # Without the platform's signature the body is nobody's: it is looked at only as far as its Encrypt field.
    encrypted = _encrypt_field(_decode(body))
    _verify(query.get("msg_signature", ""), account.token, query, encrypted, now=now)
    return _guarded(_decrypt(account, encrypted))


def seal_reply(account: Account, xml_text: str, *, now: float) -> str:
    """Encrypt and sign a passive reply (safe mode), or give it unchanged (plain mode)."""
    if account.mode == "plain":
        return xml_text
    crypto = WeChatCrypto(account.token, account.aes_key, account.app_id)
    sealed: str = crypto.encrypt_message(xml_text, secrets.token_hex(8), str(int(now)))
    return sealed


def seal_callback(account: Account, xml_text: str, *, now: float | None = None) -> tuple[dict[str, str], bytes]:
    """Play the platform: the query and body with which it would deliver this message (simulator, tests)."""
    timestamp, nonce = str(int(time.time() if now is None else now)), secrets.token_hex(8)
    query = {"timestamp": timestamp, "nonce": nonce, "signature": signature(account.token, timestamp, nonce)}
    if account.mode == "plain":
        return query, xml_text.encode()
    crypto = WeChatCrypto(account.token, account.aes_key, account.app_id)
    sealed = crypto.encrypt_message(xml_text, nonce, timestamp)
    encrypted = _encrypt_field(sealed)
    query |= {"encrypt_type": "aes", "msg_signature": signature(account.token, timestamp, nonce, encrypted)}
    body = f"<xml><ToUserName><![CDATA[{account.app_id}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    return query, body.encode()


def open_reply(account: Account, body: str) -> str:
    """Play the platform: decrypt a passive reply and check its signature.

    Raises:
        ForbiddenError: the reply is not signed with the account's token.
    """
    if account.mode == "plain" or not body.startswith("<"):
        return body
    fields = _fields(body, {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"})
    expected = signature(account.token, fields["TimeStamp"], fields["Nonce"], fields["Encrypt"])
    if not hmac.compare_digest(expected, fields["MsgSignature"]):
        raise ForbiddenError("the reply's signature is wrong")
    return _decrypt(account, fields["Encrypt"])


def _verify(given: str, token: str, query: Mapping[str, str], *more: str, now: float) -> None:
    timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    if not hmac.compare_digest(_bytes(signature(token, timestamp, nonce, *more)), _bytes(given)):
        raise ForbiddenError("the signature is wrong")
    if not _TIMESTAMP.fullmatch(timestamp) or abs(now - int(timestamp)) > MAX_AGE_SECONDS:
        raise ForbiddenError("the timestamp is stale")


def _bytes(text: str) -> bytes:
    """UTF-8, also of a lone surrogate: a query parameter that nobody can sign must not be an error of its own."""
    return text.encode(errors="surrogatepass")


def _guarded(xml_text: str) -> str:
    """A message that the parser may read. A control character that a resident pasted must not cost the message."""
    xml_text = readable(xml_text)
    guard_xml(xml_text)
    return xml_text


def _decode(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedError("the body is not UTF-8") from None


def _decrypt(account: Account, encrypted: str) -> str:
    key = binascii.a2b_base64(account.aes_key + "=")
    try:
        plain: str = PrpCrypto(key).decrypt(encrypted, account.app_id)
    except InvalidAppIdException:
        raise ForbiddenError("the message is for another account") from None
    except Exception:
        # wechatpy lets whatever the bytes provoke escape (binascii, struct, index, unicode, padding errors).
        raise MalformedError("the message cannot be decrypted with this EncodingAESKey") from None
    return plain


def _encrypt_field(xml_text: str) -> str:
    return _fields(xml_text, {"Encrypt"})["Encrypt"]


def _fields(xml_text: str, names: set[str]) -> dict[str, str]:
    """The text of these direct children of the root; each must occur exactly once."""
    found: dict[str, list[str]] = {name: [] for name in names}
    path: list[str] = []

    def start(name: str) -> None:
        path.append(name)
        if len(path) == 2 and name in found:
            found[name].append("")

    def text(data: str) -> None:
        if len(path) == 2 and path[1] in found:
            found[path[1]][-1] += data

    guard_xml(xml_text, start=start, text=text, end=path.pop)
    if wrong := sorted(name for name, values in found.items() if len(values) != 1):
        raise MalformedError(f"the XML must hold exactly one {' and one '.join(wrong)}")
    return {name: values[0] for name, values in found.items()}


def guard_xml(
    xml_text: str,
    *,
    start: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
    end: Callable[[], object] | None = None,
) -> None:
    """Walk XML once and refuse what no message of the platform contains: declarations, entities, deep nesting.

    The optional callbacks see each element's start (with its name), text and end.

    Raises:
        MalformedError: not well-formed, or one of the above.
    """
    parser = xml.parsers.expat.ParserCreate()
    depth = 0

    def on_start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise MalformedError("the XML is nested too deeply")
        if start:
            start(name)

    def on_end(_name: str) -> None:
        nonlocal depth
        depth -= 1
        if end:
            end()

    def refuse(*_: object) -> None:
        raise MalformedError("the XML declares a document type or entities")

    parser.StartElementHandler, parser.EndElementHandler = on_start, on_end
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    if text:
        parser.CharacterDataHandler = text
    try:
        parser.Parse(xml_text, True)
    except (xml.parsers.expat.ExpatError, UnicodeEncodeError, ValueError) as error:
        raise MalformedError(f"the body is not well-formed XML: {error}") from None
