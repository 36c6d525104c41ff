"""The entrypoints of accounts: this message leads to this function."""

from __future__ import annotations

from services.accounts import commands, queries
from services.accounts.settings import Settings
from services.chassis.entrypoints import event, events, rpc, timer
from services.contracts import accounts as c
from services.contracts import cases, files


class Service:
    """Identity, teams and their profiles, organizations, memberships, sessions."""

    name = "accounts"
    settings = Settings
    prepare = staticmethod(commands.installation.prepare)
    subcommands = {  # noqa: RUF012 - read by the runner
        "republish": commands.facts.republish_all,
        "rotate-keys": commands.keys.rotate,
        "first-operator": commands.operators.first_operator,
        "another-operator": commands.operators.another_operator,
    }

    # Sessions. Passwords and tokens must not be kept under an idempotency key.
    sign_in = rpc(c.SignIn, commands.sessions.sign_in, look=commands.sessions.prove_password, keyed=False)
    refresh_session = rpc(c.RefreshSession, commands.sessions.refresh_session, keyed=False)
    end_session = rpc(c.EndSession, commands.sessions.end_session)
    end_all_sessions = rpc(c.EndAllSessions, commands.sessions.end_all_sessions)
    list_sessions = rpc(c.ListSessions, queries.sessions.list_sessions)
    read_revocations = rpc(c.ReadRevocations, queries.sessions.read_revocations)
    rotate_keys = rpc(c.RotateKeys, commands.keys.rotate_keys)
    read_keys = rpc(c.ReadKeys, queries.installation.read_keys)
    read_me = rpc(c.ReadMe, queries.people.read_me)

    # Lost and changed passwords.
    report_lost_password = rpc(c.ReportLostPassword, commands.passwords.report_lost_password)
    mail_lost_passwords = timer(seconds=1, do=commands.passwords.mail_lost_passwords)
    reset_password = rpc(
        c.ResetPassword, commands.passwords.reset_password, look=commands.passwords.hash_new_password, keyed=False
    )
    change_password = rpc(
        c.ChangePassword, commands.passwords.change_password, look=commands.passwords.hash_changed_password, keyed=False
    )

    # API tokens.
    add_token = rpc(c.AddToken, commands.tokens.add_token, keyed=False)
    list_tokens = rpc(c.ListTokens, queries.tokens.list_tokens)
    remove_token = rpc(c.RemoveToken, commands.tokens.remove_token)
    add_service_token = rpc(c.AddServiceToken, commands.integrations.add_service_token, keyed=False)
    list_service_tokens = rpc(c.ListServiceTokens, queries.tokens.list_service_tokens)
    remove_service_token = rpc(c.RemoveServiceToken, commands.integrations.remove_service_token)
    end_expired_tokens = timer(seconds=300, do=commands.integrations.end_expired)
    use_token = rpc(c.UseToken, commands.tokens.use_token)

    # What people change about themselves.
    change_me = rpc(c.ChangeMe, commands.myself.change_me)
    list_my_memberships = rpc(c.ListMyMemberships, queries.people.list_my_memberships)
    choose_context = rpc(c.ChooseContext, commands.myself.choose_context)
    change_email = rpc(c.ChangeEmail, commands.myself.change_email, look=commands.myself.prove_it_is_me, keyed=False)
    confirm_email = rpc(c.ConfirmEmail, commands.myself.confirm_email, keyed=False)
    start_totp = rpc(c.StartTotp, commands.factors.start_totp, keyed=False)
    confirm_totp = rpc(c.ConfirmTotp, commands.factors.confirm_totp, keyed=False)
    remove_totp = rpc(c.RemoveTotp, commands.factors.remove_totp, look=commands.myself.prove_it_is_me, keyed=False)

    renew_recovery_codes = rpc(
        c.RenewRecoveryCodes, commands.factors.renew_recovery_codes, look=commands.factors.count_a_code, keyed=False
    )
    remove_second_factor = rpc(c.RemoveSecondFactor, commands.factors.remove_second_factor)

    # Signing in at a provider of the team. The outside world is asked before the transaction.
    add_provider = rpc(c.AddProvider, commands.oidc.add_provider)
    list_providers = rpc(c.ListProviders, queries.oidc.list_providers)
    change_provider = rpc(c.ChangeProvider, commands.oidc.change_provider)
    remove_provider = rpc(c.RemoveProvider, commands.oidc.remove_provider)
    begin_sign_in = rpc(c.BeginSignIn, commands.oidc.begin_sign_in, look=commands.oidc.find_the_way, keyed=False)
    finish_sign_in = rpc(c.FinishSignIn, commands.oidc.finish_sign_in, look=commands.oidc.prove_sign_in, keyed=False)
    link_identity = rpc(c.LinkIdentity, commands.oidc.link_identity, look=commands.oidc.prove_identity)
    list_identities = rpc(c.ListIdentities, queries.oidc.list_identities)
    remove_identity = rpc(c.RemoveIdentity, commands.oidc.remove_identity)

    # Teams and their profiles.
    list_teams = rpc(c.ListTeams, queries.places.list_teams)
    read_profile = rpc(c.ReadProfile, queries.profiles.read_profile)
    apply_profile = rpc(c.ApplyProfile, commands.profiles.apply_profile)
    read_profile_findings = rpc(c.ReadProfileFindings, queries.profiles.read_profile_findings)
    read_profile_draft = rpc(c.ReadProfileDraft, queries.profiles.read_profile_draft)
    save_profile_draft = rpc(c.SaveProfileDraft, commands.profiles.save_profile_draft)
    drop_profile_draft = rpc(c.DropProfileDraft, commands.profiles.drop_profile_draft)
    read_profile_dry_run = rpc(c.ReadProfileDryRun, queries.profiles.read_profile_dry_run)
    apply_profile_draft = rpc(c.ApplyProfileDraft, commands.profiles.apply_profile_draft)
    list_profile_versions = rpc(c.ListProfileVersions, queries.profiles.list_profile_versions)
    read_profile_version = rpc(c.ReadProfileVersion, queries.profiles.read_profile_version)
    roll_back_profile = rpc(c.RollBackProfile, commands.profiles.roll_back_profile)

    # Organizations and people.
    add_first_operator = rpc(c.AddFirstOperator, commands.operators.add_first_operator)
    add_organization = rpc(c.AddOrganization, commands.places.add_organization)
    read_organization = rpc(c.ReadOrganization, queries.places.read_organization)
    change_organization = rpc(c.ChangeOrganization, commands.places.change_organization)
    remove_organization = rpc(c.RemoveOrganization, commands.places.remove_organization)
    list_organizations = rpc(c.ListOrganizations, queries.places.list_organizations)
    add_user = rpc(c.AddUser, commands.people.add_user)
    add_agent = rpc(c.AddAgent, commands.people.add_agent)
    find_users = rpc(c.FindUsers, queries.people.find_users)
    change_user = rpc(c.ChangeUser, commands.people.change_user)
    list_users = rpc(c.ListUsers, queries.people.list_users)
    find_people = rpc(c.FindPeople, queries.people.find_people)
    list_agents = rpc(c.ListAgents, queries.people.list_agents)
    change_membership = rpc(c.ChangeMembership, commands.people.change_membership)
    change_organization_user = rpc(c.ChangeOrganizationUser, commands.people.change_organization_user)
    remove_organization_user = rpc(c.RemoveOrganizationUser, commands.people.remove_organization_user)

    # The record of who did what.
    list_audit = rpc(c.ListAudit, queries.audit.list_audit)
    list_audit_checkpoints = rpc(c.ListAuditCheckpoints, queries.audit.list_audit_checkpoints)
    read_audit_proof = rpc(c.ReadAuditProof, queries.audit.read_audit_proof)
    note_cases = events("cases", cases.CaseEvent, commands.audit.note_event)
    note_files = events("files", files.FileEvent, commands.audit.note_event)
    note_erasing_case = event("cases", cases.CaseErased, commands.audit.note_event)
    note_looking_at_case = event("cases", cases.PrivateCaseViewed, commands.audit.note_event)
    note_listing_files = event("files", files.ClosedFilesListed, commands.audit.note_event)
    note_fetching_file = event("files", files.ClosedFileFetched, commands.audit.note_event)
    seal = timer(seconds=1, do=commands.audit.seal)

    # Roles, and who may do what.
    read_access = rpc(c.ReadAccess, queries.access.read_access)
    list_roles = rpc(c.ListRoles, queries.roles.list_roles)
    add_role = rpc(c.AddRole, commands.roles.add_role)
    change_role = rpc(c.ChangeRole, commands.roles.change_role)
    remove_role = rpc(c.RemoveRole, commands.roles.remove_role)
    # Contracts, and what they entitle to.
    add_contract = rpc(c.AddContract, commands.agreements.add_contract)
    add_contract_version = rpc(c.AddContractVersion, commands.agreements.add_contract_version)
    list_contracts = rpc(c.ListContracts, queries.agreements.list_contracts)
    read_contract = rpc(c.ReadContract, queries.agreements.read_contract)
    list_contract_versions = rpc(c.ListContractVersions, queries.agreements.list_contract_versions)
    list_products = rpc(c.ListProducts, queries.agreements.list_products)
    add_product = rpc(c.AddProduct, commands.products.add_product)
    change_product = rpc(c.ChangeProduct, commands.products.change_product)
    remove_product = rpc(c.RemoveProduct, commands.products.remove_product)
    read_profile_part = rpc(c.ReadProfilePart, queries.parts.read_profile_part)
    read_profile_without = rpc(c.ReadProfileWithout, queries.parts.read_profile_without)
    add_profile_entry = rpc(c.AddProfileEntry, commands.parts.add_profile_entry)
    change_profile_entry = rpc(c.ChangeProfileEntry, commands.parts.change_profile_entry)
    remove_profile_entry = rpc(c.RemoveProfileEntry, commands.parts.remove_profile_entry)
    list_my_products = rpc(c.ListMyProducts, queries.agreements.list_my_products)
    read_entitlements = rpc(c.ReadEntitlements, queries.agreements.read_entitlements)
    # Its own event: whatever changes a place at a partner, the places at the partner's customers follow.
    follow_partner = event("accounts", c.MembershipChanged, commands.agreements.follow_partner)
    bring_into_force = timer(seconds=10, do=commands.agreements.bring_into_force)

    # How people come in. Tokens and passwords must not be kept under an idempotency key.
    start_registration = rpc(
        c.StartRegistration,
        commands.registrations.start_registration,
        look=commands.registrations.hash_wished_password,
        keyed=False,
    )
    confirm_registration = rpc(c.ConfirmRegistration, commands.registrations.confirm_registration)
    read_registration = rpc(c.ReadRegistration, queries.joining.read_registration)
    list_registrations = rpc(c.ListRegistrations, queries.joining.list_registrations)
    approve_registration = rpc(c.ApproveRegistration, commands.registrations.approve_registration)
    reject_registration = rpc(c.RejectRegistration, commands.registrations.reject_registration)
    add_user_request = rpc(c.AddUserRequest, commands.invitations.add_user_request)
    list_user_requests = rpc(c.ListUserRequests, queries.joining.list_user_requests)
    approve_user_request = rpc(c.ApproveUserRequest, commands.invitations.approve_user_request)
    reject_user_request = rpc(c.RejectUserRequest, commands.invitations.reject_user_request)
    add_invitation = rpc(c.AddInvitation, commands.invitations.add_invitation)
    list_invitations = rpc(c.ListInvitations, queries.joining.list_invitations)
    remove_invitation = rpc(c.RemoveInvitation, commands.invitations.remove_invitation)
    accept_invitation = rpc(c.AcceptInvitation, commands.invitations.accept_invitation, keyed=False)
    join_by_invitation = rpc(c.JoinByInvitation, commands.invitations.join_by_invitation)
    add_contact = rpc(c.AddContact, commands.contacts.add_contact)
    list_contacts = rpc(c.ListContacts, queries.joining.list_contacts)
    change_contact = rpc(c.ChangeContact, commands.contacts.change_contact)
    remove_contact = rpc(c.RemoveContact, commands.contacts.remove_contact)
    forget_applications = timer(seconds=300, do=commands.joining.forget_applications)

    # Queues, and who is there.
    list_queues = rpc(c.ListQueues, queries.queues.list_queues)
    add_queue = rpc(c.AddQueue, commands.queues.add_queue)
    change_queue = rpc(c.ChangeQueue, commands.queues.change_queue)
    remove_queue = rpc(c.RemoveQueue, commands.queues.remove_queue)
    put_queue_agent = rpc(c.PutQueueAgent, commands.queues.put_queue_agent)
    remove_queue_agent = rpc(c.RemoveQueueAgent, commands.queues.remove_queue_agent)
    change_availability = rpc(c.ChangeAvailability, commands.queues.change_availability)
    end_absences = timer(seconds=30, do=commands.queues.end_absences)

    purge = timer(seconds=300, do=commands.sessions.purge)
    purge_sign_ins = timer(seconds=300, do=commands.oidc.purge)
