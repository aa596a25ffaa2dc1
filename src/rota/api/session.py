"""/session: how a browser signs in to the console and out again. Programs send their token instead."""

from fastapi import APIRouter, Request, Response
from pydantic import Field

from rota.api.errors import documented
from rota.api.models import Input, Output, reply
from rota.api.security import AnyContext, forget_tokens, session_cookie, session_secret
from rota.domain.access import RIGHTS, Principal, Right, Role
from rota.domain.errors import InvalidInput
from rota.domain.instant import seconds
from rota.service import sessions
from rota.version import __version__

router = APIRouter()


class SignIn(Input):
    """Who comes in: by a key's token, or by the code of a one-time link."""

    token: str | None = Field(None, min_length=1, max_length=512)
    code: str | None = Field(None, min_length=1, max_length=512)


class SessionOutput(Output):
    """Who is signed in, and to what."""

    name: str
    role: Role
    rights: list[Right]
    environment: str
    version: str


@router.post("", response_model=SessionOutput, responses=documented(401, 422), openapi_extra={"security": []})
def sign_in(body: SignIn, request: Request) -> Response:
    """Sign in: the answer sets a cookie that only this server reads."""
    services = request.app.state.services
    if (body.token is None) == (body.code is None):
        raise InvalidInput.field("token", msg="a token, or the code of a link: one of them")
    if body.token is not None:
        key, secret = sessions.begin(services.database, body.token.strip())
    else:
        key, secret = sessions.begin_by_link(services.database, request.app.state.links, body.code or "")
    response = reply(_shown(Principal(key.name, key.role), request))
    response.set_cookie(
        session_cookie(request.scope),
        secret,
        max_age=int(seconds(sessions.LIFETIME)),
        path=request.scope.get("root_path") or "/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return response


@router.get("", response_model=SessionOutput)
def get_session(ctx: AnyContext, request: Request) -> Response:
    """Who asks."""
    return reply(_shown(ctx.principal, request))


@router.delete("", status_code=204)
def sign_out(ctx: AnyContext, request: Request) -> Response:
    """Sign out: the session is over everywhere within five seconds, here at once."""
    secret = session_secret(request.scope)
    if secret is not None:
        sessions.end(ctx.database, ctx.principal, secret)
        forget_tokens(request.app)
    response = Response(status_code=204)
    response.delete_cookie(session_cookie(request.scope), path=request.scope.get("root_path") or "/")
    return response


def _shown(principal: Principal, request: Request) -> SessionOutput:
    return SessionOutput(
        name=principal.name,
        role=principal.role,
        rights=sorted(RIGHTS[principal.role]),
        environment=request.app.state.services.config.environment,
        version=__version__,
    )
