import { mount, unmount } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import { m } from '$messages';
import { byteSize, dayName } from '$shared/format';
import ChatPage from './chat-page.svelte';
import { Chat } from '../conversation/chat.svelte';
import { ChannelHandover } from '../handover/handover.svelte';
import { FakeHub } from '../testing/fake-hub';
import { chooseLocale, setLocale } from './locale';
import { Memory } from '../session/memory';
import { ChatWindow } from './chat-window.svelte';
import { settingsOf } from './settings';
import { Uploads } from '../composer/uploads.svelte';
import { waitText } from '../handover/time-text';

const PERSIAN_DIGITS = /[۰-۹]/u;
let page: Record<string, unknown> | null = null;

afterEach(async () => {
  if (page) await unmount(page);
  page = null;
  document.body.innerHTML = '';
  await setLocale('en');
});

function openPage(): string {
  const hub = new FakeHub();
  const chat = new Chat(hub.socket, new Memory('website', hub.store), 'website');
  const settings = settingsOf('website', {});
  const chatWindow = new ChatWindow(null, vi.fn());
  const uploads = new Uploads(vi.fn(), null, 5);
  const context = { chat, handover: new ChannelHandover(chat, []), chatWindow, settings, uploads, heading: '' };
  page = mount(ChatPage, { target: document.body, props: { context } });
  return document.body.innerHTML;
}

test.each([
  ['en', 'ltr', 'Chat with us', 'Write a message…'],
  ['et', 'ltr', 'Vestle meiega', 'Kirjuta sõnum…'],
  ['pl', 'ltr', 'Porozmawiaj z nami', 'Napisz wiadomość…'],
  ['fa', 'rtl', 'با ما گفتگو کنید', 'پیامی بنویسید…'],
  ['ar', 'rtl', 'تحدّث معنا', 'اكتب رسالة…'],
] as const)('the page in %s reads %s, and its words are in that language', async (locale, direction, heading, field) => {
  await setLocale(locale);
  const html = openPage();
  expect([document.documentElement.lang, document.documentElement.dir]).toEqual([locale, direction]);
  expect(html).toContain(heading);
  expect(html).toContain(field);
});

test('counted messages have the plural form of the number', async () => {
  await setLocale('pl');
  expect([1, 2, 5, 22].map((count) => m.chat_left({ count }))).toEqual([
    'Pozostał 1 znak',
    'Pozostały 2 znaki',
    'Pozostało 5 znaków',
    'Pozostały 22 znaki',
  ]);
  await setLocale('et');
  expect([1, 2].map((count) => m.chat_left({ count }))).toEqual(['Jäänud 1 tähemärk', 'Jäänud 2 tähemärki']);
  await setLocale('ar');
  const arabic = [1, 2, 3, 11].map((count) => m.chat_left({ count }));
  expect(arabic.slice(0, 2)).toEqual(['بقي حرف واحد', 'بقي حرفان']);
  expect(arabic[2]).toMatch(/أحرف$/u);
  expect(arabic[3]).toMatch(/حرفًا$/u);
});

test('a Persian page has Persian digits, in counts, lengths of time and sizes', async () => {
  await setLocale('fa');
  expect(m.chat_left({ count: 120 })).toBe('۱۲۰ نویسه مانده است');
  for (const text of [waitText(240), byteSize(20_000_000), m.chat_upload_many({ count: 5 })]) {
    expect(text).toMatch(PERSIAN_DIGITS);
    expect(text).not.toMatch(/\d/u);
  }
});

test('days are named in the language of the page, whatever the browser speaks', async () => {
  const [now, at] = [Date.parse('2026-01-08T12:00:00Z'), '2026-01-05T12:00:00Z'];
  await setLocale('pl');
  expect(dayName(at, now)).toBe('poniedziałek');
  await setLocale('et');
  expect(dayName(at, now)).toBe('esmaspäev');
  await setLocale('fa');
  expect(dayName(at, now)).toBe('دوشنبه');
});

test('the first requested language that the page may show is chosen', () => {
  expect(chooseLocale(['xx', 'ar-EG', 'en'])).toBe('ar');
  expect(chooseLocale(['ar-EG'], ['en'])).toBe('en');
  expect(chooseLocale(['xx'], ['ar', 'en'])).toBe('ar');
  expect(chooseLocale([undefined])).toBe('en');
});
