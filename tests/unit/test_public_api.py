"""The public API: type checkers, lazy imports and `__all__` name the same things."""

import ast
import inspect
from importlib import import_module

import discern


def typed_imports() -> dict[str, str]:
    """Module of each name that is imported for type checkers alone."""
    tree = ast.parse(inspect.getsource(discern))
    (block,) = (node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    return {
        alias.name: str(node.module) for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }


def test_type_checkers_see_each_name_where_it_is_imported_from() -> None:
    assert typed_imports() == discern._HOMES


def test_all_lists_each_name_and_the_version_in_order() -> None:
    assert discern.__all__ == sorted([*discern._HOMES, "__version__"])
    assert list(discern._HOMES) == sorted(discern._HOMES)


def test_each_name_is_there() -> None:
    for name, module in discern._HOMES.items():
        assert getattr(discern, name) is getattr(import_module(module), name)
