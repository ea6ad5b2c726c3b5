"""Lays the model out as the reference: gives anchors, follows schemas, gathers the errors.

Refuses nothing that the reader let through: a schema that contains itself is laid out once and then named.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import assert_never

from stepup_generator.client.bounds import spans
from stepup_generator.openapi.constraints import (
    Const,
    Constraint,
    Enum,
    ExclusiveMaximum,
    ExclusiveMinimum,
    Format,
    Maximum,
    MaxItems,
    MaxLength,
    MaxProperties,
    Minimum,
    MinItems,
    MinLength,
    MinProperties,
    MultipleOf,
    Pattern,
    UniqueItems,
)
from stepup_generator.openapi.model import (
    Api,
    Example,
    Header,
    Json,
    Link,
    Operation,
    Parameter,
    Property,
    Response,
    Schema,
    plain,
)
from stepup_generator.site.page import (
    Body,
    Call,
    Case,
    Error,
    Fact,
    Field,
    Input,
    NextCall,
    Reference,
    Section,
    Shape,
    Status,
)

__all__ = ["layout"]

# Anchors of the pages' own sections: no operation or error may take them.
_RESERVED = (
    "main",
    "contents",
    "servers",
    "authentication",
    "errors",
    "responses",
    "headers",
    "next",
    "behaviour",
)


class _Anchors:
    """Hands out each anchor once; what comes second gets a number behind it."""

    def __init__(self) -> None:
        self._taken = set(_RESERVED)

    def take(self, *parts: str) -> str:
        expected = anchor = re.sub(r"\s+", "-", ".".join(parts))
        number = 1
        while anchor in self._taken:
            number += 1
            anchor = f"{expected}~{number}"
        self._taken.add(anchor)
        return anchor


def _code(value: Json) -> str:
    return json.dumps(plain(value), ensure_ascii=False)


def _facts(schema: Schema) -> Iterator[Fact]:
    """What a schema asks of a value beyond its type."""
    if schema.enum:
        yield Fact("always" if schema.is_const else "one of", tuple(_code(item) for item in schema.enum))
    for unit, span in spans(schema):
        yield Fact(unit or "range", (span[0].lower() + span[1:],))
    yield from filter(None, map(_fact, schema.constraints))
    if schema.default is not None:
        yield Fact("default", (_code(schema.default.value),))
    if schema.examples:
        yield Fact("example", tuple(_code(item) for item in schema.examples))


def _fact(item: Constraint) -> Fact | None:
    """A constraint that is not a count or range; values come first and a format stands with the type."""
    match item:
        case ExclusiveMinimum(value):
            return Fact("above", (str(value),))
        case ExclusiveMaximum(value):
            return Fact("below", (str(value),))
        case MultipleOf(factor):
            return Fact("multiple of", (str(factor),))
        case UniqueItems():
            return Fact("items", ("all different",))
        case Pattern(regex):
            return Fact("pattern", (regex,))
        case Const() | Enum() | Format() | MinLength() | MaxLength() | MinItems() | MaxItems():
            return None
        case MinProperties() | MaxProperties() | Minimum() | Maximum():
            return None
        case _:
            assert_never(item)


def _type(api: Api, schema: Schema) -> str:
    resolved = api.resolve(schema)
    text: str = resolved.kind
    if resolved.kind == "array" and resolved.items is not None:
        text = f"array of {_type(api, resolved.items)}"
    elif resolved.kind == "map" and resolved.additional is not None:
        text = f"map of names to {_type(api, resolved.additional)}"
    elif resolved.kind == "union":
        text = f"one of {len(api.variants(resolved))} forms"
    elif resolved.format:
        text = f"{resolved.kind} ({resolved.format})"
    return f"{text} or null" if schema.nullable or resolved.nullable else text


def layout(api: Api) -> Reference:
    """Lay out the reference of ``api``."""
    work = _Layout(api)
    anchors = {item.id: work.anchors.take(item.id) for item in api.operations}
    calls = tuple(work.call(item, anchors[item.id]) for item in api.operations)
    about = {tag.name: tag.description for tag in api.tags}
    by_tag: dict[str, list[Call]] = {name: [] for name in about}
    for call in calls:
        by_tag.setdefault((call.operation.tags or ("",))[0], []).append(call)
    sections = [
        Section(tag, about.get(tag, ""), tuple(members))
        for tag, members in sorted(by_tag.items(), key=lambda item: not item[0])  # those without come last
        if members
    ]
    return Reference(tuple(sections), tuple(_errors(work, calls)))


def _errors(work: "_Layout", calls: Iterable[Call]) -> Iterator[Error]:
    uses: dict[str, list[tuple[Call, Status]]] = {}
    for call in calls:
        for status in call.statuses:
            for case in status.cases:
                uses.setdefault(case.anchor, []).append((call, status))
    for anchor, code, schema in work.errors.values():
        yield Error(
            anchor=anchor,
            code=code,
            root=work.root(schema, (anchor,)),
            calls=tuple({call.anchor: call for call, _ in uses[anchor]}.values()),
            statuses=tuple(dict.fromkeys(status.response.status for _, status in uses[anchor])),
            advice=uses[anchor][0][1].advice,
        )


def _advice(status: str, *, repeatable: bool) -> str:
    """What a caller does about an error (RFC 9110, section 15.5 and 15.6)."""
    if status == "401":
        return "Check the key: no other request passes without it."
    if status == "403":
        return "The key is good but not good for this. Ask whoever manages it."
    if status in ("429", "503"):
        return "Wait as long as `Retry-After` says, or a while where it says nothing; then try again."
    if status == "408":
        return "Send it again." if repeatable else "Find out whether it was done before you send it again."
    if status.startswith("4"):
        return "Fix the request; retrying it unchanged fails again."
    if repeatable:
        return "Send it again after a pause."
    return "Whether it was done is not known: do not send it again."


class _Layout:
    def __init__(self, api: Api) -> None:
        self.api = api
        self.anchors = _Anchors()
        self.errors: dict[str, tuple[str, str, Schema]] = {}  # key -> anchor, code, schema

    def field(
        self, item: Parameter | Header | Property, path: tuple[str, ...] = (), open_: tuple[str, ...] = ()
    ) -> Field:
        """Lay out a named value; without a path it gets no anchor."""
        resolved = self.api.resolve(item.schema)
        own = () if isinstance(item, Property) else _examples(item.examples)
        below = (*path, item.name)
        return Field(
            name=item.name,
            anchor=self.anchors.take(*below) if path else "",
            type=_type(self.api, item.schema),
            facts=(*_facts(resolved), *own),
            shapes=self.shapes(item.schema, below, open_),
            description=item.description or item.schema.description or resolved.description,
            required=item.required,
            secret=getattr(item, "secret", False) or resolved.secret,
            deprecated=item.deprecated or resolved.deprecated,
            replaced_by=getattr(item, "replaced_by", ""),
            source=item.source or item.schema.source or resolved.source,
        )

    def root(self, schema: Schema, path: tuple[str, ...], *, required: bool = True) -> Field:
        """Lay out a whole body whose properties have their anchors below ``path``."""
        resolved = self.api.resolve(schema)
        return Field(
            name="",
            anchor="",
            type=_type(self.api, schema),
            facts=tuple(_facts(resolved)),
            shapes=self.shapes(schema, path),
            description=schema.description or resolved.description,
            required=required,
            secret=schema.secret or resolved.secret,
            deprecated=schema.deprecated or resolved.deprecated,
            replaced_by="",
            source=schema.source or resolved.source,
        )

    def shapes(self, schema: Schema, path: tuple[str, ...], open_: tuple[str, ...] = ()) -> tuple[Shape, ...]:
        """What a value of ``schema`` may look like inside; nothing for a plain value."""
        resolved = self.api.resolve(schema)
        if resolved.name and resolved.name in open_:
            return (Shape(label=resolved.name, note="As above."),)
        inside = (*open_, resolved.name) if resolved.name else open_
        if resolved.kind == "array" and resolved.items is not None:
            return self.shapes(resolved.items, path, inside)
        if resolved.kind == "map" and resolved.additional is not None:
            return self.shapes(resolved.additional, path, inside)
        if resolved.kind == "union":
            forms = [
                self.variant(resolved, item, path, inside, number)
                for number, item in enumerate(self.api.variants(resolved), 1)
            ]
            if schema.nullable or resolved.nullable:
                forms.append(Shape(label="null"))
            return tuple(forms)
        if resolved.kind == "object":
            return (self.shape(resolved, path, inside),)
        return ()

    def shape(self, schema: Schema, path: tuple[str, ...], open_: tuple[str, ...]) -> Shape:
        note = ""
        if schema.closed:
            note = "No further properties."
        elif schema.additional is not None and schema.additional.kind != "any":
            note = f"Further properties: {_type(self.api, schema.additional)}."
        fields = tuple(self.field(item, path, open_) for item in schema.properties)
        return Shape(label=schema.name or _type(self.api, schema), fields=fields, note=note)

    def variant(
        self, union: Schema, item: Schema, path: tuple[str, ...], open_: tuple[str, ...], number: int
    ) -> Shape:
        """One form of a union, headed by the property that tells it apart where there is one."""
        rule = union.discriminator
        values = [value for value, name in rule.mapping if name == item.name] if rule else []
        below = (*path, values[0] if values else item.name or str(number))
        if item.kind != "object":
            forms = self.shapes(item, below, open_)
            label = _type(self.api, item)
            return Shape(label, forms[0].fields if forms else (), description=item.description)
        form = self.shape(item, below, (*open_, item.name) if item.name else open_)
        form = replace(form, description=item.description)
        if rule is None or not values:
            return form
        tag = next((member for member in form.fields if member.name == rule.property), None)
        others = tuple(member for member in form.fields if member is not tag)
        return replace(form, fields=others, tag=tag, tag_value=values[0])

    def case(self, schema: Schema, examples: Iterable[Example], seen: set[str]) -> Case:
        """One error body; the same schema gives the same anchor everywhere."""
        told = next((item for item in schema.properties if item.required and item.schema.is_const), None)
        code = str(told.schema.const) if told else schema.name
        if schema.name not in self.errors:
            self.errors[schema.name] = (self.anchors.take("error", code), code, schema)
        anchor = self.errors[schema.name][0]
        own = tuple(
            example
            for example in examples
            if told is None or (isinstance(example.value, Mapping) and example.value.get(told.name) == code)
        )
        is_first = anchor not in seen
        seen.add(anchor)
        return Case(anchor, code, schema.description, own, is_first)

    def status(self, anchor: str, operation: Operation, response: Response, seen: set[str]) -> Status:
        """Lay out one answer; bodies of named errors are laid out once, for all operations."""
        path = (anchor, response.status)
        own = self.anchors.take(*path)
        cases: tuple[Case, ...] = ()
        body = None
        if response.schema is not None:
            variants = self.api.variants(response.schema)
            if not response.is_success and all(item.name for item in variants):
                cases = tuple(self.case(item, response.examples, seen) for item in variants)
            root = None if cases else self.root(response.schema, path)
            name = self.api.resolve(response.schema).name
            body = Body(response.media_type, name, root, response.examples)
        headers = tuple(self.field(item) for item in response.headers)
        advice = _advice(response.status, repeatable=operation.repeatable)
        return Status(own, response, headers, body, cases, "" if response.is_success else advice)

    def call(self, operation: Operation, anchor: str) -> Call:
        body = None
        if (expected := operation.request_body) is not None:
            root = self.root(expected.schema, (anchor,), required=expected.required)
            name = self.api.resolve(expected.schema).name
            body = Body(expected.media_type, name, root, expected.examples)
        parameters = tuple(
            (location, tuple(self.field(item, (anchor,)) for item in items))
            for location, items in (
                ("Path", operation.path_parameters),
                ("Query", operation.query_parameters),
                ("Header", operation.header_parameters),
            )
            if items
        )
        seen: set[str] = set()
        return Call(
            operation=operation,
            anchor=anchor,
            parameters=parameters,
            body=body,
            statuses=tuple(self.status(anchor, operation, item, seen) for item in operation.responses),
            next_calls=tuple(self.next_call(link) for item in operation.responses for link in item.links),
        )

    def next_call(self, link: Link) -> NextCall:
        pairs = list(link.parameters)
        if link.request_body is not None:
            whole = link.request_body.value
            pairs += whole.items() if isinstance(whole, Mapping) else [("body", whole)]
        inputs = tuple(Input(name, *_origin(value)) for name, value in pairs)
        return NextCall(self.api.operation(link.operation_id), link.description, inputs)


def _examples(examples: Iterable[Example]) -> tuple[Fact, ...]:
    codes = tuple(_code(example.value) for example in examples)
    return (Fact("example", codes),) if codes else ()


def _origin(value: Json) -> tuple[str, str]:
    """Say a runtime expression (OpenAPI 3.1, section 4.8.20.4) in words: where from, and what there."""
    match = re.fullmatch(r"\$(request|response)\.(path|query|header|body)[.#]?/?(.*)", str(value))
    if match is None:
        return ("the value", _code(value))
    message, place, name = match.groups()
    side = "this request" if message == "request" else "this answer"
    return (f"{side}, {place}", name.replace("/", "."))
