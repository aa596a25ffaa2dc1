"""The pages that a browser sees before it has a token, and the description of the API. No page holds a secret."""

from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from rota.api.security import ReadContext
from rota.domain.errors import NotFound

router = APIRouter(include_in_schema=False)

_FILES = {
    "": ("static/swagger.html", "text/html"),
    "landing.html": ("static/landing.html", "text/html"),
    "landing.css": ("static/landing.css", "text/css"),
    "page.css": ("static/swagger.css", "text/css"),
    "page.js": ("static/swagger.js", "text/javascript"),
    "swagger-ui.css": ("vendor/swagger/swagger-ui.css", "text/css"),
    "swagger-ui-bundle.js": ("vendor/swagger/swagger-ui-bundle.js", "text/javascript"),
}
"""Everything below /swagger: nothing else can be asked for."""


@router.get("/")
async def landing() -> Response:
    """Where things are."""
    return _file("landing.html")


@router.get("/swagger")
@router.get("/swagger/")
async def swagger() -> Response:
    """The page that describes the API."""
    return _file("")


@router.get("/swagger/{name}")
async def swagger_file(name: str) -> Response:
    """What that page is made of."""
    if name not in _FILES or not name:
        raise NotFound("no such file")
    return _file(name)


@router.get("/openapi.json")
def openapi(_ctx: ReadContext, request: Request) -> Response:
    """The description of the API."""
    return JSONResponse(request.app.openapi())


def _file(name: str) -> Response:
    path, media_type = _FILES[name]
    caching = "no-cache" if path.startswith("static") else "public, max-age=86400"
    return Response(_content(path), media_type=media_type, headers={"Cache-Control": caching})


@cache
def _content(path: str) -> bytes:
    return files("rota.api").joinpath(path).read_bytes()
