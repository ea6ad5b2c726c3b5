"""The view of a client with what only Rust needs: groups of operations, what is sent and what is received."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property

from stepup_generator.client.names import Names
from stepup_generator.client.types import Enum, Model, Object, Union
from stepup_generator.client.view import ClientSettings, ClientView, ErrorKind, Operation, view
from stepup_generator.languages.rust import types as rs
from stepup_generator.languages.rust.literals import Literals
from stepup_generator.languages.rust.parts import without_texts
from stepup_generator.languages.rust.types import RUST
from stepup_generator.openapi.model import Api

__all__ = ["Group", "RustView", "rust_view"]

# Names in scope where the models stand, and those that the crate exports besides.
_FIXED_TYPES = (
    "BTreeMap", "Builder", "Problem", "Refusal", "RefusalKind", "Secret", "UnknownVariant", "Uuid", "Value",
)  # fmt: skip
_FIXED_METHODS = ("builder", "clone", "fmt", "from_env", "new")
_FIXED_ATTRIBUTES = (
    "body", "clone", "fmt", "kind", "read", "request_id", "retry_after", "status", "to_string",
)  # fmt: skip
_FIXED_VARIANTS = ("Self", "Unknown")


def rust_view(api: Api, settings: ClientSettings | None = None) -> "RustView":
    """Choose the names of the client, which samples use as well."""
    settings = settings or ClientSettings("stepup_mfa_client")
    tags = [tag for tag in dict.fromkeys((item.tags or ("",))[0] for item in api.operations) if tag]
    fixed = (settings.client, *_FIXED_TYPES, *RUST.reserved_types)
    types, methods = Names(fixed), Names(_FIXED_METHODS)
    kinds = [types.take(RUST.type_name(f"{tag} operations")) for tag in tags]
    names = [methods.take(RUST.member(tag)) for tag in tags]
    base = view(
        api,
        RUST,
        settings,
        types=(*fixed, *kinds),
        methods=(*_FIXED_METHODS, *names),
        attributes=_FIXED_ATTRIBUTES,
    )
    values = {item.name: getattr(base, item.name) for item in fields(base)}
    values["models"] = tuple(map(_renamed, base.models))
    return RustView(**values, names=dict(zip(tags, zip(names, kinds, strict=True), strict=True)))


def _renamed(item: Model) -> Model:
    """A model without variants whose names mean something else in Rust."""
    names = Names(_FIXED_VARIANTS)
    if isinstance(item, Union):
        variants = (replace(each, name=names.take(each.name)) for each in item.variants)
        return replace(item, variants=tuple(variants))
    if isinstance(item, Enum):
        return replace(item, values=tuple(replace(each, name=names.take(each.name)) for each in item.values))
    return item


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of a tag. ``type`` holds them and is got by ``name``; "" where they have no tag."""

    name: str
    type: str
    doc: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True)  # no slots: what is computed once is kept
class RustView(ClientView):
    """``names`` are the name and the type of each group, by its tag."""

    names: Mapping[str, tuple[str, str]]

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        docs = {tag.name: tag.description for tag in self.api.tags}
        return tuple(
            Group(*self.names.get(tag, ("", "")), docs.get(tag) or f"The operations of {tag}.", operations)
            for tag, operations in self.tags
        )

    @cached_property
    def group_names(self) -> dict[str, str]:
        """The names of the groups, by those of their operations."""
        return {item.name: group.name for group in self.groups for item in group.operations}

    @cached_property
    def by_name(self) -> dict[str, Model]:
        return {item.name: item for item in self.models}

    @cached_property
    def tagged(self) -> dict[str, set[str]]:
        return rs.tags(self.models)

    @cached_property
    def literals(self) -> Literals:
        return Literals(self.by_name, self.tagged)

    @cached_property
    def constants(self) -> dict[str, str]:
        """The statics of the operations, by the names of the methods."""
        names = Names()
        return {item.name: names.take(item.name.upper()) for item in self.operations}

    @cached_property
    def sent(self) -> set[str]:
        """The models that arguments are made of."""
        return rs.reached((field.type for item in self.operations for field in item.fields), self.by_name)

    @cached_property
    def received(self) -> set[str]:
        """The models that responses are made of."""
        found = (item.type for op in self.operations for item in op.successes if item.type is not None)
        return rs.reached(found, self.by_name)

    @cached_property
    def input_names(self) -> set[str]:
        return {item.name for item in self.inputs}

    @property
    def shown_models(self) -> tuple[Model, ...]:
        """The models that are types of their own; other choices than of texts and integers are not."""
        return tuple(
            item for item in self.models if not isinstance(item, Enum) or item.base in ("string", "integer")
        )

    @property
    def has_models(self) -> bool:
        return bool(self.shown_models or self.inputs)

    @property
    def wires(self) -> tuple[Model, ...]:
        """The models that are sent or received by themselves: not those made for several results."""
        known = self.sent | self.received
        return tuple(item for item in self.shown_models if item.name in known)

    @cached_property
    def refusals(self) -> tuple[ErrorKind, ...]:
        names = Names(_FIXED_VARIANTS)
        return tuple(replace(item, variant=names.take(item.variant)) for item in self.errors)

    @property
    def models_uses(self) -> tuple[str, ...]:
        """The imports of the module of models."""
        held = [rs.field_type(field) for item in self._objects for field in item.fields]
        unions = (item for item in self.models if isinstance(item, Union))
        for union in unions:
            held += [rs.annotation(each.type) for each in union.variants]
            held += ["UnknownVariant"] if union.unknown else []
        known = {
            "Secret": "crate::secret::Secret", "Value": "serde_json::Value",
            "BTreeMap": "std::collections::BTreeMap", "Uuid": "uuid::Uuid",
            "UnknownVariant": "crate::unknown_variant::UnknownVariant",
        }  # fmt: skip
        found = set(re.findall(r"\w+", "\n".join(held)))
        return tuple(f"use {path};" for name, path in known.items() if name in found)

    @property
    def _objects(self) -> tuple[Object, ...]:
        return tuple(item for item in (*self.models, *self.inputs) if isinstance(item, Object))

    def imports(self, source: str) -> list[str]:
        """What a piece of a program has to import from the crate, other than client and errors."""
        code = without_texts(source)
        words = set(re.findall(r"[A-Za-z_]\w*", code))
        known = {item.name for item in (*self.models, *self.inputs)} | {"Secret"}
        macros = (("json!(", "serde_json::json"), ("uuid!(", "uuid::uuid"))
        return [path for call, path in macros if call in code] + sorted(words & known)
