import { describe, expect, test } from 'vitest';
import { dayOf, formatAgo, formatCalendarDay, formatDate, formatMoment, formatStay, startOfDay } from './time';

describe('startOfDay', () => {
  test.each([
    ['2026-03-29', 'Europe/Madrid', '2026-03-28T23:00:00.000Z'], // clocks change later that day
    ['2026-03-30', 'Europe/Madrid', '2026-03-29T22:00:00.000Z'],
    ['2026-10-25', 'Europe/Madrid', '2026-10-24T22:00:00.000Z'],
    ['2026-10-26', 'Europe/Madrid', '2026-10-25T23:00:00.000Z'],
    ['2026-03-08', 'America/New_York', '2026-03-08T05:00:00.000Z'],
    ['2026-03-09', 'America/New_York', '2026-03-09T04:00:00.000Z'],
    ['2026-06-01', 'Asia/Ho_Chi_Minh', '2026-05-31T17:00:00.000Z'],
    ['2026-06-01', 'UTC', '2026-06-01T00:00:00.000Z'],
  ])('of %s in %s is %s', (date, zone, expected) => {
    expect(startOfDay(date, zone)).toBe(expected);
  });
});

test.each([
  ['2026-05-31T17:00:00Z', 'Asia/Ho_Chi_Minh', 0, '2026-06-01'],
  ['2026-05-31T16:59:59Z', 'Asia/Ho_Chi_Minh', 0, '2026-05-31'],
  ['2026-03-01T02:00:00Z', 'America/New_York', -1, '2026-02-27'],
  ['2026-12-31T23:30:00Z', 'Europe/Istanbul', 0, '2027-01-01'],
])('dayOf %s in %s plus %i is %s', (at, zone, days, expected) => {
  expect(dayOf(new Date(at), zone, days)).toBe(expected);
});

test.each([
  [0, 'en', '0 s'],
  [59.4, 'en', '59 s'],
  [90, 'en', '2 min'],
  [3599, 'es', '1 h 00 min'],
  [3900, 'tr', '1 sa 05 dk'],
])('formatStay %d in %s', (seconds, locale, expected) => {
  expect(formatStay(seconds, locale)).toBe(expected);
});

test('days come before months in English', () => {
  expect(formatDate('2026-03-12T10:00:00Z', 'UTC', 'en')).toBe('12 Mar');
  expect(formatCalendarDay('2026-03-12', 'en')).toBe('12 March 2026');
  expect(formatMoment('2026-03-12T10:05:00Z', 'UTC', 'en')).toBe('12 Mar, 10:05');
});

test('formatAgo never speaks of the future', () => {
  expect(formatAgo('2026-01-01T00:00:10Z', new Date('2026-01-01T00:00:00Z'), 'en')).toBe('now');
  expect(formatAgo('2026-01-01T00:00:00Z', new Date('2026-01-01T00:05:30Z'), 'en')).toBe('5 min ago');
});
