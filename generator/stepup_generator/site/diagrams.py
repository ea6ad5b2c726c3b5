"""Draws a workflow as a sequence diagram: SVG made while the site is built, without script or style sheet.

Everything in it comes from the workflow and the operations it calls. A value that comes into being only after
a step (``Input.resolved_after``) reaches the user past the caller, so it gets a lane of its own. A value that
is used again and again gets a bar from the answer that brings it to the last use that is accepted: what is
spent at once and what lasts are told apart at a glance. Colours are those of the page (``currentColor`` and
its custom properties). Every string stays text; a long one is cut, and told whole to screen readers.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import wrap

from markupsafe import Markup

from stepup_generator.arazzo.read import InputReference, OutputReference, Step, Workflow, reference
from stepup_generator.openapi.model import Api, Json, plain

__all__ = ["Message", "diagram", "messages"]

_USER, _CALLER, _API, _DEVICE = range(4)
_LANES = (34, 132, 338, 422)  # the middle of each lane; narrow enough for small screens
_MARGINS = (0, 50, 60, 30)  # what the last lane needs beside it
_HEAD, _LINE, _GAP = 34, 17, 13
_CHARACTER = 7.2  # average width of one at font size 13
_MOST_LINES = 5


@dataclass(frozen=True, slots=True)
class Message:
    """An arrow from lane to lane with its lines of text; ``step`` is the id of the step it belongs to."""

    start: int
    end: int
    lines: tuple[str, ...]
    step: str
    answer: bool = False
    refusal: bool = False

    @property
    def lanes(self) -> tuple[int, int]:
        return min(self.start, self.end), max(self.start, self.end)


def messages(api: Api, workflow: Workflow) -> tuple[Message, ...]:
    """The arrows of a workflow, from top to bottom."""
    return tuple(_messages(api, workflow))


def _messages(api: Api, workflow: Workflow) -> Iterator[Message]:
    told: set[str] = set()
    for number, step in enumerate(workflow.steps, 1):
        used = {item.name for item in _references(step) if isinstance(item, InputReference)} - told
        told |= used
        if used:
            names = (item.name for item in workflow.inputs if item.name in used)
            yield Message(_USER, _CALLER, (", ".join(map(_words, names)),), step.id)
        operation = api.operation(step.operation_id)
        title = f"{number}. {operation.summary or operation.id}"
        yield Message(_CALLER, _API, (title, *_constants(step), *_carried(step)), step.id)
        yield Message(_API, _CALLER, _answer(step), step.id, answer=True, refusal=step.is_refusal)
        for item in workflow.inputs:
            if item.resolved_after == step.id:
                yield Message(_API, _DEVICE, (_words(item.name),), step.id)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _leaves(step: Step) -> Iterator[tuple[str, Json]]:
    """What a step sends, by name; of a nested body the whole of each member."""
    yield from ((item.name, item.value) for item in step.parameters)
    if step.body is not None and isinstance(step.body.value, Mapping):
        yield from step.body.value.items()


def _references(step: Step) -> Iterator[InputReference | OutputReference]:
    for _, value in _leaves(step):
        if found := reference(value):
            yield found


def _constants(step: Step) -> Iterator[str]:
    for name, value in _leaves(step):
        if reference(value) is None:
            text = value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)
            yield f"{_words(name)}: {text}"


def _carried(step: Step) -> tuple[str, ...]:
    names = [_words(item.name) for item in _references(step) if isinstance(item, OutputReference)]
    return (f"with {', '.join(names)}",) if names else ()


def _answer(step: Step) -> tuple[str, ...]:
    """The status, and what the answer is good for: its outputs, or what it must say."""
    said = [
        item.value if isinstance(item.value, str) else f"{item.pointer[-1]}: {json.dumps(plain(item.value))}"
        for item in step.success_criteria
        if item.pointer
    ]
    brought = [] if step.is_refusal else [_words(item.name) for item in step.outputs if not said]
    status = str(step.status) if step.status is not None else "response"
    return (f"{status} {', '.join(brought or said[-1:])}".strip(),)


def _lives(workflow: Workflow, arrows: tuple[Message, ...]) -> Iterator[tuple[int, int]]:
    """From which arrow to which a value lives, for the values that are used more than once."""
    answers = {arrow.step: number for number, arrow in enumerate(arrows) if arrow.answer}
    for step in workflow.steps:
        for output in step.outputs:
            value = OutputReference(step.id, output.name)
            uses = [other for other in workflow.steps if value in _references(other)]
            accepted = [other for other in uses if not other.is_refusal]
            if len(uses) > 1 and accepted:
                yield answers[step.id], answers[accepted[-1].id]


def diagram(api: Api, workflow: Workflow, anchor: str) -> Markup:
    """The SVG of a workflow; ``anchor`` is unique on the page."""
    arrows = messages(api, workflow)
    names = ("User", "Your backend", api.title, "Device")
    lanes = [lane for lane in range(4) if any(lane in arrow.lanes for arrow in arrows)]
    rows, at = [], float(_HEAD - _GAP)
    for arrow in arrows:
        lines = _wrapped(arrow)
        at += _LINE * len(lines) + (_GAP if arrow.answer else 2 * _GAP)
        rows.append((arrow, lines, at))
    heights = [row[2] for row in rows]
    drawn = [_lane(_LANES[lane], names[lane], at + 1.5 * _GAP) for lane in lanes]
    drawn += [_life(heights[start], heights[end]) for start, end in _lives(workflow, arrows)]
    drawn += [_arrow(*row) for row in rows]
    width, height = _LANES[lanes[-1]] + _MARGINS[lanes[-1]], round(at + 2 * _GAP)
    told = " ".join(
        f"{names[arrow.start]} to {names[arrow.end]}: {'; '.join(arrow.lines)}{' (error)' * arrow.refusal}."
        for arrow in arrows
    )
    return Markup(
        '<svg class="diagram{6}" xmlns="http://www.w3.org/2000/svg" role="img"'
        ' aria-labelledby="{0}.title {0}.desc" width="{1}" height="{2}" viewBox="0 0 {1} {2}"'
        ' font-size="13" fill="currentColor">\n'
        '<title id="{0}.title">{3}</title>\n<desc id="{0}.desc">{4}</desc>\n{5}</svg>\n'
    ).format(
        anchor,
        width,
        height,
        workflow.summary or workflow.id,
        told,
        Markup().join(drawn),
        " four" if len(lanes) > 3 else "",
    )


def _wrapped(arrow: Message) -> tuple[str, ...]:
    first, last = arrow.lanes
    room = int((_LANES[last] - _LANES[first] - 14) / _CHARACTER)
    lines = [part for line in arrow.lines for part in wrap(line, room) or [""]]
    return (*lines[: _MOST_LINES - 1], "…") if len(lines) > _MOST_LINES else tuple(lines)


def _lane(x: int, name: str, bottom: float) -> Markup:
    title = wrap(name, 15)[0] if name.strip() else ""
    return Markup(
        '<path d="M{0} {1}V{2:g}" stroke="currentColor" stroke-opacity=".35" stroke-dasharray="3 4"/>'
        '<text x="{0}" y="{3}" text-anchor="middle" font-weight="600">{4}</text>\n'
    ).format(x, _HEAD, bottom, _HEAD - 12, title)


def _life(start: float, end: float) -> Markup:
    return Markup(
        '<rect x="{}" y="{:g}" width="8" height="{:g}" rx="4" fill="var(--accent, currentColor)"/>\n'
    ).format(_LANES[_CALLER] - 4, start, max(end - start, 8))


def _arrow(arrow: Message, lines: tuple[str, ...], y: float) -> Markup:
    """One arrow with its text above it; an answer is dashed, a refusal ends in a cross."""
    inset = 5 if _LANES[arrow.start] < _LANES[arrow.end] else -5
    start, end = _LANES[arrow.start] + inset, _LANES[arrow.end] - inset
    first, last = arrow.lanes
    drawn = Markup('<path d="M{} {:g}H{}" stroke="currentColor"{} fill="none"/>').format(
        start, y, end, Markup(' stroke-dasharray="5 4"') if arrow.answer else ""
    )
    if arrow.refusal:
        cross = Markup('<path d="M{0} {1:g}l10 10m0 -10l-10 10" stroke="currentColor" stroke-width="2"/>')
        drawn += cross.format(end + inset - 5, y - 5)
    else:
        drawn += Markup('<path d="M{} {:g}l{} -4v8z"/>').format(end, y, -2 * inset * 4 // 5)
    middle = (_LANES[first] + _LANES[last]) // 2
    for number, line in enumerate(lines):
        is_call = number == 0 and (arrow.start, arrow.end) == (_CALLER, _API)
        weight = Markup(' font-weight="600"') if is_call else ""
        drawn += Markup('<text x="{}" y="{:g}" text-anchor="middle"{}>{}</text>').format(
            middle, y - 5 - _LINE * (len(lines) - 1 - number), weight, line
        )
    return drawn + Markup("\n")
