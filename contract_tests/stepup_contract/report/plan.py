"""What a run would do, told without sending anything: the checks, what is missing, and what they may cost."""

from collections.abc import Sequence

from stepup_contract.budget import NAMES, Budget
from stepup_contract.checks import all_checks
from stepup_contract.rules import Rule
from stepup_contract.run import forbidden
from stepup_contract.server import Need, promised
from stepup_contract.target import Target

# What a check costs on average, counted over all checks on a server under control.
_COSTS = {"requests": 41.0, "sms": 4.3, "failures": 3.5, "grants": 7.5}


def as_plan(target: Target, rules: Sequence[Rule]) -> str:
    """Return the plan as text. What the control API really offers shows only in the run."""
    offers = promised(target)
    lines = [f"{target.url}: {'live' if target.live else 'loopback'}; nothing was sent", ""]
    planned = 0
    for rule in rules:
        own = [check for check in all_checks() if check.rule == rule.id]
        why = forbidden(rule, target)
        made = [check for check in own if not why and check.needs <= offers and check.unless not in offers]
        planned += len(made)
        missing = {need for check in own for need in check.needs - offers} if len(made) < len(own) else set()
        told = [why] if why else [f"needs {need.value}" for need in Need if need in missing]
        names = " ".join(check.name for check in made) or "nothing"
        lines.append(f"{rule.id:<4}{names}  [{', '.join(rule.safety)}]")
        lines += [f"      {reason}" for reason in told]
    costs = ", ".join(f"{round(cost * planned)} {NAMES[kind]}" for kind, cost in _COSTS.items())
    lines += ["", f"{planned} checks of {len(rules)} rules, about {costs}; workflows and phases not counted"]
    if target.live:
        lines.append(f"at most {(target.budget or Budget()).told()}; no phases, no state machine")
    return "\n".join(lines) + "\n"
