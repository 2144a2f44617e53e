"""`/health` (the process lives) and `/health/ready` (it can serve)."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from common.api.problems import Problem, problem_response
from common.api.renderers import to_json
from common.health import ask_all
from common.version import VERSION


@csrf_exempt
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers; asks nothing else."""
    return _answer(request, 200, {"status": "ok", "version": VERSION})


@csrf_exempt
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """200 when every part works, else 503; each part has its own line."""
    lines = ask_all()
    is_ready = all(line.ok for line in lines.values())
    parts = {name: {"status": "ok" if line.ok else "failing", "detail": line.detail} for name, line in lines.items()}
    return _answer(request, 200 if is_ready else 503, {"status": "ok" if is_ready else "failing", "checks": parts})


def _answer(request: HttpRequest, status: int, body: object) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return problem_response(request, Problem(405, headers={"Allow": "GET, HEAD"}))
    return HttpResponse(to_json(body), status=status, content_type="application/json")
