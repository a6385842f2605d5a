import { mount, unmount } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import { m } from '$messages';
import { byteSize, dayName } from '$shared/format';
import ChatPage from './chat-page.svelte';
import { Chat } from '../conversation/chat.svelte';
import { Elsewhere } from '../handover/handover.svelte';
import { FakeHub } from '../testing/fake-hub';
import { speak } from './locale';
import { Memory } from '../session/memory';
import { Place } from './chat-window.svelte';
import { settingsOf } from './settings';
import { Uploads } from '../composer/uploads.svelte';
import { waitText } from '../handover/time-text';

const PERSIAN_DIGITS = /[۰-۹]/u;
let page: Record<string, unknown> | null = null;

afterEach(async () => {
  if (page) await unmount(page);
  page = null;
  document.body.innerHTML = '';
  await speak('en');
});

function opened(): string {
  const hub = new FakeHub();
  const chat = new Chat(hub.socket, new Memory('website', hub.shelf), 'website');
  const settings = settingsOf('website', {});
  const place = new Place(null, vi.fn());
  const uploads = new Uploads(vi.fn(), null, 5);
  const world = { chat, elsewhere: new Elsewhere(chat, []), place, settings, uploads, heading: '' };
  page = mount(ChatPage, { target: document.body, props: { world } });
  return document.body.innerHTML;
}

test.each([
  ['en', 'ltr', 'Chat with us', 'Write a message…'],
  ['et', 'ltr', 'Vestle meiega', 'Kirjuta sõnum…'],
  ['pl', 'ltr', 'Porozmawiaj z nami', 'Napisz wiadomość…'],
  ['fa', 'rtl', 'با ما گفتگو کنید', 'پیامی بنویسید…'],
  ['ar', 'rtl', 'تحدّث معنا', 'اكتب رسالة…'],
] as const)('the page in %s reads %s, and its words are in that language', async (locale, direction, heading, field) => {
  await speak(locale);
  const html = opened();
  expect([document.documentElement.lang, document.documentElement.dir]).toEqual([locale, direction]);
  expect(html).toContain(heading);
  expect(html).toContain(field);
});

test('what is counted stands in the form that the number asks for', async () => {
  await speak('pl');
  expect([1, 2, 5, 22].map((count) => m.chat_left({ count }))).toEqual([
    'Pozostał 1 znak',
    'Pozostały 2 znaki',
    'Pozostało 5 znaków',
    'Pozostały 22 znaki',
  ]);
  await speak('et');
  expect([1, 2].map((count) => m.chat_left({ count }))).toEqual(['Jäänud 1 tähemärk', 'Jäänud 2 tähemärki']);
  await speak('ar');
  const arabic = [1, 2, 3, 11].map((count) => m.chat_left({ count }));
  expect(arabic.slice(0, 2)).toEqual(['بقي حرف واحد', 'بقي حرفان']);
  expect(arabic[2]).toMatch(/أحرف$/u);
  expect(arabic[3]).toMatch(/حرفًا$/u);
});

test('a Persian page has Persian digits, in counts, lengths of time and sizes', async () => {
  await speak('fa');
  expect(m.chat_left({ count: 120 })).toBe('۱۲۰ نویسه مانده است');
  for (const text of [waitText(240), byteSize(20_000_000), m.chat_upload_many({ count: 5 })]) {
    expect(text).toMatch(PERSIAN_DIGITS);
    expect(text).not.toMatch(/\d/u);
  }
});

test('days are named in the language of the page, whatever the browser speaks', async () => {
  const [now, at] = [Date.parse('2026-01-08T12:00:00Z'), '2026-01-05T12:00:00Z'];
  await speak('pl');
  expect(dayName(at, now)).toBe('poniedziałek');
  await speak('et');
  expect(dayName(at, now)).toBe('esmaspäev');
  await speak('fa');
  expect(dayName(at, now)).toBe('دوشنبه');
});
