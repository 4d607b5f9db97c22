"""The rules page: what each rule looks for, within which limits, how often, and how rightly."""

from datetime import UTC, datetime
from typing import Final

import streamlit as st

from finguard.dashboard.client.rules import Rule
from finguard.dashboard.client.statistics import Summary
from finguard.dashboard.limits import limit_lines
from finguard.dashboard.session import current
from finguard.dashboard.widgets import states
from finguard.dashboard.widgets.range_picker import chosen_period
from finguard.dashboard.widgets.tables import written
from finguard.dashboard.wording import NOTHING, RULES, count, escape, named, percent

_MAX_AGE_S: Final = 10.0
_LETTERS: Final = "ABC"
_MOST_VARIANTS: Final = len(_LETTERS)


def _live() -> None:
    """Everything on the page; runs again now and then."""
    session, period, now = current(), chosen_period(), datetime.now(UTC)
    start, end = period.start(now), period.end
    summary = session.ask(
        ("summary", period), lambda api: api.statistics.summary(start, end), _MAX_AGE_S
    )
    rules = session.ask("rules", lambda api: api.rules.all(), _MAX_AGE_S)
    states.outage(session)
    if summary is None or rules is None:
        return
    known = {rule.rule: rule for rule in rules.items}
    for code in [*known, *(code for code in summary.by_rule if code not in known)]:
        with st.container(border=True, gap="small", key=f"rule-{code}"):
            _rule(code, known.get(code), summary)


def _rule(code: str, rule: Rule | None, summary: Summary) -> None:
    st.markdown(f"#### {escape(named(RULES, code))}", anchors=False)
    if rule is not None:
        st.markdown(escape(rule.meaning))
    left, right = st.columns([3, 5], gap="medium")
    with left:
        _counts(code, summary)
    with right:
        _limits(rule)


def _counts(code: str, summary: Summary) -> None:
    phrase = chosen_period().phrase
    alerts = summary.by_rule.get(code, 0)
    precision = summary.precision_by_rule.get(code)
    with st.container(horizontal=True, gap="small"):
        share = percent(alerts / summary.alerts) if summary.alerts else NOTHING
        st.metric(
            "Alerts",
            count(alerts),
            help=f"Of {phrase}: {share} of all alerts.",
            border=True,
        )
        st.metric(
            "Precision",
            percent(precision),
            help="Confirmed fraud among the alerts of this rule that an analyst has decided about"
            + (f", of {phrase}." if precision is not None else f". None of {phrase} has been yet."),
            border=True,
        )


def _limits(rule: Rule | None) -> None:
    """The limits by which the running detectors judge: their own words, not settings of ours."""
    if rule is None:
        st.caption("Neither the API nor a running detector knows this rule; its alerts stay.")
    elif rule.status == "not_applied":
        st.caption("No running detector applies it. Its limits stand here as soon as one does.")
    elif rule.status == "agreed":
        (variant,) = rule.variants
        written("Limits", limit_lines(rule.variants))
        number = len(variant.detectors)
        whose = "the running detector" if number == 1 else f"all {count(number)} running detectors"
        st.caption(f"Applied by {whose}, version {variant.version}.")
    else:
        _disagreement(rule)


def _disagreement(rule: Rule) -> None:
    st.warning(
        "The running detectors do not apply this rule in the same way. In the middle of a change "
        "of settings that is so; afterwards restart those that have the old ones.",
        icon=":material/difference:",
    )
    shown = rule.variants[:_MOST_VARIANTS]
    names = [
        f"{_LETTERS[place]}: version {variant.version}, {_detectors(len(variant.detectors))}"
        for place, variant in enumerate(shown)
    ]
    written("Limits", limit_lines(shown), ("", *names))


def _detectors(number: int) -> str:
    return f"{count(number)} detector{'' if number == 1 else 's'}"


st.fragment(_live, run_every=_MAX_AGE_S)()
