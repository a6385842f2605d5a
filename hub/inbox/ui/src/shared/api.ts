// Every call of /api/v1 that the agents' screen makes.
import { JsonClient } from './http';
import type {
  Agent,
  Attachment,
  Contact,
  ContactAddress,
  Conversation,
  ConversationStatus,
  Decided,
  Draft,
  Handover,
  HandoverRecord,
  Job,
  Link,
  ListedConnector,
  Message,
  Page,
  Presence,
  Priority,
  QuietMessage,
  Recipients,
  Routing,
  SearchHit,
  Session,
  Suggestion,
  Team,
  Token,
  UndoReport,
  View,
  WritingSettings,
} from './types';

/** Filters of conversations, by their names in the API. */
export interface ConversationFilter {
  [name: string]: string | number | null | undefined;
  limit?: number;
  cursor?: string | null;
}

export interface NewView {
  name: string;
  scope: View['scope'];
  team?: string | null;
  filter: Record<string, unknown>;
  sort: View['sort'];
}

/** What changes in many conversations at once. */
export interface ManyChange {
  status?: ConversationStatus;
  assignee_id?: string | null;
  team?: string | null;
  priority?: Priority;
  labels_add?: string[];
  labels_remove?: string[];
  snoozed_until?: string;
}

/** Conversations by their ids, or all that a filter lets through. */
export type Targets = { ids: string[] } | { filter: Record<string, unknown>; zone: string };

export interface ConversationChange {
  status?: ConversationStatus;
  assignee_id?: string | null;
  priority?: Priority;
  labels?: string[];
  snoozed_until?: string | null;
}

export interface NewMessage {
  text: string;
  type: 'message' | 'note';
  connector?: string;
  attachments?: string[];
  reply_to?: string;
  cc?: string[];
  mentions?: string[];
  mention_teams?: string[];
  /** The version of the draft that this is. */
  draft_version?: number;
  /** It leaves so many seconds later, to be undone meanwhile. */
  undo_seconds?: number;
  /** The newest message that the agent saw: a newer one stops this one. */
  seen_message_id?: string;
  resolve?: boolean;
  send_at?: string;
  zone?: string;
  send_anyway?: boolean;
  client_id: string;
}

/** A reply or a note that is not sent, with the version that a save changes. */
export interface DraftBody extends Pick<Draft, 'text' | 'connector' | 'cc' | 'subject' | 'bcc' | 'format' | 'mentions' | 'reply_to' | 'version'> {
  attachments: string[];
}

export interface ContactChange {
  name?: string;
  attributes?: Record<string, unknown>;
}

const id = encodeURIComponent;

export class Api {
  readonly client = new JsonClient('/api/v1');

  // -- session --

  async session(): Promise<Session> {
    return this.#storeToken(await this.client.get<Session>('/session'));
  }

  async signIn(email: string, password: string): Promise<Session> {
    return this.#storeToken(await this.client.post<Session>('/session', { email, password }));
  }

  signOut(): Promise<void> {
    return this.client.delete('/session');
  }

  changePassword(current: string, next: string): Promise<void> {
    return this.client.put('/agents/me/password', { current, new: next });
  }

  /** Ends all sign-ins of this agent but the one of this browser. */
  signOutElsewhere(): Promise<void> {
    return this.client.delete('/sessions');
  }

  tokens(): Promise<Page<Token>> {
    return this.client.get('/tokens');
  }

  revokeToken(tokenId: string): Promise<void> {
    return this.client.delete(`/tokens/${id(tokenId)}`);
  }

  setPresence(presence: Presence): Promise<Agent> {
    return this.client.patch('/agents/me', { presence });
  }

  agents(): Promise<Page<Agent>> {
    return this.client.get('/agents', { limit: 100 });
  }

  connectors(): Promise<Page<ListedConnector>> {
    return this.client.get('/connectors', { limit: 100 });
  }

  // -- conversations --

  conversations(filter: ConversationFilter): Promise<Page<Conversation>> {
    return this.client.get('/conversations', { ...filter });
  }

  conversation(conversationId: string): Promise<Conversation> {
    return this.client.get(`/conversations/${id(conversationId)}`);
  }

  changeConversation(conversationId: string, change: ConversationChange): Promise<Conversation> {
    return this.client.patch(`/conversations/${id(conversationId)}`, change);
  }

  changeMany(targets: Targets, change: ManyChange): Promise<Job> {
    return this.client.post('/conversations/bulk', { ...targets, change });
  }

  job(jobId: string): Promise<Job> {
    return this.client.get(`/jobs/${id(jobId)}`);
  }

  stopJob(jobId: string): Promise<Job> {
    return this.client.delete(`/jobs/${id(jobId)}`);
  }

  undo(undoId: string): Promise<UndoReport> {
    return this.client.post(`/undo/${id(undoId)}`);
  }

  // -- views --

  views(zone: string): Promise<Page<View>> {
    return this.client.get('/views', { zone });
  }

  addView(view: NewView): Promise<View> {
    return this.client.post('/views', view);
  }

  changeView(viewId: string, change: Partial<NewView>): Promise<View> {
    return this.client.patch(`/views/${id(viewId)}`, change);
  }

  deleteView(viewId: string): Promise<void> {
    return this.client.delete(`/views/${id(viewId)}`);
  }

  teams(): Promise<Page<Team>> {
    return this.client.get('/teams', { limit: 100 });
  }

  routing(conversationId: string): Promise<Routing> {
    return this.client.get(`/conversations/${id(conversationId)}/routing`);
  }

  send(conversationId: string, message: NewMessage): Promise<Message> {
    return this.client.post(`/conversations/${id(conversationId)}/messages`, message);
  }

  /** Takes a message back: the draft that it came from, or the message that its customer has no longer. */
  takeBack(messageId: string): Promise<Draft | Message> {
    return this.client.delete(`/messages/${id(messageId)}`);
  }

  changeMessage(messageId: string, text: string): Promise<Message> {
    return this.client.patch(`/messages/${id(messageId)}`, { text });
  }

  writingSettings(): Promise<WritingSettings> {
    return this.client.get('/agents/me/writing');
  }

  saveWritingSettings(settings: WritingSettings): Promise<WritingSettings> {
    return this.client.put('/agents/me/writing', settings);
  }

  markRead(conversationId: string, messageId: string): Promise<void> {
    return this.client.post(`/conversations/${id(conversationId)}/read`, { message_id: messageId });
  }

  /** Creates a handover to another channel. Only this answer holds its link and code. */
  createHandover(conversationId: string, connector: string): Promise<Handover> {
    return this.client.post(`/conversations/${id(conversationId)}/handovers`, { connector });
  }

  handovers(conversationId: string): Promise<Page<HandoverRecord>> {
    return this.client.get(`/conversations/${id(conversationId)}/handovers`);
  }

  retry(messageId: string): Promise<Message> {
    return this.client.post(`/messages/${id(messageId)}/retry`);
  }

  /** The recipients that an answer to a message has, unless it names its copies. */
  recipients(messageId: string): Promise<Recipients> {
    return this.client.get(`/messages/${id(messageId)}/recipients`);
  }

  originalUrl(messageId: string): string {
    return `/api/v1/messages/${id(messageId)}/original`;
  }

  // -- drafts --

  drafts(cursor: string | null): Promise<Page<Draft>> {
    return this.client.get('/drafts', { cursor, limit: 100 });
  }

  draft(conversationId: string, type: 'reply' | 'note'): Promise<Draft> {
    return this.client.get(`/conversations/${id(conversationId)}/draft`, { type });
  }

  saveDraft(conversationId: string, type: 'reply' | 'note', body: DraftBody, options: { keepalive?: boolean } = {}): Promise<Draft> {
    return this.client.put(`/conversations/${id(conversationId)}/draft?type=${type}`, body, options);
  }

  discardNewMessage(draftId: string): Promise<Draft> {
    return this.client.delete(`/drafts/${id(draftId)}`);
  }

  // -- contacts --

  contact(contactId: string): Promise<Contact> {
    return this.client.get(`/contacts/${id(contactId)}`);
  }

  contacts(q: string): Promise<Page<Contact>> {
    return this.client.get('/contacts', { q, limit: 20 });
  }

  changeContact(contactId: string, change: ContactChange): Promise<Contact> {
    return this.client.patch(`/contacts/${id(contactId)}`, change);
  }

  timeline(contactId: string, cursor: string | null = null, limit = 50): Promise<Page<Message>> {
    return this.client.get(`/contacts/${id(contactId)}/timeline`, { cursor, limit });
  }

  addresses(contactId: string): Promise<Page<ContactAddress>> {
    return this.client.get(`/contacts/${id(contactId)}/addresses`);
  }

  links(contactId: string): Promise<Page<Link>> {
    return this.client.get(`/contacts/${id(contactId)}/links`);
  }

  merge(contactId: string, otherId: string): Promise<Link> {
    return this.client.post(`/contacts/${id(contactId)}/links`, { contact_id: otherId });
  }

  /** Contacts that may be the same person, each with the reason. */
  suggestions(contactId: string): Promise<Page<Suggestion>> {
    return this.client.get(`/contacts/${id(contactId)}/suggestions`);
  }

  /** Merges the two contacts of a suggestion, or keeps them apart for good. */
  decideSuggestion(suggestionId: string, decision: Decided['decision']): Promise<Decided> {
    return this.client.post(`/suggestions/${id(suggestionId)}`, { decision });
  }

  undoLink(linkId: string): Promise<void> {
    return this.client.delete(`/links/${id(linkId)}`);
  }

  // -- what machines wrote without a conversation --

  quiet(cursor: string | null = null): Promise<Page<QuietMessage>> {
    return this.client.get('/quiet', { cursor });
  }

  openQuiet(quietId: string): Promise<Conversation> {
    return this.client.post(`/quiet/${id(quietId)}/open`);
  }

  // -- files and search --

  upload(file: File, onProgress: (share: number) => void, signal?: AbortSignal): Promise<Attachment> {
    return this.client.upload('/uploads', file, onProgress, signal);
  }

  search(q: string, signal?: AbortSignal): Promise<Page<SearchHit>> {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    return this.client.get('/search', { q, limit: 30, zone: timeZone }, signal);
  }

  #storeToken(session: Session): Session {
    this.client.csrfToken = session.csrf_token;
    return session;
  }
}
