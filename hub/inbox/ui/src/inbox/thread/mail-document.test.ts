import { expect, test } from 'vitest';
import { hasRemoteImages, mailDocument } from './mail-document';

const REMOTE = '<p>Hi</p><img data-remote-src="https://tracker.example.com/a.gif">';
const never = () => Promise.reject(new Error('nothing may be loaded'));

test('pictures of other servers stay out until the agent asks', async () => {
  expect(hasRemoteImages(REMOTE)).toBe(true);
  expect(await mailDocument(REMOTE, false, never)).not.toContain(' src="https://tracker');
  expect(await mailDocument(REMOTE, true, never)).toContain('src="https://tracker.example.com/a.gif"');
});

test('pictures that the hub has stored are put in as data', async () => {
  const html = '<img src="/api/v1/attachments/7">';
  expect(await mailDocument(html, false, async () => 'data:image/png;base64,AA==')).toContain('src="data:image/png;base64,AA=="');
});

test('links open in a tab of their own', async () => {
  expect(await mailDocument('<a href="https://example.com">x</a>', false, never)).toContain('<base target="_blank">');
});
