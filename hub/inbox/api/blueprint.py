"""A blueprint of the REST API whose routes are described when the description is asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask_openapi3 import APIBlueprint, OpenAPI, Tag
from flask_openapi3.types import ParametersTuple
from flask_openapi3.utils import parse_parameters

from hub import runtime


class ApiBlueprint(APIBlueprint):
    """Routes of one subject.

    Describing a route makes JSON schemas of all its models. Few hubs are ever asked for them, and
    every process would wait for them at its start and keep them.
    """

    def __init__(self, name: str, import_name: str, tag: Tag) -> None:
        super().__init__(name, import_name, abp_tags=[tag])
        self._undescribed: list[Callable[[], object]] = []

    def _collect_openapi_info(
        self, rule: str, func: Callable[..., Any], **details: Any
    ) -> ParametersTuple:
        if details.pop("doc_ui", True):
            describe = super()._collect_openapi_info
            self._undescribed.append(partial(describe, rule, func, **details))
        return parse_parameters(func, doc_ui=False)

    def describe_in(self, app: OpenAPI) -> None:
        """Adds the routes to the description of the application that they are registered with."""
        while self._undescribed:
            self._undescribed.pop(0)()
            runtime.yield_control()  # each takes milliseconds, and all of them a second
        app.tags += self.tags
        app.paths.update(self.paths)
        app.components_schemas.update(self.components_schemas)
