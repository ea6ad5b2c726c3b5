"""What is said of documents that cannot be used, and what of one that can."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from stepup_generator.errors import SpecError
from stepup_generator.openapi.document import load
from stepup_generator.openapi.model import Api, plain
from stepup_generator.openapi.read import read

HEAD = """\
openapi: 3.1.0
info: {title: T, version: "1"}
paths:
"""
OK = """\
  /a:
    get:
      operationId: getA
      responses: {"200": {description: Fine.}}
"""

# Documents behind HEAD with § where a problem must be found; its pointer; words of its message.
CASES = {
    "unknown keyword": (
        """\
  /x:
    post:
      operationId: a
      §not: {}
      responses: {"200": {description: d}}
""",
        "#/paths/~1x/post",
        'keyword "not" is not supported',
    ),
    "misspelt extension": (
        OK + "      §x-stepup-repeatabel: true\n",
        "#/paths/~1a/get",
        "x-stepup-repeatabel",
    ),
    "missing": (
        "  /x:\n    get: §{responses: {'200': {description: d}}}\n",
        "#/paths/~1x/get",
        '"operationId" is missing',
    ),
    "duplicate operationId": (
        OK + OK.replace("/a", "/b").replace("getA", "§getA"),
        "#/paths/~1b/get/operationId",
        "taken by get /a",
    ),
    "dangling reference": (
        OK + "components: {schemas: {S: {$ref: §'#/components/schemas/Gone'}}}\n",
        "#/components/schemas/S/$ref",
        "does not exist",
    ),
    "remote reference": (
        OK + "components: {schemas: {S: {$ref: §'https://example.com/s.yaml'}}}\n",
        "#/components/schemas/S/$ref",
        "only this document is read",
    ),
    "file reference": (
        OK + "components: {responses: {R: {$ref: §'other.yaml#/R'}}}\n",
        "#/components/responses/R/$ref",
        "only this document is read",
    ),
    "circle of schemas": (
        OK + "components:\n  schemas:\n    S: §{$ref: '#/components/schemas/U'}\n"
        "    U: {$ref: '#/components/schemas/S'}\n",
        "#/components/schemas/S",
        "cyclic $ref",
    ),
    "circle through allOf": (
        OK + "components: {schemas: {S: {allOf: §[{$ref: '#/components/schemas/S'}, {type: object}]}}}\n",
        "#/components/schemas/S/allOf",
        "cyclic",
    ),
    "circle of responses": (
        OK + "components: {responses: {R: {$ref: §'#/components/responses/R'}}}\n",
        "#/components/responses/R/$ref",
        "cyclic $ref",
    ),
    "wrong type": (OK + "tags: §{a: b}\n", "#/tags", "found an object; expected an array"),
    "no object": ("  /x: §[1]\n", "#/paths/~1x", "found an array; expected an object"),
    "duplicate key": (OK + "§paths: {}\n", "#", "stands twice in this object, first in line 3"),
    "alias": (OK + "tags: &t [{name: a}]\nsecurity: §*t\n", "#/security", "aliases are not supported"),
    "tag": (OK + "tags: §!!python/object:os.system []\n", "#/tags", "YAML tag"),
    "broken": (OK + "tags: [a, {b\n§]", "#/tags/1", "broken YAML"),
    "second document": (OK + "§---\na: 1\n", "#", "second document"),
    "deep": (OK + "tags: " + "[" * 99 + "§" + "[" * 5000, "#", "nested deeper"),
    "path parameter not described": (
        OK.replace("/a:", "/a/{id}:").replace("get:\n      op", "get:\n      §op"),
        "#/paths/~1a~1{id}/get",
        'path parameter "id" is not described',
    ),
    "hostile path": (
        OK.replace("/a:", "'/a\"{{7*7}}':").replace("get", "§get", 1),
        '#/paths/~1a"{{7*7}}',
        "found the path",
    ),
    "twice the same path": (
        OK.replace("/a:", "/{a}:") + OK.replace("/a:", "/{b}:").replace("get", "§get", 1),
        "#/paths/~1{b}",
        "the same path as /{a}",
    ),
    "cookie": (
        OK + "      parameters: [{name: c, in: §cookie, schema: {type: string}}]\n",
        "#/paths/~1a/get/parameters/0/in",
        'found "cookie"; supported: path, query, header',
    ),
    "xml": (
        OK.replace("Fine.}", "d, content: §{application/xml: {schema: {}}}}"),
        "#/paths/~1a/get/responses/200/content",
        "supported: application/json",
    ),
    "unknown scheme": (
        OK + "      security: [{Nope: §[]}]\n",
        "#/paths/~1a/get/security/0/Nope",
        'security scheme "Nope" does not exist',
    ),
    "const of another type": (
        OK + "components: {schemas: {S: {type: string, const: §1}}}\n",
        "#/components/schemas/S/const",
        "expected a value of type string",
    ),
    "bound without meaning": (
        OK + "components: {schemas: {S: {type: integer, §minLength: 1}}}\n",
        "#/components/schemas/S",
        '"minLength" has no meaning for type integer',
    ),
    "discriminator astray": (
        OK + "components:\n  schemas:\n    A: {type: object, properties: {t: {const: a}}}\n    S:\n"
        "      oneOf: [{$ref: '#/components/schemas/A'}]\n"
        "      discriminator: {propertyName: t, mapping: {a: §B}}\n",
        "#/components/schemas/S/discriminator/mapping/a",
        "none of the variants",
    ),
    "replaced by nothing": (
        OK + "components: {schemas: {S: {type: object, properties: {a: §{x-stepup-replaced-by: b}}}}}\n",
        "#/components/schemas/S/properties/a",
        '"b", which replaces it, is not among the properties',
    ),
    "link to nowhere": (
        OK.replace("Fine.}", "d, links: {l: {operationId: §gone}}}"),
        "#/paths/~1a/get/responses/200/links/l/operationId",
        "does not exist",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_problem_has_its_place(case: str, make_spec: Callable[[str], Path]) -> None:
    """Each problem is reported with file, line, column, pointer, what was found and what is expected."""
    body, pointer, words = CASES[case]
    before = (HEAD + body).partition("§")[0]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    path = make_spec((HEAD + body).replace("§", ""))
    with pytest.raises(SpecError) as caught:
        read(path)
    found = [item for item in caught.value.problems if words in item.message]
    assert found, str(caught.value)
    assert (found[0].line, found[0].column, found[0].pointer) == (line, column, pointer)
    assert f"{path}:{line}:{column} {pointer}: " in str(caught.value)


def test_every_problem_is_said_at_once(make_spec: Callable[[str], Path]) -> None:
    """One run names them all, in the order of the document, each once."""
    with pytest.raises(SpecError) as caught:
        read(
            make_spec(
                "openapi: 3.0.0\ninfo: {title: 1}\npaths:\n"
                + OK.replace("200", "999")
                + OK.replace("/a", "b")
                + "components: {schemas: {S: {type: strin, not: {}}}}\nwebhooks: {}\n"
            )
        )
    messages = [item.message for item in caught.value.problems]
    wanted = (
        "3.1.x", "expected a string", '"version" is missing', "999", "found the path", "taken by", '"strin"',
        '"not"', '"webhooks"',
    )  # fmt: skip
    for words in wanted:
        assert sum(words in message for message in messages) == 1, words
    assert list(caught.value.problems) == sorted(caught.value.problems)


def test_a_bomb_of_aliases_is_refused_at_once(make_spec: Callable[[str], Path]) -> None:
    """Aliases are not expanded, so nine lines cannot become gigabytes."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(SpecError, match="aliases are not supported"):
        read(make_spec("\n".join(lines)))


def test_json_is_read_as_json(tmp_path: Path) -> None:
    """A JSON document gives what a JSON parser gives, pairs of surrogates included; a lone one is refused."""
    path = tmp_path / "openapi.json"
    value = {
        "a": ["\U0001f600\u00e9\t\x7f", "\\ud83d\\ude00", "\\\U0001f600", "/", '"'],
        "b": {"c": [1, 2.5, None, True]},
    }
    for text in (json.dumps(value), json.dumps(value, indent="\t"), json.dumps(value).replace("/", "\\/")):
        path.write_text(text, encoding="utf-8")
        assert load(path).plain() == value
    path.write_text('{"a":\n "\\ud83d"}', encoding="utf-8")
    with pytest.raises(SpecError, match=r"json:2:\d+ #.*: broken YAML"):
        load(path)


def test_files_that_are_no_documents(tmp_path: Path) -> None:
    """A missing, an empty, a binary and a scalar file are one clear problem each."""
    contents = {
        "missing": None,
        "empty": b"",
        "binary": b"\xff\xfe\0",
        "scalar": b"hello",
        "control": b"a: \x07",
    }
    for name, content in contents.items():
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(SpecError) as caught:
            read(path)
        assert len(caught.value.problems) == 1, name


def test_messages_stay_on_their_line(make_spec: Callable[[str], Path]) -> None:
    """Control and direction-changing characters of a document are shown escaped."""
    with pytest.raises(SpecError) as caught:
        read(make_spec(HEAD + OK + '"a\\n\\u202eb": 1\n'))
    assert 'keyword "a\\u000a\\u202eb"' in caught.value.problems[0].message


def test_the_model_says_what_the_document_says(api: Api) -> None:
    """Operations, schemas, marks and links of the real document arrive in the model."""
    lookup = api.operation("fetchUserMfaMethods")
    assert (lookup.method, lookup.path) == ("get", "/api/backend/v1/user/{user_id}/mfa")
    assert lookup.repeatable
    assert lookup.only_path_parameter is lookup.parameters[0]
    assert [item.repeatable for item in api.operations].count(True) == 1
    setup = api.schema("MfaSetup")
    assert setup.discriminator is not None
    assert dict(setup.discriminator.mapping) == {"Totp": "TotpMfa", "Phone": "PhoneMfa"}
    outer = api.schema("FetchUserMfaMethodsResponse").properties[0]
    assert (outer.required, outer.schema.nullable, outer.schema.reference) == (True, True, "MfaSetup")
    assert api.schema("VerifyStepUpGrantResponse").properties[0].schema.const is True
    secret = [(s.name, p.name) for s in api.schemas for p in s.properties if p.secret]
    assert {name for _, name in secret} == {"code", "grant", "step_up_grant"}
    assert [link.operation_id for link in lookup.successes[0].links] == [
        "verifyStepUpTotpChallenge", "sendSmsMfaCode",
    ]  # fmt: skip
    unauthorized = next(item for item in lookup.responses if item.status == "401")
    assert {header.name for header in unauthorized.headers if header.required} == {"WWW-Authenticate"}
    assert api.security_schemes[0].scheme == "bearer"
    examples = [
        example for item in api.operations for answer in item.responses for example in answer.examples
    ]
    assert len(examples) > 20
    json.dumps([plain(example.value) for example in examples])


def test_null_is_one_notion(make_spec: Callable[[str], Path]) -> None:
    """Three ways to write a nullable string give the same schema."""
    api = read(
        make_spec(
            HEAD + OK + "components:\n  schemas:\n    A: {type: [string, 'null']}\n"
            "    B: {oneOf: [{type: string}, {type: 'null'}]}\n"
            "    C: {anyOf: [{type: 'null'}, {type: string}]}\n"
        )
    )
    assert {(item.kind, item.nullable) for item in api.schemas} == {("string", True)}


def test_objects_are_put_together(make_spec: Callable[[str], Path]) -> None:
    """The properties of allOf become one object, and a schema may contain itself."""
    api = read(
        make_spec(
            HEAD + OK + "components:\n  schemas:\n"
            "    Base: {type: object, required: [id], properties: {id: {type: string}}}\n"
            "    Node:\n      allOf:\n        - $ref: '#/components/schemas/Base'\n"
            "        - {type: object, properties: {next: {$ref: '#/components/schemas/Node'}}}\n"
        )
    )
    node = api.schema("Node")
    assert [(item.name, item.required) for item in node.properties] == [("id", True), ("next", False)]
    assert api.resolve(node.properties[1].schema) is node
