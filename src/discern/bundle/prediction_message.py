"""Functions that compose the sentences in which a prediction is written and spoken."""

import re
from collections.abc import Mapping
from typing import Any, Literal

Decision = Literal["accept", "review", "unknown"]

_ARTICLE = re.compile(r"(?:a|an|the) (?=[^\W\d_])", re.IGNORECASE)


def compose_message(name: str, decision: Decision, confidence: float, *, caveat: str = "") -> str:
    """Compose the message that displays a prediction to a person.

    Args:
        name: display name of the label.
        decision: the decision.
        confidence: probability of the label.
        caveat: the reason why the model accepts nothing, see `describe_missing_policy`; "" if it accepts some
            predictions.

    >>> compose_message("ripe banana", "review", 0.613)
    'This looks like "ripe banana" (61 %), but please have a look.'
    >>> compose_message("Rose", "review", 0.99, caveat="Too few pictures for a promise: about 12 more.")
    'Rose (99 %). Too few pictures for a promise: about 12 more.'
    >>> compose_message("The bus", "accept", 0.97)
    'This is the bus (97 %).'
    """
    named = lower_article(name) if _ARTICLE.match(name) else f'"{name}"'
    if decision == "unknown":
        return f"This is not one of the things I know; it looks most like {named}."
    if decision == "accept":
        return f"This is {named} ({_percent(confidence)} %)."
    if caveat:
        start = f"{name[0].upper()}{name[1:]}" if _ARTICLE.match(name) else name
        return f"{start} ({_percent(confidence)} %). {caveat}"
    return f"This looks like {named} ({_percent(confidence)} %), but please have a look."


def compose_spoken(name: str, decision: Decision, confidence: float, *, caveat: str = "") -> str:
    """Compose the sentence that speaks a prediction aloud; the arguments are those of `compose_message`.

    >>> compose_spoken("a chair", "accept", 0.97)
    'a chair, 97 percent sure'
    """
    if decision == "unknown":
        return f"none of the things I know; most like {lower_article(name)}"
    if decision == "accept":
        return f"{name}, {_percent(confidence)} percent sure"
    named = name if caveat else f"perhaps {lower_article(name)}"
    return f"{named}, {_percent(confidence)} percent; please check"


def lower_article(name: str) -> str:
    """Write the article at the beginning of a name in lower case, as within a sentence.

    >>> lower_article("The bus"), lower_article("A 4 sheet"), lower_article("Ananas")
    ('the bus', 'A 4 sheet', 'Ananas')
    """
    return _ARTICLE.sub(lambda article: article[0].lower(), name, count=1) if _ARTICLE.match(name) else name


def describe_missing_policy(policy: Mapping[str, Any] | None) -> str:
    """State in one sentence why a model accepts nothing, and the number of groups that are needed.

    >>> describe_missing_policy({"needed": 1200})
    'Too few pictures for a promise: about 1,200 more.'
    """
    needed = policy and policy.get("needed")
    if not needed:
        return "It comes without a promise, so please have a look."
    return f"Too few pictures for a promise: about {needed:,} more."


def _percent(confidence: float) -> str:
    """Format a confidence as a whole percentage, reserving 100 for exactly 1.

    >>> _percent(0.996)
    'over 99'
    """
    return "over 99" if 0.995 <= confidence < 1 else f"{100 * confidence:.0f}"
