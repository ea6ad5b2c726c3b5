"""How requests are made and responses are read in Rust: source, for rustfmt to lay out."""

from collections.abc import Iterator, Mapping

from stepup_generator.client.types import Enum, Field, Model, Union
from stepup_generator.client.view import Operation, Success
from stepup_generator.languages.rust.constraints import received, sent
from stepup_generator.languages.rust.types import RUST, annotation, struct
from stepup_generator.openapi.model import Json

__all__ = ["body", "credentials", "decoding", "definition", "encoding", "returns"]

Tags = Mapping[str, set[str]]


def definition(item: Operation, constant: str) -> str:
    """The static that holds what is known of an operation."""
    successes = ", ".join(
        f"({RUST.text(each.status)}, {RUST.text(each.media_type if each.type else '')})"
        for each in item.successes
    )
    return f"""\
pub static {constant}: Operation = Operation {{
    name: {RUST.text(item.name)},
    method: Method::{item.method},
    path: {RUST.text(item.source.path)},
    successes: &[{successes}],
    credentials: {credentials(item)},
    repeatable: {RUST.literal(item.repeatable)},
}};"""


def credentials(item: Operation) -> str:
    return f"Some(({', '.join(map(RUST.text, item.credentials))}))" if item.credentials else "None"


def returns(item: Operation) -> str:
    return "()" if item.result is None else annotation(item.result, qualified=True)


def body(item: Operation, constant: str, client: str, models: Mapping[str, Model]) -> str:
    """The body of a method: the request with all its arguments, and the response."""
    lines = [f"let {'mut ' if item.fields else ''}request = Request::new(&operations::{constant});"]
    for field in item.fields:
        lines += _argument(field)
    settings = f"&{client}.settings"
    if item.result is None:
        lines.append(f"send(request, {settings}, |_, _| Ok(())).await")
    elif len(item.successes) == 1 and item.successes[0].type is not None:
        found = f"decode::value(value, {received(item.successes[0].type)})"
        lines.append(f"send(request, {settings}, |_, value| {found}).await")
    else:
        lines.append(f"send(request, {settings}, |status, value| match status {{")
        lines += [f"{RUST.text(each.status)} => {_success(item, each, models)}," for each in item.successes]
        other = 'Err(mismatch::Mismatch::new("expected a documented status"))'
        lines += [f"_ => {other},", "}).await"]
    return "\n".join(lines)


def _argument(field: Field) -> Iterator[str]:
    """The statements that put an argument where it is sent."""
    value = _found(field, "params")
    if field.secret:
        yield f"request.hide({value});"
    if field.location == "body" and not field.wire:
        yield f"request.body({value}, {sent(field.type)});"
        return
    method = "body_property" if field.location == "body" else field.location
    yield f"request.{method}({RUST.text(field.wire)}, {value}, {sent(field.type)});"


def _found(field: Field, holder: str) -> str:
    """The value of a field, where there is one; null is one where the field is required."""
    return f"Some(&{holder}.{field.name})" if field.required else f"{holder}.{field.name}.as_ref()"


def _success(item: Operation, success: Success, models: Mapping[str, Model]) -> str:
    if success.type is None:
        return "Ok(None)"
    assert item.result is not None
    text = f"decode::value(value, {received(success.type)})"
    union = models.get(item.result.name)
    if isinstance(union, Union) and union.name != success.type.name:
        name = next(each.name for each in union.variants if each.type == success.type)
        text += f".map(models::{union.name}::{name})"
    bare = any(each.type is None for each in item.successes)
    return f"{text}.map(Some)" if bare and not success.type.nullable else text


def decoding(item: Model, tags: Tags) -> str:
    """The body of the function that decodes a model."""
    if isinstance(item, Enum):
        return _enum_decoding(item)
    if isinstance(item, Union):
        return _union_decoding(item)
    lines = [f"{'let object = ' if item.fields else ''}decode::object(value)?;"]
    members = tuple(struct(item, tags))
    for field in item.fields:
        if field not in members:
            kind = annotation(field.type, qualified=True)
            lines.append(
                f"decode::required::<{kind}>(object, {RUST.text(field.wire)}, {received(field.type)})?;"
            )
    fields = "".join(f"{field.name}: {_field(field)}, " for field in members)
    return "\n".join((*lines, f"Ok(models::{item.name} {{ {fields} }})"))


def _field(field: Field) -> str:
    function = "required" if field.required else "optional"
    return f"decode::{function}(object, {RUST.text(field.wire)}, {received(field.type)})?"


def _union_decoding(item: Union) -> str:
    name = f"models::{item.name}"
    if not item.tag:
        forms = (
            f"if let Ok(found) = decode::value(value, {received(each.type)}) {{\n"
            f"return Ok({name}::{each.name}(found));\n}}"
            for each in item.variants
        )
        return "\n".join((*forms, 'Err(mismatch::Mismatch::new("matches none of its forms"))'))
    lines = [f"match decode::tag(value, {RUST.text(item.tag)})?.as_str() {{"]
    for each in item.variants:
        found = f"decode::value(value, {received(each.type)})"
        lines.append(f"{RUST.text(each.value)} => {found}.map({name}::{each.name}),")
    return "\n".join((*lines, f"other => decode::unknown(value, other).map({name}::Unknown),", "}"))


def _enum_decoding(item: Enum) -> str:
    text = item.base == "string"
    arms = (f"{RUST.literal(each.value)} => models::{item.name}::{each.name}," for each in item.values)
    return "\n".join((
        f"let found: {'String' if text else 'i64'} = decode::value(value, &[])?;",
        f"Ok(match found{'.as_str()' if text else ''} {{", *arms,
        f"_ => models::{item.name}::Unknown(found),", "})",
    ))  # fmt: skip


def encoding(item: Model, tags: Tags, is_open: bool) -> str:
    """The body of the function that encodes a model."""
    if isinstance(item, Enum):
        return "\n".join(_enum_encoding(item, is_open))
    if isinstance(item, Union):
        return "\n".join(_union_encoding(item))
    members = tuple(struct(item, tags))
    lines = [f"let {'mut ' if item.fields else ''}object = serde_json::Map::new();"]
    for field in item.fields:
        wire = RUST.text(field.wire)
        if field in members:
            lines.append(f"encode::put(&mut object, {wire}, {_found(field, 'self')}, {sent(field.type)})?;")
        else:
            lines.append(f"object.insert({wire}.into(), {_const(field.type.const)});")
    return "\n".join((*lines, "Ok(object.into())"))


def _const(value: Json) -> str:
    return "serde_json::Value::Null" if value is None else f"{RUST.literal(value)}.into()"


def _union_encoding(item: Union) -> Iterator[str]:
    yield "match self {"
    for each in item.variants:
        text = f"encode::value(value, {sent(each.type)})"
        if item.tag:
            text = f"encode::tagged(value, {RUST.text(item.tag)}, {RUST.text(each.value)})"
        yield f"models::{item.name}::{each.name}(value) => {text},"
    if item.unknown:
        yield _unsendable(item.name, [each.value for each in item.variants])
    yield "}"


def _enum_encoding(item: Enum, is_open: bool) -> Iterator[str]:
    if item.base == "string" and not is_open:
        yield "Ok(self.as_str().into())"
        return
    yield "match self {"
    for each in item.values:
        suffix = "" if item.base == "string" else "_i64"
        yield f"models::{item.name}::{each.name} => Ok({RUST.literal(each.value)}{suffix}.into()),"
    if is_open:
        yield _unsendable(item.name, [str(each.value) for each in item.values])
    yield "}"


def _unsendable(name: str, values: list[str]) -> str:
    expected = RUST.text("expected one of " + ", ".join(values))
    return f"models::{name}::Unknown(_) => Err(mismatch::Mismatch::new({expected})),"
