"""What the application's routes are, all together."""

from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request


def routes(app: FastAPI) -> Iterator[APIRoute]:
    """All routes; late versions of FastAPI keep those of a router together."""
    for route in app.routes:
        router = getattr(route, "original_router", None)
        for inner in router.routes if router else [route]:
            if isinstance(inner, APIRoute):
                yield inner


def allowed_methods(request: Request) -> str:
    """All methods of a request's path, for `Allow`; Starlette names those of one route alone."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    methods = {
        method
        for route in routes(request.app)
        if route.path_regex.match(path)
        for method in route.methods or ()
    }
    return ", ".join(sorted(methods))
