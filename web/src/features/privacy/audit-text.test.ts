import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ACTIONS } from './audit-text';

const folder = join(import.meta.dirname, '../../../../src');
const text = readdirSync(folder, { withFileTypes: true, recursive: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.c'))
  .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  .join('\n');

test.each(ACTIONS)('%s is written by the server', (action) => {
  expect(text).toContain(`"${action}"`);
});

test('every action that the server writes has a text', () => {
  const written = [...text.matchAll(/audit\([^;{}]*?"([a-z]+\.[a-z-]+)"/g)].map(([, action]) => action);
  expect(written.length).toBeGreaterThan(5);
  expect(written.filter((action) => !(ACTIONS as readonly (string | undefined)[]).includes(action))).toEqual([]);
});
