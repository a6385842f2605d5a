import { expect, test } from 'vitest';
import { message } from '../testing/samples';
import { messagePreview } from './message-preview';

test('a message with nothing to show has the fact about it as its line, never a blank', () => {
  const story = message({ text: '', extra: { unsupported: 'story' } });
  expect(messagePreview(story)).toBe('Came with something that cannot be shown here: story');
});

test('words go before everything else, a subject before facts', () => {
  expect(messagePreview(message({ text: ' two\n lines ', extra: { unsupported: 'story' } }))).toBe('two lines');
  expect(messagePreview(message({ text: '', subject: 'Chairs', cc: ['mailto:lee@firm.example'] }))).toBe('Chairs');
});
