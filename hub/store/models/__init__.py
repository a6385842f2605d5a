"""The tables, one module per subject. A class per table, singular, in the words of the product.

Everything that customers said or agents did is kept: nothing here is deleted by a link, an edit, a
merge or a resolve. Ids are integers that grow in the order of commits within one contact.
"""

from sqlmodel import SQLModel

from hub.store.models.agent import (
    agent_sessions,
    agents,
    open_pages,
    open_screens,
    sign_in_failures,
    team_members,
    teams,
    tokens,
    visitor_sessions,
    web_processes,
)
from hub.store.models.bulk import bulk_failures, bulk_jobs, bulk_targets
from hub.store.models.contact import addresses, claims, contacts, links, reaches, suggestions
from hub.store.models.conversation import (
    conversation_connectors,
    conversation_labels,
    conversations,
    participants,
    routing_decisions,
)
from hub.store.models.draft import draft_files, drafts
from hub.store.models.handover import channel_switches, handover_refusals, handovers
from hub.store.models.library import canned_replies, macros
from hub.store.models.message import (
    attachments,
    deliveries,
    external_ids,
    held_messages,
    message_edits,
    messages,
)
from hub.store.models.notification import (
    mentions,
    notification_settings,
    notifications,
    push_states,
    push_subscriptions,
)
from hub.store.models.oauth import oauth_requests, oauth_tokens
from hub.store.models.saved_view import saved_views
from hub.store.models.system import (
    applied_configs,
    connector_states,
    hub_identities,
    intake_marks,
    journal,
    quiet_messages,
    search_refolds,
)
from hub.store.models.undo import undo_changes, undo_records

metadata = SQLModel.metadata

__all__ = [
    "addresses",
    "agent_sessions",
    "agents",
    "applied_configs",
    "attachments",
    "bulk_failures",
    "bulk_jobs",
    "bulk_targets",
    "canned_replies",
    "channel_switches",
    "claims",
    "connector_states",
    "contacts",
    "conversation_connectors",
    "conversation_labels",
    "conversations",
    "deliveries",
    "draft_files",
    "drafts",
    "external_ids",
    "handover_refusals",
    "handovers",
    "held_messages",
    "hub_identities",
    "intake_marks",
    "journal",
    "links",
    "macros",
    "mentions",
    "message_edits",
    "messages",
    "metadata",
    "notification_settings",
    "notifications",
    "oauth_requests",
    "oauth_tokens",
    "open_pages",
    "open_screens",
    "participants",
    "push_states",
    "push_subscriptions",
    "quiet_messages",
    "reaches",
    "routing_decisions",
    "saved_views",
    "search_refolds",
    "sign_in_failures",
    "suggestions",
    "team_members",
    "teams",
    "tokens",
    "undo_changes",
    "undo_records",
    "visitor_sessions",
    "web_processes",
]
