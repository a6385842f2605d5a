import { defineConfig, mergeConfig } from 'vitest/config';
import { screens } from './vite.shared.ts';

// The customer's page is built on its own: it shares no file with the inbox, only what it needs
// itself is in it, and its words come one language at a time.
export default mergeConfig(
  screens('chat', 'src/chat/messages.ts', ['chat']),
  defineConfig({
    build: { emptyOutDir: false },
    test: {
      name: 'chat',
      environment: 'happy-dom',
      include: ['src/chat/**/*.test.ts'],
      setupFiles: ['src/chat/testing/english.ts'],
    },
  }),
);
