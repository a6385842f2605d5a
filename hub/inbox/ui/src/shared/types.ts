// The JSON shapes of the API and the payloads of Socket.IO events, by the names that the pages use.
// Times are RFC 3339 in UTC. The shapes themselves are generated from the server's.
import type {
  Agent,
  Capabilities,
  Conversation,
  Link,
  Message,
  ServerEvents,
} from './events.gen';

export type {
  Agent,
  Attachment,
  Author,
  Capabilities,
  Card,
  Connector,
  Contact,
  ContextCard,
  Conversation,
  ConversationViewed as ViewedPayload,
  Delivery,
  DeliveryStatus,
  Edit,
  FallbackFrom,
  Given,
  Handover,
  HandoverRecord,
  Link,
  Location,
  Medium,
  MediumLimit,
  Message,
  MessageCreated as MessagePayload,
  Place,
  PresenceChanged as PresencePayload,
  ReachableAddress as ContactAddress,
  Reaction,
  SearchResult as SearchHit,
  Sla,
  Suggestion,
  Team,
  Typing as TypingPayload,
} from './events.gen';

/** `webchat`, `email`, `sms`, `telegram`, `messenger`, or the kind of a third party's connector. */
export type Kind = string;
export type AttachmentState = Message['attachments'][number]['state'];
export type ConversationStatus = Conversation['status'];
export type Priority = Conversation['priority'];
export type Presence = Agent['presence'];
export type Evidence = ServerEvents['contact.linked']['link']['evidence'];
export type TextUnit = Capabilities['text_unit'];
export type MessageEvent = NonNullable<Message['event']>;

/** As much of an agent as a name beside a face needs. */
export type AgentRef = Pick<Agent, 'id' | 'name' | 'avatar_url'>;

/** Why a conversation is where it is, or what it waits for. */
export interface Routing {
  rule: string | null;
  team: string | null;
  skills: string[];
  candidates: { agent: Agent; chosen: boolean; reasons: { code: string; text: string }[] }[];
  decided_at: string | null;
  queue: { position: number; wait_seconds: number | null } | null;
  attempts: number;
}

/** What became of a suggestion, with the link that it made. */
export interface Decided {
  id: string;
  decision: 'accept' | 'dismiss';
  link: Link | null;
}

export interface Session {
  agent: Agent;
  csrf_token: string;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

/** What the agents' namespace sends. */
export type AgentEvents = Omit<ServerEvents, 'queue'>;

/** What both namespaces send. */
export type SharedEvents = Pick<ServerEvents, 'message.created' | 'message.updated' | 'typing' | 'conversation.updated'>;

export type Refusal = { ok: false; code: string; message: string };
export type Ack<T = object> = ({ ok: true } & T) | Refusal;

export interface SyncAck {
  messages: Message[];
  more: boolean;
}
