"""The pages that a browser sees before it has a token. They hold no secrets."""

from fastapi import APIRouter, Response

router = APIRouter(include_in_schema=False)

_LANDING = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Rota</title></head>
<body><main><h1>Rota</h1>
<p>The job scheduler that accounts for every run.</p>
<ul><li>The REST API is at <code>/api</code> and takes a bearer token.</li>
<li><a href="/swagger">Swagger UI</a> describes it and lets you try it.</li>
<li><a href="/health/ready">Ready?</a></li></ul></main></body></html>
"""


@router.get("/")
async def landing() -> Response:
    """Where things are."""
    return Response(_LANDING, media_type="text/html")
