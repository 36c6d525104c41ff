"""The words of accounts: identity, teams and their profiles, organizations, memberships, sessions."""

from services.contracts.accounts.access import *
from services.contracts.accounts.agreements import *
from services.contracts.accounts.audit import *
from services.contracts.accounts.events import *
from services.contracts.accounts.joining import *
from services.contracts.accounts.letters import *
from services.contracts.accounts.oidc import *
from services.contracts.accounts.operators import *
from services.contracts.accounts.parts import *
from services.contracts.accounts.passwords import *
from services.contracts.accounts.people import *
from services.contracts.accounts.places import *
from services.contracts.accounts.profiles import *
from services.contracts.accounts.queues import *
from services.contracts.accounts.roles import *
from services.contracts.accounts.sessions import *
from services.contracts.accounts.tokens import *
