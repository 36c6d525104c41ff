"""The cases service: this message leads to this function."""

from __future__ import annotations

from services.cases import queries
from services.cases.commands import (
    audiences,
    callbacks,
    calls,
    changing,
    classing,
    clocks,
    drafts,
    ending,
    erasing,
    facts,
    finding,
    following,
    information,
    jobs,
    keys,
    linking,
    macros,
    merging,
    opened,
    opening,
    queues,
    quotes,
    replies,
    routing,
    sharing,
    snippets,
    timeline,
    wording,
    working,
)
from services.cases.queries import summary
from services.cases.settings import Settings
from services.chassis.entrypoints import event, events, rpc, timer
from services.contracts import cases as c
from services.contracts import files
from services.contracts.accounts import (
    ContactChanged,
    ContractVersioned,
    MembershipChanged,
    OrganizationChanged,
    QueueChanged,
    TeamChanged,
)
from services.contracts.notifications import ReplyReceived


class Service:
    """Registering, working and ending cases."""

    name = "cases"
    settings = Settings

    open_case = rpc(c.OpenCase, opening.open_case)
    start_draft = rpc(c.StartDraft, drafts.start_draft)
    list_drafts = rpc(c.ListDrafts, queries.list_drafts)
    read_draft = rpc(c.ReadDraft, queries.read_draft)
    save_draft = rpc(c.SaveDraft, drafts.save_draft)
    drop_draft = rpc(c.DropDraft, drafts.drop_draft)
    read_draft_summary = rpc(c.ReadDraftSummary, summary.read_draft_summary)
    submit_draft = rpc(c.SubmitDraft, drafts.submit_draft)
    forget_drafts = timer(seconds=60, do=drafts.forget_drafts)
    read_case = rpc(c.ReadCase, queries.read_case)
    read_case_by_number = rpc(c.ReadCaseByNumber, queries.read_case_by_number)
    list_cases = rpc(c.ListCases, queries.list_cases)
    read_access = rpc(c.ReadAccess, queries.read_access)
    read_forecast = rpc(c.ReadForecast, queries.read_forecast)
    read_technical_information = rpc(c.ReadTechnicalInformation, queries.read_technical_information)
    give_technical_information = rpc(c.GiveTechnicalInformation, information.give_technical_information)
    read_comment = rpc(c.ReadComment, queries.read_comment)
    list_comments = rpc(c.ListComments, queries.list_comments)
    change_case = rpc(c.ChangeCase, changing.change_case)
    add_comment = rpc(c.AddComment, working.add_comment)
    review_case = rpc(c.ReviewCase, working.review_case)
    assign_case = rpc(c.AssignCase, working.assign_case)
    move_case = rpc(c.MoveCase, queues.move_case)
    escalate_case = rpc(c.EscalateCase, queues.escalate_case)
    list_pile = rpc(c.ListPile, queries.list_pile)
    read_next = rpc(c.ReadNext, queries.read_next)
    take_next = rpc(c.TakeNext, queues.take_next)
    list_snippets = rpc(c.ListSnippets, queries.list_snippets)
    add_snippet = rpc(c.AddSnippet, snippets.add_snippet)
    change_snippet = rpc(c.ChangeSnippet, snippets.change_snippet)
    remove_snippet = rpc(c.RemoveSnippet, snippets.remove_snippet)
    preview_snippet = rpc(c.PreviewSnippet, snippets.preview_snippet)
    list_macros = rpc(c.ListMacros, queries.list_macros)
    add_macro = rpc(c.AddMacro, macros.add_macro)
    change_macro = rpc(c.ChangeMacro, macros.change_macro)
    remove_macro = rpc(c.RemoveMacro, macros.remove_macro)
    apply_macro = rpc(c.ApplyMacro, macros.apply_macro)
    log_call = rpc(c.LogCall, calls.log_call)
    list_calls = rpc(c.ListCalls, queries.list_calls)
    request_callback = rpc(c.RequestCallback, callbacks.request_callback)
    change_callback = rpc(c.ChangeCallback, callbacks.change_callback)
    cancel_callback = rpc(c.CancelCallback, callbacks.cancel_callback)
    list_case_callbacks = rpc(c.ListCaseCallbacks, queries.list_case_callbacks)
    list_callbacks = rpc(c.ListCallbacks, queries.list_callbacks)
    answer_case = rpc(c.AnswerCase, working.answer_case)
    change_status = rpc(c.ChangeStatus, working.change_status)
    close_case = rpc(c.CloseCase, ending.close_case)
    confirm_case = rpc(c.ConfirmCase, ending.confirm_case)
    reopen_case = rpc(c.ReopenCase, ending.reopen_case)
    cancel_case = rpc(c.CancelCase, ending.cancel_case)
    erase_cancelled = timer(seconds=30, do=erasing.erase_cancelled)
    add_follower = rpc(c.AddFollower, following.add_follower)
    remove_follower = rpc(c.RemoveFollower, following.remove_follower)
    change_owner = rpc(c.ChangeOwner, sharing.change_owner)
    change_visibility = rpc(c.ChangeVisibility, sharing.change_visibility)
    read_audience = rpc(c.ReadAudience, queries.read_audience)
    list_followers = rpc(c.ListFollowers, queries.list_followers)
    read_hidden_cases = rpc(c.ReadHiddenCases, queries.read_hidden_cases)
    read_case_access = rpc(c.ReadCaseAccess, queries.read_case_access)

    read_clocks = rpc(c.ReadClocks, queries.read_clocks)
    read_clock = rpc(c.ReadClock, queries.read_clock)
    list_calendars = rpc(c.ListCalendars, queries.list_calendars)
    list_follow_ups = rpc(c.ListFollowUps, queries.list_follow_ups)
    schedule_follow_up = rpc(c.ScheduleFollowUp, clocks.schedule_follow_up)
    sound_alarms = timer(seconds=5, do=clocks.sound_alarms)
    move_clocks = timer(seconds=2, do=clocks.move_clocks)
    list_links = rpc(c.ListLinks, queries.list_links)
    add_link = rpc(c.AddLink, linking.add_link)
    remove_link = rpc(c.RemoveLink, linking.remove_link)
    list_tags = rpc(c.ListTags, queries.list_tags)
    put_tag = rpc(c.PutTag, linking.put_tag)
    remove_tag = rpc(c.RemoveTag, linking.remove_tag)
    merge_case = rpc(c.MergeCase, merging.merge_case)
    unmerge_case = rpc(c.UnmergeCase, merging.unmerge_case)
    split_case = rpc(c.SplitCase, merging.split_case)
    follow_up_case = rpc(c.FollowUpCase, merging.follow_up_case)
    change_comment = rpc(c.ChangeComment, wording.change_comment)
    retract_comment = rpc(c.RetractComment, wording.retract_comment)
    start_job = rpc(c.StartJob, jobs.start_job)
    read_job = rpc(c.ReadJob, queries.read_job)
    cancel_job = rpc(c.CancelJob, jobs.cancel_job)
    do_job_item = event("cases", c.JobItemQueued, jobs.do_job_item)
    rate_case = rpc(c.RateCase, ending.rate_case)
    list_history = rpc(c.ListHistory, queries.list_history)
    list_happenings = rpc(c.ListHappenings, queries.list_happenings)
    read_export = rpc(c.ReadExport, queries.read_export)
    list_views = rpc(c.ListViews, queries.finding.list_views)
    add_view = rpc(c.AddView, finding.add_view)
    change_view = rpc(c.ChangeView, finding.change_view)
    remove_view = rpc(c.RemoveView, finding.remove_view)
    list_view_cases = rpc(c.ListViewCases, queries.finding.list_view_cases)
    mark_read = rpc(c.MarkRead, finding.mark_read)
    mark_unread = rpc(c.MarkUnread, finding.mark_unread)
    index_cases = timer(seconds=1, do=finding.index_cases)
    issue_access_key = rpc(c.IssueAccessKey, keys.issue_access_key)
    list_access_keys = rpc(c.ListAccessKeys, queries.list_access_keys)
    revoke_access_keys = rpc(c.RevokeAccessKeys, keys.revoke_access_keys)
    read_opened_case = rpc(c.ReadOpenedCase, queries.read_opened_case)
    read_key_holder = rpc(c.ReadKeyHolder, queries.read_key_holder)
    add_comment_by_key = rpc(c.AddCommentByKey, opened.add_comment_by_key)
    confirm_case_by_key = rpc(c.ConfirmCaseByKey, opened.confirm_case_by_key)
    list_representatives = rpc(c.ListRepresentatives, queries.list_representatives)
    forget_attempts = timer(seconds=300, do=keys.forget_attempts)
    reclassify_case = rpc(c.ReclassifyCase, classing.reclassify_case)
    read_charge = rpc(c.ReadCharge, queries.read_charge)
    list_quotes = rpc(c.ListQuotes, queries.list_quotes)
    offer_quote = rpc(c.OfferQuote, quotes.offer_quote)
    approve_quote = rpc(c.ApproveQuote, quotes.approve_quote)
    decline_quote = rpc(c.DeclineQuote, quotes.decline_quote)
    withdraw_quote = rpc(c.WithdrawQuote, quotes.withdraw_quote)
    expire_quotes = timer(seconds=1, do=quotes.expire_quotes)

    list_types = rpc(c.ListTypes, queries.list_types)
    read_form = rpc(c.ReadForm, queries.read_form)
    list_topics = rpc(c.ListTopics, queries.list_topics)
    list_priorities = rpc(c.ListPriorities, queries.list_priorities)

    learn_team = event("accounts", TeamChanged, facts.learn_team)
    learn_organization = event("accounts", OrganizationChanged, facts.learn_organization)
    learn_membership = event("accounts", MembershipChanged, facts.learn_membership)
    tell_audiences = timer(seconds=1, do=audiences.tell_audiences)
    clear_left_desks = timer(seconds=5, do=routing.clear_left_desks)
    settle_names = timer(seconds=1, do=facts.settle_names)
    learn_contract = event("accounts", ContractVersioned, facts.learn_contract)
    learn_contact = event("accounts", ContactChanged, facts.learn_contact)
    learn_queue = event("accounts", QueueChanged, facts.learn_queue)
    add_mail_reply = event("notifications", ReplyReceived, replies.add_mail_reply)
    note_files = events("files", files.FileEvent, timeline.note_file)
    watch_callbacks = timer(seconds=15, do=callbacks.watch_callbacks)
