"""Accounts: agents with their teams, sessions and tokens, and the sessions of visitors."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from hub.store.columns import json_field, table, text_field, time_field


class Agent(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    name: str
    role: str = "agent"
    password_hash: str = text_field()
    avatar_url: str = text_field()
    #: The agent's choice; valid while `connected_at` says that a socket of the agent is open.
    presence: str = "online"
    connected_at: datetime | None = time_field(null=True)
    disabled_at: datetime | None = time_field(null=True)
    #: For the router: set by an admin, or by the file, which goes before the admin.
    skills: list[str] = json_field([])
    languages: list[str] = json_field([])
    capacity: float | None = None
    #: How the agent likes to send: the seconds for undoing, and when to be asked first.
    writing: dict[str, Any] = json_field({})
    #: The last assignment; among equal agents the one with the earliest is next.
    assigned_at: datetime | None = time_field(null=True)
    created_at: datetime = time_field()


class AgentSession(SQLModel, table=True):
    """A signed-in browser. The cookie has the token; the table only its digest."""

    __tablename__ = "agent_session"

    token_digest: str = Field(primary_key=True)
    agent_id: int = Field(foreign_key="agent.id", index=True)
    csrf_token: str
    created_at: datetime = time_field()
    expires_at: datetime = time_field(index=True)


class Token(SQLModel, table=True):
    """An API token: acts as its agent, or as an admin service account of its own name."""

    id: int | None = Field(default=None, primary_key=True)
    name: str
    digest: str = Field(unique=True)
    agent_id: int | None = Field(default=None, foreign_key="agent.id")
    created_at: datetime = time_field()
    last_used_at: datetime | None = time_field(null=True)


class Team(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    created_at: datetime = time_field()


class TeamMember(SQLModel, table=True):
    __tablename__ = "team_member"

    team_id: int = Field(foreign_key="team.id", primary_key=True)
    agent_id: int = Field(foreign_key="agent.id", primary_key=True)


class VisitorSession(SQLModel, table=True):
    """A browser with the web chat. The page has the token; the table only its digest."""

    __tablename__ = "visitor_session"

    id: int | None = Field(default=None, primary_key=True)
    token_digest: str = Field(unique=True)
    connector: str
    visitor: str = Field(index=True)
    locale: str = ""
    #: The `sub` that the site signed for this session; empty without a signature.
    identity: str = text_field()
    #: When the last page of this session was closed; NULL while a page is open.
    left_at: datetime | None = time_field(null=True)
    created_at: datetime = time_field()
    expires_at: datetime = time_field(index=True)


class WebProcess(SQLModel, table=True):
    """A process that serves screens and pages, while it lives. Those that ended are deleted."""

    __tablename__ = "web_process"

    id: str = Field(primary_key=True)
    seen_at: datetime = time_field()


class OpenScreen(SQLModel, table=True):
    """An agent who has a screen open at a process."""

    __tablename__ = "open_screen"

    process_id: str = Field(primary_key=True)
    agent_id: int = Field(foreign_key="agent.id", primary_key=True, index=True)


class OpenPage(SQLModel, table=True):
    """A visitor's session that has a page open at a process. Empty where one process is alone."""

    __tablename__ = "open_page"

    process_id: str = Field(primary_key=True)
    session_id: int = Field(foreign_key="visitor_session.id", primary_key=True, index=True)


class SignInFailure(SQLModel, table=True):
    """Wrong passwords in a row, by account and by known device. `key` is a digest of both."""

    __tablename__ = "sign_in_failure"

    key: str = Field(primary_key=True)
    failures: int
    #: Until when no further try is looked at.
    blocked_until: datetime = time_field()
    #: When the row says nothing any more and is deleted.
    expires_at: datetime = time_field(index=True)


agents = table(Agent)
agent_sessions = table(AgentSession)
tokens = table(Token)
teams = table(Team)
team_members = table(TeamMember)
visitor_sessions = table(VisitorSession)
web_processes = table(WebProcess)
open_screens = table(OpenScreen)
open_pages = table(OpenPage)
sign_in_failures = table(SignInFailure)
