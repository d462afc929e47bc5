"""Ids in bodies and queries that lead somewhere: without them nearly every call would end at a project that is not there."""

import json
import os

import schemathesis

KNOWN = json.loads(os.environ["ATELIER_KNOWN_IDS"])


@schemathesis.hook
def map_body(context, body):
    """Puts known ids into the places that have a well-formed one; what is broken on purpose stays broken."""
    if isinstance(body, dict):
        for field, known in KNOWN.items():
            value = body.get(field)
            if isinstance(value, str) and value[:4] == known[:4] and len(value) == len(known):
                body[field] = known
    return body
