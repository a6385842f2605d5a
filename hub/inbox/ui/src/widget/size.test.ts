// @vitest-environment node
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { beforeAll, describe, expect, test } from 'vitest';

const MAX_BYTES = 3 * 1024;
let code: string;

beforeAll(async () => {
  const output = await build({
    configFile: fileURLToPath(new URL('../../vite.widget.config.ts', import.meta.url)),
    logLevel: 'silent',
    mode: 'production',
    build: { write: false },
  });
  code = (output as Rolldown.RolldownOutput[])[0]!.output[0].code;
});

describe('the script on a shop’s page', () => {
  test('it is three kilobytes at most', () => {
    expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(MAX_BYTES);
  });

  test('it needs no exception in a strict content security policy', () => {
    expect(code).not.toMatch(/\beval\b|new Function|innerHTML|insertAdjacentHTML|document\.write/);
    expect(code).not.toMatch(/setAttribute\(["'`]style|createElement\(["'`]style/);
  });

  test('it leaves nothing on the page’s own origin', () => {
    expect(code).not.toMatch(/sessionStorage|\.cookie|indexedDB/);
  });
});
