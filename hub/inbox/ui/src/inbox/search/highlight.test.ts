import { expect, test } from 'vitest';
import { highlighted } from './highlight';

const matches = (text: string, query: string) =>
  highlighted(text, query)
    .filter((piece) => piece.isMatch)
    .map((piece) => piece.text);

test('words are found by their beginning, without their accents and in any case', () => {
  expect(matches('Zażółć gęślą jaźń', 'zazo GES')).toEqual(['Zażółć', 'gęślą']);
  expect(matches('Jõgeva linn, jõe ääres', 'jog')).toEqual(['Jõgeva']);
  expect(matches('Überraschung', 'uber')).toEqual(['Überraschung']);
});

test('letters without an accent, and digits of any script, are marked as the search finds them', () => {
  expect(matches('Zażółć gęślą jaźń', 'zazolc')).toEqual(['Zażółć']);
  expect(matches('Łódź, Ølstykke, Straße', 'lodz olst strass')).toEqual(['Łódź', 'Ølstykke', 'Straße']);
  expect(matches('سفارش ۱۰۵۱۱', '10511')).toEqual(['۱۰۵۱۱']);
  expect(matches('Order 10511', '١٠٥')).toEqual(['10511']);
});

test('Arabic words are marked too', () => {
  expect(matches('أين طلبي من فضلك', 'طلب')).toEqual(['طلبي']);
});

test('the text stays whole', () => {
  const text = 'Where is order 1042?';
  expect(highlighted(text, 'order').map((piece) => piece.text).join('')).toBe(text);
});
