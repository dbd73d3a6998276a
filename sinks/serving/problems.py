"""What somebody reads whose request cannot be answered: RFC 9457, with a way out in every detail.

Decides the words of every refusal. Must never repeat an identifier or a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from sinks.serving.reader import CopyMissing

MEDIA = "application/problem+json"
RETRY_SECONDS = "5"


class ProblemDocument(BaseModel):
    """Why a request was not answered (RFC 9457)."""

    type: str = Field(description="What happened, for programs.", examples=["urn:rundum:unknown_kind"])
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What happened and what to do, for people.")
    field: str | None = Field(None, description="The part of the request that is wrong, if one is.")


class Problem(Exception):
    """A request that is not answered. `kind` is for programs, `detail` says what to do."""

    def __init__(
        self, status: HTTPStatus, kind: str, detail: str, field: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """`field` is the part of the request that is wrong."""
        super().__init__(detail)
        self.status, self.kind, self.detail, self.field, self.headers = status, kind, detail, field, headers

    def answer(self) -> JSONResponse:
        """The document."""
        document: dict[str, Any] = {
            "type": f"urn:rundum:{self.kind}", "title": self.status.phrase, "status": self.status.value,
            "detail": self.detail,
        }  # fmt: skip
        if self.field:
            document["field"] = self.field
        headers = {"Cache-Control": "no-store", **(self.headers or {})}
        return JSONResponse(document, self.status.value, headers, MEDIA)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the OpenAPI document says of refusals."""
    content = {MEDIA: {"schema": ProblemDocument.model_json_schema()}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in (401, 403, 422, 503, *statuses)
    }


def unreadable(why: str) -> Problem:
    """There is nothing to answer from at the moment."""
    headers = {"Retry-After": RETRY_SECONDS}
    return Problem(HTTPStatus.SERVICE_UNAVAILABLE, "no_copy", why, headers=headers)


def make_answer_problems(app: FastAPI) -> None:
    """Lets an app answer every failure by a document."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(CopyMissing, _missing)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _failed)


async def _problem(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    return error.answer()


async def _missing(_: Request, error: Exception) -> JSONResponse:
    return unreadable(str(error)).answer()


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = str(first["loc"][-1])
    detail = f"{field}: {first['msg'][:1].lower()}{first['msg'][1:]}"
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, field).answer()


async def _refused(request: Request, error: Exception) -> JSONResponse:
    """What the router refuses: no such path, or another method."""
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{request.method} is not possible here; everything is read with GET"
    else:
        detail = "there is nothing at this path; /openapi.json lists what there is"
    kind = HTTPStatus(error.status_code).name.lower()
    return Problem(HTTPStatus(error.status_code), kind, detail, headers=error.headers).answer()


async def _failed(_: Request, error: Exception) -> JSONResponse:
    detail = f"the API failed ({type(error).__name__}); its own messages say where, try again or report it"
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "failed", detail).answer()
