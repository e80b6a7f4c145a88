/** What browsers still call by an old name, and how people look for it. */
const RENAMED: Record<string, string> = {
  'America/Buenos_Aires': 'America/Argentina/Buenos_Aires', 'Asia/Calcutta': 'Asia/Kolkata', 'Asia/Katmandu': 'Asia/Kathmandu',
  'Asia/Rangoon': 'Asia/Yangon', 'Asia/Saigon': 'Asia/Ho_Chi_Minh', 'Europe/Kiev': 'Europe/Kyiv',
};

/** The time zones to choose from, `stored` among them. */
export function timeZones(stored: string): string[] {
  return [...new Set(['UTC', stored, ...Intl.supportedValuesOf('timeZone').map((zone) => RENAMED[zone] ?? zone)])].sort();
}

/** The seconds of the unit that shows a gap as a whole number: minutes, else seconds. */
export const gapUnit = (seconds: number): 1 | 60 => (seconds % 60 === 0 ? 60 : 1);
