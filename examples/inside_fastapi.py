"""Rota's console inside a FastAPI application: uvicorn --app-dir examples inside_fastapi:app, then /jobs."""

import os

from fastapi import FastAPI, Request

import rota

app = FastAPI(title="Shop")


def who(request: Request) -> tuple[str, str] | None:
    """Whom the shop knows: here by a header that its proxy sets. None = sign in with a token of Rota."""
    user = request.headers.get("x-shop-user")
    return None if user is None else (user, "operator")


@app.get("/")
def home() -> dict[str, str]:
    """The shop itself."""
    return {"console": "/jobs"}


app.mount("/jobs", rota.console(os.environ.get("ROTA_DB", "rota.db"), who=who))
