import { describe, expect, test } from 'vitest';
import { countSegments } from './segments';

const a = (n: number) => 'a'.repeat(n);

describe('SMS segments', () => {
  test.each([
    ['', 0],
    [a(160), 1],
    [a(161), 2],
    [a(306), 2],
    [a(307), 3],
    ['€'.repeat(80), 1],
    ['€'.repeat(81), 2],
    [`${a(152)}€${a(152)}`, 3],
    ['я'.repeat(70), 1],
    ['я'.repeat(71), 2],
    ['я'.repeat(134), 2],
    ['я'.repeat(135), 3],
    ['👍'.repeat(35), 1],
    ['👍'.repeat(36), 2],
    [`${'я'.repeat(66)}👍${'я'.repeat(67)}`, 3],
  ])('%j takes %i', (text, segments) => {
    expect(countSegments(text).segments).toBe(segments);
  });

  test.each(['ç', '`', '’', '\t'])('%j is not in the GSM alphabet', (character) => {
    expect(countSegments(character).encoding).toBe('UCS-2');
  });

  test('Ç is in the GSM alphabet', () => {
    expect(countSegments('Ç').encoding).toBe('GSM-7');
  });

  test('it tells how much room is left in the last segment', () => {
    expect(countSegments(a(150)).left).toBe(10);
    expect(countSegments(a(161)).left).toBe(2 * 153 - 161);
  });
});
