import { expect, test } from 'vitest';
import { choose, mentionsIn, suggestionsFor, triggerBefore, type Suggestion } from './mention-text';

const all: Suggestion[] = [
  { type: 'agent', id: '1', name: 'Ann' },
  { type: 'agent', id: '2', name: 'Ann Mägi' },
  { type: 'agent', id: '3', name: 'ليلى حسن' },
  { type: 'team', id: '7', name: 'Ladu' },
];
const names = (query: string) => suggestionsFor(query, all).map((each) => each.name);

test.each([
  ['@', 1, { at: 0, query: '' }],
  ['see @Ann M', 10, { at: 4, query: 'Ann M' }],
  ['(@la', 4, { at: 1, query: 'la' }],
  ['mail ann@example.com', 20, null],
  ['@Ann\nnext', 9, null],
  ['no sign', 7, null],
])('in %j a colleague is named as %j', (text, cursor, trigger) => {
  expect(triggerBefore(text, cursor)).toEqual(trigger);
});

test('names are found by any of their words, without accents and in any script', () => {
  expect(names('magi')).toEqual(['Ann Mägi']);
  expect(names('ann')).toEqual(['Ann', 'Ann Mägi']);
  expect(names('حس')).toEqual(['ليلى حسن']);
  expect(names('LA')).toEqual(['Ladu']);
});

test('what matches nothing offers nothing and leaves the words alone', () => {
  expect(names('zzz')).toEqual([]);
  expect(names(' Ann')).toEqual([]);
  expect(names('Ann said hello')).toEqual([]);
});

test('a chosen name takes the place of what was typed and keeps the rest', () => {
  const text = 'ask @mag about it';
  const trigger = triggerBefore(text, 8);
  expect(choose(text, trigger!, all[1]!)).toEqual({ text: 'ask @Ann Mägi about it', cursor: 13 });
  expect(choose('@la', { at: 0, query: 'la' }, all[3]!)).toEqual({ text: '@Ladu ', cursor: 6 });
});

test('whom a note names is read from its text, the longest name first', () => {
  expect(mentionsIn('@Ann Mägi and @Ladu: look', all)).toEqual({ mentions: ['2'], mention_teams: ['7'] });
  expect(mentionsIn('@Ann, and @ليلى حسن.', all)).toEqual({ mentions: ['1', '3'] });
  expect(mentionsIn('@Anna is somebody else, a@Ladus too', all)).toEqual({});
  expect(mentionsIn('nobody', all)).toEqual({});
});
