import pytest

# So that a failing promise of the conformance suite shows the values it compared.
pytest.register_assert_rewrite("tests.connector_cases", "tests.connector_hooks")
