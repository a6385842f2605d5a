"""The options of a web chat in `connectors.yaml`."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from hub.connectors.base import ConnectorConfig
from hub.connectors.pages import Origin

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def _language(text: str) -> str:
    if not _LANGUAGE.fullmatch(text):
        raise ValueError("must be a language tag such as en, ar or pt-BR")
    return text


class WebchatConfig(ConnectorConfig):
    """The options of `kind: webchat`. None is required."""

    allowed_origins: tuple[Origin, ...] = Field(
        (),
        description="The sites that may show the widget, as exact origins; "
        "without any it is shown on the hub's own chat page only.",
        examples=[["https://shop.example"]],
    )
    identity_secret: SecretStr | None = Field(
        None, description="The key with which a site signs who its visitor is."
    )
    identity: Literal["optional", "required"] = Field(
        "optional",
        description="`required` lets nobody chat whom the site did not sign in; "
        "needs `identity_secret`.",
    )
    title: str = Field(
        "",
        max_length=60,
        description="What stands at the top of the chat; the label or a greeting by default.",
    )
    color: str = Field(
        "#2f5bea",
        pattern=r"^#[0-9a-fA-F]{6}$",
        description="The button's and the header's colour, as `#rrggbb`.",
    )
    position: Literal["left", "right"] = Field(
        "right", description="The corner of the page where the button is."
    )
    languages: tuple[Annotated[str, AfterValidator(_language)], ...] = Field(
        (),
        description="Languages the widget may speak, the first where none fits; "
        "all it knows by default.",
        examples=[["en", "ar"]],
    )
    departments: tuple[Annotated[str, Field(min_length=1, max_length=40)], ...] = Field(
        (),
        max_length=8,
        description="What a visitor may choose before the first message; a condition of routing.",
        examples=[["Orders", "Returns"]],
    )

    @model_validator(mode="after")
    def _a_required_identity_can_be_checked(self) -> Self:
        if self.identity == "required" and not self.identity_secret:
            raise ValueError("identity: required needs identity_secret")
        return self
