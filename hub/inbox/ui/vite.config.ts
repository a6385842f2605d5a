import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defaultClientConditions } from 'vite';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const server = process.env['HUB_DEV_SERVER'] ?? 'http://127.0.0.1:8000';

export default defineConfig({
  base: '/',
  plugins: [svelte()],
  resolve: {
    alias: { $shared: here('src/shared'), $messages: here('src/paraglide/messages.js') },
    // Without 'browser' vitest would load the server build of Svelte; setting it drops the defaults.
    conditions: ['browser', ...(process.env['VITEST'] ? [] : defaultClientConditions)],
  },
  build: {
    outDir: '../static',
    emptyOutDir: true,
    assetsDir: 'assets',
    target: ['chrome123', 'firefox128', 'safari17.5'],
    // A data: URL would need an exception in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        inbox: here('inbox.html'),
        chat: here('chat.html'),
        sandbox: here('sandbox.html'),
      },
    },
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/api': server,
      '/chat/': server,
      '/sandbox/': server,
      '/socket.io': { target: server, ws: true },
    },
  },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
  },
});
