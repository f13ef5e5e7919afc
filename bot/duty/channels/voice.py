"""A telephone call by 腾讯云 语音消息, through the vendor's own SDK; the officer acknowledges with a key.

Source: the vendor's API SendTtsVoice (version 2020-09-02) and cloud.tencent.com/document/product/1128/51535 (the key
that was pressed, which `/voice/callback/{token}` of the gateway takes). Why this vendor: docs/adr/004-libraries.md.
"""

from datetime import timedelta
from urllib.parse import unquote, urlsplit

from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.vms.v20200902.models import SendTtsVoiceRequest
from tencentcloud.vms.v20200902.vms_client import VmsClient

from bot.addresses import PageChannel
from bot.duty.channels.base import CHINA, SEND_TIMEOUT_SECONDS, ChannelError, Message, RateLimitedError, Threads

_PLAYED = 2
_REST = timedelta(seconds=30)


class VoiceChannel:
    """Calls an officer's mobile and reads the template out, with the kind of alarm as {1} and the case as {2}."""

    rate = None

    def __init__(self, channel: PageChannel, threads: Threads) -> None:
        parts, options = urlsplit(channel.address), channel.query
        profile = HttpProfile(
            protocol="http" if parts.scheme == "tencent+http" else "https",
            endpoint=parts.netloc.rpartition("@")[2],
            reqTimeout=SEND_TIMEOUT_SECONDS,
        )
        credential = Credential(unquote(parts.username or ""), unquote(parts.password or ""))
        region = options.get("region", "ap-guangzhou")
        self._client = VmsClient(credential, region, ClientProfile(httpProfile=profile))
        self._app, self._template = options["app"], options["template"]
        self._threads = threads

    async def send(self, message: Message) -> str:
        """Have the officer called; gives the number of the call, by which the pressed key will be known."""
        (officer,) = message.officers or (None,)
        if officer is None or officer.mobile is None:
            raise ChannelError(f"{message.body['officer']} has no mobile in the duty file")
        mobile = officer.mobile if officer.mobile.startswith("+") else CHINA + officer.mobile
        return await self._threads.run(lambda: self._call(mobile, message), urgent=message.urgent)

    def _call(self, mobile: str, message: Message) -> str:
        request = SendTtsVoiceRequest()
        request.TemplateId, request.VoiceSdkAppid, request.CalledNumber = self._template, self._app, mobile
        request.TemplateParamSet = [message.kind, str(message.body["case_id"])]
        request.PlayTimes, request.SessionContext = _PLAYED, str(message.page_id)
        try:
            return str(self._client.SendTtsVoice(request).SendStatus.CallId)
        except TencentCloudSDKException as problem:
            reason = f"the vendor did not call ({problem.get_code()})"
            if "LimitExceeded" in str(problem.get_code()):
                raise RateLimitedError(reason, _REST) from None
            raise ChannelError(reason) from None
