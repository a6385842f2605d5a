// The JSON shapes of the API and the payloads of Socket.IO events. Times are RFC 3339 in UTC.

export type Kind = 'webchat' | 'email' | 'sms' | 'telegram' | 'messenger' | (string & {});
export type Medium = 'image' | 'audio' | 'voice' | 'video' | 'sticker' | 'file';
export type AttachmentState = 'pending' | 'stored' | 'too_large' | 'failed';
export type ConversationStatus = 'open' | 'pending' | 'snoozed' | 'resolved';
export type Priority = 'low' | 'normal' | 'high' | 'urgent';
export type DeliveryStatus = 'queued' | 'sending' | 'sent' | 'delivered' | 'read' | 'failed';
export type Presence = 'online' | 'away' | 'offline';
export type Evidence = 'verified' | 'asserted' | 'inferred' | 'agent';
export type TextUnit = 'characters' | 'utf16' | 'bytes' | 'sms_segments';

export interface Attachment {
  id: string;
  name: string;
  media_type: string;
  medium: Medium;
  size: number | null;
  url: string;
  state: AttachmentState;
  reason: string;
}

export interface Contact {
  id: string;
  name: string;
  avatar_url: string;
  attributes: Record<string, unknown>;
  created_at: string;
}

export interface Agent {
  id: string;
  name: string;
  email: string;
  role: 'agent' | 'admin';
  presence: Presence;
  avatar_url: string;
}

/** As much of an agent as a name beside a face needs. */
export type AgentRef = Pick<Agent, 'id' | 'name' | 'avatar_url'>;

export interface Team {
  id: string;
  name: string;
}

export interface Author {
  type: 'contact' | 'agent' | 'bot' | 'system';
  id: string | null;
  name: string;
}

export interface Delivery {
  status: DeliveryStatus;
  code: string;
  reason: string;
  attempts: number;
  maybe_twice: boolean;
}

export interface MessageEvent {
  name: string;
  [detail: string]: unknown;
}

export interface Location {
  latitude: number;
  longitude: number;
  name: string;
  address: string;
}

export interface Card {
  name: string;
  phone: string;
  own: boolean;
}

export interface Reaction {
  emoji: string;
  by: 'contact' | 'agent';
}

export interface Edit {
  text: string;
  at: string;
}

export interface Message {
  id: string;
  conversation_id: string;
  contact_id: string;
  direction: 'in' | 'out';
  type: 'message' | 'note' | 'event';
  connector: string | null;
  kind: Kind | null;
  address: string | null;
  text: string;
  html: string;
  subject: string;
  folded: string;
  attachments: Attachment[];
  reply_to: string | null;
  author: Author;
  delivery: Delivery | null;
  external_id: string | null;
  client_id: string | null;
  created_at: string;
  received_at: string;
  edited_at: string | null;
  edits: Edit[];
  event: MessageEvent | null;
  location: Location | null;
  card: Card | null;
  reactions: Reaction[];
  buttons: string[];
}

export interface Conversation {
  id: string;
  contact: Contact;
  status: ConversationStatus;
  assignee: Agent | null;
  team: Team | null;
  priority: Priority;
  subject: string;
  labels: string[];
  connectors: string[];
  last_message: Message | null;
  unread_count: number;
  waiting_since: string | null;
  snoozed_until: string | null;
  created_at: string;
  updated_at: string;
}

export interface MediumLimit {
  max_bytes: number;
  media_types: string[];
  caption: number;
}

export interface Capabilities {
  text_limit: number;
  text_unit: TextUnit;
  max_text: number | null;
  media: Partial<Record<Medium, MediumLimit>>;
  max_attachments: number;
  can_start: boolean;
  typing_out: boolean;
  window: { standard_seconds: number; human_seconds: number | null } | null;
}

export interface Connector {
  name: string;
  kind: Kind;
  label: string;
  state: 'ok' | 'attention' | 'disabled';
  last_error: string;
  capabilities: Capabilities | null;
}

export interface ContactAddress {
  address: string;
  connector: string;
  kind: Kind;
  evidence: Evidence;
  reachable: boolean;
  reason: string;
  window_closes_at: string | null;
  human_window_closes_at: string | null;
  last_seen_at: string | null;
}

/** Why two contacts, and so their addresses, are one person. */
export interface Link {
  id: string;
  contact_id: string;
  other_contact_id: string;
  addresses: string[];
  evidence: Evidence;
  method: string;
  reason: string;
  by: string;
  created_at: string;
  undone_at: string | null;
}

export interface Session {
  agent: Agent;
  csrf_token: string;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface SearchHit {
  type: 'message' | 'contact';
  message: Message | null;
  contact: Contact | null;
  conversation_id: string | null;
  snippet: string;
}

// -- Socket.IO ---------------------------------------------------------------------------------

export interface MessagePayload {
  message: Message;
  conversation: Conversation;
}

export interface ConversationPayload {
  conversation: Conversation;
}

export interface ContactPayload {
  contact: Contact;
}

export interface LinkPayload {
  link: Link;
  contact_ids: string[];
}

export interface TypingPayload {
  conversation_id: string;
  author: Author;
  on: boolean;
}

export interface PresencePayload {
  agent: Agent;
  presence: Presence;
}

export interface ConnectorPayload {
  connector: Connector;
}

/** An agent opened a conversation, or (null) looks at none any more. */
export interface ViewedPayload {
  conversation_id: string | null;
  agent: Agent;
}

/** What both namespaces send. */
export interface SharedEvents {
  'message.created': MessagePayload;
  'message.updated': MessagePayload;
  typing: TypingPayload;
  'conversation.updated': ConversationPayload;
}

export interface AgentEvents extends SharedEvents {
  'conversation.created': ConversationPayload;
  'contact.updated': ContactPayload;
  'contact.linked': LinkPayload;
  'contact.unlinked': LinkPayload;
  presence: PresencePayload;
  'connector.updated': ConnectorPayload;
  'conversation.viewed': ViewedPayload;
}

export type Refusal = { ok: false; code: string; message: string };
export type Ack<T = object> = ({ ok: true } & T) | Refusal;

export interface SyncAck {
  messages: Message[];
  more: boolean;
}
