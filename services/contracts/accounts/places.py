"""Teams with their profiles, and the organizations they serve."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from services.chassis.messages import Event, Request, Shape, View
from services.contracts.shapes import (
    Id,
    Key,
    Line,
    Locale,
    PageSize,
    Permissions,
    Position,
    Slug,
    Version,
)

Keys = Annotated[list[Key], Shape(max=100)]


class TeamView(View):
    """A product team: the unit of isolation and configuration. ``permissions``: what the caller may do with it now."""

    id: Slug
    name: Line
    locale: Locale
    profile_version: Version
    permissions: Permissions = []


class TeamPage(View):
    """One page of teams, by id."""

    data: list[TeamView]
    next_cursor: str | None


class ProfileView(View):
    """A team's public profile: labels, types with their forms, topics, priorities, limits, help; with all defaults."""

    team_id: Slug
    version: Version
    profile: dict[str, Any]


class OrganizationView(View):
    """A customer, a partner, the team's own employees, or ``anonymous``: nobody belongs to it, and the cases opened
    without a login are its own. ``permissions``: what the caller may do with it now."""

    id: Id
    team_id: Slug
    name: Line
    kind: Literal["customer", "partner", "employees", "anonymous"]
    products: Keys
    version: Version
    active: bool = True
    permissions: Permissions = []


class OrganizationPage(View):
    """One page of organizations, by name."""

    data: list[OrganizationView]
    next_cursor: str | None


class ListTeams(Request[TeamPage]):
    """The teams the caller may enter; an operator sees all. ``public``, and without a token: the teams that show
    themselves to everybody."""

    public: bool = False
    limit: PageSize = 50
    cursor: Position | None = None


class ReadProfile(Request[ProfileView]):
    """A team's public profile, for clients that draw forms and labels. Anyone may read it."""

    team_id: Slug


class ApplyProfile(Request[TeamView]):
    """Set a team's profile (operators). The first one founds the team; for the next ones If-Match is demanded. Errors
    name the path in the document."""

    team_id: Slug
    profile: dict[str, Any]


class AddOrganization(Request[OrganizationView]):
    """Register a customer, a partner or the own employees (staff of the team)."""

    team_id: Slug
    name: Line
    kind: Literal["customer", "partner", "employees"] = "customer"
    products: Keys = []


class ChangeOrganization(Request[OrganizationView]):
    """Correct an organization (staff who may). What is left out stays. ``active`` true serves it again;
    its people come back one by one."""

    team_id: Slug
    organization_id: Id
    name: Line | None = None
    kind: Literal["customer", "partner", "employees"] | None = None
    products: Keys | None = None
    active: bool | None = None


class RemoveOrganization(Request[OrganizationView]):
    """Serve an organization no longer: nobody belongs to it from now on. Its things stay with the team."""

    team_id: Slug
    organization_id: Id


class ReadOrganization(Request[OrganizationView]):
    """One organization the caller belongs to or supports."""

    team_id: Slug
    organization_id: Id


class ListOrganizations(Request[OrganizationPage]):
    """The organizations the caller belongs to; staff see all of their team. ``q`` is a part of the name."""

    team_id: Slug
    q: Annotated[str, Shape(min=1, max=80)] | None = None
    kind: Literal["customer", "partner", "employees", "anonymous"] | None = None
    limit: PageSize = 50
    cursor: Position | None = None


class TeamChanged(Event):
    """A team was founded or its profile changed; ``profile`` is the whole document."""

    subject = "team_id"
    team_id: Slug
    name: Line
    profile: dict[str, Any]
    fact_version: Version


class OrganizationChanged(Event):
    """An organization exists with these values now."""

    subject = "organization_id"
    team_id: Slug
    organization_id: Id
    name: Line
    kind: Key
    products: Keys
    fact_version: Version
    active: bool = True
