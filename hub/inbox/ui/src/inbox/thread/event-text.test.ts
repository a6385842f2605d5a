import { expect, test } from 'vitest';
import type { Message } from '$shared/types';
import { message } from '../testing/samples';
import { eventDetail, eventText, routingText } from './event-text';

const channel = (connector: string | null) => ({ website: 'Web chat', telegram: 'Telegram', sms: 'SMS', messenger: 'Messenger' })[connector ?? ''] ?? '';
const place = (connector: string, address = 'x:1') => ({ connector, kind: connector, address });

function textOf(event: NonNullable<Message['event']>, more: Partial<Message> = {}): string {
  const eventMessage = message({ type: 'event', direction: 'out', text: '', event, author: { type: 'system', id: null, name: '' }, ...more });
  // The marks around names are invisible.
  return eventText(eventMessage, channel).replaceAll(/[\u2068\u2069]/gu, '');
}

const sofia = { author: { type: 'contact' as const, id: '10', name: 'Sofia' } };

test('a switch of channel names both channels', () => {
  expect(textOf({ name: 'channel.switched', from: place('website'), to: place('telegram') }, sofia)).toBe('Sofia went on from Web chat to Telegram');
});

test('a link has its reason, its undoing the agent’s name', () => {
  expect(textOf({ name: 'contact.linked', reason: 'They used the one-time link.' })).toBe('One person: They used the one-time link.');
  expect(textOf({ name: 'contact.unlinked', by: 'Alex' })).toBe('Alex took a link back: they are separate people again');
});

test('a handover names the agent who made it and the contact who redeemed it', () => {
  expect(textOf({ name: 'handover.created', connector: 'telegram', by: 'Alex' })).toBe('Alex made a link to go on by Telegram');
  expect(textOf({ name: 'handover.redeemed', connector: 'telegram' }, sofia)).toBe('Sofia followed the link to Telegram');
});

test('a fallback names both channels and the reason', () => {
  const event = { name: 'delivery.fallback', from: place('messenger'), to: place('sms'), code: 'window_closed', reason: 'closed' };
  expect(textOf(event)).toBe('Sent by SMS instead of Messenger: its reply window had closed');
  expect(textOf({ ...event, to: null, code: 'new_code', reason: 'Something new.' })).toBe('It could not go by Messenger, and there is no other way: Something new.');
});

test('a digest that nothing could carry says that the visitor had left', () => {
  const event = { name: 'delivery.fallback', from: place('website'), to: null, code: 'visitor_left', reason: 'server words' };
  expect(textOf(event)).toBe('It could not go by Web chat, and there is no other way: the visitor had left the page');
});

test('a breach names the clock and the time', () => {
  expect(textOf({ name: 'sla.breached', clock: 'first_reply', due: '2025-06-02T09:00:00Z' })).toMatch(/^The first reply was due at .+ and is late$/u);
});

test('an unknown event has the server’s words', () => {
  expect(textOf({ name: 'queue.moved_on' })).toBe('Queue moved on');
  expect(textOf({ name: 'queue.moved_on', reason: 'Nobody was free.' })).toBe('Nobody was free.');
});

test('the router’s reason is the detail', () => {
  const eventMessage = message({ type: 'event', text: '', event: { name: 'conversation.assigned', agent: 'Mari', agent_id: '1', reason: 'Fewest conversations.' }, author: { type: 'system', id: null, name: '' } });
  expect(eventDetail(eventMessage, eventText(eventMessage))).toBe('Fewest conversations.');
});

function routingOf(...events: NonNullable<Message['event']>[]): string {
  const messages = events.map((event) => message({ type: 'event', text: '', event, author: { type: 'system', id: null, name: '' } }));
  return routingText(messages, channel).replaceAll(/[\u2068\u2069]/gu, '');
}

test('events of the router tell how often it chose, and who has the conversation now', () => {
  const [zoe, ben] = ['Zoe', 'Ben'].map((agent) => ({ name: 'conversation.assigned', agent }));
  const queued = { name: 'conversation.queued' };
  expect(routingOf(queued, zoe!)).toBe('Routed once, now with Zoe');
  expect(routingOf(ben!, { name: 'conversation.unanswered', agent: 'Ben' }, zoe!, { name: 'conversation.team' })).toBe('Routed 2 times, now with Zoe');
  expect(routingOf(ben!, { name: 'conversation.agent_left', agent: 'Ben' })).toBe('Routed once, now waiting again');
  expect(routingOf(queued, queued)).toBe('Waiting in the queue for a free agent');
});
