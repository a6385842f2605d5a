"""The conformance suite of connectors, for the hub's own kinds and for those of other packages.

A test class inherits `ConnectorCases` and says how its provider behaves; every promise of the
contract is then a test. `hub.testing.suite` says how. It needs the extra `testing` of the hub;
nothing that runs in a hub imports this package.
"""

from __future__ import annotations

import pytest

# So that a failing promise shows the values it compared. Before the imports below, as pytest wants.
pytest.register_assert_rewrite(
    "hub.testing.contents", "hub.testing.events", "hub.testing.hooks", "hub.testing.suite"
)

from hub.testing.cases import (  # noqa: E402
    FAULTS,
    NOW,
    OUR_ID,
    PUBLIC_URL,
    Answer,
    Fault,
    Outgoing,
    sample_of,
)
from hub.testing.contents import contents_of  # noqa: E402
from hub.testing.fuzzing import fuzzed  # noqa: E402
from hub.testing.hooks import Signature  # noqa: E402
from hub.testing.stubs import (  # noqa: E402
    StubHttp,
    forbid_network,
    form_of,
    json_response,
    post,
)
from hub.testing.suite import ConnectorCases  # noqa: E402

__all__ = [
    "FAULTS",
    "NOW",
    "OUR_ID",
    "PUBLIC_URL",
    "Answer",
    "ConnectorCases",
    "Fault",
    "Outgoing",
    "Signature",
    "StubHttp",
    "contents_of",
    "forbid_network",
    "form_of",
    "fuzzed",
    "json_response",
    "post",
    "sample_of",
]
