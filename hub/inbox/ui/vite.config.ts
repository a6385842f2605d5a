import { defineConfig, mergeConfig } from 'vitest/config';
import { screens } from './vite.shared.ts';

export default mergeConfig(
  screens('inbox', 'src/paraglide/inbox/messages.js', ['inbox', 'sandbox']),
  defineConfig({
    build: { emptyOutDir: true },
    test: {
      projects: [
        {
          extends: true,
          test: {
            name: 'inbox',
            environment: 'happy-dom',
            include: ['src/**/*.test.ts'],
            exclude: ['src/chat/**'],
          },
        },
        './vite.chat.config.ts',
      ],
    },
  }),
);
