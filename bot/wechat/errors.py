"""What can be wrong with a callback or an API call."""


class CallbackError(Exception):
    """A request that is not a usable callback of the platform; `status` is the HTTP status to answer with."""

    status = 400


class ForbiddenError(CallbackError):
    """The signature, the age or the account id does not prove that the platform sent it."""

    status = 403


class MalformedError(CallbackError):
    """The signature is right or absent, but what it carries cannot be read."""


class TooLargeError(CallbackError):
    """The body is larger than any message of the platform."""

    status = 413


class IncompleteError(CallbackError):
    """The body did not arrive in the time in which the platform waits for an answer."""

    status = 408


class PlatformError(Exception):
    """The platform refused an API call; `code` is its errcode, 0 when it did not answer in its own form."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"errcode {code}: {reason}")
        self.code = code
