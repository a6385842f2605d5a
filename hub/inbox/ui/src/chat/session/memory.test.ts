import { describe, expect, test, vi } from 'vitest';
import { store } from '../testing/fake-hub';
import { browserStore, Memory } from './memory';

describe('the memory of this browser', () => {
  test('two tabs add to one outbox without losing each other’s messages', () => {
    const common = store();
    const [firstTab, secondTab] = [new Memory('website', common), new Memory('website', common)];
    const entry = (id: string) => ({ client_id: id, text: id, attachments: [], reply_to: null, created_at: '' });
    firstTab.keep(entry('a'));
    secondTab.keep(entry('b'));
    firstTab.drop('a');
    expect(secondTab.outbox.map((message) => message.client_id)).toEqual(['b']);
  });

  test('two connectors do not know each other', () => {
    const common = store();
    new Memory('website', common).welcome('secret', '1');
    expect(new Memory('other', common).session).toBeNull();
  });

  test('when the browser refuses storage, the memory lasts as long as the page', () => {
    const refused = vi.spyOn(window, 'localStorage', 'get').mockImplementation(() => {
      throw new DOMException('denied', 'SecurityError');
    });
    const memory = new Memory('website', browserStore());
    memory.welcome('token', '1');
    expect(memory.session).toBe('token');
    refused.mockRestore();
  });

  test('a broken record counts as none', () => {
    const broken = store();
    broken.setItem('hub.chat.website', '{"session"');
    expect(new Memory('website', broken).session).toBeNull();
  });
});
