/**
 * Times on screen are the site's: every function takes its IANA zone. Days are calendar days of the site, so a day is
 * 23 or 25 hours long where the clocks change.
 */

/** English is the world's here: "12 Mar", "5 min ago". */
const spoken = (locale: string): string => (locale === 'en' ? 'en-GB' : locale);

/** Milliseconds that `zone` is ahead of UTC at the instant `at` (UTC ms). */
function offsetMs(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric',
    minute: 'numeric', second: 'numeric',
  }).formatToParts(at);
  const read = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((part) => part.type === type)?.value ?? 0);
  const wall = Date.UTC(read('year'), read('month') - 1, read('day'), read('hour'), read('minute'), read('second'));
  return wall - Math.floor(at / 1000) * 1000;
}

/** The first instant of the calendar day `date` ("2026-03-29") in `zone`, as RFC 3339 UTC. */
export function startOfDay(date: string, zone: string): string {
  const wall = Date.parse(`${date}T00:00:00Z`);
  const guess = wall - offsetMs(wall, zone);
  // The offset at the guess is the right one unless the clocks change between the two; one more round settles that.
  return new Date(wall - offsetMs(guess, zone)).toISOString();
}

/** The calendar day in `zone` of the instant `at`, plus `days`. */
export function dayOf(at: Date, zone: string, days = 0): string {
  const local = new Date(at.getTime() + offsetMs(at.getTime(), zone));
  local.setUTCDate(local.getUTCDate() + days);
  return local.toISOString().slice(0, 10);
}

export function formatClock(at: string, zone: string, locale: string): string {
  return new Intl.DateTimeFormat(spoken(locale), { timeZone: zone, hourCycle: 'h23', hour: '2-digit', minute: '2-digit' }).format(new Date(at));
}

export function formatDay(at: string, zone: string, locale: string): string {
  return new Intl.DateTimeFormat(spoken(locale), { timeZone: zone, weekday: 'short', day: 'numeric', month: 'short' }).format(new Date(at));
}

export function formatDate(at: string, zone: string, locale: string): string {
  return new Intl.DateTimeFormat(spoken(locale), { timeZone: zone, day: 'numeric', month: 'short' }).format(new Date(at));
}

/** A day of the calendar ("2026-03-12"), which is the same in every zone. */
export function formatCalendarDay(date: string, locale: string): string {
  return new Intl.DateTimeFormat(spoken(locale), { timeZone: 'UTC', day: 'numeric', month: 'long', year: 'numeric' }).format(new Date(`${date}T00:00:00Z`));
}

export function formatMoment(at: string, zone: string, locale: string): string {
  return new Intl.DateTimeFormat(spoken(locale), {
    timeZone: zone, hourCycle: 'h23', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit',
  }).format(new Date(at));
}

const AGO_UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];

/** "3 minutes ago", in the language of the page. */
export function formatAgo(at: string, now: Date, locale: string): string {
  const seconds = Math.min(0, (Date.parse(at) - now.getTime()) / 1000);
  const [unit, size] = AGO_UNITS.find(([, size]) => -seconds >= size) ?? (['second', 1] as const);
  return new Intl.RelativeTimeFormat(spoken(locale), { numeric: 'auto', style: 'short' }).format(Math.trunc(seconds / size), unit);
}

/** A stay: "45 s", "12 min", "1 h 05 min"; unit signs are the same in all four languages but Turkish's. */
export function formatStay(seconds: number, locale: string): string {
  const units = locale.startsWith('tr') ? { s: 'sn', min: 'dk', h: 'sa' } : { s: 's', min: 'min', h: 'h' };
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} ${units.s}`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} ${units.min}`;
  return `${Math.floor(minutes / 60)} ${units.h} ${String(minutes % 60).padStart(2, '0')} ${units.min}`;
}

export function formatCount(value: number, locale: string): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }).format(value);
}

export function formatBytes(bytes: number, locale: string): string {
  const mega = bytes / 1_000_000;
  return mega >= 1
    ? `${new Intl.NumberFormat(locale, { maximumFractionDigits: mega < 10 ? 1 : 0 }).format(mega)} MB`
    : `${new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }).format(bytes / 1000)} kB`;
}
