"""Settings, API tokens: one's own, to an admin everybody's."""

from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts import services
from accounts.models import ApiToken, Role
from accounts.roles import at_least
from accounts.selectors import tokens_open_to
from accounts.services import NewToken
from common import clock
from dashboard.access import WorkspacePage
from dashboard.forms.settings import TokenForm
from dashboard.menus import Item, token_menu


class TokenPage(WorkspacePage):
    """What the addresses of tokens share; a token never may more than its owner, so viewers have some too."""

    write_role = Role.VIEWER

    def found(self, token_id: int) -> ApiToken:
        """One that this member may see. Raises Http404."""
        token = tokens_open_to(self.request.membership).filter(pk=min(token_id, 2**63 - 1)).first()
        if token is None:
            raise Http404("You have no such token here.")
        return token

    def is_own(self, token: ApiToken) -> bool:
        return token.user_id == self.request.user.pk

    def _menu(self, token: ApiToken) -> list[Item]:
        is_admin = at_least(self.request.membership.role, Role.ADMIN)
        return token_menu(token, is_own=self.is_own(token), has_log=is_admin)

    def page(self, form: TokenForm | None = None, *, made: NewToken | None = None, status: int = 200) -> HttpResponse:
        """The tokens, and the secret of one just made or rotated, this once."""
        tokens = tokens_open_to(self.request.membership)
        rows = [(token, self._menu(token)) for token in tokens]
        context = {
            "nav_section": "settings",
            "tab": "tokens",
            "form": form or TokenForm(),
            "own": [row for row in rows if self.is_own(row[0])],
            "others": [row for row in rows if not self.is_own(row[0])],
            "made": made,
            "now": clock.now(),
        }
        if made is not None:
            path = "/api/v1/user" if "user.read" in made.token.scopes else "/api/v1/monitor"
            context["example"] = f'curl -H "Authorization: Bearer {made.secret}" {settings.PUBLIC_URL}{path}'
        response = render(self.request, "dashboard/tokens.html", context, status=status)
        if made is not None:
            response["Cache-Control"] = "no-store"
        return response


class TokenList(TokenPage):
    """The tokens; making one shows its secret once."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page()

    def post(self, request: HttpRequest) -> HttpResponse:
        form = TokenForm(request.POST)
        if not form.is_valid():
            return self.page(form, status=400)
        days = form.cleaned_data["expires_in_days"]
        made = services.create_token(
            user=self.request.user,
            workspace=self.workspace,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=clock.now() + timedelta(days=days) if days else None,
            by=self.actor,
        )
        return self.page(made=made)


class TokenRotate(TokenPage):
    """Another secret for one's own token, shown this once; whoever could for another would act as them."""

    def post(self, request: HttpRequest, token_id: int) -> HttpResponse:
        token = self.found(token_id)
        if not self.is_own(token):
            raise PermissionDenied("Only its owner may rotate a token.")
        return self.page(made=services.rotate_token(token=token, by=self.actor))


class TokenAct(TokenPage):
    """Disables, enables or revokes a token: one's own, an admin anybody's; at once."""

    def post(self, request: HttpRequest, token_id: int, act: str) -> HttpResponse:
        token = self.found(token_id)
        if act == "revoke":
            services.revoke_token(token=token, by=self.actor)
        else:
            services.edit_token(token=token, by=self.actor, fields={"is_enabled": act == "enable"})
        messages.success(request, f"{token.name} is {act}d.")
        return redirect("tokens")
