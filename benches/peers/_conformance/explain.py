"""Gives each trade that differs its rule: the first that holds; what follows from another comes last."""

from . import rules
from .match import has_same_gain, has_same_path, is_near
from .reasons import SIZES

# Nothing can follow from a trade that was in the same rows.
MOVES_NOTHING = {"", "unexplained", *SIZES}


def _follows(q, pairs):
    """The other side held a trade that moved by a rule when this one was decided or filled."""
    mine = q.ours or q.theirs
    since = mine.entry_row - (0 if q.plan.fill == "signal_close" else 1)
    for pair in pairs:
        other = pair.theirs if q.ours is not None else pair.ours
        if pair.rule in MOVES_NOTHING or pair is q.pair or other is None:
            continue
        if other.entry_row <= mine.entry_row and other.last_row >= since:
            return True
    return False


def explain(case, pairs):
    """Gives each pair its rule: first those that explain themselves, then, again and again, those that follow."""
    tied = rules.ties(case.plan, case.column("close"))
    questions = [rules.Question(case, pair) for pair in pairs]
    for q in questions:
        if q.ours is not None and not rules.is_sound(q, tied):
            q.pair.rule = "unexplained"
        elif q.ours is None or q.theirs is None:
            q.pair.rule = _rule_of_one(q, tied)
        else:
            q.pair.rule = _rule(q, tied)
    is_moving = True
    while is_moving:
        is_moving = False
        for q in questions:
            if q.pair.rule == "" and _follows(q, pairs):
                q.pair.rule, is_moving = "follows", True
    for pair in pairs:
        pair.rule = pair.rule or "unexplained"


def _rule(q, tied):
    """Why a trade of both is not the same."""
    a, b, is_bt = q.ours, q.theirs, q.case.peer == "backtesting.py"
    size = rules.size(q)
    if size is None:
        return "unexplained"
    if has_same_path(a, b):
        return size if size != "equal" and has_same_gain(a, b) else "unexplained"
    if rules.spread_at_entry(q):
        return "spread_at_entry"
    if not is_near(a.entry_price, b.entry_price) and not (is_bt and rules.pays_spread(q)):
        return "unexplained"
    asked = [("last_bar", rules.last_bar), ("cut_session", rules.cut_session)]
    if q.plan.stop is not None:
        asked += [("told_late" if is_bt else "entry_bar", rules.entry_bar), ("open_is_first", rules.open_is_first)]
        asked += [("gap_past_level", rules.gap_past_level)] if is_bt else [("stop_before_open", rules.stop_before_open)]
        asked += [("peak_of_entry_bar", rules.peak_of_entry_bar)] if q.plan.trail == "high" and not is_bt else []
    for key, question in asked:
        if question(q):
            return key
    return "tie" if rules.tie(q, tied) else "unexplained"


def _rule_of_one(q, tied):
    """Why a trade of one side has none beside it; nothing if it can only follow from another."""
    if rules.last_bar(q):
        return "last_bar"
    if rules.tie(q, tied):
        return "tie"
    is_turned = q.case.peer == "vectorbt" and q.ours is not None and q.plan.target and q.plan.is_reversed
    return "one_fill_a_bar" if is_turned and rules.one_fill_a_bar(q) else ""
