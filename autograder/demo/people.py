"""Names for people who do not exist."""

from __future__ import annotations

import random

__all__ = ["names"]

_GIVEN = (
    "ada amara anh aroha bilal bruna chen dalia dmitri elif emeka esra farah femi gita hana hugo ines ioana jarrah "
    "joao kaia kenji lena lior luca mara mei nadia noa olu omar paola priya quinn rana rafael saanvi sami tala tariq "
    "uma vera wanjiru xin yara yusuf zoe zainab"
).split()
_FAMILY = (
    "abara bauer castro dang eriksen fofana garcia haddad ito jansen kaya lopez moreau nakamura okafor patel qureshi "
    "rossi silva tanaka umarov vogel walker xu yilmaz zhang"
).split()


def names(size: int, seed: int) -> list[str]:
    """`size` distinct user names, the same for the same seed; where names run out, people have a number, too."""
    rng = random.Random(seed)
    everyone = [f"{given}.{family}" for given in _GIVEN for family in _FAMILY]
    everyone += [f"{name}{n}" for n in range(2, 1 + -(-size // len(everyone))) for name in everyone]
    return sorted(rng.sample(everyone, size))
