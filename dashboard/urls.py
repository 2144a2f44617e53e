"""Addresses of the pages that people see."""

from django.contrib.auth import views as auth_views
from django.urls import URLPattern, path

from dashboard.views import (
    alerts,
    dependencies,
    heartbeats,
    home,
    incidents,
    maintenance,
    members,
    monitor,
    monitor_forms,
    monitors,
    oauth,
    plan,
    report_schedules,
    reports,
    settings,
    sign_in,
    sms,
    tokens,
)

_MONITOR = "monitors/<int:monitor_id>"
_INCIDENT = "incidents/<int:incident_id>"
_DEPENDENCY = "dependencies/<int:dependency_id>"
_SCHEDULE = "reports/schedules/<int:schedule_id>"
_DEPLOYMENT = "maintenance/deployments/<int:deployment_id>"
_MEMBER = "settings/members/<int:member_id>"

urlpatterns: list[URLPattern] = [
    path("", home.Home.as_view(), name="home"),
    path("sign-in", sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-in/password", sign_in.PasswordReset.as_view(), name="password-reset"),
    path(
        "sign-in/password/<str:uidb64>/<str:token>",
        sign_in.PasswordResetConfirm.as_view(),
        name="password-reset-confirm",
    ),
    path("sign-out", auth_views.LogoutView.as_view(), name="sign-out"),
    path("monitors", monitors.MonitorList.as_view(), name="monitors"),
    path("monitors/new", monitor_forms.MonitorCreate.as_view(), name="monitor-create"),
    path("monitors/try", monitor_forms.MonitorTry.as_view(), name="monitor-try"),
    path(_MONITOR, monitor.MonitorPage.as_view(), name="monitor"),
    path(f"{_MONITOR}/results", monitor.MonitorResults.as_view(), name="monitor-results"),
    path(f"{_MONITOR}/try", monitor_forms.MonitorRetry.as_view(), name="monitor-retry"),
    path(f"{_MONITOR}/edit", monitor_forms.MonitorEdit.as_view(), name="monitor-edit"),
    *(
        path(f"{_MONITOR}/{act}", monitor.MonitorAct.as_view(), {"act": act}, name=f"monitor-{act}")
        for act in ("pause", "resume", "check", "accept", "delete")
    ),
    path(f"{_MONITOR}/reports", reports.ReportList.as_view(), name="reports"),
    path(f"{_MONITOR}/reports/<int:report_id>", reports.ReportDownload.as_view(), name="report"),
    path("heartbeats", monitors.HeartbeatList.as_view(), name="heartbeats"),
    path("heartbeats/new", heartbeats.HeartbeatCreate.as_view(), name="heartbeat-create"),
    path("heartbeats/runs", heartbeats.HeartbeatRuns.as_view(), name="heartbeat-runs"),
    path("heartbeats/<int:monitor_id>/edit", heartbeats.HeartbeatEdit.as_view(), name="heartbeat-edit"),
    path("heartbeats/<int:monitor_id>/signals", heartbeats.HeartbeatSignals.as_view(), name="heartbeat-signals"),
    path("incidents", incidents.IncidentList.as_view(), name="incidents"),
    path(_INCIDENT, incidents.IncidentPage.as_view(), name="incident"),
    *(
        path(f"{_INCIDENT}/{act}", incidents.IncidentAct.as_view(), {"act": act}, name=f"incident-{act}")
        for act in ("acknowledge", "resolve", "note")
    ),
    *(
        path(f"{_INCIDENT}/notes/<int:note_id>/{act}", incidents.NoteAct.as_view(), {"act": act}, name=f"note-{act}")
        for act in ("edit", "delete")
    ),
    path("alerts", alerts.AlertList.as_view(), name="alerts"),
    path("alerts/new", alerts.AlertNew.as_view(), name="alert-new"),
    *(
        path(f"{_MONITOR}/alerts/{name}", alerts.AlertCreate.as_view(), {"type": name}, name=f"alert-create-{name}")
        for name in ("email", "sms", "webhook")
    ),
    path("alerts/<int:rule_id>", alerts.AlertEdit.as_view(), name="alert-edit"),
    *(
        path(f"alerts/<int:rule_id>/{act}", alerts.AlertAct.as_view(), {"act": act}, name=f"alert-{act}")
        for act in ("test", "roll", "delete")
    ),
    *(
        path(f"alerts/<int:rule_id>/number-{act}", sms.NumberAct.as_view(), {"act": act}, name=f"alert-number-{act}")
        for act in ("code", "confirm")
    ),
    *(
        path(f"deliveries/<int:delivery_id>/{act}", alerts.DeliveryAct.as_view(), {"act": act}, name=f"delivery-{act}")
        for act in ("resend", "dismiss")
    ),
    path("reports", report_schedules.ReportScheduleList.as_view(), name="report-schedules"),
    path("reports/schedules/new", report_schedules.ReportScheduleCreate.as_view(), name="report-schedule-create"),
    path(_SCHEDULE, report_schedules.ReportScheduleEdit.as_view(), name="report-schedule"),
    *(
        path(
            f"{_SCHEDULE}/{act}",
            report_schedules.ReportScheduleAct.as_view(),
            {"act": act},
            name=f"report-schedule-{act}",
        )
        for act in ("send", "preview", "delete")
    ),
    path("reports/<int:monthly_id>", report_schedules.MonthlyReportPage.as_view(), name="monthly-report"),
    path("reports/<int:monthly_id>/pdf", report_schedules.MonthlyReportFile.as_view(), name="monthly-report-file"),
    path("dependencies", dependencies.DependencyList.as_view(), name="dependencies"),
    path("dependencies/new", dependencies.DependencyCreate.as_view(), name="dependency-create"),
    path(_DEPENDENCY, dependencies.DependencyPage.as_view(), name="dependency"),
    path(f"{_DEPENDENCY}/edit", dependencies.DependencyEdit.as_view(), name="dependency-edit"),
    *(
        path(f"{_DEPENDENCY}/{act}", dependencies.DependencyAct.as_view(), {"act": act}, name=f"dependency-{act}")
        for act in ("pin-ok", "pin-down", "unpin", "delete")
    ),
    path("maintenance", maintenance.MaintenanceList.as_view(), name="maintenance"),
    path("maintenance/windows/new", maintenance.WindowCreate.as_view(), name="window-create"),
    path("maintenance/windows/<int:window_id>", maintenance.WindowEdit.as_view(), name="window-edit"),
    path(
        "maintenance/windows/<int:window_id>/delete",
        maintenance.WindowAct.as_view(),
        {"act": "delete"},
        name="window-delete",
    ),
    path("maintenance/deployments/new", maintenance.DeploymentCreate.as_view(), name="deployment-create"),
    path(_DEPLOYMENT, maintenance.DeploymentEdit.as_view(), name="deployment-edit"),
    *(
        path(f"{_DEPLOYMENT}/{act}", maintenance.DeploymentAct.as_view(), {"act": act}, name=f"deployment-{act}")
        for act in ("end", "delete")
    ),
    path("settings", settings.SettingsPage.as_view(), name="settings"),
    path("settings/workspace", settings.WorkspaceEdit.as_view(), name="workspace-edit"),
    path("settings/password", settings.PasswordChange.as_view(), name="password"),
    path("settings/delete-account", plan.AccountDelete.as_view(), name="account-delete"),
    path("settings/plan", plan.PlanPage.as_view(), name="plan"),
    *(
        path(f"settings/plan/trial/{act}", plan.TrialAct.as_view(), {"act": act}, name=f"trial-{act}")
        for act in ("start", "cancel")
    ),
    path("settings/members", members.MemberList.as_view(), name="members"),
    path(_MEMBER, members.MemberEdit.as_view(), name="member"),
    path(f"{_MEMBER}/remove", members.MemberRemove.as_view(), name="member-remove"),
    *(
        path(
            f"settings/invitations/<int:invitation_id>/{act}",
            members.InvitationAct.as_view(),
            {"act": act},
            name=f"invitation-{act}",
        )
        for act in ("resend", "revoke")
    ),
    path("settings/tokens", tokens.TokenList.as_view(), name="tokens"),
    path("settings/tokens/<int:token_id>/rotate", tokens.TokenRotate.as_view(), name="token-rotate"),
    *(
        path(f"settings/tokens/<int:token_id>/{act}", tokens.TokenAct.as_view(), {"act": act}, name=f"token-{act}")
        for act in ("disable", "enable", "revoke")
    ),
    path("settings/applications", oauth.ApplicationList.as_view(), name="applications"),
    path("settings/applications/<int:application_id>", oauth.ApplicationEdit.as_view(), name="application"),
    path("settings/applications/<int:application_id>/roll", oauth.ApplicationRoll.as_view(), name="application-roll"),
    path(
        "settings/applications/<int:application_id>/delete",
        oauth.ApplicationDelete.as_view(),
        name="application-delete",
    ),
    path(
        "settings/applications/<int:application_id>/<int:workspace_id>/revoke",
        oauth.AuthorizationRevoke.as_view(),
        name="authorization-revoke",
    ),
    path("settings/audit-log", settings.AuditLog.as_view(), name="audit-log"),
    path("workspaces/switch", settings.WorkspaceSwitch.as_view(), name="switch-workspace"),
]
