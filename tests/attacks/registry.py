"""List of all hostile inputs."""

from tests.attacks.hostile import Hostile
from tests.attacks.hostile_archives import ARCHIVES
from tests.attacks.hostile_bundles import BUNDLES
from tests.attacks.hostile_lists import LISTED
from tests.attacks.hostile_persisted import PERSISTED
from tests.attacks.hostile_pictures import PICTURES
from tests.attacks.hostile_places import FILES

HOSTILE: tuple[Hostile, ...] = (*PICTURES, *ARCHIVES, *FILES, *LISTED, *BUNDLES, *PERSISTED)
BY_TITLE = {hostile.title: hostile for hostile in HOSTILE}
assert len(BY_TITLE) == len(HOSTILE)
