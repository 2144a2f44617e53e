"""Dependencies: the list, the page of one, its form, and the buttons that pin and delete it."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import Role
from common import clock
from common.invalid import Conflict
from dashboard import dependencies as shown
from dashboard.access import WorkspacePage
from dashboard.forms.dependency import DependencyForm, initial_of
from dashboard.menus import dependency_menu
from dashboard.planned import offered_monitors
from dashboard.sentences import dependencies_state
from signals import dependencies as services
from signals.models import Dependency, DependencyStatus

PAGE_SIZE = 50
MOST_INCIDENTS = 20
PINS = {"pin-ok": "OK", "pin-down": "DOWN", "unpin": None}


class DependencyList(WorkspacePage):
    """What monitors need, what is down first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        every = list(shown.dependencies(self.workspace).values_list("status", flat=True))
        found, search = shown.dependencies(self.workspace), request.GET.get("search", "").replace("\x00", "").strip()
        if search:
            found = found.filter(Q(name__icontains=search[:200]) | Q(description__icontains=search[:200]))
        if request.GET.get("status") in DependencyStatus.values:
            found = found.filter(status=request.GET["status"])
        page = Paginator(found.order_by("status", "name"), PAGE_SIZE).get_page(request.GET.get("page"))
        context = {
            "nav_section": "dependencies",
            "now": clock.now(),
            "total": len(every),
            "sentence": dependencies_state(every),
            "page": page,
            "rows": [(one, shown.word_on(one, one.links.all()), dependency_menu(one)) for one in page.object_list],
            "statuses": DependencyStatus.choices,
            "status": request.GET.get("status", ""),
            "search": search,
        }
        return render(request, "dashboard/dependency_list.html", context)


class OneDependency(WorkspacePage):
    """Base of what concerns one dependency: `self.dependency()`, or 404."""

    def dependency(self) -> Dependency:
        pk = min(self.kwargs["dependency_id"], 2**63 - 1)
        found: Dependency | None = shown.dependencies(self.workspace).filter(pk=pk).first()
        if found is None:
            raise Http404("No dependency of this workspace has this address.")
        return found


class DependencyPage(OneDependency):
    """One dependency: its status and why, who needs it, what was opened about it."""

    def get(self, request: HttpRequest, dependency_id: int) -> HttpResponse:
        dependency = self.dependency()
        links = sorted(dependency.links.all(), key=lambda link: link.monitor.name)
        context = {
            "nav_section": "dependencies",
            "now": clock.now(),
            "dependency": dependency,
            "links": links,
            "known": shown.word_on(dependency, links),
            "pin": shown.last_pin(dependency),
            "incidents": shown.incidents_about(self.workspace, dependency)[:MOST_INCIDENTS],
            "menu": dependency_menu(dependency, dialog="delete"),
        }
        return render(request, "dashboard/dependency.html", context)


class DependencyCreate(WorkspacePage):
    """The form of a new dependency."""

    read_role = Role.MEMBER

    def get(self, request: HttpRequest) -> HttpResponse:
        return _page(self, DependencyForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = _offered(self, DependencyForm(request.POST))
        made = form.saved(
            lambda: services.create_dependency(
                workspace=self.workspace, by=self.actor, now=clock.now(), fields=form.service_fields()
            )
        )
        if made is None:
            return _page(self, form, status=400)
        messages.success(request, f"{made.name} is added.")
        return redirect("dependency", made.pk)


class DependencyEdit(OneDependency):
    """The form of an existing dependency."""

    read_role = Role.MEMBER

    def get(self, request: HttpRequest, dependency_id: int) -> HttpResponse:
        dependency = self.dependency()
        return _page(self, DependencyForm(initial=initial_of(dependency)), dependency)

    def post(self, request: HttpRequest, dependency_id: int) -> HttpResponse:
        dependency = self.dependency()
        form = _offered(self, DependencyForm(request.POST, initial=initial_of(dependency)))
        saved = form.saved(
            lambda: services.edit_dependency(
                dependency=dependency, by=self.actor, now=clock.now(), fields=form.service_fields()
            )
        )
        if saved is None:
            return _page(self, form, dependency, status=400)
        messages.success(request, f"{saved.name} is saved.")
        return redirect("dependency", saved.pk)


class DependencyAct(OneDependency):
    """Pins, unpins or deletes, by a button."""

    def post(self, request: HttpRequest, dependency_id: int, act: str) -> HttpResponse:
        dependency, now = self.dependency(), clock.now()
        try:
            if act == "delete":
                services.delete_dependency(dependency=dependency, by=self.actor, now=now)
                messages.success(request, f"{dependency.name} is deleted.")
                return redirect("dependencies")
            fields = {"pinned_status": PINS[act]}
            services.edit_dependency(dependency=dependency, by=self.actor, now=now, fields=fields)
        except Conflict as conflict:
            messages.error(request, str(conflict))
            return redirect("dependencies")
        told = {"pin-ok": "is pinned as OK", "pin-down": "is pinned as down", "unpin": "is not pinned any more"}
        messages.success(request, f"{dependency.name} {told[act]}.")
        return redirect("dependency", dependency.pk)


def _offered(page: WorkspacePage, form: DependencyForm) -> DependencyForm:
    chosen = [*form.initial.get("dependent_ids", []), form.initial.get("monitor_id") or 0]
    form.offer(offered_monitors(page.workspace, chosen))
    return form


def _page(
    page: WorkspacePage, form: DependencyForm, dependency: Dependency | None = None, *, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {"nav_section": "dependencies", "form": _offered(page, form), "dependency": dependency}
    return render(page.request, "dashboard/dependency_form.html", context, status=status)
