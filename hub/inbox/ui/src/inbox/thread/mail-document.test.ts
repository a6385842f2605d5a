import { expect, test } from 'vitest';
import { isLaidOut, mailDocument } from './mail-document';

const REMOTE = '<p>Hi</p><img data-remote-src="https://tracker.example.com/a.gif">';
const never = () => Promise.reject(new Error('nothing may be loaded'));

test('pictures of other servers stay out until the agent asks', async () => {
  const blocked = await mailDocument(REMOTE, false, never);
  expect(blocked.hasBlockedImages).toBe(true);
  expect(blocked.source).not.toContain(' src="https://tracker');
  const shown = await mailDocument(REMOTE, true, never);
  expect(shown.hasBlockedImages).toBe(false);
  expect(shown.source).toContain('src="https://tracker.example.com/a.gif"');
});

test('pictures that the hub has stored are put in as data', async () => {
  const html = '<img src="/api/v1/attachments/7">';
  expect((await mailDocument(html, false, async () => 'data:image/png;base64,AA==')).source).toContain('src="data:image/png;base64,AA=="');
});

test('links open in a tab of their own', async () => {
  expect((await mailDocument('<a href="https://example.com">x</a>', false, never)).source).toContain('<base target="_blank">');
});

test.each(['width="1" height="1"', 'width="1"', 'height="0"', 'style="width:1px;height:1px"', 'style="height: 2px"'])('a picture that shows nothing (%s) is left out, and asks for no consent', async (size) => {
  const html = `<p>Hi</p><img ${size} data-remote-src="https://t.example/p.gif">`;
  const shown = await mailDocument(html, true, never);
  expect(shown.source).not.toContain('t.example');
  expect((await mailDocument(html, false, never)).hasBlockedImages).toBe(false);
});

test.each([
  ['<table width="800"><tr><td>x</td></tr></table>', 824],
  ['<table style="width: 640px"><tr><td width="300">x</td></tr></table>', 664],
  ['<table width="100%"><tr><td>x</td></tr></table>', 0],
  ['<div style="max-width:900px">x</div><p>y</p>', 0],
  ['<img width="3000" src="/api/v1/attachments/7">', 0],
  ['<table width="99999"><tr><td>x</td></tr></table>', 1200],
])('the width for which a mail was made is known: %s', async (html, width) => {
  expect((await mailDocument(html, false, async () => '')).width).toBe(width);
});

test('the colour of the page stays where its words have theirs', async () => {
  const { source } = await mailDocument('<div bgcolor="#000000" style="color:#fff">x</div>', false, never);
  expect(source).toMatch(/background-color:\s*(?:#000000|rgb\(0, 0, 0\)|#000)/u);
});

test('a mail with coloured boxes in a table is laid out, and a table of figures is not', () => {
  expect(isLaidOut('<table bgcolor="#eee"><tr><td>x</td></tr></table>')).toBe(true);
  expect(isLaidOut('<table><tr><td style="background-color:navy;color:white">Buy</td></tr></table>')).toBe(true);
  expect(isLaidOut('<table><tr><td>9.90</td></tr></table>')).toBe(false);
  expect(isLaidOut('<p style="background-color:yellow">marked</p>')).toBe(false);
  expect(isLaidOut('')).toBe(false);
});
