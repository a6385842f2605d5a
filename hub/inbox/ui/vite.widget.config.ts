import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

// The loader has a name without a hash, because it stands in other people's pages.
export default defineConfig({
  build: {
    outDir: '../static',
    emptyOutDir: false,
    copyPublicDir: false,
    target: 'es2020',
    lib: {
      entry: fileURLToPath(new URL('src/widget/loader.ts', import.meta.url)),
      formats: ['iife'],
      name: 'HubWidgetLoader',
      fileName: () => 'widget.js',
    },
  },
});
