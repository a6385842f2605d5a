// Generated from the server’s shapes and events by `npm run types`. Do not edit.

export type Medium = 'image' | 'audio' | 'voice' | 'video' | 'sticker' | 'file';
export type DeliveryStatus = 'queued' | 'sending' | 'sent' | 'delivered' | 'read' | 'failed';

export interface ServerEvents {
  'message.created': MessageCreated;
  'message.updated': MessageUpdated;
  'conversation.created': ConversationCreated;
  'conversation.updated': ConversationUpdated;
  'contact.updated': ContactUpdated;
  'contact.linked': ContactLinked;
  'contact.unlinked': ContactUnlinked;
  typing: Typing;
  'conversation.viewed': ConversationViewed;
  presence: PresenceChanged;
  'connector.updated': ConnectorUpdated;
  'sla.warning': SlaWarning;
  'sla.breached': SlaBreached;
  queue: QueueChanged;
  'job.updated': JobUpdated;
  notices: NoticesChanged;
  'draft.updated': DraftUpdated;
  resync: Resync;
  'notification.created': NotificationCreated;
  'notification.updated': NotificationUpdated;
  'notification.cleared': NotificationCleared;
  'notification.test': NotificationTest;
}
export interface MessageCreated {
  message: Message;
  conversation: Conversation;
}
export interface Message {
  id: string;
  conversation_id: string;
  contact_id: string;
  direction: 'in' | 'out';
  type: 'message' | 'note' | 'event';
  connector: string | null;
  kind: string | null;
  address: string | null;
  to: string[];
  cc: string[];
  origin: MessageOrigin | null;
  subject: string;
  text: string;
  folded: string;
  html: string;
  attachments: Attachment[];
  location: Location | null;
  card: Card | null;
  buttons: string[];
  reactions: Reaction[];
  event: {
    name: string;
    [k: string]: unknown;
  } | null;
  mentions: string[];
  extra?: {
    [k: string]: unknown;
  };
  reply_to: string | null;
  duplicate_of: string | null;
  author: Author;
  send_at: string | null;
  delivery: Delivery | null;
  external_id: string | null;
  client_id: string | null;
  edits: Edit[];
  edited_at: string | null;
  created_at: string;
  received_at: string;
}
export interface MessageOrigin {
  kind: 'ad' | 'link' | 'story' | 'post' | 'product' | 'start';
  title: string;
  ref: string;
  url: string;
}
export interface Attachment {
  id: string;
  name: string;
  media_type: string;
  size: number | null;
  width: number | null;
  height: number | null;
  url: string;
  state: 'pending' | 'stored' | 'too_large' | 'failed';
  medium: Medium;
  reason: string;
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
  fallback_from: FallbackFrom | null;
}
export interface FallbackFrom {
  address: string;
  connector: string;
  kind: string;
  code: string;
  reason: string;
}
export interface Edit {
  text: string;
  at: string;
}
export interface Conversation {
  id: string;
  contact: Contact;
  status: 'open' | 'pending' | 'snoozed' | 'resolved';
  assignee: Agent | null;
  team: Team | null;
  priority: 'low' | 'normal' | 'high' | 'urgent';
  subject: string;
  labels: string[];
  connectors: string[];
  last_message: Message | null;
  unread_count: number;
  waiting_since: string | null;
  snoozed_until: string | null;
  created_at: string;
  updated_at: string;
  context_card: ContextCard | null;
  sla: Sla | null;
  merged_into: string | null;
}
export interface Contact {
  id: string;
  name: string;
  avatar_url: string;
  attributes: {
    [k: string]: unknown;
  };
  created_at: string;
}
export interface Agent {
  id: string;
  name: string;
  email: string;
  role: 'agent' | 'admin';
  presence: 'online' | 'away' | 'offline';
  avatar_url: string;
}
export interface Team {
  id: string;
  name: string;
}
export interface ContextCard {
  from: Place;
  to: Place;
  switched_at: string;
  open_question: string;
  given: Given[];
  waiting_since: string | null;
}
export interface Place {
  connector: string;
  kind: string;
  address: string;
}
export interface Given {
  type: 'file' | 'order' | 'email' | 'phone' | 'name' | 'form';
  text: string;
  message_id: string | null;
}
export interface Sla {
  first_reply_due: string | null;
  next_reply_due: string | null;
  resolve_due: string | null;
  breached: ('first_reply' | 'next_reply' | 'resolve')[];
}
export interface MessageUpdated {
  message: Message;
  conversation: Conversation;
}
export interface ConversationCreated {
  conversation: Conversation;
}
export interface ConversationUpdated {
  conversation: Conversation;
  context_card: ContextCard | null;
}
export interface ContactUpdated {
  contact: Contact;
}
export interface ContactLinked {
  link: Link;
  contact_ids: string[];
}
export interface Link {
  id: string;
  contact_id: string;
  other_contact_id: string;
  addresses: string[];
  evidence: 'verified' | 'asserted' | 'inferred' | 'agent';
  method: string;
  reason: string;
  by: string;
  created_at: string;
  undone_at: string | null;
}
export interface ContactUnlinked {
  link: Link;
  contact_ids: string[];
}
export interface Typing {
  conversation_id: string;
  author: Author;
  on: boolean;
}
export interface ConversationViewed {
  conversation_id: string | null;
  agent: Agent;
}
export interface PresenceChanged {
  agent: Agent;
  presence: 'online' | 'away' | 'offline';
}
export interface ConnectorUpdated {
  connector: Connector;
}
export interface Connector {
  name: string;
  kind: string;
  label: string;
  state: 'ok' | 'attention' | 'disabled';
  last_error: string;
  capabilities: Capabilities | null;
  needs_consent: boolean;
}
export interface Capabilities {
  text_limit: number;
  text_unit: 'characters' | 'utf16' | 'bytes' | 'sms_segments';
  max_text: number | null;
  media: {
    [k: string]: MediumLimit;
  };
  max_attachments: number;
  can_start: boolean;
  edit: boolean;
  retract: boolean;
  typing_out: boolean;
  window: Window | null;
}
export interface MediumLimit {
  max_bytes: number;
  media_types: string[];
  caption: number;
}
export interface Window {
  standard_seconds: number;
  human_seconds: number | null;
}
export interface SlaWarning {
  conversation: Conversation;
  clock: 'first_reply' | 'next_reply' | 'resolve';
  due: string;
}
export interface SlaBreached {
  conversation: Conversation;
  clock: 'first_reply' | 'next_reply' | 'resolve';
  due: string;
}
export interface QueueChanged {
  position: number;
  wait_seconds: number | null;
}
export interface JobUpdated {
  job: Job;
}
export interface Job {
  id: string;
  total: number;
  done: number;
  failed: JobFailure[];
  undo: string;
  created_at: string;
  finished_at: string | null;
}
export interface JobFailure {
  id: string;
  reason: string;
}
export interface NoticesChanged {
  codes: ('redis_away' | 'disk_full' | 'disk_unreadable' | 'proxy_untrusted')[];
}
export interface DraftUpdated {
  conversation_id: string | null;
  draft: Draft;
}
export interface Draft {
  id: string | null;
  conversation_id: string | null;
  type: 'reply' | 'note' | 'new';
  text: string;
  connector: string | null;
  attachments: Attachment[];
  subject: string;
  cc: string[] | null;
  bcc: string[];
  format: 'plain' | 'markdown';
  mentions: string[];
  reply_to: string | null;
  address: string;
  contact_id: string | null;
  version: number;
  updated_at: string | null;
}
export interface Resync {}
export interface NotificationCreated {
  notification: Notification;
  sound: string | null;
  browser: boolean;
  hide_text: boolean;
}
export interface Notification {
  id: string;
  kind: 'message' | 'assigned' | 'mention' | 'sla';
  conversation_id: string;
  message_id: string | null;
  contact_name: string;
  connector: string | null;
  author: string;
  text: string;
  clock: string;
  count: number;
  told_at: string;
}
export interface NotificationUpdated {
  notification: Notification;
}
export interface NotificationCleared {
  ids: string[];
  conversation_ids: string[];
}
export interface NotificationTest {
  sound: string;
}
export interface AgentLoad {
  agent: Agent;
  teams: string[];
  skills: string[];
  languages: string[];
  capacity: number;
  load: number;
  people: number;
}
export interface Candidate {
  agent: Agent;
  chosen: boolean;
  reasons: Reason[];
}
export interface Reason {
  code: string;
  text: string;
}
export interface CannedReply {
  id: string;
  shortcut: string;
  title: string;
  text: string;
  scope: 'own' | 'team' | 'all';
  team: string | null;
  language: string;
  kinds: string[];
  attachments: Attachment[];
  owner: string;
  is_from_file: boolean;
  may_change: boolean;
  used: number;
  last_used_at: string | null;
  created_at: string;
  updated_at: string;
}
export interface Change {
  action: 'added' | 'removed' | 'changed';
  path: string;
  old: string;
  new: string;
}
export interface Decided {
  id: string;
  decision: 'accept' | 'dismiss';
  link: Link | null;
}
export interface FailedStep {
  step: {
    [k: string]: unknown;
  };
  index: number;
  reason: string;
}
export interface Handover {
  id: string;
  connector: string;
  url: string;
  code: string;
  qr: string;
  expires_at: string;
}
export interface HandoverRecord {
  id: string;
  connector: string;
  created_by: string;
  created_at: string;
  expires_at: string;
  redeemed_at: string | null;
}
export interface HandoverTally {
  made: number;
  redeemed: number;
  refused: number;
}
export interface JournalEntry {
  id: string;
  connector: string;
  key: string;
  status: 'done' | 'failed' | 'ignored';
  reason: string;
  error: string;
  message_id: string | null;
  received_at: string;
}
export interface JournalSummary {
  failed: number;
  ignored: number;
  last_status: ('failed' | 'ignored') | null;
  last_reason: string;
  last_at: string | null;
}
export interface KeptField {
  conversation_id: string;
  field: string;
  code: 'changed' | 'merged' | 'impossible';
  reason: string;
}
export interface ListedConnector {
  name: string;
  kind: string;
  label: string;
  state: 'ok' | 'attention' | 'disabled';
  last_error: string;
  capabilities: Capabilities | null;
  needs_consent: boolean;
  journal: JournalSummary | null;
}
export interface Macro {
  id: string;
  name: string;
  scope: 'own' | 'team' | 'all';
  team: string | null;
  steps: {
    [k: string]: unknown;
  }[];
  owner: string;
  may_change: boolean;
  used: number;
  last_used_at: string | null;
  created_at: string;
  updated_at: string;
}
export interface MacroPreview {
  steps: PreviewedStep[];
}
export interface PreviewedStep {
  step: {
    [k: string]: unknown;
  };
  text: string;
  missing: string[];
  attachments: Attachment[];
  problem: string;
}
export interface MacroRun {
  done: {
    [k: string]: unknown;
  }[];
  failed: FailedStep[];
  undo: string;
  messages: Message[];
}
export interface Matrix {
  message: Places;
  assigned: Places1;
  mention: Places2;
  sla: Places3;
}
export interface Places {
  sound: boolean;
  browser: boolean;
  push: boolean;
}
export interface Places1 {
  sound: boolean;
  browser: boolean;
  push: boolean;
}
export interface Places2 {
  sound: boolean;
  browser: boolean;
  push: boolean;
}
export interface Places3 {
  sound: boolean;
  browser: boolean;
  push: boolean;
}
export interface Mention {
  id: string;
  message: Message;
  conversation: Conversation;
  created_at: string;
}
export interface Overview {
  at: string;
  teams: TeamQueue[];
  agents: AgentLoad[];
}
export interface TeamQueue {
  name: string;
  is_open: boolean;
  opens_at: string | null;
  members: number;
  online: number;
  waiting: number;
  waiting_since: string | null;
  wait_seconds: number | null;
}
export interface Places4 {
  sound: boolean;
  browser: boolean;
  push: boolean;
}
export interface Preview {
  connector: string;
  rule: string | null;
  team: string | null;
  skills: string[];
  labels: string[];
  priority: string;
  sla: string | null;
  language: string;
  team_open: boolean;
  opens_at: string | null;
  steps: Step[];
  problem: string | null;
}
export interface Step {
  rule: string;
  matched: boolean;
  failed: string | null;
}
export interface PushDevice {
  id: string;
  device: string;
  created_at: string;
}
export interface PushDevices {
  public_key: string;
  items: PushDevice[];
  next: string | null;
}
export interface QueuePlace {
  position: number;
  wait_seconds: number | null;
}
export interface QuietHours {
  from: string;
  to: string;
  zone: string;
  days: number[];
}
export interface QuietMessage {
  id: string;
  connector: string;
  sender: string;
  subject: string;
  reason: string;
  received_at: string;
}
export interface ReachableAddress {
  address: string;
  connector: string;
  kind: string;
  evidence: 'verified' | 'asserted' | 'inferred' | 'agent';
  reachable: boolean;
  reason: string;
  window_closes_at: string | null;
  human_window_closes_at: string | null;
  last_seen_at: string | null;
  present: boolean | null;
  fallback: Place | null;
}
export interface Recipients {
  to: string[];
  cc: string[];
}
export interface Reloaded {
  changes: Change[];
}
export interface RenderedReply {
  id: string;
  text: string;
  missing: string[];
  attachments: Attachment[];
}
export interface Routing {
  rule: string | null;
  team: string | null;
  skills: string[];
  priority: 'low' | 'normal' | 'high' | 'urgent';
  candidates: Candidate[];
  decided_at: string | null;
  queue: QueuePlace | null;
  attempts: number;
}
export interface SearchResult {
  type: 'message' | 'contact';
  message: Message | null;
  contact: Contact | null;
  conversation_id: string | null;
  snippet: string;
}
export interface SettingsShape {
  kinds: Matrix1;
  sound: 'chime' | 'drop' | 'knock' | 'bell';
  quiet_hours: QuietHours | null;
  muted_until: string | null;
  hide_text: boolean;
  /**
   * @maxItems 100
   */
  silent_connectors: string[];
}
export interface Matrix1 {
  message: Places;
  assigned: Places1;
  mention: Places2;
  sla: Places3;
}
export interface Suggestion {
  id: string;
  contact: Contact;
  evidence: 'verified' | 'asserted' | 'inferred' | 'agent';
  method: string;
  reason: string;
  created_at: string;
}
export interface SwitchCount {
  from: string;
  to: string;
  count: number;
}
export interface SwitchReport {
  since: string;
  switches: number;
  recognised: number;
  median_seconds: number | null;
  slow_seconds: number | null;
  ways: SwitchCount[];
  handovers: HandoverTally;
  merges_undone: number;
}
export interface Token {
  id: string;
  name: string;
  owner: string | null;
  created_at: string;
  last_used_at: string | null;
}
export interface UndoReport {
  undone: UndoneField[];
  kept: KeptField[];
}
export interface UndoneField {
  conversation_id: string;
  field: string;
}
export interface View {
  id: string;
  name: string;
  scope: 'own' | 'team' | 'all';
  team: string | null;
  owner: string | null;
  filter: {
    [k: string]: unknown;
  };
  sort: 'activity' | 'waiting' | 'sla' | 'priority';
  count: number;
  more: boolean;
}
export interface WritingSettings {
  undo_seconds: number;
  ask_if_new: boolean;
}
