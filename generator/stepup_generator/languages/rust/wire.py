"""How what goes over the wire is read, written and judged in Rust. Each function returns source, laid out."""

from collections.abc import Iterator, Mapping

from stepup_generator.client.types import Enum, Field, Model, Union
from stepup_generator.client.view import Operation, Success
from stepup_generator.languages.rust.layout import Array, Call, Chain, Node, Struct, arm, fitted
from stepup_generator.languages.rust.types import RUST, annotation, shape, shape_of, struct
from stepup_generator.openapi.model import Json

__all__ = ["body", "credentials", "definition", "reading", "returns", "writing"]

Tags = Mapping[str, set[str]]
_BODY, _ARM = " " * 8, " " * 12


def definition(item: Operation, constant: str) -> str:
    """The static that holds what is known of an operation."""
    successes = (
        Call("", (RUST.text(each.status), RUST.text(each.media_type if each.type else "")))
        for each in item.successes
    )
    made = Struct(
        "Operation",
        (
            ("name", RUST.text(item.name)),
            ("method", f"Method::{item.method}"),
            ("path", RUST.text(item.source.path)),
            ("successes", Array("&", tuple(successes))),
            ("credentials", credentials(item)),
            ("repeatable", "true" if item.repeatable else "false"),
        ),
    )
    return fitted(made, "", f"pub(crate) static {constant}: Operation = ", ";")


def credentials(item: Operation) -> Node:
    if item.credentials is None:
        return "None"
    return Call("Some", (Call("", tuple(map(RUST.text, item.credentials))),))


def returns(item: Operation) -> str:
    return "()" if item.result is None else annotation(item.result, qualified=True)


def body(item: Operation, constant: str, client: str, models: Mapping[str, Model]) -> str:
    """The body of a method: the request with all it takes, and the answer."""
    request = Call("Request::new", (f"&operations::{constant}",))
    lines = [fitted(request, _BODY, f"let {'mut ' if item.fields else ''}request = ", ";")]
    lines += [fitted(_taken(field), _BODY, after=";") for field in item.fields]
    sent = f"send(request, &{client}.settings).await?"
    if item.result is None:
        return "\n".join((*lines, f"{_BODY}{sent};", f"{_BODY}Ok(())"))
    lines.append(f"{_BODY}let answer = {sent};")
    if len(item.successes) == 1 and item.successes[0].type is not None:
        lines.append(fitted(Call("answer.read", (shape_of(item.successes[0].type),)), _BODY))
        return "\n".join(lines)
    lines += [
        f"{_BODY}match answer.success {{",
        *(_success_arm(item, each, models) for each in item.successes),
    ]
    return "\n".join((*lines, f"{_ARM}_ => answer.unread(),", f"{_BODY}}}"))


def _taken(field: Field) -> Node:
    """The statement that puts an argument where it is sent."""
    given = f"&params.{field.name}"
    if field.location == "body" and not field.wire:
        return Call("request.whole", (shape(field), given))
    return Call(f"request.{field.location}", (RUST.text(field.wire), shape(field), given))


def _success_arm(item: Operation, success: Success, models: Mapping[str, Model]) -> str:
    pattern = f"{_ARM}{RUST.text(success.status)} => "
    if success.type is None:
        return f"{pattern}Ok(None),"
    assert item.result is not None
    found = "found"
    union = models.get(item.result.name)
    if isinstance(union, Union) and union.name != success.type.name:
        name = next(each.name for each in union.variants if each.type == success.type)
        found = f"models::{union.name}::{name}(found)"
    bare = any(each.type is None for each in item.successes)
    found = f"Some({found})" if bare and not success.type.nullable else found
    inner = _ARM + " " * 4
    read = fitted(Call("answer.read", (shape_of(success.type),)), inner, "let found = ", "?;")
    return f"{pattern}{{\n{read}\n{inner}Ok({found})\n{_ARM}}}"


def reading(item: Model, tags: Tags) -> str:
    """The body of the function that reads a model."""
    if isinstance(item, Enum):
        return _enum_reading(item)
    if isinstance(item, Union):
        return _union_reading(item)
    lines = []
    told = [field for field in item.fields if field not in tuple(struct(item, tags))]
    members = tuple((field.name, _read(field)) for field in struct(item, tags))
    object_ = "shapes::object_of(value)?"
    lines.append(f"{_BODY}let object = {object_};" if item.fields else f"{_BODY}{object_};")
    lines += [fitted(_read(field, mark=False), _BODY, after="?;") for field in told]
    return "\n".join((*lines, fitted(Call("Ok", (Struct(f"models::{item.name}", members),)), _BODY)))


def _read(field: Field, mark: bool = True) -> Node:
    head = "shapes::required" if field.required else "shapes::optional"
    return Call(head, ("object", RUST.text(field.wire), shape(field)), "?" if mark else "")


def _union_reading(item: Union) -> str:
    name = f"models::{item.name}"
    if not item.tag:
        forms = (Call("or", (shape_of(each.type), f"{name}::{each.name}")) for each in item.variants)
        return fitted(Chain("shapes::Forms::of(value)", (*forms, "found()")), _BODY)
    lines = [f"{_BODY}match shapes::tag_of(value, {RUST.text(item.tag)})? {{"]
    for each in item.variants:
        made = Call("shapes::variant", ("value", shape_of(each.type), f"{name}::{each.name}"))
        lines.append(arm(RUST.text(each.value), made, _ARM))
    unknown = Call("shapes::unknown", ("value", RUST.text(item.tag), f"{name}::Unknown"))
    return "\n".join((*lines, arm("_", unknown, _ARM), f"{_BODY}}}"))


def _enum_reading(item: Enum) -> str:
    text = item.base == "string"
    lines = [f"{_BODY}Ok(match shapes::{'str_of' if text else 'i64_of'}(value)? {{"]
    lines += [
        arm(RUST.literal(each.value), f"models::{item.name}::{each.name}", _ARM) for each in item.values
    ]
    other = "other.to_owned()" if text else "other"
    lines.append(arm("other", f"models::{item.name}::Unknown({other})", _ARM))
    return "\n".join((*lines, f"{_BODY}}})"))


def writing(item: Model, tags: Tags, is_open: bool) -> str:
    """The body of the function that writes a model."""
    if isinstance(item, Enum):
        return "\n".join(_enum_writing(item, is_open))
    if isinstance(item, Union):
        return "\n".join(_union_writing(item))
    members = tuple(struct(item, tags))
    lines = [f"{_BODY}let mut object = serde_json::Map::new();"]
    for field in item.fields:
        wire = RUST.text(field.wire)
        if field in members:
            put = Call("shapes::put", ("&mut object", wire, shape(field), f"&value.{field.name}"))
            lines.append(fitted(put, _BODY, after="?;"))
        else:
            lines.append(
                fitted(Call("object.insert", (f"{wire}.into()", _const(field.type.const))), _BODY, after=";")
            )
    if not members:
        lines.append(f"{_BODY}let models::{item.name} {{}} = value;")
    return "\n".join((*lines, f"{_BODY}Ok(object.into())"))


def _const(value: Json) -> str:
    return "serde_json::Value::Null" if value is None else f"{RUST.literal(value)}.into()"


def _union_writing(item: Union) -> Iterator[str]:
    yield f"{_BODY}match value {{"
    for each in item.variants:
        made: Node = Call("shapes::write", ("value", shape_of(each.type)))
        if item.tag:
            made = Call(
                "shapes::tagged", ("value", shape_of(each.type), RUST.text(item.tag), RUST.text(each.value))
            )
        yield arm(f"models::{item.name}::{each.name}(value)", made, _ARM)
    if item.unknown:
        yield _refused(item.name, [each.value for each in item.variants])
    yield f"{_BODY}}}"


def _enum_writing(item: Enum, is_open: bool) -> Iterator[str]:
    if item.base == "string" and not is_open:
        yield f"{_BODY}Ok(value.as_str().into())"
        return
    yield f"{_BODY}match value {{"
    for each in item.values:
        made = f"{RUST.literal(each.value)}{'' if item.base == 'string' else '_i64'}.into()"
        yield arm(f"models::{item.name}::{each.name}", Call("Ok", (made,)), _ARM)
    if is_open:
        yield _refused(item.name, [str(each.value) for each in item.values])
    yield f"{_BODY}}}"


def _refused(name: str, values: list[str]) -> str:
    wanted = RUST.text("wanted one of " + ", ".join(values))
    return arm(f"models::{name}::Unknown(_)", Call("Err", (Call("shapes::Mismatch::new", (wanted,)),)), _ARM)
