"""One FHIR resource on its way to the care platform: what the outbox keeps and the uploader sends. Values only.

A reference to another resource of ours is written as a logical one (``identifier`` and ``type``) at capture, for the
server has not named the other yet; ``refers`` says where. When the other has been delivered the uploader writes the
literal ``Device/<id>`` in its place. If it never is, the logical reference goes: a refused Device holds back nothing.
"""

from __future__ import annotations

import msgspec


class Reference(msgspec.Struct, frozen=True):
    """``pointer``: the JSON pointer (RFC 6901) of a FHIR Reference in the body, such as ``/device``. ``identifier``: of
    the resource that it points to, delivered before this one."""

    pointer: str
    identifier: str


class Resource(msgspec.Struct, frozen=True):
    """``resource_type`` as in the address (``Observation``). ``identifier``: the value of the body's first identifier
    (system ``urn:ietf:rfc:3986``), on which it is created conditionally. ``body``: FHIR JSON, numbers with all digits.
    """

    resource_type: str
    identifier: str
    body: bytes
    refers: tuple[Reference, ...] = ()
