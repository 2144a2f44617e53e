"""Maintenance: the windows and deployments of a workspace, and the forms that make and change them."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import Role
from common import clock
from common.invalid import Conflict, Invalid
from dashboard.access import WorkspacePage
from dashboard.forms.maintenance import CoverForm, DeploymentForm, WindowForm, deployment_initial, window_initial
from dashboard.menus import deployment_menu, window_menu
from dashboard.planned import offered_monitors, window_rows
from monitors import deploying, maintaining, planned
from monitors.models import Deployment, MaintenanceWindow, Monitor, ServiceGroup

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


class PlannedPage(WorkspacePage):
    """Base of the forms: `self.window` or `self.deployment` of the address, or 404."""

    read_role = Role.MEMBER
    template = ""

    def offer(self, form: CoverForm) -> CoverForm:
        chosen = form.initial.get("monitor_ids", [])
        form.offer(offered_monitors(self.workspace, chosen), ServiceGroup.objects.in_workspace(self.workspace))
        return form

    def show(self, form: CoverForm, status: int = 200, **more: Any) -> HttpResponse:
        context = {"nav_section": "maintenance", "form": form, **more}
        return render(self.request, self.template, context, status=status)

    def window(self, pk: int) -> MaintenanceWindow:
        found = planned.windows(self.workspace).filter(pk=min(pk, 2**63 - 1)).first()
        if found is None:
            raise Http404("No maintenance window of this workspace has this address.")
        return found

    def deployment(self, pk: int) -> Deployment:
        found = planned.deployments(self.workspace).filter(pk=min(pk, 2**63 - 1)).first()
        if found is None:
            raise Http404("No deployment of this workspace has this address.")
        return found


class WindowCreate(PlannedPage):
    """The form of a new window."""

    template = "dashboard/maintenance_window.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(self.offer(WindowForm(initial={"timezone": self.request.user.timezone})))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = WindowForm(request.POST)
        self.offer(form)
        if form.is_valid():
            try:
                window = maintaining.create_window(
                    workspace=self.workspace, by=self.actor, now=clock.now(), fields=form.service_fields()
                )
            except Invalid as invalid:
                form.add_invalid(invalid)
            else:
                messages.success(request, f"{window.name} is planned.")
                return redirect("maintenance")
        return self.show(form, 400)


class WindowEdit(PlannedPage):
    """The form of an existing window."""

    template = "dashboard/maintenance_window.html"

    def get(self, request: HttpRequest, window_id: int) -> HttpResponse:
        window = self.window(window_id)
        return self.show(self.offer(WindowForm(initial=window_initial(window))), window=window)

    def post(self, request: HttpRequest, window_id: int) -> HttpResponse:
        window = self.window(window_id)
        form = WindowForm(request.POST, initial=window_initial(window))
        self.offer(form)
        if form.is_valid():
            fields = {"service_group_id": None} | form.service_fields()
            try:
                maintaining.edit_window(window=window, by=self.actor, now=clock.now(), fields=fields)
            except Invalid as invalid:
                form.add_invalid(invalid)
            except Conflict as conflict:
                form.add_error(None, str(conflict))
            else:
                messages.success(request, f"{form.cleaned_data['name']} is saved.")
                return redirect("maintenance")
        return self.show(form, 400, window=window)


class WindowDelete(PlannedPage):
    """Removes a window, by a button."""

    def post(self, request: HttpRequest, window_id: int) -> HttpResponse:
        window = self.window(window_id)
        try:
            maintaining.delete_window(window=window, by=self.actor, now=clock.now())
            messages.success(request, f"{window.name} is deleted.")
        except Conflict as conflict:
            messages.error(request, str(conflict))
        return redirect("maintenance")


class DeploymentCreate(PlannedPage):
    """The form of a new deployment."""

    template = "dashboard/maintenance_deployment.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.show(self.offer(DeploymentForm(initial={"author": self.request.user.get_full_name()})))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = DeploymentForm(request.POST)
        self.offer(form)
        if form.is_valid():
            try:
                made = deploying.create_deployment(
                    workspace=self.workspace, by=self.actor, now=clock.now(), fields=form.service_fields()
                )
            except Invalid as invalid:
                form.add_invalid(invalid)
            else:
                messages.success(request, f"The deployment {made} is {made.get_state_display().lower()}.")
                return redirect("maintenance")
        return self.show(form, 400)


class DeploymentEdit(PlannedPage):
    """The form of an existing deployment, without what is fixed by now."""

    template = "dashboard/maintenance_deployment.html"

    def get(self, request: HttpRequest, deployment_id: int) -> HttpResponse:
        deployment = self.deployment(deployment_id)
        form = DeploymentForm(initial=deployment_initial(deployment))
        form.narrow(deployment)
        return self.show(self.offer(form), deployment=deployment)

    def post(self, request: HttpRequest, deployment_id: int) -> HttpResponse:
        deployment = self.deployment(deployment_id)
        form = DeploymentForm(request.POST, initial=deployment_initial(deployment))
        form.narrow(deployment)
        self.offer(form)
        if form.is_valid():
            try:
                deploying.edit_deployment(
                    deployment=deployment, by=self.actor, now=clock.now(), fields=form.service_fields()
                )
            except Invalid as invalid:
                form.add_invalid(invalid)
            except Conflict as conflict:
                form.add_error(None, str(conflict))
            else:
                messages.success(request, f"{form.cleaned_data['name']} is saved.")
                return redirect("maintenance")
        return self.show(form, 400, deployment=deployment)


class DeploymentAct(PlannedPage):
    """Ends or deletes a deployment, by a button."""

    def post(self, request: HttpRequest, deployment_id: int, act: str) -> HttpResponse:
        deployment = self.deployment(deployment_id)
        done = deploying.end_deployment if act == "end" else deploying.delete_deployment
        try:
            done(deployment=deployment, by=self.actor, now=clock.now())
            messages.success(request, f"The deployment {deployment} is {'ended' if act == 'end' else 'deleted'}.")
        except Conflict as conflict:
            messages.error(request, str(conflict))
        return redirect("maintenance")
