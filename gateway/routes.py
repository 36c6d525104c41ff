"""The whole public API, one line per endpoint. ``~`` is ``/v1/teams/<team_id>``."""

from __future__ import annotations

from gateway import live, transfers
from gateway.table import ANYONE, OPERATOR, SIGNED_IN, link_cursors, route
from services.contracts import accounts, cases, files, notifications

# ruff: noqa: E501 - one line per endpoint is what this file is for
# fmt: off
ROUTES = link_cursors((
    # who am I
    route("POST /v1/sessions", accounts.SignIn, service="accounts", allow=ANYONE, made="/v1/sessions"),
    route("POST /v1/sessions/refresh", accounts.RefreshSession, service="accounts", allow=ANYONE),
    route("GET /v1/sessions", accounts.ListSessions, service="accounts", allow=SIGNED_IN),
    route("DELETE /v1/sessions/<session_id>", accounts.EndSession, service="accounts", allow=SIGNED_IN),
    route("GET /v1/keys", accounts.ReadKeys, service="accounts", allow=ANYONE),
    route("GET /v1/me", accounts.ReadMe, service="accounts", allow=SIGNED_IN),
    # teams, organizations, people
    route("GET /v1/teams", accounts.ListTeams, service="accounts", allow=SIGNED_IN),
    route("GET ~/profile", accounts.ReadProfile, service="accounts", allow=ANYONE),
    route("PUT ~/profile", accounts.ApplyProfile, service="accounts", allow=OPERATOR),
    route("POST ~/organizations", accounts.AddOrganization, service="accounts", allow=SIGNED_IN, made="~/organizations/{id}"),
    route("GET ~/organizations", accounts.ListOrganizations, service="accounts", allow=SIGNED_IN),
    route("GET ~/organizations/<organization_id>", accounts.ReadOrganization, service="accounts", allow=SIGNED_IN),
    route("POST ~/organizations/<organization_id>/users", accounts.AddUser, service="accounts", allow=SIGNED_IN, made="~/organizations/{organization_id}/users"),
    route("GET ~/organizations/<organization_id>/users", accounts.ListUsers, service="accounts", allow=SIGNED_IN),
    route("POST ~/agents", accounts.AddAgent, service="accounts", allow=SIGNED_IN, made="~/agents"),
    route("GET ~/agents", accounts.ListAgents, service="accounts", allow=SIGNED_IN),
    route("PATCH ~/memberships/<membership_id>", accounts.ChangeMembership, service="accounts", allow=SIGNED_IN),
    # cases
    route("POST ~/cases", cases.OpenCase, service="cases", allow=SIGNED_IN, made="~/cases/{id}"),
    route("GET ~/cases", cases.ListCases, service="cases", allow=SIGNED_IN),
    route("GET ~/cases/by-number/<number>", cases.ReadCaseByNumber, service="cases", allow=SIGNED_IN),
    route("GET ~/cases/<case_id>", cases.ReadCase, service="cases", allow=SIGNED_IN),
    route("PATCH ~/cases/<case_id>", cases.ChangeCase, service="cases", allow=SIGNED_IN),
    route("POST ~/cases/<case_id>/comments", cases.AddComment, service="cases", allow=SIGNED_IN, made="~/cases/{case_id}/comments"),
    route("GET ~/cases/<case_id>/comments", cases.ListComments, service="cases", allow=SIGNED_IN, continues="comments_cursor"),
    route("POST ~/cases/<case_id>/triage", cases.ReviewCase, service="cases", allow=SIGNED_IN),
    route("PUT ~/cases/<case_id>/assignee", cases.AssignCase, service="cases", allow=SIGNED_IN),
    route("POST ~/cases/<case_id>/answer", cases.AnswerCase, service="cases", allow=SIGNED_IN),
    route("POST ~/cases/<case_id>/close", cases.CloseCase, service="cases", allow=SIGNED_IN),
    route("POST ~/cases/<case_id>/cancel", cases.CancelCase, service="cases", allow=SIGNED_IN),
    route("POST ~/cases/<case_id>/reopen", cases.ReopenCase, service="cases", allow=SIGNED_IN),
    route("PUT ~/cases/<case_id>/confirmation", cases.ConfirmCase, service="cases", allow=SIGNED_IN),
    route("POST ~/cases/<case_id>/followers", cases.AddFollower, service="cases", allow=SIGNED_IN, made="~/cases/{case_id}"),
    route("DELETE ~/cases/<case_id>/followers/<user_id>", cases.RemoveFollower, service="cases", allow=SIGNED_IN),
    # files
    route("GET ~/limits", files.ReadLimits, service="files", allow=SIGNED_IN),
    route("GET ~/cases/<case_id>/tree", files.ListTree, service="files", allow=SIGNED_IN),
    route("POST ~/cases/<case_id>/folders", files.AddFolder, service="files", allow=SIGNED_IN, made="~/cases/{case_id}/tree"),
    route("POST ~/cases/<case_id>/files", files.StartUpload, service="files", allow=SIGNED_IN, made="~/cases/{case_id}/tree", do=transfers.take_files, sends="multipart/form-data"),
    route("POST ~/uploads", files.StartUpload, service="files", allow=SIGNED_IN, made="~/files/{file[id]}"),
    route("POST ~/uploads/<file_id>/complete", files.FinishUpload, service="files", allow=SIGNED_IN),
    route("GET ~/files/<file_id>", files.ReadFile, service="files", allow=SIGNED_IN),
    route("GET ~/files/<file_id>/content", files.ReadDownload, service="files", allow=SIGNED_IN, do=transfers.send_to_content),
    route("DELETE ~/files/<file_id>", files.RemoveFile, service="files", allow=SIGNED_IN),
    # what happened, what was sent
    route("GET ~/events", notifications.ListFeed, service="notifications", allow=SIGNED_IN, do=live.tell_events),
    route("GET ~/cases/<case_id>/mails", notifications.ListMails, service="notifications", allow=SIGNED_IN),
))
