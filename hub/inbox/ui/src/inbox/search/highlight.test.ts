import { expect, test } from 'vitest';
import { highlighted } from './highlight';

const hits = (text: string, query: string) =>
  highlighted(text, query)
    .filter((piece) => piece.hit)
    .map((piece) => piece.text);

test('words are found by their beginning, without their accents and in any case', () => {
  expect(hits('Zażółć gęślą jaźń', 'zazo GES')).toEqual(['Zażółć', 'gęślą']);
  expect(hits('Jõgeva linn, jõe ääres', 'jog')).toEqual(['Jõgeva']);
  expect(hits('Überraschung', 'uber')).toEqual(['Überraschung']);
});

test('Arabic words are marked too', () => {
  expect(hits('أين طلبي من فضلك', 'طلب')).toEqual(['طلبي']);
});

test('the text stays whole', () => {
  const text = 'Where is order 1042?';
  expect(highlighted(text, 'order').map((piece) => piece.text).join('')).toBe(text);
});
