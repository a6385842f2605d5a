// The JSON shapes of the API and the payloads of Socket.IO events, by the names that the pages use.
// Times are RFC 3339 in UTC. The shapes themselves are generated from the server's.
import type {
  Agent,
  Capabilities,
  Conversation,
  Message,
  NoticesChanged,
  ServerEvents,
} from './events.gen';

export type {
  Agent,
  AgentLoad,
  Attachment,
  Author,
  CannedReply,
  Capabilities,
  Card,
  Change as ConfigChange,
  Connector,
  Contact,
  ContextCard,
  Conversation,
  ConversationViewed as ViewedPayload,
  Decided,
  Delivery,
  DeliveryStatus,
  Draft,
  Edit,
  FallbackFrom,
  Given,
  Handover,
  HandoverRecord,
  Job,
  JournalEntry,
  Link,
  ListedConnector,
  Location,
  Macro,
  MacroPreview,
  MacroRun,
  Medium,
  MediumLimit,
  Message,
  Mention,
  MessageCreated as MessagePayload,
  MessageOrigin,
  Notification,
  SettingsShape as NotificationSettings,
  Overview,
  Place,
  PresenceChanged as PresencePayload,
  Preview,
  PushDevices,
  QueuePlace,
  QuietMessage,
  ReachableAddress as ContactAddress,
  Reaction,
  Recipients,
  Reloaded,
  RenderedReply,
  Routing,
  SearchResult as SearchHit,
  Sla,
  Suggestion,
  UndoReport,
  Team,
  TeamQueue,
  Token,
  Typing as TypingPayload,
  View,
  WritingSettings,
} from './events.gen';

/** `webchat`, `email`, `sms`, `telegram`, `messenger`, or the kind of a third party's connector. */
export type Kind = string;
export type AttachmentState = Message['attachments'][number]['state'];
export type ConversationStatus = Conversation['status'];
export type Priority = Conversation['priority'];
export type Presence = Agent['presence'];
export type Evidence = ServerEvents['contact.linked']['link']['evidence'];
export type TextUnit = Capabilities['text_unit'];
export type NoticeCode = NoticesChanged['codes'][number];
export type MessageEvent = NonNullable<Message['event']>;

/** The fields of an agent that a name with an avatar needs. */
export type AgentRef = Pick<Agent, 'id' | 'name' | 'avatar_url'>;

export interface Session {
  agent: Agent;
  csrf_token: string;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

/** The events of the agents' namespace. */
export type AgentEvents = Omit<ServerEvents, 'queue'>;

/** The events of both namespaces. */
export type SharedEvents = Pick<ServerEvents, 'message.created' | 'message.updated' | 'typing' | 'conversation.updated' | 'resync'>;

export type Refusal = { ok: false; code: string; message: string };
export type Ack<T = object> = ({ ok: true } & T) | Refusal;

export interface SyncAck {
  messages: Message[];
  more: boolean;
}
