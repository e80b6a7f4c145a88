import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** tests/e2e lives outside web/ and takes its modules from here. */
export default defineConfig({
  root: here('../tests/e2e'),
  cacheDir: here('node_modules/.vite-e2e'),
  resolve: {
    alias: [
      { find: 'playwright-core', replacement: here('node_modules/playwright-core/index.mjs') },
      { find: /^vitest$/, replacement: here('node_modules/vitest/dist/index.js') },
    ],
  },
  server: { fs: { strict: false } },
  test: { include: ['*.test.ts'], fileParallelism: false, environment: 'node' },
});
