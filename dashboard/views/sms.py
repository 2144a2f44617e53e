"""Confirms the phone numbers of an alert action: a code sent again, a code typed."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from alerts import services
from common import clock
from common.invalid import Conflict, Invalid
from dashboard.views.alerts import OneAction


class NumberAct(OneAction):
    """Sends another code to a number, or confirms it."""

    def post(self, request: HttpRequest, rule_id: int, act: str) -> HttpResponse:
        rule, number, code = self.rule, request.POST.get("number", ""), request.POST.get("code", "")
        try:
            if act == "code":
                services.send_code(rule=rule, number=number, now=clock.now())
                messages.success(request, f"Another code is on its way to {number}.")
            else:
                services.confirm_number(rule=rule, number=number, code=code, by=self.actor, now=clock.now())
                messages.success(request, f"{number} is confirmed.")
        except Conflict as conflict:
            messages.error(request, str(conflict))
        except Invalid as invalid:
            messages.error(request, " ".join(error.detail for error in invalid.errors))
        return redirect("alert-edit", rule.pk)
