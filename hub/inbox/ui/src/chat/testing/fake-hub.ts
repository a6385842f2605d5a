// The server's side of a visitor's connection, for tests: it records requests and sends the events that a test chooses.
import type { ConnectionState, LiveSocket } from '$shared/socket';
import type { Ack, Contact, Conversation, Handover, Message, SyncAck } from '$shared/types';
import { Memory, type KeyValueStore } from '../session/memory';
import type { SessionPayload, VisitorEvents } from '../conversation/visitor-events';

type Answer = Partial<SyncAck & Handover & { message: Message }>;
type Handler = (payload: unknown, confirm?: () => void) => void;

export function store(): KeyValueStore & { entries: Map<string, string> } {
  const entries = new Map<string, string>();
  return {
    entries,
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
    removeItem: (key) => void entries.delete(key),
  };
}

export class FakeHub {
  readonly requests: { name: string; payload: Record<string, unknown> }[] = [];
  readonly emitted: { name: string; payload: Record<string, unknown> }[] = [];
  readonly stored: Message[] = [];
  readonly store = store();
  connects = 0;
  contact: Contact | null = null;
  session = 'token-1';
  /** The answer to a message: a refusal here, or none at all while `isSilent`, until the connection is lost. */
  refusal: { code: string; message: string } | null = null;
  isSilent = false;
  history: Message[] = [];
  syncPage = 50;

  #ids = 1000;
  #handler = new Map<string, Handler>();
  #state: (state: ConnectionState, refusal?: string) => void = () => {};
  #unanswered: ((answer: Ack<never>) => void)[] = [];

  readonly socket: LiveSocket<VisitorEvents> = {
    on: (name, handler) => void this.#handler.set(name, handler as Handler),
    onConnection: (handler) => void (this.#state = handler),
    emit: (name, payload) => void this.emitted.push({ name, payload: payload as Record<string, unknown> }),
    request: <T>(name: string, payload: object) => this.#answer(name, payload) as Promise<Ack<T>>,
    connect: () => void this.connects++,
    close: () => this.#state('lost'),
  };

  get memory(): Memory {
    return new Memory('website', this.store);
  }

  welcomes(more: Partial<SessionPayload> = {}): void {
    this.#state('connected');
    this.emits('session', {
      session: this.session,
      contact: this.contact,
      messages: this.stored.slice(-50),
      agent: null,
      queue: null,
      more: false,
      ...more,
    });
  }

  loses(): void {
    this.#state('lost');
    for (const answer of this.#unanswered.splice(0)) answer({ ok: false, code: 'timeout', message: '' });
  }

  refuses(code: string): void {
    this.#state('refused', code);
  }

  emits(name: string, payload: unknown, confirm?: () => void): void {
    this.#handler.get(name)?.(payload, confirm);
  }

  says(text: string, confirm?: () => void): Message {
    const message = this.message('out', text);
    this.stored.push(message);
    this.emits('message.created', { message, conversation: conversation() }, confirm);
    return message;
  }

  /** The customer writes on another channel. */
  hears(text: string, connector: string, more: Partial<Message> = {}): Message {
    const message = this.message('in', text, { connector, kind: connector, ...more });
    this.stored.push(message);
    this.emits('message.created', { message, conversation: conversation() });
    return message;
  }

  /** The hub greets the customer on another channel. */
  greets(connector: string): void {
    const message = this.message('out', 'Nothing needs repeating.', { connector, kind: connector, author: author('system', '') });
    this.stored.push(message);
    this.emits('message.created', { message, conversation: conversation() });
  }

  sent(name = 'message.send'): Record<string, unknown>[] {
    return this.requests.filter((request) => request.name === name).map((request) => request.payload);
  }

  message(direction: 'in' | 'out', text: string, more: Partial<Message> = {}): Message {
    const id = String(++this.#ids);
    const at = new Date(Date.UTC(2026, 0, 5, 12, 0, 0) + this.#ids * 1000).toISOString();
    return {
      id,
      conversation_id: '7',
      contact_id: '1',
      direction,
      type: 'message',
      connector: 'website',
      kind: 'webchat',
      address: 'webchat:v',
      to: [],
      cc: [],
    mentions: [],
    send_at: null,
      origin: null,
      subject: '',
      text,
      folded: '',
      html: '',
      attachments: [],
      location: null,
      card: null,
      buttons: [],
      reactions: [],
      event: null,
      reply_to: null,
      duplicate_of: null,
      author: direction === 'in' ? author('contact', '') : author('agent', 'Ada'),
      delivery: null,
      external_id: null,
      client_id: null,
      edits: [],
      edited_at: null,
      created_at: at,
      received_at: at,
      ...more,
    };
  }

  async #answer(name: string, payload: object): Promise<Ack<Answer>> {
    const fields = payload as Record<string, unknown>;
    this.requests.push({ name, payload: fields });
    await Promise.resolve();
    if (this.isSilent) return new Promise((resolve) => this.#unanswered.push(resolve));
    if (name === 'message.send') return this.#take(fields);
    if (name === 'sync') {
      const missed = this.stored.slice(this.stored.findIndex((message) => message.id === fields['after']) + 1);
      return { ok: true, messages: missed.slice(0, this.syncPage), more: missed.length > this.syncPage };
    }
    if (name === 'handover.request') return this.refusal ? { ok: false, ...this.refusal } : { ok: true, ...this.#newHandover(String(fields['connector'])) };
    if (name === 'identify' && this.refusal) return { ok: false, ...this.refusal };
    if (name === 'history') return { ok: true, messages: this.history, more: false };
    return { ok: true };
  }

  /** A handover that expires in a day. */
  #newHandover(connector: string): Handover {
    const id = String(++this.#ids);
    const expires_at = new Date(Date.now() + 24 * 3_600_000).toISOString();
    return { id, connector, url: `https://t.me/shop_bot?start=${id}`, code: `CODE${id}`, qr: 'data:,', expires_at };
  }

  #take(fields: Record<string, unknown>): Ack<Answer> {
    if (this.refusal) return { ok: false, ...this.refusal };
    const clientId = String(fields['client_id']);
    let message = this.stored.find((candidate) => candidate.client_id === clientId);
    if (!message) {
      message = this.message('in', String(fields['text']), { client_id: clientId });
      this.stored.push(message);
    }
    return { ok: true, message };
  }
}

function author(type: 'contact' | 'agent' | 'system', name: string): Message['author'] {
  return { type, id: null, name };
}

export function contact(id: string): Contact {
  return { id, name: '', avatar_url: '', attributes: {}, created_at: '2026-01-05T12:00:00Z' };
}

export function conversation(more: Partial<Conversation> = {}): Conversation {
  return {
    id: '7',
    contact: contact('1'),
    status: 'open',
    assignee: null,
    team: null,
    priority: 'normal',
    subject: '',
    labels: [],
    connectors: [],
    last_message: null,
    unread_count: 0,
    waiting_since: null,
    snoozed_until: null,
    context_card: null,
    sla: null,
    merged_into: null,
    created_at: '2026-01-05T12:00:00Z',
    updated_at: '2026-01-05T12:00:00Z',
    ...more,
  };
}
