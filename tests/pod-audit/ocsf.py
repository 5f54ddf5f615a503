#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ocsf.py SCHEMA < NDJSON: is every line a valid event of its class?  One fault a line, status 1."""
import json
import sys

schema = json.load(open(sys.argv[1]))
scalars = {
    "str": lambda v: isinstance(v, str),
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "port": lambda v: isinstance(v, int) and not isinstance(v, bool) and 0 <= v <= 65535,
    "any": lambda v: True,
}


def check_value(value, kind, place):
    if kind.endswith("[]"):
        if not isinstance(value, list):
            yield f"{place}: no list"
            return
        for i, v in enumerate(value):
            yield from check_value(v, kind[:-2], f"{place}[{i}]")
    elif kind in scalars:
        if not scalars[kind](value):
            yield f"{place}: {value!r} is no {kind}"
    elif not isinstance(value, dict):
        yield f"{place}: no object"
    else:
        obj = schema["objects"][kind]
        yield from check_object(value, obj["attributes"], place)
        if "at_least_one" in obj and not any(k in value for k in obj["at_least_one"]):
            yield f"{place}: none of {obj['at_least_one']}"


def check_object(value, attributes, place):
    for name, kind in attributes.items():
        if kind.endswith("!") and name not in value:
            yield f"{place}.{name}: is required"
    for name, v in value.items():
        if name not in attributes:
            yield f"{place}.{name}: the schema has no such attribute"
        else:
            yield from check_value(v, attributes[name].rstrip("!"), f"{place}.{name}")


def check_event(e):
    c = schema["classes"].get(str(e.get("class_uid")))
    if c is None:
        yield f"class_uid {e.get('class_uid')}: no such class"
        return
    yield from check_object(e, {**schema["base"], **c["attributes"]}, c["name"])
    activity = c["activities"].get(str(e["activity_id"]))
    if activity is None:
        yield f"{c['name']}: no activity {e['activity_id']}"
    elif e["activity_id"] != 99 and e["activity_name"] != activity:
        yield f"{c['name']}: activity {e['activity_id']} is {activity}, not {e['activity_name']}"
    if e["type_uid"] != e["class_uid"] * 100 + e["activity_id"]:
        yield f"type_uid {e['type_uid']} is not {e['class_uid']} * 100 + {e['activity_id']}"
    if e["type_name"] != f"{c['name']}: {activity}":
        yield f"type_name {e['type_name']!r}"
    if [e["category_uid"], e["category_name"]] != c["category"] or e["class_name"] != c["name"]:
        yield f"{c['name']}: category {e['category_uid']} {e['category_name']}, class {e['class_name']}"
    for key in ("severity", "status"):
        if schema[key + "_id"].get(str(e[key + "_id"])) != e[key]:
            yield f"{key}_id {e[key + '_id']} is not {e[key]}"


bad = seen = 0
for n, line in enumerate(sys.stdin.buffer, 1):
    seen += 1
    for fault in check_event(json.loads(line)):
        print(f"{n}: {fault}")
        bad += 1
sys.exit(1 if bad or not seen else 0)
