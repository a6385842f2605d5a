import { expect, test } from 'vitest';
import type { Message } from '$shared/types';
import { App } from './app.svelte';
import type { EventHandlers, LiveConnection } from './connection/live-connection.svelte';
import { conversation, fakeApi, mari, message, page } from './testing/samples';

const delivery = (status: 'queued' | 'read') => ({ status, code: '', reason: '', attempts: 1, maybe_twice: false, fallback_from: null });

let looks: string[] = [];

async function scene(api: Parameters<typeof fakeApi>[0], missed: () => Promise<Message[]> = async () => []) {
  let handlers: EventHandlers | undefined;
  const app = new App(
    fakeApi({
      session: async () => ({ agent: mari, csrf_token: '' }),
      conversations: () => page([conversation()]),
      timeline: () => page([]),
      ...api,
    }),
    (given) => {
      handlers = given;
      return { start: async () => {}, stop: () => {}, sendViewing: (id: string) => looks.push(id), sendTyping: () => {}, missedMessages: missed } as unknown as LiveConnection;
    },
  );
  await app.session.resume();
  await app.conversations.start();
  app.open(conversation());
  await app.timeline.open(conversation());
  return { app, handlers: handlers! };
}

test('the answer to a sent message that comes after its ticks does not take them back', async () => {
  let answer: (stored: Message) => void = () => {};
  const { app, handlers } = await scene({ send: () => new Promise<Message>((resolve) => (answer = resolve)) });
  const sending = app.outbox.send({
    conversation: conversation(),
    message: { text: 'Yes', type: 'message', client_id: 'c-1' },
    attachments: [],
    kind: 'sms',
    address: null,
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  const stored = message({ id: '77', client_id: 'c-1', direction: 'out', delivery: delivery('queued') });
  handlers['message.created']({ message: stored, conversation: conversation() });
  handlers['message.updated']({ message: { ...stored, delivery: delivery('read') }, conversation: conversation() });
  answer(stored);
  await sending;
  expect(app.timeline.messages.map(({ delivery: shown }) => shown?.status)).toEqual(['read']);
});

test('what is caught up with after a gap does not take back what came by event meanwhile', async () => {
  let answer: (messages: Message[]) => void = () => {};
  const known = message({ id: '76' });
  let isOpen = false;
  const never = () => new Promise<never>(() => {});
  const { app, handlers } = await scene(
    { timeline: () => (isOpen ? never() : page([known])) },
    () => new Promise((resolve) => (answer = resolve)),
  );
  isOpen = true;
  handlers.resync({});
  await new Promise((resolve) => setTimeout(resolve, 5));
  const stored = message({ id: '77', direction: 'out', delivery: delivery('queued') });
  handlers['message.updated']({ message: { ...stored, delivery: delivery('read') }, conversation: conversation() });
  answer([stored]);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(app.timeline.message('77')?.delivery?.status).toBe('read');
});

const lost = (name: string, agentId: string) =>
  message({ type: 'event', text: '', event: { name, agent_id: agentId }, author: { type: 'system', id: null, name: '' } });

test('an agent whose conversation went on because nobody looked is told so and takes it back', async () => {
  const changes: unknown[] = [];
  const { app, handlers } = await scene({
    changeConversation: async (_id: string, change: unknown) => {
      changes.push(change);
      return conversation();
    },
  });
  handlers['message.created']({ message: lost('conversation.unanswered', 'another'), conversation: conversation() });
  handlers['message.created']({ message: lost('conversation.assigned', mari.id), conversation: conversation() });
  expect(app.toasts.items).toEqual([]);
  handlers['message.created']({ message: lost('conversation.overflowed', mari.id), conversation: conversation() });
  expect(app.toasts.items.map(({ text }) => text)).toEqual([expect.stringContaining('did not look in time')]);
  app.toasts.items[0]?.action?.run();
  expect(changes).toEqual([{ assignee_id: mari.id }]);
});

test('a conversation that is assigned to the agent while its thread is open in sight counts as looked at', async () => {
  const { handlers } = await scene({});
  looks = [];
  const mine = conversation({ assignee: mari });
  handlers['conversation.updated']({ conversation: conversation({ id: 'other', assignee: mari }), context_card: null });
  handlers['conversation.updated']({ conversation: conversation({ assignee: null }), context_card: null });
  expect(looks).toEqual([]);
  handlers['conversation.updated']({ conversation: mine, context_card: null });
  handlers['conversation.updated']({ conversation: mine, context_card: null });
  expect(looks).toEqual([mine.id]);
});
