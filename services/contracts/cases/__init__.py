"""The words of cases: registering, working, ending, finding."""

from services.contracts.cases.calls import *
from services.contracts.cases.catalogue import *
from services.contracts.cases.clocks import *
from services.contracts.cases.core import *
from services.contracts.cases.drafts import *
from services.contracts.cases.ending import *
from services.contracts.cases.events import *
from services.contracts.cases.finding import *
from services.contracts.cases.following import *
from services.contracts.cases.forecast import *
from services.contracts.cases.grouping import *
from services.contracts.cases.history import *
from services.contracts.cases.jobs import *
from services.contracts.cases.keys import *
from services.contracts.cases.macros import *
from services.contracts.cases.queues import *
from services.contracts.cases.quotes import *
from services.contracts.cases.sharing import *
from services.contracts.cases.snippets import *
from services.contracts.cases.working import *
