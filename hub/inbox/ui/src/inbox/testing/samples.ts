// Sample values for tests: complete, and changed by what the test is about.
import type { Api } from '$shared/api';
import type { Agent, Connector, Contact, ContactAddress, ContextCard, Conversation, Link, Message, Suggestion } from '$shared/types';

export const mari: Agent = { id: '1', name: 'Mari', email: 'mari@shop.example', role: 'agent', presence: 'online', avatar_url: '' };
export const sofia: Contact = { id: '10', name: 'Sofia', avatar_url: '', attributes: {}, created_at: '2025-01-01T00:00:00Z' };

let minutes = 0;

/** A time one minute after the last one. */
export function later(): string {
  minutes += 1;
  return new Date(Date.UTC(2025, 5, 2, 9, minutes)).toISOString();
}

let ids = 1000;

export function message(more: Partial<Message> = {}): Message {
  const at = more.created_at ?? later();
  ids += 1;
  return {
    id: String(ids),
    conversation_id: '100',
    contact_id: sofia.id,
    direction: 'in',
    type: 'message',
    connector: 'sms',
    kind: 'sms',
    address: 'tel:+37255512345',
    to: [],
    cc: [],
    mentions: [],
    send_at: null,
    origin: null,
    text: 'Hello',
    html: '',
    subject: '',
    folded: '',
    attachments: [],
    reply_to: null,
    duplicate_of: null,
    author: { type: 'contact', id: sofia.id, name: sofia.name },
    delivery: null,
    external_id: null,
    client_id: null,
    created_at: at,
    received_at: at,
    edited_at: null,
    edits: [],
    event: null,
    location: null,
    card: null,
    reactions: [],
    buttons: [],
    ...more,
  };
}

export function conversation(more: Partial<Conversation> = {}): Conversation {
  return {
    id: '100',
    contact: sofia,
    status: 'open',
    assignee: mari,
    team: null,
    priority: 'normal',
    subject: '',
    labels: [],
    connectors: ['sms'],
    last_message: null,
    unread_count: 0,
    waiting_since: null,
    snoozed_until: null,
    context_card: null,
    sla: null,
    merged_into: null,
    created_at: '2025-06-02T08:00:00Z',
    updated_at: '2025-06-02T08:00:00Z',
    ...more,
  };
}

export function address(more: Partial<ContactAddress> = {}): ContactAddress {
  return {
    address: 'tel:+37255512345',
    connector: 'sms',
    kind: 'sms',
    evidence: 'verified',
    reachable: true,
    reason: '',
    window_closes_at: null,
    human_window_closes_at: null,
    last_seen_at: null,
    present: null,
    fallback: null,
    ...more,
  };
}

export function link(more: Partial<Link> = {}): Link {
  return {
    id: '7',
    contact_id: sofia.id,
    other_contact_id: '11',
    addresses: ['tel:+37255512345', 'telegram:1'],
    evidence: 'verified',
    method: 'handover',
    reason: 'They used the one-time link.',
    by: 'contact',
    created_at: '2025-06-02T09:00:00Z',
    undone_at: null,
    ...more,
  };
}

export function card(more: Partial<ContextCard> = {}): ContextCard {
  return {
    from: { connector: 'website', kind: 'webchat', address: 'webchat:1' },
    to: { connector: 'sms', kind: 'sms', address: 'tel:+37255512345' },
    switched_at: '2025-06-02T09:00:00Z',
    open_question: 'Where is order 1042?',
    given: [{ type: 'order', text: '1042', message_id: '1001' }],
    waiting_since: '2025-06-02T08:55:00Z',
    ...more,
  };
}

export function suggestion(more: Partial<Suggestion> = {}): Suggestion {
  return {
    id: '70',
    contact: { ...sofia, id: '11', name: 'Sofia L.' },
    evidence: 'asserted',
    method: 'form',
    reason: 'Typed sofia@example.com in a form.',
    created_at: '2025-06-02T09:00:00Z',
    ...more,
  };
}

export function connector(name: string, more: Partial<NonNullable<Connector['capabilities']>> = {}): Connector {
  return {
    name,
    kind: name,
    label: name,
    state: 'ok',
    last_error: '',
    needs_consent: false,
    capabilities: { text_limit: 2000, text_unit: 'characters', max_text: null, media: {}, max_attachments: 10, can_start: false, typing_out: true, window: null, edit: false, retract: false, ...more },
  };
}

/** An API that answers with what the test gives it; anything else it is asked fails the test. */
export function fakeApi(answers: Partial<Record<keyof Api, unknown>>): Api {
  return new Proxy(answers, {
    get(target, name) {
      if (name === 'client') return { onSignedOut: () => {} };
      if (name in target) return target[name as keyof Api];
      throw new Error(`the test did not expect a call of ${String(name)}`);
    },
  }) as unknown as Api;
}

export const page = <T>(items: T[], next: string | null = null) => Promise.resolve({ items, next });
