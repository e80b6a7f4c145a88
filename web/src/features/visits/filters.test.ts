import { describe, expect, test } from 'vitest';
import { bounds, readFilters } from './filters';

const read = (search: string) => readFilters(new URLSearchParams(search));
const now = new Date('2026-03-30T10:00:00Z');

describe('filters in the URL', () => {
  test.each([
    ['', { kind: undefined, range: 'all' }],
    ['kind=new&range=week&camera=c1', { kind: 'new', range: 'week', camera: 'c1' }],
    ['kind=old&range=decade', { kind: undefined, range: 'all' }],
    ['range=custom&from=2026-03-01&to=yesterday', { range: 'custom', from: '2026-03-01', to: undefined }],
  ])('%s', (search, expected) => {
    expect(read(search)).toMatchObject(expected);
  });
});

describe('bounds', () => {
  test.each([
    ['range=today', { from: '2026-03-29T22:00:00.000Z' }],
    ['range=yesterday', { from: '2026-03-28T23:00:00.000Z', to: '2026-03-29T22:00:00.000Z' }], // 23 hours
    ['range=week', { from: '2026-03-23T23:00:00.000Z' }],
    ['range=custom&from=2026-03-29&to=2026-03-29', { from: '2026-03-28T23:00:00.000Z', to: '2026-03-29T22:00:00.000Z' }],
    ['range=custom&from=2026-02-28', { from: '2026-02-27T23:00:00.000Z', to: undefined }],
    ['', {}],
  ])('of %s in Madrid, the day after the clocks changed', (search, expected) => {
    expect(bounds(read(search), 'Europe/Madrid', now)).toEqual(expected);
  });
});
