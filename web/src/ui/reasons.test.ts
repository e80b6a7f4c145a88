import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { REASONS, reasonOf } from './reasons';

/** All C sources, with strings that are split over lines joined. */
function sources(folder: string): string {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.c'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n')
    .replace(/"\s*\n\s*"/g, '');
}

describe('reasons', () => {
  const text = sources(join(import.meta.dirname, '../../../src'));
  test.each(Object.keys(REASONS))('"%s" is what the server says', (sentence) => {
    expect(text).toMatch(new RegExp(`[" ]${sentence.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}"`));
  });

  test.each([
    ['no answer in time', 'no answer in time'],
    ['rtsp://***@cam/1: wrong user name or password', 'wrong user name or password'],
    ['file:/srv/a.mp4: there is no such file', 'there is no such file'],
    ['no picture within 12 seconds', 'no picture within %d seconds'],
    ['file:/srv/a.mp4: the file breaks off: 3.2 of 9.0 seconds are there', 'the file breaks off: %.1f of %.1f seconds are there'],
    ['rtsp://cam/1: the video codec vp9 is not one of H.264, H.265, MJPEG, MPEG-4', 'the video codec %s is not one of H.264, H.265, MJPEG, MPEG-4'],
    ['no picture within 12 seconds of it', null],
    ['something new', null],
  ])('%s', (said, sentence) => {
    expect(reasonOf(said)).toBe(sentence);
  });
});
