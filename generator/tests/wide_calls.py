"""Calls every operation of the client of wide.yaml and prints what came of it; run by a test."""

import sys

from stepup_mfa_client import Circle, InvalidArgumentError, Node, Problem, Square, StepUpMfa

with StepUpMfa(sys.argv[1], "key") as auth:
    day, moment = "2026-01-02", "2026-01-02T00:00:00Z"
    nodes = auth.list_things(
        class_="a b", id=7, limit=5, from_=day, since=moment, tag=["red", "blue"], x_trace="t", self_=True
    )
    print(nodes)
    print(auth.list_things(class_="x", id=1, limit=1))
    auth.import_(class_="x", id=1)
    circle = Circle(kind="circle", r=1.5)
    node = Node(name="n", secret="canary", children=[Node(name="m")], date=day)
    print(auth.make_shape(shape=circle, str_=0.5, n_2nd=None, kwargs={"a": 1}, node=node, any=[1], level=2))
    print(auth.make_shape(shape=Square(kind="square", side=2), str_=1, n_2nd="x").at)
    print(auth.put_raw(body=[Circle(kind="circle", r=2)]), auth.put_raw())
    for wrong in ({"id": 0}, {"limit": 0}, {"tag": ["green"]}, {"since": day}, {"class_": ".."}):
        try:
            auth.list_things(**{"class_": "x", "id": 1, "limit": 1, **wrong})
        except InvalidArgumentError as error:
            print(sorted(error.problems))
    try:
        auth.import_(class_="x", id=1)
    except Problem as error:
        print(error.why, error.more, error.weight, error.status)
