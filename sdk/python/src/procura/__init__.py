"""Procura for Python."""

from ._session_token import SessionTokenError, sign_session_token

__all__ = ["SessionTokenError", "sign_session_token"]
