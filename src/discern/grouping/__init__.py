"""Which pictures are not independent: copies, sequences, films, declared; edges, then groups. Checking reports the edges, splitting uses the groups."""  # noqa: E501

from discern.grouping.edge_cache import find_edges_cached
from discern.grouping.edges import find_edges
from discern.grouping.groups import Groups, form_groups

__all__ = ["Groups", "find_edges", "find_edges_cached", "form_groups"]
