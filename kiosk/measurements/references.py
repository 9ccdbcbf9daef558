"""Puts literal references (``Device/<id>``) into a resource that is about to be sent. Pure; see resource.py for why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal

from kiosk.measurements.fhir_elements import to_json


def with_literal_references(body: bytes, server_ids: Mapping[str, str]) -> bytes:
    """``body`` with ``reference`` added to the logical references at these JSON pointers; ``server_ids``: pointer → the
    id that the server gave the other resource.

    What a pointer does not find, or finds to be no logical reference, stays as it is: the resource is worth more than
    its link. Numbers keep their digits.
    """
    if not server_ids:
        return body
    resource = json.loads(body, parse_float=Decimal)
    for pointer, server_id in server_ids.items():
        reference = _at(resource, pointer)
        if isinstance(reference, dict) and isinstance(reference.get("type"), str):
            reference["reference"] = f"{reference['type']}/{server_id}"
    return to_json(resource)


def _at(value: object, pointer: str) -> object:
    """What a JSON pointer (RFC 6901) points to; None when there is nothing."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list) and name.isascii() and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value
