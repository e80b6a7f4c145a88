// @vitest-environment node
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import { expect, test } from 'vitest';

const description = new URL('../../../docs/openapi.yaml', import.meta.url);

test.skipIf(!existsSync(description))('schema.ts is what docs/openapi.yaml says; otherwise: npm run api', async () => {
  const fresh = astToString(await openapiTS(description, { defaultNonNullable: false }));
  const committed = readFileSync(fileURLToPath(new URL('./schema.ts', import.meta.url)), 'utf8');
  expect(committed.endsWith(fresh)).toBe(true);
});
