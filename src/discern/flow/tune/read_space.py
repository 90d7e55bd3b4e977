"""Functions that read and check a search space, a preset or a TOML file."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn, cast

from discern.errors import UsageError, bound_message
from discern.features.backbones.efficientnet_lite import EfficientNetLite
from discern.flow.paths import is_file, resolve_path
from discern.flow.tune.search_space import Choice, Kind, SearchSpace
from discern.flow.tune.space_lines import SpaceLines
from discern.flow.tune.trial_settings import HIDDEN, METHOD, NETWORK, TrialSettings, is_used, option_types
from discern.training.method_config import METHOD_NAMES

_DEFAULT = "default"
PRESETS = (_DEFAULT, "banana", "bins", "fruit")
_MAX_BYTES = 1 << 20
_KEYS: dict[str, tuple[str, ...]] = {
    "float": ("type", "low", "high", "log", "step", "when"),
    "int": ("type", "low", "high", "log", "step", "when"),
    "categorical": ("type", "values", "when"),
}
_WORDS: dict[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
_ONE = "Write it like [lr] with type, low and high, or with type and values."


def read_space(space: str | Path, settings: TrialSettings) -> SearchSpace:
    """Read a search space; that of the default head has no size if the backbone does not take every size of it.

    Args:
        space: name of a preset, or path of a TOML file.
        settings: settings whose options it replaces.

    Raises:
        UsageError: it cannot be read, or a key, a type or a value of it is wrong; the message has the line.
    """
    name, text = _load(space)
    lines = SpaceLines(name, text)
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(bound_message(f"{name} is not valid TOML: {error}."), hint="Correct it.") from error
    if str(space) == _DEFAULT and not EfficientNetLite().accepts(settings.preparing.backbone):
        # An export takes one size, a vision transformer multiples of its patch: only these take all of the space.
        del content["size"]
    found = _Reader(lines, settings).read(content)
    return SearchSpace(name=name, fixed=found.fixed, choices=found.choices)


def _load(space: str | Path) -> tuple[str, str]:
    if str(space) in PRESETS:
        file = resources.files("discern.flow.tune") / "spaces" / f"{space}.toml"
        return str(space), file.read_text(encoding="utf-8")
    path = resolve_path(space)
    if not is_file(path):
        raise UsageError(
            f"There is no search space {str(space)!r}.",
            hint=f"Use {', '.join(PRESETS[:-1])} or {PRESETS[-1]}, or the path of a TOML file.",
        )
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UsageError(f"{path} is not a search space: it is too long.", hint="Pass a TOML file of options.")
        return str(path), path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", hint="Check its permissions.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not text in UTF-8.", hint="Pass a TOML file of options.") from error


class _Reader:
    """Reader of the tables of a search space."""

    def __init__(self, lines: SpaceLines, settings: TrialSettings) -> None:
        self._lines, self._settings, self._types = lines, settings, option_types()
        self.fixed: dict[str, Any] = {}
        self._choices: list[Choice] = []

    @property
    def choices(self) -> tuple[Choice, ...]:
        return tuple(self._choices)

    def read(self, content: Mapping[str, Any]) -> "_Reader":
        for name, value in content.items():
            self._require_known(name, self._types, (name,), "option")
            if isinstance(value, dict):
                self._choices.append(self._read_choice(name, value))
            else:
                self.fixed[name] = self._typed(name, value, (name,))
        if not self._choices:
            raise UsageError(f"{self._lines.path} has no option to search.", hint=_ONE)
        self._check_methods()
        return self

    def _read_choice(self, name: str, table: Mapping[str, Any]) -> Choice:
        kind = table.get("type")
        allowed = self._kinds(name)
        if kind not in allowed:
            told = "has no type" if kind is None else f"cannot be of the type {kind!r}"
            self._fail((name, "type"), f"{name} {told}", f'Write type = "{" or ".join(allowed)}".')
        for key in table:
            self._require_known(key, _KEYS[kind], (name, key), f"key of {name}")
        when = self._read_when(name, table.get("when", {}))
        if kind == "categorical":
            return Choice(name=name, kind="categorical", values=self._read_values(name, table), when=when)
        return self._read_range(name, cast("Kind", kind), table, when)

    def _kinds(self, name: str) -> tuple[str, ...]:
        numeric = {int: ("int", "categorical"), float: ("float", "categorical")}
        return numeric.get(self._types[name], ("categorical",))

    def _read_values(self, name: str, table: Mapping[str, Any]) -> tuple[Any, ...]:
        values = table.get("values")
        if not isinstance(values, list) or not values:
            self._fail((name, "values"), f"{name} has no list of values", "Write values = [...].")
        found = tuple(self._typed(name, value, (name, "values")) for value in values)
        if len(set(found)) < len(found):
            self._fail((name, "values"), f"a value of {name} stands twice", "Write each value once.")
        return found

    def _read_range(self, name: str, kind: Kind, table: Mapping[str, Any], when: Mapping[str, Any]) -> Choice:
        for key in ("low", "high"):
            if key not in table:
                self._fail((name,), f"{name} has no {key}", f"Write {key} = NUMBER.")
        low, high = (self._typed(name, table[key], (name, key)) for key in ("low", "high"))
        log, step = table.get("log", False), table.get("step")
        if not isinstance(log, bool):
            self._fail((name, "log"), f"log of {name} must be true or false", "Correct it.")
        if not low < high:
            self._fail((name, "high"), f"low of {name} is not below high", "Write the lower end first.")
        if log and low <= 0:
            self._fail((name, "low"), f"{name} has a logarithmic scale, but low is {low}", "Begin above 0.")
        if step is not None:
            step = self._typed(name, step, (name, "step"))
            if log or step <= 0:
                told = "log and step exclude each other" if log else "step must be above 0"
                self._fail((name, "step"), f"{told} ({name})", "Leave out step.")
        return Choice(name=name, kind=kind, low=low, high=high, log=log, step=step, when=when)

    def _read_when(self, name: str, when: Any) -> dict[str, tuple[Any, ...]]:
        if not isinstance(when, dict):
            self._fail((name, "when"), f"when of {name} is not a table", 'Write it like when = { method = "scratch" }.')
        found = {}
        for other, among in when.items():
            values = tuple(among) if isinstance(among, list) else (among,)
            possible = self._possible(other)
            if possible is None:
                hint = "Name an option with fixed or categorical values that stands above it."
                self._fail((name, "when"), f"{name} depends on {other!r}, which has no values to depend on", hint)
            for value in values:
                if not any(value == each and type(value) is type(each) for each in possible):
                    listed = ", ".join(map(str, possible))
                    self._fail((name, "when"), f"{other} is never {value!r} (when of {name})", f"Use {listed}.")
            found[other] = values
        return found

    def _possible(self, name: str) -> tuple[Any, ...] | None:
        if name in self.fixed:
            return (self.fixed[name],)
        return next((each.values for each in self._choices if each.name == name and each.values), None)

    def _typed(self, name: str, value: Any, keys: tuple[str, ...]) -> Any:
        wanted = self._types[name]
        if wanted is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not wanted or value != value:  # noqa: PLR0124 - not a number
            told = f"{keys[-1]} of {name}" if len(keys) > 1 else name
            self._fail(keys, f"{told} must be {_WORDS[wanted]}, not {value!r}", "Correct it.")
        return value

    def _check_methods(self) -> None:
        space = SearchSpace(name=self._lines.path, fixed=self.fixed, choices=self.choices)
        for method in space.methods():
            if method not in METHOD_NAMES:
                self._fail((METHOD,), f"unknown training method {method!r}", f"Use {', '.join(METHOD_NAMES)}.")
            fixed = {name: (value,) for name, value in self.fixed.items() if name != METHOD}
            searched = {choice.name: choice.ends() for choice in space.choices_of(method)}
            contexts = self._contexts(space, method)
            for name, values in (fixed | searched).items():
                usable = [beside for beside in contexts if is_used(name, method, beside)]
                if not usable:
                    self._refuse_option(name, method)
                for value in values:
                    self._check_value(name, value, {METHOD: method, **usable[0]})

    def _contexts(self, space: SearchSpace, method: str) -> list[dict[str, Any]]:
        """Return the options that decide which others a method uses, once for each network that the space has."""
        beside = space.beside(method)
        networks = self._possible(NETWORK) or () if NETWORK in beside else ()
        return [beside | {NETWORK: network} for network in networks] or [beside]

    def _refuse_option(self, name: str, method: str) -> NoReturn:
        able = [each for each in METHOD_NAMES if is_used(name, each, {}) or is_used(name, each, {HIDDEN: 1})]
        listed = ", ".join(f'"{each}"' for each in able)
        self._fail(
            (name,),
            f"the method {method!r} does not use {name}",
            f"Leave it out, or write when = {{ method = [{listed}] }} in its table"
            + (f", or set {HIDDEN} as well." if method in able else "."),
        )

    def _check_value(self, name: str, value: Any, beside: Mapping[str, Any]) -> None:
        # Alone with what it depends on: two options may be valid alone, and not together.
        kept = {key: each for key, each in beside.items() if key == METHOD or self._is_needed(name, beside)}
        try:
            self._settings.replaced({**kept, name: value})
        except UsageError as error:
            self._fail((name,), f"{name}: {error.message}".rstrip("."), error.hint or "Correct it.")

    def _is_needed(self, name: str, beside: Mapping[str, Any]) -> bool:
        return not is_used(name, str(beside[METHOD]), {})

    def _require_known(self, key: str, known: Iterable[str], keys: tuple[str, ...], what: str) -> None:
        names = list(known)
        if key not in names:
            close = difflib.get_close_matches(key, names, n=1)
            nearest = f"Did you mean {close[0]}? " if close else ""
            self._fail(keys, f"unknown {what}: {key!r}", f"{nearest}Allowed are {', '.join(names)}.")

    def _fail(self, keys: tuple[str, ...], problem: str, hint: str) -> NoReturn:
        raise UsageError(f"{self._lines.place(*keys)}: {problem}.", hint=hint)
