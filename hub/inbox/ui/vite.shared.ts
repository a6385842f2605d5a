// What the builds of the screens have in common.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defaultClientConditions, type UserConfig } from 'vite';

export const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const server = process.env['HUB_DEV_SERVER'] ?? 'http://127.0.0.1:8000';

/** The build of some pages with one catalogue, of those in src/paraglide, and the module that says it. */
export function screens(words: 'inbox' | 'chat', messages: string, pages: string[]): UserConfig {
  return {
    base: '/',
    plugins: [svelte()],
    resolve: {
      alias: {
        $shared: here('src/shared'),
        $messages: here(messages),
        $paraglide: here(`src/paraglide/${words}`),
      },
      // Without 'browser' vitest would load the server build of Svelte; setting it drops the defaults.
      conditions: ['browser', ...(process.env['VITEST'] ? [] : defaultClientConditions)],
    },
    build: {
      outDir: '../static',
      assetsDir: 'assets',
      target: ['chrome123', 'firefox128', 'safari17.5'],
      // A data: URL would need an exception in the content security policy.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rollupOptions: {
        input: Object.fromEntries(pages.map((page) => [page, here(`${page}.html`)])),
      },
    },
    server: {
      host: '127.0.0.1',
      proxy: {
        '/api': server,
        '/chat/': server,
        '/media/': server,
        '/sandbox/': server,
        '/socket.io': { target: server, ws: true },
      },
    },
  };
}
