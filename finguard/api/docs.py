"""The interactive documentation, which works without the internet."""

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Response
from fastapi.openapi.utils import get_openapi
from starlette.responses import FileResponse, HTMLResponse

from finguard.api.access import required_role
from finguard.api.problems import Problem
from finguard.api.routing import routes

DESCRIPTION: Final = """
What FinGuard has found, for dashboards and scripts.

**Sign in** with *Authorize*: a user name and a password, nothing else. All times carry their zone
and are answered in UTC; ranges include their begin and exclude their end. Money is exact and comes
as a string. Every error is a problem document
([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) with the request's id.
"""

_ASSETS: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}
"""Files of Swagger UI that the fastapi-offline package brings along."""

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>FinGuard API</title>
<link rel="stylesheet" href="docs/assets/swagger-ui.css">
<link rel="icon" href="docs/assets/favicon.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/assets/start.js"></script>
</body>
</html>
"""

_START: Final = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""Styles inline, since Swagger UI sets some; scripts only from here."""

_CACHED: Final = {"Cache-Control": "public, max-age=86400"}

router = APIRouter(prefix="/docs", include_in_schema=False)


@router.get("")
async def show_docs() -> HTMLResponse:
    """The page; its links are relative, so that it works behind a proxy's path as well."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("/assets/start.js")
async def show_start() -> Response:
    """The page's own script, apart from it so that the policy need not allow inline ones."""
    return Response(_START, media_type="text/javascript", headers=_CACHED)


def _asset(file: Path, media_type: str) -> Callable[[], FileResponse]:
    def show_asset() -> FileResponse:
        return FileResponse(file, media_type=media_type, headers=_CACHED)

    return show_asset


def install(app: FastAPI) -> None:
    """Serve the documentation."""
    app.include_router(router)
    folder = Path(str(resources.files("fastapi_offline") / "static"))
    for name, media_type in _ASSETS.items():
        route = _asset(folder / name, media_type)
        app.add_api_route(f"/docs/assets/{name}", route, include_in_schema=False)


def describe(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """What `app.openapi` is to be: FastAPI's description, completed with `Problem` and roles."""
    described: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not described:
            described.update(
                get_openapi(
                    title=app.title,
                    version=app.version,
                    description=app.description,
                    routes=app.routes,
                    tags=app.openapi_tags,
                )
            )
            _say_roles(app, described["paths"])
            _take_bearers(described)
            schemas = described["components"].setdefault("schemas", {})
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(problem.pop("$defs"))
            schemas["Problem"] = problem
        return described

    return openapi


def _take_bearers(description: dict[str, Any]) -> None:
    """Say that a token may be had already: not every client knows OAuth2's ways to one."""
    description["components"]["securitySchemes"]["bearer"] = {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token that you have already.",
    }
    for methods in description["paths"].values():
        for operation in methods.values():
            if "security" in operation:
                operation["security"].append({"bearer": []})


def _say_roles(app: FastAPI, paths: dict[str, Any]) -> None:
    """Write the role that each operation takes into its description, where it takes one."""
    for route in routes(app):
        role = required_role(route.dependant)
        if role is None or not route.include_in_schema:
            continue
        for method in route.methods or ():
            paths[route.path_format][method.lower()]["x-role"] = role
