import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { channelName } from './channel-name';
import { parseChannels, isSafeUrl, codeAddress, type Channel } from './channels';
import { Chat } from '../conversation/chat.svelte';
import { ChannelHandover } from './handover.svelte';
import { contact, conversation, FakeHub } from '../testing/fake-hub';
import { rows } from '../thread/timeline';
import { untilText, waitText } from './time-text';

const TELEGRAM: Channel = { connector: 'telegram', kind: 'telegram', label: 'telegram' };
const SMS: Channel = { connector: 'sms', kind: 'sms', label: 'sms' };
const WEBCHAT: Channel = { connector: 'website', kind: 'webchat', label: 'website' };

let hub: FakeHub;
let chat: Chat;
let handover: ChannelHandover;

beforeEach(() => {
  vi.useFakeTimers();
  hub = new FakeHub();
  chat = new Chat(hub.socket, hub.memory, 'website');
  handover = new ChannelHandover(chat, [TELEGRAM, SMS, WEBCHAT]);
});
afterEach(() => vi.useRealTimers());

const settled = () => vi.advanceTimersByTimeAsync(0);
const shown = () => chat.messages.map((message) => message.text);
const requestedConnectors = () => hub.sent('handover.request').map((payload) => payload['connector']);

async function send(text: string) {
  hub.welcomes();
  chat.send(text);
  await settled();
}

describe('a handover to another channel', () => {
  test('none is possible before the first message', async () => {
    hub.welcomes();
    expect(handover.isPossible).toBe(false);
    await send('where is my parcel?');
    expect(handover.isPossible).toBe(true);
  });

  test('it is requested once and shown again while it is valid', async () => {
    await send('hi');
    handover.open();
    await handover.choose(TELEGRAM);
    const first = handover.current;
    handover.back();
    await handover.choose(SMS);
    handover.close();
    handover.open();
    expect(handover.channel).toBeNull();
    await handover.choose(TELEGRAM);
    expect(handover.current).toBe(first);
    expect(requestedConnectors()).toEqual(['telegram', 'sms']);
  });

  test('it says when it has run out, and a new one is made', async () => {
    await send('hi');
    await handover.choose(TELEGRAM);
    const first = handover.current?.id;
    await vi.advanceTimersByTimeAsync(24 * 3_600_000 - 1_000);
    expect(handover.isExpired).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(handover.isExpired).toBe(true);
    await handover.renew();
    expect(handover.isExpired).toBe(false);
    expect(handover.current?.id).not.toBe(first);
  });

  test.each([
    ['limit_exceeded', 'often'],
    ['timeout', 'silent'],
    ['conflict', 'refused'],
    ['not_found', 'refused'],
    ['unheard_of', 'refused'],
  ])('a refusal with %s is reported as %s, and a second try can succeed', async (code, problem) => {
    await send('hi');
    hub.refusal = { code, message: 'words of the server' };
    await handover.choose(TELEGRAM);
    expect(handover.problem).toBe(problem);
    expect(handover.current).toBeNull();
    hub.refusal = null;
    await handover.renew();
    expect(handover.problem).toBeNull();
    expect(handover.current?.connector).toBe('telegram');
  });

  test('without a line it says so at once instead of waiting', async () => {
    await send('hi');
    hub.loses();
    await handover.choose(SMS);
    expect(handover.problem).toBe('silent');
    expect(requestedConnectors()).toEqual([]);
  });

  test('an answer that comes after another choice is not shown as that one’s', async () => {
    await send('hi');
    const slow = handover.choose(TELEGRAM);
    handover.back();
    hub.refusal = { code: 'conflict', message: '' };
    const quick = handover.choose(SMS);
    await Promise.all([slow, quick]);
    expect(handover.channel).toBe(SMS);
    expect(handover.current).toBeNull();
    expect(handover.problem).toBe('refused');
  });

  test('a handover is not shown to the next contact at this browser', async () => {
    await send('hi');
    await handover.choose(TELEGRAM);
    const first = handover.current?.id;
    handover.close();
    hub.welcomes({ session: 'token-2', contact: contact('2'), messages: [hub.message('in', 'mine')] });
    await handover.choose(TELEGRAM);
    expect(handover.current?.id).not.toBe(first);
  });

  test('it is redeemed when the customer is greeted there', async () => {
    await send('hi');
    hub.greets('sms');
    await handover.choose(SMS);
    expect(handover.isRedeemed).toBe(false);
    hub.greets('sms');
    expect(handover.isRedeemed).toBe(true);
    handover.close();
    await handover.choose(SMS);
    expect(handover.isRedeemed).toBe(false);
    expect(requestedConnectors()).toEqual(['sms', 'sms']);
  });

  test('a message from there shows it as well, an answer sent there does not', async () => {
    await send('hi');
    await handover.choose(TELEGRAM);
    const answer = hub.message('out', 'an answer', { connector: 'telegram', kind: 'telegram' });
    hub.emits('message.created', { message: answer, conversation: conversation() });
    expect(handover.isRedeemed).toBe(false);
    hub.hears('and now here', 'telegram');
    expect(handover.isRedeemed).toBe(true);
  });

  test('a handover to another device is redeemed by its proof, not by a message typed here', async () => {
    await send('hi');
    await handover.choose(WEBCHAT);
    chat.send('still here');
    await settled();
    expect(handover.isRedeemed).toBe(false);
    hub.welcomes({ messages: hub.stored, changed: true });
    expect(handover.isRedeemed).toBe(true);
  });
});

describe('the channel of a customer', () => {
  test('it is the other channel from the first message there until one here', async () => {
    await send('hi');
    expect(chat.currentChannel).toBeNull();
    hub.hears('from my phone', 'telegram');
    expect(chat.currentChannel).toEqual({ connector: 'telegram', kind: 'telegram' });
    hub.says('an answer');
    expect(chat.currentChannel?.kind).toBe('telegram');
    chat.send('back at the desk');
    await settled();
    expect(chat.currentChannel).toBeNull();
  });

  test('a conversation is unanswered until an agent answers', async () => {
    await send('hi');
    expect(chat.isUnanswered).toBe(true);
    hub.welcomes({ messages: [...hub.stored, hub.message('out', 'We are back Monday 09:00.', { author: { type: 'system', id: null, name: '' } })] });
    expect(chat.isUnanswered).toBe(true);
    hub.says('hello');
    expect(chat.isUnanswered).toBe(false);
  });
});

describe('messages of other channels', () => {
  test('they stand in the thread by their time, each once, also after a reconnect', async () => {
    await send('on the web');
    hub.hears('on the phone', 'telegram');
    hub.says('an answer');
    hub.loses();
    hub.stored.push(hub.message('in', 'while away', { connector: 'telegram', kind: 'telegram' }));
    hub.welcomes();
    await settled();
    expect(shown()).toEqual(['on the web', 'on the phone', 'an answer', 'while away']);
  });

  test('after a proof only the messages that the server sends are shown', async () => {
    await send('on the web');
    const [webMessage] = hub.stored;
    const phoneMessage = hub.message('in', 'an older word', { connector: 'telegram', kind: 'telegram', created_at: '2026-01-01T00:00:00Z' });
    hub.welcomes({ messages: [phoneMessage, webMessage!], more: true, changed: true });
    await settled();
    expect(shown()).toEqual(['an older word', 'on the web']);
    expect(chat.hasEarlier).toBe(true);
    hub.welcomes({ messages: [webMessage!], changed: true });
    await settled();
    expect(shown()).toEqual(['on the web']);
    expect(chat.hasEarlier).toBe(false);
    expect(hub.sent('sync')).toEqual([]);
  });

  test('a run of one author ends where the channel changes', () => {
    const thread = rows([
      hub.message('in', 'a'),
      hub.message('in', 'b', { connector: 'sms', kind: 'sms' }),
      hub.message('in', 'c', { connector: 'sms', kind: 'sms' }),
    ]);
    expect(thread.map((row) => row.endsRun)).toEqual([true, false, true]);
  });

  test('an answer on another channel is not reported as read here', async () => {
    await send('hi');
    const chatAnswer = hub.says('an answer here');
    const smsAnswer = hub.message('out', 'an answer there', { connector: 'sms', kind: 'sms' });
    hub.emits('message.created', { message: smsAnswer, conversation: conversation() });
    chat.seen();
    await settled();
    expect(hub.sent('read')).toEqual([{ message_id: chatAnswer.id }]);
    expect(chat.unread).toBe(0);
  });
});

describe('coming by a link', () => {
  test('a good one is greeted until they write', async () => {
    hub.stored.push(hub.message('in', 'from before', { connector: 'sms', kind: 'sms' }));
    hub.welcomes({ resumed: true });
    expect(chat.resumed).toBe(true);
    expect(shown()).toEqual(['from before']);
    chat.send('and on');
    expect(chat.resumed).toBeNull();
  });

  test('a used link is reported, and the chat goes on', async () => {
    hub.welcomes({ resumed: false });
    expect(chat.resumed).toBe(false);
    hub.loses();
    hub.welcomes({ resumed: null });
    expect(chat.resumed).toBe(false);
    chat.send('hello');
    await settled();
    expect(chat.resumed).toBeNull();
    expect(shown()).toEqual(['hello']);
  });

  test('a server that does not know of links is no problem', () => {
    hub.welcomes();
    expect(chat.resumed).toBeNull();
  });
});

describe('the identity that the site sends', () => {
  test.each([
    ['identity_required', 'identity_required'],
    ['identity_expired', 'identity_expired'],
    ['identity_signature', 'identity_invalid'],
    ['identity_refused', 'identity_invalid'],
  ])('a line refused with %s says what to do', (code, problem) => {
    hub.refuses(code);
    expect(chat.identityProblem).toBe(problem);
    hub.welcomes();
    expect(chat.identityProblem).toBeNull();
  });

  test('a refused identity is shown until a valid one comes', async () => {
    hub.welcomes();
    hub.refusal = { code: 'identity_expired', message: '' };
    chat.identify('jwt');
    await settled();
    expect(chat.identityProblem).toBe('identity_expired');
    hub.refusal = null;
    chat.identify('jwt-2');
    await settled();
    expect(chat.identityProblem).toBeNull();
  });

  test('refusals that the customer cannot solve are not shown', async () => {
    hub.welcomes();
    hub.refusal = { code: 'forbidden', message: '' };
    chat.identify('jwt');
    await settled();
    expect(chat.identityProblem).toBeNull();
  });
});

describe('the place in the queue', () => {
  test('it is live, and kept over a reload', () => {
    hub.welcomes({ queue: { position: 2, wait_seconds: 240 } });
    expect(chat.queue).toEqual({ position: 2, wait_seconds: 240 });
    hub.emits('queue', { position: 1, wait_seconds: null });
    expect(chat.queue?.position).toBe(1);
    chat = new Chat(hub.socket, hub.memory, 'website');
    hub.welcomes({ queue: { position: 1, wait_seconds: 60 } });
    expect(chat.queue?.position).toBe(1);
    hub.emits('queue', { position: 0, wait_seconds: null });
    expect(chat.queue).toBeNull();
  });

  test('it is gone when the conversation is closed', () => {
    hub.welcomes({ queue: { position: 2, wait_seconds: 240 } });
    hub.emits('conversation.updated', { conversation: conversation({ status: 'resolved' }) });
    expect(chat.queue).toBeNull();
  });

  test.each([
    [5, 'en', '1 minute'],
    [240, 'en', '4 minutes'],
    [5_300, 'en', '88 minutes'],
    [7_200, 'en', '2 hours'],
    [240, 'pl', '4 minuty'],
    [240, 'et', '4 minutit'],
  ])('a wait of %i seconds is said in %s as %s', (seconds, locale, text) => {
    expect(waitText(seconds, locale)).toBe(text);
  });
});

test('the expiry of a handover is as short as it is clear', () => {
  const now = new Date(2026, 0, 5, 12, 0).getTime();
  const at = (day: number, hour: number) => untilText(new Date(2026, 0, day, hour, 5).toISOString(), now, 'en-GB');
  expect(at(5, 14)).toBe('14:05');
  expect(at(6, 9)).toMatch(/^Tuesday.* 09:05$/u);
  expect(at(20, 9)).toMatch(/^20 January.* 09:05$/u);
});

describe('the parts of a link', () => {
  test.each([
    ['sms:+37255512345?body=AB12CD34', '+37255512345'],
    ['mailto:support+tOkEn@shop.example?subject=Hi&body=Code%3A%20AB12CD34', 'support@shop.example'],
    ['mailto:support@shop.example', 'support@shop.example'],
    ['https://t.me/shop_bot?start=tOkEn', '@shop_bot'],
    ['https://m.me/1?ref=tOkEn', ''],
    ['odd', ''],
    ['sms:%zz', '%zz'],
  ])('a code for %s goes to “%s”', (url, place) => {
    expect(codeAddress(url)).toBe(place);
  });

  test('only links to apps and pages are opened', () => {
    for (const url of ['https://t.me/b?start=x', 'sms:+1?body=x', 'mailto:a@b.example']) expect(isSafeUrl(url)).toBe(true);
    for (const url of ['javascript:alert(1)', 'data:text/html,x', ' javascript:x', '']) expect(isSafeUrl(url)).toBe(false);
  });

  test('channels of another form than ours are left out', () => {
    expect(parseChannels([SMS, null, { kind: 'x' }, 5])).toEqual([SMS]);
    expect(parseChannels(undefined)).toEqual([]);
  });

  test('channels are called as customers call them', () => {
    const secondSms = { connector: 'sms-ee', kind: 'sms', label: 'Estonia' };
    expect(channelName(SMS, [SMS, TELEGRAM])).toBe('SMS');
    expect(channelName(secondSms, [SMS, secondSms])).toBe('SMS (Estonia)');
    expect(channelName({ connector: 'line', kind: 'line' }, [{ connector: 'line', kind: 'line', label: 'LINE' }])).toBe('LINE');
    expect(channelName({ connector: 'gone', kind: 'email' }, [SMS])).toBe('Email');
  });
});
