"""The pages that a browser sees before anybody has signed in, and the description of the API. No page holds a secret."""

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse

from rota.api.security import ReadContext
from rota.domain.errors import NotFound

router = APIRouter(include_in_schema=False)

_MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "md": "text/plain; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
}
_SWAGGER = {
    "": ("static", "swagger.html"),
    "page.css": ("static", "swagger.css"),
    "page.js": ("static", "swagger.js"),
    "swagger-ui.css": ("vendor", "swagger", "swagger-ui.css"),
    "swagger-ui-bundle.js": ("vendor", "swagger", "swagger-ui-bundle.js"),
}
"""Everything below /swagger: nothing else can be asked for."""

AcceptEncoding = Annotated[str, Header(max_length=1000)]
IfNoneMatch = Annotated[str | None, Header(max_length=1000)]


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is served: whole, compressed, and with the tag that says whether a browser still has it."""

    content: bytes
    compressed: bytes
    media_type: str
    etag: str

    @classmethod
    def of(cls, path: Traversable) -> "StaticFile":
        """Read a file."""
        content = path.read_bytes()
        media_type = _MEDIA_TYPES.get(path.name.rpartition(".")[2], "application/octet-stream")
        return cls(content, gzip.compress(content, mtime=0), media_type, f'"{sha256(content).hexdigest()[:20]}"')

    def reply(self, accept_encoding: str, if_none_match: str | None) -> Response:
        """What a browser gets: nothing new if it has this already."""
        headers = {"Cache-Control": "no-cache", "ETag": self.etag, "Vary": "Accept-Encoding"}
        if if_none_match is not None and self.etag in if_none_match:
            return Response(status_code=304, headers=headers)
        if "gzip" not in accept_encoding:
            return Response(self.content, media_type=self.media_type, headers=headers)
        return Response(self.compressed, media_type=self.media_type, headers=headers | {"Content-Encoding": "gzip"})


@router.get("/")
async def console(accept_encoding: AcceptEncoding = "", if_none_match: IfNoneMatch = None) -> Response:
    """The console."""
    return _console_file("index.html").reply(accept_encoding, if_none_match)


@router.get("/console/{path:path}")
async def console_file(path: str, accept_encoding: AcceptEncoding = "", if_none_match: IfNoneMatch = None) -> Response:
    """What the console is made of."""
    if path not in _console():
        raise NotFound("no such file")
    return _console_file(path).reply(accept_encoding, if_none_match)


@router.get("/swagger")
@router.get("/swagger/")
async def swagger(accept_encoding: AcceptEncoding = "", if_none_match: IfNoneMatch = None) -> Response:
    """The page that describes the API."""
    return _swagger_file("").reply(accept_encoding, if_none_match)


@router.get("/swagger/{name}")
async def swagger_file(name: str, accept_encoding: AcceptEncoding = "", if_none_match: IfNoneMatch = None) -> Response:
    """What that page is made of."""
    if name not in _SWAGGER or not name:
        raise NotFound("no such file")
    return _swagger_file(name).reply(accept_encoding, if_none_match)


@router.get("/openapi.json")
def openapi(_ctx: ReadContext, request: Request) -> Response:
    """The description of the API."""
    return JSONResponse(request.app.openapi())


@cache
def _console() -> dict[str, Traversable]:
    """The files of the console by their path: nothing else can be asked for."""
    found: dict[str, Traversable] = {}
    folders = [("", files("rota").joinpath("console"))]
    while folders:
        prefix, folder = folders.pop()
        for entry in folder.iterdir():
            if entry.is_dir():
                folders.append((f"{prefix}{entry.name}/", entry))
            elif entry.name.rpartition(".")[2] in _MEDIA_TYPES:
                found[prefix + entry.name] = entry
    return found


@cache
def _console_file(path: str) -> StaticFile:
    return StaticFile.of(_console()[path])


@cache
def _swagger_file(name: str) -> StaticFile:
    return StaticFile.of(files("rota.api").joinpath(*_SWAGGER[name]))
