"""The errors of the stack: one for people, one for a probe that found nothing usable."""


class StackError(Exception):
    """What went wrong in one clear line, and what to do about it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}\n  -> {remedy}")
        self.message = message
        self.remedy = remedy


class NotServingError(Exception):
    """A service's address does not answer as that service; the text says why."""


class LoginRefusedError(NotServingError):
    """The service is there and refuses the login, which waiting will not change."""
