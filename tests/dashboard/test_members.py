"""Settings, Members: what each role sees and may do about members and invitations."""

from html import unescape

import pytest
from django.core import mail

from accounts.invitations import invite, send_due_mails
from accounts.models import ApiToken, AuditEntry, Invitation, Membership, Role
from common.clock import now as clock_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def member_of(workspace):
    return lambda user: Membership.objects.get(workspace=workspace, user=user)


@pytest.fixture
def ada(bob, member_of):
    """Bob as an admin."""
    Membership.objects.filter(pk=member_of(bob).pk).update(role=Role.ADMIN)
    return bob


@pytest.fixture
def invitation(workspace, by_alice):
    return invite(workspace=workspace, email="dora@example.org", role=Role.VIEWER, by=by_alice, now=clock_now())


@pytest.fixture
def mailed(settings):
    settings.EMAIL_HOST = "mail.example"


def shown(browser, path="/settings/members"):
    answer = browser.get(path)
    assert answer.status_code == 200
    html = answer.content.decode()
    return html[html.index("<main") : html.index("</main")]


def roles_offered(answer):
    return [value for value, _ in answer.context["form"].fields["role"].choices]


def test_everybody_sees_who_is_in_and_only_admins_who_is_invited(signed_in, alice, ada, vera, invitation):
    for user, sees_invitations in ((alice, True), (ada, True), (vera, False)):
        html = shown(signed_in(user))
        assert "alice@example.org" in html
        assert "vera@example.org" in html
        assert ("dora@example.org" in html) == sees_invitations
        assert ("What each role may do" in html) != sees_invitations


def test_the_queries_of_the_page_do_not_grow_with_members(signed_in, alice, request, queries_of, workspace, by_alice):
    browser = signed_in(alice)
    invite(workspace=workspace, email="1@example.org", role=Role.OWNER, by=by_alice, now=clock_now())
    few = queries_of(browser, "/settings/members")
    for who in ("bob", "vera"):
        request.getfixturevalue(who)
        invite(workspace=workspace, email=f"{who}@example.com", role=Role.OWNER, by=by_alice, now=clock_now())
    assert queries_of(browser, "/settings/members") == few


def test_an_owner_gives_every_role_an_admin_all_but_owner(signed_in, alice, ada, vera, member_of):
    path = f"/settings/members/{member_of(vera).pk}"
    assert roles_offered(signed_in(alice).get(path)) == ["OWNER", "ADMIN", "MEMBER", "VIEWER"]
    browser = signed_in(ada)
    assert roles_offered(browser.get(path)) == ["ADMIN", "MEMBER", "VIEWER"]
    assert "role" in browser.post(path, {"role": "OWNER"}).context["form"].errors
    assert "Vera is an admin now" in browser.post(path, {"role": "ADMIN"}, follow=True).content.decode()
    assert member_of(vera).role == Role.ADMIN
    assert AuditEntry.objects.filter(verb="edit", object_type="membership", user=ada).exists()


def test_an_admin_is_offered_nothing_about_an_owner_and_refused(signed_in, ada, alice, member_of):
    browser, path = signed_in(ada), f"/settings/members/{member_of(alice).pk}"
    assert "Only an owner changes or removes an owner" in shown(browser, path)
    assert browser.post(path, {"role": "VIEWER"}).status_code == 403
    assert browser.post(f"{path}/remove").status_code == 403
    assert member_of(alice).role == Role.OWNER


def test_a_role_that_does_not_exist_is_named_beside_the_field(signed_in, alice, vera, member_of):
    answer = signed_in(alice).post(f"/settings/members/{member_of(vera).pk}", {"role": "KING"})
    assert answer.status_code == 400
    assert set(answer.context["form"].errors) == {"role"}


def test_the_last_owner_stays_one_and_stays(signed_in, alice, vera, member_of):
    browser, mine = signed_in(alice), member_of(alice)
    assert "You are its only owner" in shown(browser)
    answer = browser.post(f"/settings/members/{mine.pk}", {"role": "ADMIN"})
    assert answer.status_code == 400
    assert "keeps at least one owner" in answer.content.decode()
    left = browser.post(f"/settings/members/{mine.pk}/remove", follow=True)
    assert "keeps at least one owner" in left.content.decode()
    assert member_of(alice).role == Role.OWNER


def test_an_owner_may_go_once_there_is_another(signed_in, alice, vera, member_of, workspace):
    browser = signed_in(alice)
    browser.post(f"/settings/members/{member_of(vera).pk}", {"role": "OWNER"})
    assert 'id="leave-dialog"' in shown(browser)
    browser.post(f"/settings/members/{member_of(alice).pk}/remove")
    assert list(workspace.members.all()) == [vera]


def test_an_admin_removes_a_member_with_their_tokens(signed_in, ada, vera, member_of, token_of, workspace):
    token_of(vera, "monitor.read")
    answer = signed_in(ada).post(f"/settings/members/{member_of(vera).pk}/remove", follow=True)
    assert "Vera is no member any more" in answer.content.decode()
    assert vera not in workspace.members.all()
    assert not ApiToken.objects.filter(user=vera).exists()


@pytest.mark.parametrize("who", ["bob", "vera"])
def test_members_and_viewers_change_and_remove_nobody_but_may_leave(
    request, who, signed_in, alice, member_of, workspace
):
    user = request.getfixturevalue(who)
    browser = signed_in(user)
    for path in (f"/settings/members/{member_of(alice).pk}", f"/settings/members/{member_of(user).pk}"):
        assert browser.get(path).status_code == 403
        assert browser.post(path, {"role": "OWNER"}).status_code == 403
    assert browser.post(f"/settings/members/{member_of(alice).pk}/remove").status_code == 403
    assert browser.post("/settings/members", {"email": "x@example.org", "role": "VIEWER"}).status_code == 403
    answer = browser.post(f"/settings/members/{member_of(user).pk}/remove", follow=True)
    assert answer.status_code == 200
    assert f"You have left {workspace.name}" in unescape(answer.content.decode())
    assert answer.context["workspace"] != workspace
    assert list(workspace.members.all()) == [alice]


def test_a_stranger_reaches_no_member_and_no_invitation(signed_in, charlie, vera, member_of, invitation):
    browser = signed_in(charlie)
    assert "vera@example.org" not in shown(browser)
    for path in (f"/settings/members/{member_of(vera).pk}", f"/settings/members/{member_of(vera).pk}/remove"):
        assert browser.post(path, {"role": "VIEWER"}).status_code == 404
    for act in ("resend", "revoke"):
        assert browser.post(f"/settings/invitations/{invitation.pk}/{act}").status_code == 404
    assert Invitation.objects.exists()


def test_an_admin_invites_by_mail(signed_in, ada, mailed):
    answer = signed_in(ada).post("/settings/members", {"email": "Dora@example.org", "role": "MEMBER"}, follow=True)
    assert "An invitation is on its way to dora@example.org" in answer.content.decode()
    send_due_mails(now=clock_now())
    assert mail.outbox[0].to == ["dora@example.org"]


def test_without_a_mail_server_the_link_is_shown_once_and_lets_in(signed_in, alice, client, settings, workspace):
    settings.EMAIL_HOST = ""
    browser = signed_in(alice)
    answer = browser.post("/settings/members", {"email": "dora@example.org", "role": "VIEWER"})
    link = answer.context["link"]
    assert link in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert link not in shown(browser)
    client.post("/" + link.split("/", 3)[3], {"name": "Dora", "password": "a long enough pass phrase"})
    assert workspace.memberships.get(user__email="dora@example.org").role == Role.VIEWER
    assert "Nobody is invited" in shown(browser)


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"email": "no address", "role": "MEMBER"}, "email", "valid email"),
        ({"email": "", "role": "MEMBER"}, "email", "required"),
        ({"email": "x@example.org", "role": "KING"}, "role", "KING"),
        ({"email": "alice@example.org", "role": "MEMBER"}, "__all__", "alice@example.org is a member already."),
    ],
)
def test_a_wrong_invitation_is_named_kept_and_not_sent(signed_in, alice, given, field, said):
    answer = signed_in(alice).post("/settings/members", given)
    assert answer.status_code == 400
    assert said in str(answer.context["form"].errors[field])
    assert f'value="{given["email"]}"' in answer.content.decode() or not given["email"]
    assert not Invitation.objects.exists()


def test_an_admin_invites_no_owner(signed_in, ada):
    answer = signed_in(ada).post("/settings/members", {"email": "x@example.org", "role": "OWNER"})
    assert "role" in answer.context["form"].errors


def test_sending_again_makes_another_link_and_ends_the_first(signed_in, alice, client, invitation, mailed):
    answer = signed_in(alice).post(f"/settings/invitations/{invitation.pk}/resend", follow=True)
    assert "on its way to dora@example.org" in answer.content.decode()
    again = Invitation.objects.get()
    assert (again.email, again.role) == (invitation.email, invitation.role)
    assert again.pk != invitation.pk
    assert again.mail_due_at is not None


def test_an_admin_does_not_send_an_owners_invitation_again(signed_in, ada, workspace, by_alice):
    made = invite(workspace=workspace, email="x@example.org", role=Role.OWNER, by=by_alice, now=clock_now())
    answer = signed_in(ada).post(f"/settings/invitations/{made.pk}/resend", follow=True)
    assert "Only an owner invites an owner" in answer.content.decode()
    assert Invitation.objects.get().pk == made.pk


def test_an_invitation_that_is_taken_back_is_gone(signed_in, ada, invitation):
    answer = signed_in(ada).post(f"/settings/invitations/{invitation.pk}/revoke", follow=True)
    assert "is taken back" in answer.content.decode()
    assert not Invitation.objects.exists()
    assert AuditEntry.objects.filter(verb="revoke", object_type="invitation").exists()


def test_the_audit_log_is_narrowed_to_a_person_or_a_token(signed_in, alice, ada, vera, member_of, token_of):
    signed_in(ada).post(f"/settings/members/{member_of(vera).pk}", {"role": "MEMBER"})
    token_of(alice)
    browser = signed_in(alice)
    assert {one.user for one in browser.get(f"/settings/audit-log?user={ada.pk}").context["page"]} == {ada}
    token = ApiToken.objects.get()
    assert not browser.get(f"/settings/audit-log?token={token.pk}").context["page"].object_list
    assert browser.get("/settings/audit-log?user=x&token=٣").context["page"].object_list
