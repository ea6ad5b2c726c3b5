"""Finds the types of values by the view that the rendered clients are made from."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from stepup_generator.arazzo.model import InputReference, reference
from stepup_generator.client.types import Field, Object, Type, Union, Variant
from stepup_generator.client.view import ClientView, Operation
from stepup_generator.openapi.model import Json
from stepup_generator.samples.plan import Call, Flow, Narrowing
from stepup_generator.samples.values import Inputs, same, success

__all__ = ["Hop", "Typed"]

_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "boolean": bool, "integer": int, "number": (int, float), "string": str, "array": tuple, "map": Mapping,
    "null": type(None),
}  # fmt: skip
ANY = Type("any")


@dataclass(frozen=True, slots=True)
class Hop:
    """One step on the way into an answer; ``type`` is what one is at behind it.

    It leads to a ``field``, to the ``key`` of a map or the place in an array, or narrows a union to a
    ``variant``.
    """

    type: Type
    key: str = ""
    field: Field | None = None
    variant: Variant | None = None


class Typed:
    """What values of a view are."""

    def __init__(self, view: ClientView) -> None:
        self.view = view
        self._models = {item.name: item for item in view.models}
        self._operations = {item.source.id: item for item in view.operations}

    def operation(self, operation_id: str) -> Operation:
        return self._operations[operation_id]

    def object(self, item: Type) -> Object | None:
        """The object that a type is, None where it is something else."""
        found = self._models.get(item.name)
        return found if isinstance(found, Object) else None

    def union(self, item: Type) -> Union | None:
        found = self._models.get(item.name)
        return found if isinstance(found, Union) else None

    def variant(self, union: Union, value: Json) -> Variant | None:
        """What a value of a union is, None for a variant that the document does not know."""
        if union.tag:
            tag = value.get(union.tag) if isinstance(value, Mapping) else None
            return next((item for item in union.variants if same(tag, item.value)), None)
        return next((item for item in union.variants if self.fits(item.type, value)), None)

    def fits(self, item: Type, value: Json) -> bool:
        """Might a value be of a type? Enough to choose between the variants of a union."""
        if value is None and item.nullable:
            return True
        if item.values and not any(same(value, each) for each in item.values):
            return False
        if (found := self.object(item)) is not None:
            return isinstance(value, Mapping) and all(
                self.fits(each.type, value[each.wire]) if each.wire in value else not each.required
                for each in found.fields
            )
        if (union := self.union(item)) is not None:
            return self.variant(union, value) is not None or bool(union.tag and isinstance(value, Mapping))
        expected = _KINDS.get(item.kind, object)
        return isinstance(value, expected) and (
            isinstance(value, bool) <= (item.kind in ("boolean", "any", "const"))
        )

    def arguments(self, operation: Operation, sent: Inputs) -> Iterator[tuple[Field, Json]]:
        """The inputs that are given, in the order of the fields."""
        body = sent.body.value if sent.body is not None else None
        for field in operation.fields:
            key = field.location, field.wire
            if key in sent.parameters:
                yield field, sent.parameters[key]
            elif field.location == "body" and not field.wire and sent.body is not None:
                yield field, body
            elif field.location == "body" and isinstance(body, Mapping) and field.wire in body:
                yield field, body[field.wire]

    def fed(self, flow: Flow, name: str) -> Field | None:
        """The first field that an input of a workflow goes into, as one that is required and no secret."""
        expected = InputReference(name)
        for call in flow.calls:
            for field, value in self.arguments(self.operation(call.operation.id), call.inputs):
                if reference(value) == expected:
                    bare = replace(field.type, nullable=False)
                    return replace(field, type=bare, required=True, secret=False)
        return None

    def answered(self, operation: Operation, status: str) -> Type:
        """The type of the answer of some status; ANY for one without a body."""
        found = (item.type for item in operation.successes if item.status == status)
        return next(found, None) or ANY

    def answer(self, call: Call) -> Type:
        """The type of what a call of a flow answers."""
        response = success(call.operation)
        return self.answered(self.operation(call.operation.id), response.status if response else "")

    def way(self, call: Call, pointer: Iterable[str]) -> Iterator[Hop]:
        """The way that a pointer leads into the answer of a call of a flow."""
        return self.hops(self.answer(call), pointer, call.narrowings)

    def hops(self, item: Type, pointer: Iterable[str], narrowings: Iterable[Narrowing]) -> Iterator[Hop]:
        """The way that a pointer leads into a value of a type; ends where the type says no more."""
        chosen = {narrowing.pointer: narrowing.value for narrowing in narrowings}
        keys: tuple[str, ...] = ()
        for key in pointer:
            union = self.union(item)
            if union is not None:
                variant = next((each for each in union.variants if each.value == chosen.get(keys)), None)
                if variant is None:
                    return
                item = variant.type
                yield Hop(item, variant=variant)
            found = self.object(item)
            field = next((each for each in found.fields if each.wire == key), None) if found else None
            item = field.type if field else item.item or ANY
            if field is not None and not field.required:
                item = replace(item, nullable=True)
            keys = (*keys, key)
            yield Hop(item, key, field)
