"""What a run would do, without sending anything: the checks, what is missing, and what they may cost."""

from collections.abc import Sequence

from stepup_contract.checks import all_checks
from stepup_contract.rules import Rule
from stepup_contract.run import forbidden
from stepup_contract.server.budget import KINDS, NAMES, Budget
from stepup_contract.server.connect import Need, promised
from stepup_contract.server.target import Target

# What the checks of a rule cost, in the order of KINDS, counted on a server under control.
_COSTS = {
    "A1": (575, 3, 8, 8),
    "A2": (57, 0, 0, 0),
    "A3": (88, 5, 6, 8),
    "A4": (23, 3, 0, 3),
    "E1": (4, 0, 0, 0),
    "E2": (14, 0, 0, 0),
    "E3": (3, 0, 0, 0),
    "E4": (38, 0, 0, 0),
    "E5": (45, 1, 9, 2),
    "T1": (22, 0, 3, 19),
    "T2": (49, 0, 20, 29),
    "T3": (162, 0, 26, 133),
    "T4": (9, 0, 5, 4),
    "T5": (22, 0, 14, 8),
    "T6": (200, 40, 60, 80),
    "T7": (19, 0, 5, 9),
    "T8": (12, 0, 0, 4),
    "T9": (39, 0, 4, 10),
    "S1": (216, 216, 0, 0),
    "S2": (12, 3, 0, 0),
    "S3": (50, 11, 0, 11),
    "S4": (58, 22, 1, 20),
    "S5": (93, 38, 4, 38),
    "S6": (15, 7, 1, 3),
    "S7": (28, 7, 14, 5),
    "S8": (22, 6, 10, 2),
    "S9": (27, 20, 0, 0),
    "V1": (67, 9, 0, 18),
    "V2": (71, 8, 0, 24),
    "V3": (103, 2, 0, 5),
    "V4": (194, 32, 0, 65),
    "V5": (158, 21, 0, 43),
    "V6": (13, 1, 0, 2),
    "V7": (45, 5, 0, 10),
    "V8": (238, 0, 0, 210),
    "V9": (93, 18, 2, 32),
    "R1": (33, 1, 20, 4),
    "R2": (65, 1, 38, 9),
    "R3": (68, 9, 36, 12),
    "R4": (36, 5, 14, 1),
    "R5": (148, 1, 40, 11),
    "I1": (58, 2, 0, 3),
    "I2": (152, 4, 0, 6),
    "I3": (62, 1, 0, 3),
    "I4": (73, 7, 0, 23),
    "I5": (180, 4, 0, 6),
    "H1": (39, 1, 0, 2),
    "H2": (7, 1, 0, 2),
    "H3": (62, 0, 0, 0),
    "H4": (54, 1, 6, 1),
    "Q1": (52, 2, 7, 3),
    "Q3": (17, 1, 1, 2),
    "C1": (653, 11, 50, 22),
    "C2": (368, 5, 0, 11),
    "C3": (208, 2, 20, 4),
    "C4": (240, 24, 24, 48),
    "D2": (20, 1, 5, 6),
}
# For rules without such a count.
_UNKNOWN = (40, 4, 3, 8)
# Requests before the first check.
_BEFORE = 5


def _may_text(rule: Rule, target: Target) -> bool:
    """Tell whether judging a rule may send text messages: where they can be read, or where the rule is about
    them.
    """
    if target.live and (target.budget or Budget()).sms == 0:
        return False
    return target.control_url is not None or bool(target.named.inbox_command) or "sms" in rule.safety


def as_plan(target: Target, rules: Sequence[Rule]) -> str:
    """Return the plan as text. What the control API really offers shows only in the run."""
    offers = promised(target)
    lines = [f"{target.url}: {'live' if target.live else 'loopback'}; nothing was sent", ""]
    planned = 0
    costs = dict.fromkeys(KINDS, 0) | {"requests": _BEFORE}
    for rule in rules:
        own = [check for check in all_checks() if check.rule == rule.id]
        why = forbidden(rule, target)
        made = [check for check in own if not why and check.needs <= offers and check.unless not in offers]
        planned += len(made)
        share = min(1.0, len(made) / max(1, sum(check.unless is None for check in own)))
        for kind, cost in zip(KINDS, _COSTS.get(rule.id, _UNKNOWN), strict=True):
            costs[kind] += round(cost * share) if kind != "sms" or _may_text(rule, target) else 0
        missing = {need for check in own for need in check.needs - offers} if len(made) < len(own) else set()
        told = [why] if why else [f"needs {need.value}" for need in Need if need in missing]
        names = " ".join(check.name for check in made) or "nothing"
        lines.append(f"{rule.id:<4}{names}  [{', '.join(rule.safety)}]")
        lines += [f"      {reason}" for reason in told]
    about = ", ".join(f"{cost} {NAMES[kind]}" for kind, cost in costs.items())
    lines += ["", f"{planned} checks of {len(rules)} rules, about {about}; workflows and phases not counted"]
    if target.live:
        lines.append(f"at most {(target.budget or Budget()).told()}; no phases, no state machine")
    return "\n".join(lines) + "\n"
