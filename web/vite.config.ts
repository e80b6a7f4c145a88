import react from '@vitejs/plugin-react';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vitest/config';
import { mockServer } from './dev/mock.ts';

const target = process.env.CUSTOMERSIGHT_URL ?? 'http://127.0.0.1:3000';
const proxy = { '/api': target, '/readyz': target };

/** `--mode mock` answers /api from dev/mock.ts; otherwise it goes to the server at CUSTOMERSIGHT_URL. */
export default defineConfig(({ mode }) => ({
  plugins: [react(), tailwindcss(), ...(mode === 'mock' ? [mockServer()] : [])],
  server: { proxy: mode === 'mock' ? undefined : proxy },
  preview: { proxy: mode === 'mock' ? undefined : proxy },
  build: { target: 'es2022', sourcemap: false, chunkSizeWarningLimit: 700 },
  worker: { format: 'es' },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['./src/app/test-setup.ts'],
    restoreMocks: true,
  },
}));
