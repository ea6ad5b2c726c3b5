//! The client of a document with every supported feature, its names chosen to be in the way.
#![allow(deprecated)]

use checks::{reply, Server};
use std::collections::BTreeMap;
use wide_client::serde_json::{json, Value};
use wide_client::{
    Circle, Error, ImportParams, ListThingsParams, MakeShapeParams, MakeShapeResult, Node,
    PutRawParams, PutRawResponse, RefusalKind, Secret, Shape, Square, StepUpMfa,
};

fn client(answers: &[(u16, &str)]) -> (StepUpMfa, Server) {
    let answers = answers
        .iter()
        .map(|(status, content)| reply(*status, content));
    let server = Server::answering(answers.collect());
    (
        StepUpMfa::builder(&server.url, "key").build().unwrap(),
        server,
    )
}

fn things() -> ListThingsParams {
    ListThingsParams {
        class: "a b".into(),
        id: 7,
        from: None,
        since: None,
        tag: None,
        limit: 5,
        x_trace: None,
        self_: None,
    }
}

fn sent(request: &str) -> Value {
    let body = request.split("\r\n\r\n").nth(1).unwrap();
    wide_client::serde_json::from_str(body).unwrap()
}

#[tokio::test]
async fn parameters_go_where_they_belong_and_lists_come_back() {
    let node = "[{\"name\": \"n\", \"parent\": null, \"type\": \"c\", \"secret\": \"canary\", \
                \"children\": [{\"name\": \"m\"}], \"new\": 1}]";
    let (auth, server) = client(&[(200, node), (204, "")]);
    let mut params = things();
    params.from = Some("2026-01-02".into());
    params.tag = Some(vec!["red".into(), "blue".into()]);
    params.x_trace = Some("t".into());
    params.self_ = Some(true);
    let found = auth.things().list_things(params).await.unwrap().unwrap();
    let child = Node {
        name: "m".into(),
        secret: None,
        children: None,
        parent: None,
        date: None,
        type_: None,
        field: None,
    };
    let wanted = Node {
        name: "n".into(),
        secret: Some(Secret::from("canary")),
        children: Some(vec![child]),
        type_: Some("c".into()),
        ..found[0].children.as_ref().unwrap()[0].clone()
    };
    assert_eq!(found, [wanted]);
    assert!(!format!("{found:?}").contains("canary"));
    assert_eq!(auth.things().list_things(things()).await.unwrap(), None);
    let requests = server.requests();
    let line =
        "GET /things/a%20b/parts/7?from=2026-01-02&tag=red&tag=blue&limit=5&self=true HTTP/1.1\r\n";
    assert!(requests[0].starts_with(line), "{}", requests[0]);
    assert!(
        requests[0].contains("\r\nx-trace: t\r\n"),
        "{}",
        requests[0]
    );
    assert!(
        requests[0].contains("\r\nx-api-key: key\r\n"),
        "{}",
        requests[0]
    );
}

#[tokio::test]
async fn what_is_out_of_bounds_is_not_sent() {
    let (auth, server) = client(&[(204, "")]);
    let mut wrong = things();
    (wrong.class, wrong.id, wrong.limit) = ("..".into(), 0, 101);
    wrong.tag = Some(vec!["green".into()]);
    wrong.x_trace = Some("a\nb".into());
    let error = auth.things().list_things(wrong).await.unwrap_err();
    let Error::InvalidArgument { problems, .. } = &error else {
        panic!("{error:?}");
    };
    let names: Vec<&str> = problems.iter().map(|problem| problem.name).collect();
    assert_eq!(names, ["class", "id", "tag", "limit", "X-Trace"]);
    let params = PutRawParams { body: Some(vec![]) };
    let error = auth.put_raw(params).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "put_raw: body: expected a length of at least 1"
    );
    let circle = Circle { r: f64::NAN };
    let params = PutRawParams {
        body: Some(vec![circle]),
    };
    let error = auth.put_raw(params).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "put_raw: body: 0/r: expected a finite number"
    );
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn unions_are_written_and_read_by_what_tells_them_apart() {
    let other =
        "{\"at\": \"2026-01-02T03:04:05Z\", \"inner\": {\"x\": 1}, \"error\": {\"None\": \"x\"}}";
    let (auth, server) = client(&[(200, "{\"kind\": \"hexagon\", \"size\": 3}"), (201, other)]);
    let params = MakeShapeParams {
        shape: Shape::Circle(Circle { r: 1.5 }),
        str: 0.5,
        n_2nd: None,
        kwargs: Some(BTreeMap::from([("a".into(), 1)])),
        node: None,
        any: Some(json!([1])),
        level: Some(2),
    };
    let found = auth.make_shape(params.clone()).await.unwrap();
    let MakeShapeResult::Shape(Shape::Unknown(unknown)) = found else {
        panic!("{found:?}");
    };
    assert_eq!(
        (unknown.tag.as_str(), &unknown.raw["size"]),
        ("hexagon", &json!(3))
    );
    let again = MakeShapeParams {
        shape: Shape::Square(Square { side: 2.0 }),
        n_2nd: Some("x".into()),
        kwargs: None,
        any: None,
        level: None,
        ..params
    };
    let MakeShapeResult::MakeShapeResponse(made) = auth.make_shape(again).await.unwrap() else {
        panic!("another form");
    };
    assert_eq!(made.inner.unwrap().x, Some(1.0));
    assert_eq!(made.error.unwrap().none.as_deref(), Some("x"));
    let circle = json!({ "kind": "circle", "r": 1.5 });
    let wanted = json!({ "shape": circle, "str": 0.5, "2nd": null, "kwargs": { "a": 1 }, "any": [1], "level": 2 });
    assert_eq!(sent(&server.requests()[0]), wanted);
    let square = json!({ "kind": "square", "side": 2.0 });
    assert_eq!(
        sent(&server.requests()[1]),
        json!({ "shape": square, "str": 0.5, "2nd": "x" })
    );
}

#[tokio::test]
async fn a_variant_that_is_not_known_cannot_be_sent() {
    let (auth, server) = client(&[(200, "{\"kind\": \"hexagon\"}")]);
    let mut params = MakeShapeParams {
        shape: Shape::Circle(Circle { r: 1.0 }),
        str: 1.0,
        n_2nd: None,
        kwargs: None,
        node: None,
        any: None,
        level: None,
    };
    let MakeShapeResult::Shape(shape) = auth.make_shape(params.clone()).await.unwrap() else {
        panic!("another form");
    };
    params.shape = shape;
    let error = auth.make_shape(params).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "make_shape: shape: expected one of circle, square"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn one_of_several_forms_comes_back() {
    let (auth, server) = client(&[
        (200, "{\"kind\": \"circle\", \"r\": 2}"),
        (200, "5"),
        (200, "[]"),
    ]);
    let body = Some(vec![Circle { r: 2.0 }]);
    let found = auth.put_raw(PutRawParams { body }).await.unwrap();
    assert_eq!(found, PutRawResponse::Circle(Circle { r: 2.0 }));
    let found = auth.put_raw(PutRawParams { body: None }).await.unwrap();
    assert_eq!(found, PutRawResponse::Integer(5));
    auth.put_raw(PutRawParams::default()).await.unwrap_err();
    let requests = server.requests();
    assert_eq!(sent(&requests[0]), json!([{ "kind": "circle", "r": 2.0 }]));
    assert!(!requests[1].contains("content-type"), "{}", requests[1]);
}

#[tokio::test]
async fn refusals_are_read_by_name() {
    let body = "{\"why\": \"too-bad\", \"fields\": {\"a\": \"b\"}, \"weight\": 3}";
    let (auth, _server) = client(&[(202, ""), (404, body)]);
    let params = ImportParams {
        class: "x".into(),
        id: 1,
    };
    auth.class().import(params.clone()).await.unwrap();
    let error = auth.class().import(params).await.unwrap_err();
    let Error::Refused(refusal) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(
        (refusal.kind(), refusal.status()),
        (RefusalKind::Problem, 404)
    );
    assert_eq!(refusal.why(), "too-bad");
    assert_eq!(refusal.more(), BTreeMap::from([("a".into(), "b".into())]));
    assert_eq!(refusal.weight(), Some(&json!(3)));
}
