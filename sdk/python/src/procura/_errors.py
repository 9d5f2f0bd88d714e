"""What is raised where an action may not be done. There is no other way to hear it: whoever catches nothing does nothing."""

from __future__ import annotations

from typing import Optional

from ._wire import VerifyAnswer

TIMEOUT = "TIMEOUT"
UNREACHABLE = "UNREACHABLE"
MALFORMED = "MALFORMED"
UNSIGNED = "UNSIGNED"


class ProcuraError(Exception):
    """Everything that this package raises of its own accord, but for ``ValueError`` and ``TypeError`` of its caller's."""

    code: Optional[str]
    """Why, for programs."""

    def __init__(self, message: str, code: Optional[str] = None) -> None:
        super().__init__(message)
        self.code = code


class _Answered(ProcuraError):
    code: str
    reason: str
    """Why, in one sentence with both values."""
    request_id: str
    """Names the decision and its trace."""
    decision: VerifyAnswer
    """The whole answer."""

    def __init__(self, answer: VerifyAnswer) -> None:
        super().__init__(answer["reason"], answer["code"])
        self.reason = answer["reason"]
        self.request_id = answer["requestId"]
        self.decision = answer


class ProcuraDenied(_Answered):
    """The answer is no."""


class ProcuraApprovalRequired(_Answered):
    """A person must approve this exact action first; ask the same again afterwards."""

    approval_id: Optional[str]
    approval_url: Optional[str]
    """Where the person decides."""
    expires_at: Optional[str]
    """Until when, as an RFC 3339 time."""

    def __init__(self, answer: VerifyAnswer) -> None:
        super().__init__(answer)
        self.approval_id = answer.get("approvalId")
        self.approval_url = answer.get("approvalUrl")
        self.expires_at = answer.get("expiresAt")


class ProcuraUnavailable(ProcuraError):
    """There is no answer that can be relied on. ``code`` is the server's, or TIMEOUT, UNREACHABLE, MALFORMED, UNSIGNED."""

    code: str
    status: Optional[int]
    """The HTTP status, where there was one."""
    request_id: Optional[str]

    def __init__(
        self, message: str, code: str, status: Optional[int] = None, request_id: Optional[str] = None
    ) -> None:
        super().__init__(message, code)
        self.status = status
        self.request_id = request_id


class ProcuraRefused(ProcuraUnavailable):
    """The server refused the request itself: the key, a field, a state."""

    status: int
    request_id: str
    fix: str
    """What to do next."""
    retry_after: float
    """After how many seconds the server may be asked again, where it says so; 0 where it does not."""

    def __init__(
        self, message: str, code: str, status: int, request_id: str, fix: str, *, retry_after: float = 0.0
    ) -> None:
        super().__init__(message, code, status, request_id)
        self.fix = fix
        self.retry_after = retry_after


class NothingDone(ProcuraError):
    """Raised by a guarded function that did nothing: what was reserved for it is released."""

    def __init__(self, message: str = "nothing was done") -> None:
        super().__init__(message, "NOTHING_DONE")
