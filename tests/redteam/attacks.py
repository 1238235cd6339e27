"""All attacks that are handed in, by the rows of docs/threat_model.md."""

from tests.redteam.breaking import BREAKING
from tests.redteam.carrying import CARRYING
from tests.redteam.chatter import CHATTER
from tests.redteam.flooding import FLOODING
from tests.redteam.forging import FORGING
from tests.redteam.pages import PAGES
from tests.redteam.planting import PLANTING
from tests.redteam.reaching import REACHING
from tests.redteam.stealing import STEALING
from tests.redteam.tampering import TAMPERING

__all__ = ["ATTACKS"]

ATTACKS = [
    *FORGING,
    *TAMPERING,
    *STEALING,
    *CARRYING,
    *REACHING,
    *PLANTING,
    *BREAKING,
    *FLOODING,
    *CHATTER,
    *PAGES,
]
