"""Alert actions of a monitor, and every delivery of the workspace."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import Role, Workspace
from alerts import selectors, services
from alerts.channels import sms_twilio
from alerts.channels.catalogue import CATALOGUE
from alerts.models import Channel, Delivery, DeliveryState, Rule
from alerts.recipients import phone_numbers
from common import clock
from common.invalid import Conflict, Invalid
from dashboard.access import WorkspacePage
from dashboard.forms.alert import FORMS, CodeForm, NewActionForm, initial_of
from dashboard.menus import delivery_menu
from dashboard.planned import offered_monitors
from dashboard.views.monitor import OneMonitor
from monitors.models import Monitor

PAGE_SIZE = 50


class AlertList(WorkspacePage):
    """Who is told of what: every action, then the last deliveries."""

    def get(self, request: HttpRequest) -> HttpResponse:
        found = selectors.with_attempts(selectors.deliveries(self.workspace))
        if request.GET.get("state") in DeliveryState.values:
            found = found.filter(state=request.GET["state"])
        page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
        for delivery in page.object_list:
            delivery.menu = delivery_menu(delivery)  # type: ignore[attr-defined]
        context = {
            "nav_section": "alerts",
            "now": clock.now(),
            "rules": selectors.rules(self.workspace),
            "has_monitors": Monitor.objects.in_workspace(self.workspace).exists(),
            "email_is_set": bool(settings.EMAIL_HOST),
            "page": page,
            "state": request.GET.get("state", ""),
        }
        return render(request, "dashboard/alert_list.html", context)


class AlertNew(WorkspacePage):
    """The way from the list to a new action: which monitor, told how."""

    read_role = Role.MEMBER

    def get(self, request: HttpRequest) -> HttpResponse:
        form = NewActionForm(request.GET if "type" in request.GET else None)
        form.offer(offered_monitors(self.workspace, ()))
        if form.is_valid():
            return redirect(f"alert-create-{form.cleaned_data['type']}", form.cleaned_data["monitor"])
        context = {"nav_section": "alerts", "form": form}
        return render(request, "dashboard/alert_new.html", context, status=400 if form.is_bound else 200)


class AlertCreate(OneMonitor):
    """The form of a new action on a monitor."""

    read_role = Role.MEMBER

    def get(self, request: HttpRequest, monitor_id: int, type: str) -> HttpResponse:
        initial = {"recipients": self.request.user.email} if type == "email" else {}
        return self._page(FORMS[type](initial=initial), type)

    def post(self, request: HttpRequest, monitor_id: int, type: str) -> HttpResponse:
        form = FORMS[type](request.POST)
        if form.is_valid():
            try:
                saved = services.create_action_group(
                    monitor=self.monitor, type=type, by=self.actor, now=clock.now(), fields=form.service_fields()
                )
            except Invalid as invalid:
                form.add_invalid(invalid)
            except Conflict as conflict:
                form.add_error(None, str(conflict))
            else:
                return _after_save(request, saved, "made")
        return self._page(form, type, status=400)

    def _page(self, form: Any, type: str, status: int = 200) -> HttpResponse:
        context = {"nav_section": "alerts", "form": form, "channel_type": type, "monitor": self.monitor, "rule": None}
        context["why_not"] = sms_twilio.NO_PROVIDER if type == "sms" and not sms_twilio.is_set() else ""
        return render(self.request, "dashboard/alert_form.html", context, status=status)


class OneAction(WorkspacePage):
    """Base of what concerns one action group: `self.rule`, or 404."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.rule_id = kwargs["rule_id"]

    @property
    def rule(self) -> Rule:
        found = selectors.rules(self.workspace).filter(is_action_group=True)
        rule = found.filter(pk=self.rule_id).first() if self.rule_id < 2**63 else None
        if rule is None:
            raise Http404("No alert action of this workspace has this address.")
        return rule


class AlertEdit(OneAction):
    """The form of an existing action."""

    read_role = Role.MEMBER

    def get(self, request: HttpRequest, rule_id: int) -> HttpResponse:
        rule = self.rule
        channel = rule.channels.get()
        described = CATALOGUE[channel.type].describe(channel.config)
        shown = {"events": rule.events, "is_enabled": rule.is_enabled, "reminder_seconds": rule.reminder_seconds}
        return self._page(rule, FORMS[channel.type](initial=initial_of(channel.type, rule.name, shown, described)))

    def post(self, request: HttpRequest, rule_id: int) -> HttpResponse:
        rule = self.rule
        form = FORMS[rule.channels.get().type](request.POST)
        if form.is_valid():
            try:
                saved = services.edit_action_group(
                    rule=rule, by=self.actor, now=clock.now(), fields=form.service_fields()
                )
            except Invalid as invalid:
                form.add_invalid(invalid)
            else:
                return _after_save(request, saved, "saved")
        return self._page(rule, form, status=400)

    def _page(self, rule: Rule, form: Any, status: int = 200) -> HttpResponse:
        channel = rule.channels.get()
        context = {
            "nav_section": "alerts",
            "form": form,
            "channel_type": channel.type,
            "channel": channel,
            "monitor": rule.monitor,
            "rule": rule,
            "codes": code_forms(self.workspace, channel),
        }
        return render(self.request, "dashboard/alert_form.html", context, status=status)


class AlertAct(OneAction):
    """Send a test, roll the secret, or delete."""

    def post(self, request: HttpRequest, rule_id: int, act: str) -> HttpResponse:
        rule = self.rule
        try:
            if act == "test":
                services.send_test(rule=rule, by=self.actor, now=clock.now())
                messages.success(request, "A test is on its way. It is listed below with its answer.")
            elif act == "roll":
                return _after_save(request, services.roll_secret(rule=rule, by=self.actor, now=clock.now()), "changed")
            else:
                services.delete_action_group(rule=rule, by=self.actor)
                messages.success(request, f"{rule.name} is deleted.")
        except Conflict as conflict:
            messages.error(request, str(conflict))
        return redirect("alerts")


class DeliveryAct(WorkspacePage):
    """Send a delivery again, or dismiss it."""

    def post(self, request: HttpRequest, delivery_id: int, act: str) -> HttpResponse:
        found = Delivery.objects.in_workspace(self.workspace).select_related("channel", "workspace")
        delivery = found.filter(pk=min(delivery_id, 2**63 - 1)).first()
        if delivery is None:
            raise Http404("No delivery of this workspace has this address.")
        try:
            (services.resend if act == "resend" else services.dismiss)(
                delivery=delivery, by=self.actor, now=clock.now()
            )
        except Conflict as conflict:
            messages.error(request, str(conflict))
        else:
            messages.success(request, "It is sent again." if act == "resend" else "It is dismissed.")
        return redirect("alerts")


def _after_save(request: HttpRequest, saved: services.SavedGroup, verb: str) -> HttpResponse:
    if saved.secret is None:
        messages.success(request, f"{saved.rule.name} is {verb}.")
        if code_forms(saved.rule.workspace, saved.channel):
            return redirect("alert-edit", saved.rule.pk)
        return redirect("monitor", saved.rule.monitor_id)
    context = {"nav_section": "alerts", "rule": saved.rule, "monitor": saved.rule.monitor, "secret": saved.secret}
    return render(request, "dashboard/alert_secret.html", context)


def code_forms(workspace: Workspace, channel: Channel) -> list[CodeForm]:
    """One form for each of the channel's phone numbers that has not confirmed; `error` says why no code could leave."""
    asked = phone_numbers.asked(workspace, channel.config.get("phone_numbers", ()))
    forms = [CodeForm(initial={"number": one.number}, auto_id=f"id_{one.pk}_%s") for one in asked]
    for form, one in zip(forms, asked, strict=True):
        form.error = one.ask_error
    return forms
