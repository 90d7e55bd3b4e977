"""Search space of a study: the options that it varies, their types and their ranges."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from discern.flow.tune.trial_settings import HIDDEN, METHOD, NETWORK, TrialSettings
from discern.training.method_config import DEFAULT_METHOD

Kind = Literal["float", "int", "categorical"]


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Option whose value each trial chooses.

    Attributes:
        name: name of the option.
        kind: "float", "int" or "categorical".
        low: lowest value of a number.
        high: highest value of a number.
        log: search on a logarithmic scale.
        step: distance of the values of a number; None for any, or for 1 if whole.
        values: the values of a categorical option.
        when: values of other options, by name, with one of which this option is searched; empty for always.
    """

    name: str
    kind: Kind
    low: float = 0
    high: float = 0
    log: bool = False
    step: float | None = None
    values: tuple[Any, ...] = ()
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def applies(self, values: Mapping[str, Any]) -> bool:
        """Return True if the option is searched beside these values of other options."""
        return all(name in values and values[name] in among for name, among in self.when.items())

    def contains(self, value: Any) -> bool:
        """Return True if the option can have a value."""
        if self.kind == "categorical":
            return any(each == value and type(each) is type(value) for each in self.values)
        if not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        return self.step is None or abs((value - self.low) / self.step - round((value - self.low) / self.step)) < 1e-9

    def ends(self) -> tuple[Any, ...]:
        """Return all values of a categorical option, or the lowest and the highest of a number."""
        return self.values if self.kind == "categorical" else (self.low, self.high)

    def suggest(self, trial: Any) -> Any:
        """Have an Optuna trial choose the value."""
        if self.kind == "categorical":
            return trial.suggest_categorical(self.name, self.values)
        if self.kind == "int":
            step = 1 if self.step is None else int(self.step)
            return trial.suggest_int(self.name, int(self.low), int(self.high), step=step, log=self.log)
        return trial.suggest_float(self.name, self.low, self.high, step=self.step, log=self.log)

    def to_json(self) -> dict[str, Any]:
        """Return the option as JSON-ready values, in the form of the file that it was read from."""
        scale = {"log": True} if self.log else {} if self.step is None else {"step": self.step}
        ends = {"low": self.low, "high": self.high} | scale
        shape = {"values": list(self.values)} if self.kind == "categorical" else ends
        when = {"when": {name: list(among) for name, among in self.when.items()}} if self.when else {}
        return {"type": self.kind, **shape, **when}


@dataclass(frozen=True, kw_only=True)
class SearchSpace:
    """Options that a study varies, and those that it sets.

    Attributes:
        name: name of the preset, or path of the file.
        fixed: options that have one value, by name.
        choices: options whose value each trial chooses; one that depends on another comes after it.
    """

    name: str
    fixed: Mapping[str, Any]
    choices: tuple[Choice, ...]

    def suggest(self, trial: Any) -> dict[str, Any]:
        """Have an Optuna trial choose a value of each option, and return all values by name."""
        values = dict(self.fixed)
        for choice in self.choices:
            if choice.applies(values):
                values[choice.name] = choice.suggest(trial)
        return values

    def complete(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of all options from those that a trial chose."""
        return {**self.fixed, **params}

    def methods(self) -> tuple[str, ...]:
        """Return the training methods of the trials."""
        if METHOD in self.fixed:
            return (str(self.fixed[METHOD]),)
        searched = [choice.values for choice in self.choices if choice.name == METHOD]
        return searched[0] if searched else (DEFAULT_METHOD,)

    def standard(self, settings: TrialSettings) -> dict[str, Any]:
        """Return the values of all options with the default of each searched one, whether the space has it or not.

        Options whose default the data or the backbone decide are left out.
        """
        method = self.methods()[0] if METHOD in self.fixed else settings.training.method.name
        values: dict[str, Any] = dict(self.fixed)
        beside = self.beside(method)
        for choice in self.choices:
            if choice.applies({METHOD: method, **values}):
                default = settings.default_of(choice.name, method, beside)
                values |= {} if default is None else {choice.name: default}
        return values

    def departures(self, settings: TrialSettings) -> dict[str, Any]:
        """Return the options that the space sets to another value than the command `train` has by default."""
        method = settings.training.method.name
        return {name: value for name, value in self.fixed.items() if value != settings.default_of(name, method, {})}

    def defaults(self, settings: TrialSettings) -> dict[str, Any]:
        """Return the default values of the searched options, as far as the space contains them."""
        standard = self.standard(settings)
        found = {choice.name: standard[choice.name] for choice in self.choices if choice.name in standard}
        return {name: value for name, value in found.items() if self._choice(name).contains(value)}

    def beside(self, method: str) -> dict[str, Any]:
        """Return an example of the options that decide which others a training method uses."""
        searched = {choice.name: choice.ends()[0] for choice in self.choices_of(method)}
        return {name: value for name, value in (searched | dict(self.fixed)).items() if name in (HIDDEN, NETWORK)}

    def _choice(self, name: str) -> Choice:
        return next(choice for choice in self.choices if choice.name == name)

    def choices_of(self, method: str) -> Iterator[Choice]:
        """Yield the options that are searched with a training method."""
        for choice in self.choices:
            if choice.name != METHOD and method in choice.when.get(METHOD, (method,)):
                yield choice

    def to_json(self) -> dict[str, Any]:
        """Return the space as JSON-ready values."""
        return {**self.fixed, **{choice.name: choice.to_json() for choice in self.choices}}
