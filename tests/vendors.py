"""The vendors of group robots and telephone calls, played: each answers as the real one does, verifies what the real
one verifies, keeps the real one's limits, and fails on a request that nobody planned."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.world import Answer, Asked, FakeClock, FakeServer

SECRET = "SEC-of-the-robot"
KEY = "key-of-the-robot"


class Robot:
    """A group robot. `said` holds what its group read, `refused` how often it was too much; `status` other than 200
    plays a server that is broken."""

    kind = ""
    path = ""
    limits: tuple[tuple[int, timedelta], ...] = ()
    mute = timedelta(0)

    def __init__(self, clock: FakeClock) -> None:
        self.clock, self.status = clock, 200
        self.said: list[dict[str, Any]] = []
        self.refused = 0
        self._sent: list[datetime] = []
        self._mute_until = clock.now()
        self.server = FakeServer(self._respond)

    @property
    def host(self) -> str:
        return self.server.url.removeprefix("http://")

    @property
    def channel(self) -> str:
        raise NotImplementedError

    def _respond(self, asked: Asked) -> Answer:
        assert (asked.method, asked.path) == ("POST", self.path), f"a request that nobody planned: {asked}"
        if self.status != 200:
            return Answer(self.status)
        problem = self._problem(asked, asked.json())
        if problem is None and self._too_much():
            self.refused += 1
            problem = self.busy()
        if problem is None:
            self.said.append(asked.json())
        return Answer(body=json.dumps(problem or self.thanks()).encode())

    def _too_much(self) -> bool:
        now = self.clock.now()
        recent = [sum(1 for at in self._sent if at > now - span) >= most for most, span in self.limits]
        if any(recent):
            self._mute_until = now + self.mute
        if now < self._mute_until or any(recent):
            return True
        self._sent.append(now)
        return False

    def _problem(self, asked: Asked, body: dict[str, Any]) -> dict[str, Any] | None:
        raise NotImplementedError

    def busy(self) -> dict[str, Any]:
        raise NotImplementedError

    def thanks(self) -> dict[str, Any]:
        return {"errcode": 0, "errmsg": "ok"}

    def texts(self) -> list[str]:
        return [body["text"]["content"] for body in self.said]

    def close(self) -> None:
        self.server.close()


class WeCom(Robot):
    kind, path = "wecom", "/cgi-bin/webhook/send"
    limits = ((20, timedelta(minutes=1)),)

    @property
    def channel(self) -> str:
        return f"wecom+{self.server.url}{self.path}?key={KEY}"

    def _problem(self, asked: Asked, body: dict[str, Any]) -> dict[str, Any] | None:
        if asked.query.get("key") != KEY:
            return {"errcode": 93000, "errmsg": "invalid webhook url, hint: [1]"}
        assert body["msgtype"] == "text"
        if len(body["text"]["content"].encode()) > 2048:
            return {"errcode": 40058, "errmsg": "text.content exceed max length 2048"}
        assert all(re.fullmatch(r"@all|\d{11}", one) for one in body["text"]["mentioned_mobile_list"])
        return None

    def busy(self) -> dict[str, Any]:
        return {"errcode": 45009, "errmsg": "api freq out of limit"}


class DingTalk(Robot):
    kind, path = "dingtalk", "/robot/send"
    limits = ((20, timedelta(minutes=1)),)
    mute = timedelta(minutes=10)

    @property
    def channel(self) -> str:
        return f"dingtalk+{self.server.url}{self.path}?access_token={KEY}&secret={SECRET}"

    def _problem(self, asked: Asked, body: dict[str, Any]) -> dict[str, Any] | None:
        assert "secret" not in asked.query, "the secret itself went out"
        if asked.query.get("access_token") != KEY:
            return {"errcode": 300005, "errmsg": "token is not exist"}
        timestamp = asked.query["timestamp"]
        age = abs(self.clock.now().timestamp() * 1000 - int(timestamp))
        expected = hmac.new(SECRET.encode(), f"{timestamp}\n{SECRET}".encode(), hashlib.sha256).digest()
        if age > 3_600_000 or base64.b64decode(asked.query["sign"]) != expected:
            return {"errcode": 310000, "errmsg": "sign not match"}
        assert body["msgtype"] == "text"
        assert set(body["at"]) <= {"atMobiles", "isAtAll"}
        return None

    def busy(self) -> dict[str, Any]:
        return {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}


class Feishu(Robot):
    kind, path = "feishu", "/open-apis/bot/v2/hook/of-the-group"
    limits = ((100, timedelta(minutes=1)), (5, timedelta(seconds=1)))

    @property
    def channel(self) -> str:
        return f"feishu+{self.server.url}{self.path}?secret={SECRET}"

    def _problem(self, asked: Asked, body: dict[str, Any]) -> dict[str, Any] | None:
        assert asked.query == {}, "the secret itself went out"
        key = f"{body['timestamp']}\n{SECRET}".encode()
        expected = base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
        if abs(self.clock.now().timestamp() - int(body["timestamp"])) > 3600 or body["sign"] != expected:
            return {"code": 19021, "msg": "sign match fail or timestamp is not within one hour from current time"}
        assert body["msg_type"] == "text"
        return None

    def busy(self) -> dict[str, Any]:
        return {"code": 11232, "msg": "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]"}

    def thanks(self) -> dict[str, Any]:
        return {"code": 0, "msg": "success", "data": {}}

    def texts(self) -> list[str]:
        return [body["content"]["text"] for body in self.said]


ROBOTS: tuple[Callable[[FakeClock], Robot], ...] = (WeCom, DingTalk, Feishu)


class TencentVoice:
    """腾讯云 语音消息: verifies the SDK's TC3 signature. `calls` holds what was asked for; `error` refuses,
    `before` is what happens while it rings."""

    secret_id, secret_key = "AKID0123456789", "key0123456789"
    token = "of-the-callback-0123"

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.error = ""
        self.before: Callable[[Asked], None] = lambda _asked: None
        self.server = FakeServer(self._respond)

    @property
    def channel(self) -> str:
        host = self.server.url.removeprefix("http://")
        options = f"app=1400000001&template=10001&token={self.token}"
        return f"voice+tencent+http://{self.secret_id}:{self.secret_key}@{host}/?{options}"

    def _respond(self, asked: Asked) -> Answer:
        assert (asked.method, asked.path, asked.headers["x-tc-action"]) == ("POST", "/", "SendTtsVoice")
        assert asked.headers["x-tc-version"] == "2020-09-02"
        if self._signature(asked) not in asked.headers["authorization"]:
            return self._answer({"Error": {"Code": "AuthFailure.SignatureFailure", "Message": "signature"}})
        if self.error:
            return self._answer({"Error": {"Code": self.error, "Message": f"for {asked.json()['CalledNumber']}"}})
        self.before(asked)
        self.calls.append(asked.json())
        context = asked.json()["SessionContext"]
        return self._answer({"SendStatus": {"CallId": f"call-{len(self.calls)}", "SessionContext": context}})

    def _answer(self, response: dict[str, Any]) -> Answer:
        return Answer(body=json.dumps({"Response": {**response, "RequestId": "r"}}).encode())

    def _signature(self, asked: Asked) -> str:
        found = re.search(
            r"Credential=(\S+?)/(\S+?)/vms/tc3_request, SignedHeaders=(\S+?),", asked.headers["authorization"]
        )
        assert found, asked.headers["authorization"]
        assert found[1] == self.secret_id
        date, signed = found[2], found[3]
        headers = "".join(f"{name}:{asked.headers[name].lower()}\n" for name in signed.split(";"))
        canonical = f"POST\n/\n\n{headers}\n{signed}\n{hashlib.sha256(asked.body).hexdigest()}"
        scope = f"{date}/vms/tc3_request"
        told = f"TC3-HMAC-SHA256\n{asked.headers['x-tc-timestamp']}\n{scope}\n"
        told += hashlib.sha256(canonical.encode()).hexdigest()
        key = f"TC3{self.secret_key}".encode()
        for part in (date, "vms", "tc3_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return hmac.new(key, told.encode(), hashlib.sha256).hexdigest()

    def close(self) -> None:
        self.server.close()
