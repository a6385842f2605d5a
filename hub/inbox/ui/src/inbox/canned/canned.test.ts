import { describe, expect, it } from 'vitest';
import { findBlanks, nextBlank } from './blanks';
import { matchSuggestions, type Suggestion } from './suggestions';
import { findTrigger } from './trigger';

describe('the trigger of canned replies', () => {
  it.each([
    ['/', 0, ''],
    ['/ref', 0, 'ref'],
    ['Hello /ref', 6, 'ref'],
    ['Hello\n/ref', 6, 'ref'],
    ['سلام /بازگشت', 5, 'بازگشت'],
  ])('is found in %j', (text, start, query) => {
    expect(findTrigger(text, text.length)).toEqual({ start, query });
  });

  it.each(['and/or', '10:30', 'https://shop.example/x', '/start/now', '24/7', '/ref und', 'ok'])('is not in %j', (text) => {
    expect(findTrigger(text, text.length)).toBeNull();
  });

  it('looks at what stands before the cursor alone', () => {
    expect(findTrigger('/ref later', 4)).toEqual({ start: 0, query: 'ref' });
  });
});

describe('blanks', () => {
  const text = 'Size ⟦size⟧ for ⟦amount⟧.';

  it('are found with their names', () => {
    expect(findBlanks(text).map((blank) => blank.name)).toEqual(['size', 'amount']);
    expect(findBlanks('a [b] {c} ⟦d')).toEqual([]);
  });

  it('are gone through round and round', () => {
    expect(nextBlank(text, 0)?.name).toBe('size');
    expect(nextBlank(text, 11)?.name).toBe('amount');
    expect(nextBlank(text, text.length)?.name).toBe('size');
    expect(nextBlank(text, 0, true)?.name).toBe('amount');
  });
});

describe('the suggestions', () => {
  const make = (name: string, shortcut: string, text = ''): Suggestion => ({ type: 'reply', id: shortcut, name, shortcut, text });
  const all = [make('Refund', 'refund', 'Raha tagasi'), make('Zażółć', 'zwrot'), make('Tagastus Õuele', 'tagasta')];

  it('are found by shortcut, name and words, without accents', () => {
    const found = (query: string) => matchSuggestions(all, query).map((item) => item.shortcut);
    expect(found('')).toEqual(['refund', 'zwrot', 'tagasta']);
    expect(found('ZAZOLC')).toEqual(['zwrot']);
    expect(found('ouele')).toEqual(['tagasta']);
    expect(found('taga')).toEqual(['tagasta', 'refund']);
    expect(found('start')).toEqual([]);
  });
});
