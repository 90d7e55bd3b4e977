"""Detection of pictures that are not independent, such as copies, frames of one film and tiles of one slide.

Edges link pairs of pictures, and connect them into groups: checks report the edges, splits keep the groups together.
"""

from discern.grouping.edge_cache import find_edges_cached
from discern.grouping.edges import find_edges
from discern.grouping.films.film_frames import film_frames
from discern.grouping.groups import Groups, form_groups

__all__ = ["Groups", "film_frames", "find_edges", "find_edges_cached", "form_groups"]
