"""Products, contracts, and what they entitle to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from services.chassis.messages import Event, Request, Shape, View
from services.contracts.accounts.places import Keys
from services.contracts.shapes import Id, Ids, Key, Line, PageSize, Permissions, Position, Slug, Version
from services.contracts.terms import Charge, Meaning, MoneyView, PriorityMeaningView, TargetsView

Ranges = Annotated[list[Line], Shape(max=100)]


class PriorityTermsView(View):
    """What one priority means under a contract. ``calendar``: one of the team's; null: the one of its clocks."""

    meaning: Meaning
    targets: TargetsView | None = None
    calendar: Key | None = None


class ChargeTermsView(View):
    """What a case of one type costs under a contract. ``amount`` belongs to ``contract_rate`` and to nothing else."""

    charge: Charge
    amount: MoneyView | None = None


class TermsView(View):
    """What a contract says. Left out of ``priorities`` or ``charges``: the team's profile holds. ``features`` null:
    those of the profile. ``quote_approvers``: who may approve a price; empty: whoever has ``quote.approve``.
    ``partners``: organizations of the kind ``partner`` whose people may act for this customer."""

    products: Keys = []
    features: Keys | None = None
    priorities: Annotated[dict[str, PriorityTermsView], Shape(max=100)] = {}
    charges: Annotated[dict[str, ChargeTermsView], Shape(max=100)] = {}
    quote_approvers: Ids = []
    partners: Ids = []


class ContractVersionView(View):
    """One version of a contract. It never changes."""

    contract_id: Id
    version: Version
    effective_from: datetime
    terms: TermsView
    made_at: datetime
    made_by: Id


class ContractVersionPage(View):
    """One page of a contract's versions, oldest first."""

    data: list[ContractVersionView]
    next_cursor: str | None


class ContractView(View):
    """An organization's contract. ``version`` is the newest one; ``in_force`` the one that holds now, if any.
    ``permissions``: what the caller may do with it now."""

    id: Id
    team_id: Slug
    organization_id: Id
    created_at: datetime
    in_force: ContractVersionView | None
    newest: ContractVersionView
    version: Version
    permissions: Permissions = []


class ContractPage(View):
    """The contracts of an organization: one, or none yet."""

    data: list[ContractView]
    next_cursor: str | None


class AddContract(Request[ContractView]):
    """Make an organization's contract with its first version. Without ``effective_from`` it holds
    from now on."""

    team_id: Slug
    organization_id: Id
    terms: TermsView
    effective_from: datetime | None = None


class AddContractVersion(Request[ContractView]):
    """Replace what the contract says, from a moment on. Of all versions whose moment has come, the newest holds."""

    team_id: Slug
    organization_id: Id
    contract_id: Id
    terms: TermsView
    effective_from: datetime | None = None


class ListContracts(Request[ContractPage]):
    """An organization's contract, for who has ``contract.read`` there or in the team."""

    team_id: Slug
    organization_id: Id
    limit: PageSize = 50
    cursor: Position | None = None


class ReadContract(Request[ContractView]):
    """One contract with the version in force and the newest one."""

    team_id: Slug
    organization_id: Id
    contract_id: Id


class ListContractVersions(Request[ContractVersionPage]):
    """Everything the contract ever said."""

    team_id: Slug
    organization_id: Id
    contract_id: Id
    limit: PageSize = 50
    cursor: Position | None = None


class ProductView(View):
    """A product with its ranges or categories."""

    key: Key
    name: Line
    ranges: list[Line]


class ProductList(View):
    """The products a team supports, in its own order. They are part of its profile: ``version`` is the profile's.
    ``permissions``: what the caller may do with them now."""

    data: list[ProductView]
    version: Version | None = None
    permissions: Permissions = []


class ListProducts(Request[ProductList]):
    """The team's catalogue. It is part of the profile, and changes with it."""

    team_id: Slug


class AddProduct(Request[ProductList]):
    """Support one product more: the profile's next version has it at the end (who may ``product.manage``)."""

    team_id: Slug
    key: Key
    name: Line
    ranges: Ranges = []


class ChangeProduct(Request[ProductList]):
    """Correct a product's name or ranges, as the profile's next version. What is left out stays."""

    team_id: Slug
    key: Key
    name: Line | None = None
    ranges: Ranges | None = None


class RemoveProduct(Request[ProductList]):
    """Support a product no longer, from the profile's next version on. While open cases are about it, only with
    ``accept_open_cases``."""

    team_id: Slug
    key: Key
    accept_open_cases: bool = False


class HoldingView(View):
    """The products one organization holds today."""

    team_id: Slug
    organization_id: Id
    organization_name: Line
    products: list[ProductView]


class HoldingList(View):
    """What I am entitled to, by organization."""

    data: list[HoldingView]


class ListMyProducts(Request[HoldingList]):
    """The products I am entitled to, in each organization I belong to or in one of them."""

    organization_id: Id | None = None


class TypeChargeView(View):
    """What a case of one type costs one organization today; ``amount`` for who has ``contract.read`` there."""

    type: Key
    name: Line
    charge: Charge
    amount: MoneyView | None


class EntitlementsView(View):
    """What an organization holds today: by its contract, or by the team's profile when there is none."""

    team_id: Slug
    organization_id: Id
    contract_id: Id | None
    contract_version: Version | None
    products: list[ProductView]
    features: Keys
    priorities: list[PriorityMeaningView]
    charges: list[TypeChargeView]
    contact: Line


class ReadEntitlements(Request[EntitlementsView]):
    """What an organization may ask for today, for its people and the team's staff."""

    team_id: Slug
    organization_id: Id


class ContractVersioned(Event):
    """A contract has a new version, which holds from ``effective_from`` on; it may lie ahead. Versions never change, so
    ``fact_version`` is the version."""

    subject = "organization_id"
    team_id: Slug
    organization_id: Id
    contract_id: Id
    contract_version: Version
    effective_from: datetime
    terms: TermsView
    fact_version: Version
