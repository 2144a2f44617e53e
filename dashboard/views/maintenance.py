"""Maintenance: the windows and deployments of a workspace, and the forms that make and change them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render

from accounts.models import Role
from common import clock
from common.invalid import Conflict
from dashboard.access import WorkspacePage
from dashboard.forms.maintenance import CoverForm, DeploymentForm, WindowForm, deployment_initial, window_initial
from dashboard.menus import deployment_menu, window_menu
from dashboard.planned import offered_monitors, window_rows
from monitors.models import Deployment, MaintenanceWindow, Monitor, ServiceGroup
from monitors.planned import deploying, maintaining
from monitors.planned import selectors as planned

PAGE_SIZE = 25
MOST_WINDOWS = 200
_NAMES = Prefetch("monitors", Monitor.objects.only("pk", "name").order_by("name"))


class MaintenanceList(WorkspacePage):
    """Windows, those open or coming first, then deployments, newest first."""

    def get(self, request: HttpRequest) -> HttpResponse:
        now = clock.now()
        windows = planned.windows(self.workspace).prefetch_related(_NAMES)[:MOST_WINDOWS]
        found = planned.deployments(self.workspace).prefetch_related(_NAMES)
        page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
        context = {
            "nav_section": "maintenance",
            "now": now,
            "windows": [(row, window_menu(row.window)) for row in window_rows(windows, now=now)],
            "deployments": [(one, deployment_menu(one)) for one in page.object_list],
            "page": page,
        }
        return render(request, "dashboard/maintenance_list.html", context)


class PlannedPage(WorkspacePage, ABC):
    """Base of the forms. A kind of planned work says what it differs in; `self.work()` is the one of the address."""

    read_role = Role.MEMBER
    noun = template = key = ""

    @abstractmethod
    def found(self) -> QuerySet[Any]:
        """All of this kind in the workspace."""

    @abstractmethod
    def blank(self, data: QueryDict | None = None) -> CoverForm:
        """The form of a new one."""

    @abstractmethod
    def filled(self, work: Any, data: QueryDict | None = None) -> CoverForm:
        """The form of an existing one."""

    def work(self) -> Any:
        found = self.found().filter(pk=min(self.kwargs[f"{self.key}_id"], 2**63 - 1)).first()
        if found is None:
            raise Http404(f"No {self.noun} of this workspace has this address.")
        return found

    def show(self, form: CoverForm, status: int = 200, work: Any = None) -> HttpResponse:
        context = {"nav_section": "maintenance", "form": self.offer(form), self.key: work}
        return render(self.request, self.template, context, status=status)

    def offer(self, form: CoverForm) -> CoverForm:
        chosen = form.initial.get("monitor_ids", [])
        form.offer(offered_monitors(self.workspace, chosen), ServiceGroup.objects.in_workspace(self.workspace))
        return form

    def done(self, text: str) -> HttpResponse:
        messages.success(self.request, text)
        return redirect("maintenance")

    def save(self, service: Callable[..., Any], **given: Any) -> Any:
        return service(by=self.actor, now=clock.now(), **given)


class PlannedCreate(PlannedPage):
    """The form of a new one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(self.blank())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.offer(self.blank(request.POST))
        made = form.saved(lambda: self.create(form.service_fields()))
        return self.show(form, 400) if made is None else self.done(self.told(made))

    @abstractmethod
    def create(self, fields: dict[str, Any]) -> Any:
        """Makes it. Raises Invalid."""

    @abstractmethod
    def told(self, made: Any) -> str:
        """What the person reads then."""


class PlannedEdit(PlannedPage):
    """The form of an existing one."""

    def get(self, request: HttpRequest, **kwargs: int) -> HttpResponse:
        work = self.work()
        return self.show(self.filled(work), work=work)

    def post(self, request: HttpRequest, **kwargs: int) -> HttpResponse:
        work = self.work()
        form = self.offer(self.filled(work, request.POST))
        if form.saved(lambda: self.edit(work, form.service_fields())) is None:
            return self.show(form, 400, work)
        return self.done(f"{form.cleaned_data['name']} is saved.")

    @abstractmethod
    def edit(self, work: Any, fields: dict[str, Any]) -> Any:
        """Changes it. Raises Invalid, Conflict."""


class PlannedAct(PlannedPage):
    """Ends or deletes one, by a button."""

    acts: ClassVar[Mapping[str, tuple[Callable[..., Any], str]]] = {}

    def post(self, request: HttpRequest, act: str, **kwargs: int) -> HttpResponse:
        work, (service, word) = self.work(), self.acts[act]
        told = f"{self.noun.capitalize()} {work} is {word}."
        try:
            self.save(service, **{self.key: work})
        except Conflict as conflict:
            messages.error(request, str(conflict))
            return redirect("maintenance")
        return self.done(told)


class WindowPage(PlannedPage):
    """Maintenance windows."""

    noun, key, template = "maintenance window", "window", "dashboard/maintenance_window.html"

    def found(self) -> QuerySet[MaintenanceWindow]:
        return planned.windows(self.workspace)

    def blank(self, data: QueryDict | None = None) -> CoverForm:
        return WindowForm(data, initial={"timezone": self.request.user.timezone})

    def filled(self, work: MaintenanceWindow, data: QueryDict | None = None) -> CoverForm:
        return WindowForm(data, initial=window_initial(work))


class WindowCreate(WindowPage, PlannedCreate):
    """The form of a new window."""

    def create(self, fields: dict[str, Any]) -> MaintenanceWindow:
        made: MaintenanceWindow = self.save(maintaining.create_window, workspace=self.workspace, fields=fields)
        return made

    def told(self, made: MaintenanceWindow) -> str:
        return f"{made.name} is planned."


class WindowEdit(WindowPage, PlannedEdit):
    """The form of an existing window."""

    def edit(self, work: MaintenanceWindow, fields: dict[str, Any]) -> Any:
        return self.save(maintaining.edit_window, window=work, fields={"service_group_id": None} | fields)


class WindowAct(WindowPage, PlannedAct):
    """Removes a window, by a button."""

    acts: ClassVar = {"delete": (maintaining.delete_window, "deleted")}


class DeploymentPage(PlannedPage):
    """Deployments; what is fixed by now is not asked."""

    noun, key, template = "deployment", "deployment", "dashboard/maintenance_deployment.html"

    def found(self) -> QuerySet[Deployment]:
        return planned.deployments(self.workspace)

    def blank(self, data: QueryDict | None = None) -> CoverForm:
        return DeploymentForm(data, initial={"author": self.request.user.get_full_name()})

    def filled(self, work: Deployment, data: QueryDict | None = None) -> CoverForm:
        form = DeploymentForm(data, initial=deployment_initial(work))
        form.narrow(work)
        return form


class DeploymentCreate(DeploymentPage, PlannedCreate):
    """The form of a new deployment."""

    def create(self, fields: dict[str, Any]) -> Deployment:
        made: Deployment = self.save(deploying.create_deployment, workspace=self.workspace, fields=fields)
        return made

    def told(self, made: Deployment) -> str:
        return f"The deployment {made} is {made.get_state_display().lower()}."


class DeploymentEdit(DeploymentPage, PlannedEdit):
    """The form of an existing deployment."""

    def edit(self, work: Deployment, fields: dict[str, Any]) -> Any:
        return self.save(deploying.edit_deployment, deployment=work, fields=fields)


class DeploymentAct(DeploymentPage, PlannedAct):
    """Ends or deletes a deployment, by a button."""

    acts: ClassVar = {"end": (deploying.end_deployment, "ended"), "delete": (deploying.delete_deployment, "deleted")}
