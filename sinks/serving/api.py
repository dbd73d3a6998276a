"""The API: segments for those who pull, customers for personalisation.

Decides the paths, and what a token's scope lets through. Must never read but the serving copy, nor change
anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, NoReturn
from uuid import UUID

from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRouter
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from schemas.conform import near
from schemas.identifiers import Kind
from sinks.serving import shapes
from sinks.serving.accesses import Logged, Write, hidden, note
from sinks.serving.cursors import (
    BadCursor,
    ChangePlace,
    MemberPlace,
    change_place,
    cursor_of,
    member_place,
    store_of,
)  # fmt: skip
from sinks.serving.problems import Problem, documented, make_answer_problems
from sinks.serving.reader import CopyMissing, CopyReader, Forgotten, Page
from sinks.serving.tables import CUSTOMER_ID
from sinks.serving.tokens import CUSTOMERS, SEGMENTS, Grant, grant_of
from streams.core.normalise import normalise

MOST = 1_000
BLOCKED = {
    "empty": "is empty; put it behind the kind in the path",
    "too_long": "is too long to identify anybody",
    "not_an_address": "is no e-mail address; write it like anna@example.de",
    "not_a_number": "is no phone number; write it like +4930123456",
    "nobody": "stands for nobody: forms and exports write such values where there is no identifier",
}
HEADERS = {"Cache-Control": "no-store"}
BEARER = HTTPBearer(auto_error=False, description="Made by `rundum api token NAME`.")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most.")]
After = Annotated[str | None, Query(description="The cursor that the page before gave.")]
router = APIRouter(prefix="/v1")


def make_api(reader: CopyReader, kinds: Mapping[str, Kind], grants: Sequence[Grant], write: Write) -> FastAPI:
    """The app. Its documentation is /openapi.json alone: a page for it would load code from elsewhere."""
    app = FastAPI(
        title="Rundum", version="1", docs_url=None, redoc_url=None,
        summary="Segments and customers, as they are now.",
    )  # fmt: skip
    app.state.reader, app.state.kinds, app.state.grants = reader, kinds, grants
    make_answer_problems(app)
    app.add_middleware(Logged, write=write)
    app.include_router(router)
    return app


async def _bearer(request: Request, bearer: Bearer) -> Grant:
    grant = grant_of(request.app.state.grants, bearer.credentials) if bearer else None
    if not grant:
        detail = "this token is not known" if bearer else "there is no token"
        raise Problem(
            HTTPStatus.UNAUTHORIZED, "no_token", headers={"WWW-Authenticate": 'Bearer realm="rundum"'},
            detail=f"{detail}; send the header Authorization: Bearer TOKEN, made by `rundum api token NAME`",
        )  # fmt: skip
    note(request.scope, token=grant.name)
    return grant


async def _customers(grant: Annotated[Grant, Depends(_bearer)]) -> Grant:
    return _scoped(grant, CUSTOMERS)


async def _segments(grant: Annotated[Grant, Depends(_bearer)]) -> Grant:
    return _scoped(grant, SEGMENTS)


def _scoped(grant: Grant, scope: str) -> Grant:
    if scope not in grant.scope:
        detail = f'this token may not ask for {scope}; have "{scope}" added to its scope in rundum.toml'
        raise Problem(HTTPStatus.FORBIDDEN, "scope", detail)
    return grant


MayCustomers = Annotated[Grant, Depends(_customers)]
MaySegments = Annotated[Grant, Depends(_segments)]


@router.get("/segments", response_model=shapes.Segments, responses=documented())
def list_segments(request: Request, grant: MaySegments) -> JSONResponse:
    """Every segment that the token may see, with how many are in it."""
    found = _reader(request).segments()
    return _answer({"segments": [one for one in found if grant.may_see(one["name"])]})


@router.get("/segments/{name}/members", response_model=shapes.Members, responses=documented(404, 410))
def list_members(
    request: Request, grant: MaySegments, name: str, after: After = None, limit: Limit = 100
) -> JSONResponse:
    """Who is in a segment now, page by page. Then follow the changes from the cursor `changes` on."""
    _check_segment(request, grant, name)
    try:
        place = member_place(after) if after else None
    except BadCursor:
        _refuse_cursor()
    page = _reader(request).members(name, place.customer_id if place else None, limit)
    if not page:
        _unknown_segment(request, grant, name)
    store = store_of(page.store_id)
    if place and place.store != store:
        _gone("this cursor is of another store", name)
    note(request.scope, rows=len(page.rows))
    change = place.change if place else page.newest
    last = MemberPlace(store, page.rows[-1]["customer_id"], change) if page.rows else None
    return _answer({
        "segment": name, "members": page.rows,
        "next": cursor_of(last) if last and not page.is_last else None,
        "changes": cursor_of(ChangePlace(store, change)),
    })  # fmt: skip


@router.get("/segments/{name}/changes", response_model=shapes.Changes, responses=documented(404, 410))
def list_changes(
    request: Request, grant: MaySegments, name: str, after: After = None, limit: Limit = 100
) -> JSONResponse:
    """Who has entered a segment or left it, since a cursor; without one, since the oldest that is kept."""
    _check_segment(request, grant, name)
    try:
        place = change_place(after) if after else None
    except BadCursor:
        _refuse_cursor()
    try:
        page = _reader(request).changes(name, place.change if place else None, limit)
    except Forgotten as error:
        _gone(str(error), name)
    if not page:
        _unknown_segment(request, grant, name)
    store = store_of(page.store_id)
    if place and place.store != store:
        _gone("this cursor is of another store", name)
    note(request.scope, rows=len(page.rows))
    return _answer({
        "segment": name, "changes": page.rows, "next": _next_change(page, place), "more": not page.is_last,
    })  # fmt: skip


@router.get("/customers/{kind}/{identifier:path}", response_model=shapes.Customer, responses=documented(404))
def show_customer(request: Request, grant: MayCustomers, kind: str, identifier: str) -> JSONResponse:
    """One customer by any identifier, such as /v1/customers/email/anna@example.de."""
    value = _normalised(request, kind, identifier)
    reader = _reader(request)
    note(request.scope, kind=kind, value=hidden(reader.access_key(), kind, value))
    found = reader.customer(kind, value)
    if not found:
        detail = f"no customer has this {kind}; events that name it may not have landed yet"
        raise Problem(HTTPStatus.NOT_FOUND, "unknown_customer", detail, "identifier")
    note(request.scope, customer=found["customer_id"])
    return _answer({**found, "segments": [one for one in found["segments"] if grant.may_see(one["name"])]})


@router.get("/health", response_model=shapes.Health, responses={503: {"model": shapes.Health}})
def show_health(request: Request) -> JSONResponse:
    """Whether there is something to answer from, and how old it is. Needs no token."""
    try:
        standing = _reader(request).standing()
    except CopyMissing as error:
        return JSONResponse({"status": "waiting", "why": str(error)}, 503, {**HEADERS, "Retry-After": "5"})
    age = (datetime.now(UTC) - datetime.fromisoformat(standing.applied_at)).total_seconds()
    told = {"status": "ready", "why": "", "applied_at": standing.applied_at, "age_seconds": round(age, 3)}
    return _answer(told)


def _reader(request: Request) -> CopyReader:
    reader: CopyReader = request.app.state.reader
    return reader


def _answer(content: dict[str, Any]) -> JSONResponse:
    return JSONResponse(content, headers=HEADERS)


def _normalised(request: Request, kind: str, identifier: str) -> str:
    """The identifier as its kind's rules write it."""
    kinds: Mapping[str, Kind] = request.app.state.kinds
    if kind == CUSTOMER_ID and kind not in kinds:
        try:
            return str(UUID(identifier))
        except ValueError:
            detail = "the identifier is no customer id; take one that this API has given"
            raise Problem(HTTPStatus.NOT_FOUND, "blocked", detail, "identifier") from None
    if kind not in kinds:
        known = ", ".join((*sorted(kinds), CUSTOMER_ID))
        detail = f"there is no kind of identifier of this name; there are {known}"
        raise Problem(HTTPStatus.NOT_FOUND, "unknown_kind", detail, "kind")
    note(request.scope, kind=kind)
    value, blocked = normalise(kinds[kind], identifier)
    if blocked:
        why = BLOCKED.get(blocked, f"identifies nobody: {kind} blocks all values of the {blocked}")
        raise Problem(HTTPStatus.NOT_FOUND, "blocked", f"the identifier {why}", "identifier")
    return value


def _check_segment(request: Request, grant: Grant, name: str) -> None:
    note(request.scope, segment=name)
    if not grant.may_see(name):
        detail = (
            f"this token may not see the segment {name}; have it added to the token's segments in rundum.toml"
        )
        raise Problem(HTTPStatus.FORBIDDEN, "segment", detail, "name")


def _unknown_segment(request: Request, grant: Grant, name: str) -> NoReturn:
    known = tuple(one["name"] for one in _reader(request).segments() if grant.may_see(one["name"]))
    hint = near(name, known) if known else "there is none yet"
    raise Problem(HTTPStatus.NOT_FOUND, "unknown_segment", f"there is no segment {name}; {hint}", "name")


def _refuse_cursor() -> NoReturn:
    detail = "after is no cursor of this list; leave it out, or send one that this list gave as `next`"
    raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "cursor", detail, "after")


def _gone(why: str, segment: str) -> NoReturn:
    detail = (
        f"{why}; read /v1/segments/{segment}/members anew and go on from the cursor `changes` given there"
    )
    raise Problem(HTTPStatus.GONE, "cursor_too_old", detail, "after")


def _next_change(page: Page, place: ChangePlace | None) -> str:
    """After the last change of the page; an empty page keeps the place."""
    kept = place.change if place else page.newest
    change = page.rows[-1]["change_id"] if page.rows else kept
    return cursor_of(ChangePlace(store_of(page.store_id), change))
