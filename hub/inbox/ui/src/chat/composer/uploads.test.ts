import { describe, expect, test, vi } from 'vitest';
import { ApiError } from '$shared/http';
import type { Attachment } from '$shared/types';
import { Uploads } from './uploads.svelte';

describe('files in the composer', () => {
  const file = (name: string, size = 3) => new File(['x'.repeat(size)], name, { type: 'text/plain' });
  const stored = (name: string) => ({ id: name, name }) as Attachment;

  test('it uploads each file at once and has it ready for the message', async () => {
    const uploads = new Uploads(async (chosen) => stored(chosen.name), null, 5);
    uploads.add([file('a'), file('b')]);
    expect(uploads.isBusy).toBe(true);
    await vi.waitFor(() => expect(uploads.isBusy).toBe(false));
    expect(uploads.ready.map((attachment) => attachment.id)).toEqual(['a', 'b']);
  });

  test('a file over the limit is refused before a byte of it leaves', () => {
    const send = vi.fn();
    const uploads = new Uploads(send, 10, 5);
    uploads.add([file('big', 11)]);
    expect(uploads.items[0]?.problem).toBe('too_large');
    expect(send).not.toHaveBeenCalled();
  });

  test('a broken upload can be tried again', async () => {
    let tries = 0;
    const uploads = new Uploads(
      async (chosen) => {
        if (tries++ === 0) throw new ApiError({ status: 0 });
        return stored(chosen.name);
      },
      null,
      5,
    );
    uploads.add([file('a')]);
    await vi.waitFor(() => expect(uploads.items[0]?.problem).toBe('failed'));
    uploads.again(uploads.items[0]!.key);
    await vi.waitFor(() => expect(uploads.ready).toHaveLength(1));
  });

  test('a file that the server finds too large is refused', async () => {
    const uploads = new Uploads(() => Promise.reject(new ApiError({ status: 413 })), null, 5);
    uploads.add([file('a')]);
    await vi.waitFor(() => expect(uploads.items[0]?.problem).toBe('too_large'));
  });

  test('more files than one message takes are left out, and this is reported', () => {
    const uploads = new Uploads(() => new Promise(() => {}), null, 2);
    uploads.add([file('a'), file('b'), file('c')]);
    expect(uploads.items).toHaveLength(2);
    expect(uploads.isFull).toBe(true);
  });
});
