import { expect, test } from 'vitest';
import { joinAddress, splitAddress } from './address';

test.each([
  ['rtsp://10.0.0.5/stream', { url: 'rtsp://10.0.0.5/stream', user: '', password: '' }],
  ['rtsp://admin@10.0.0.5/stream', { url: 'rtsp://10.0.0.5/stream', user: 'admin', password: '' }],
  ['  rtsp://admin:secret@10.0.0.5:554/a?b=c@d ', { url: 'rtsp://10.0.0.5:554/a?b=c@d', user: 'admin', password: 'secret' }],
  ['rtsp://admin:p%40ss@cam/1', { url: 'rtsp://cam/1', user: 'admin', password: 'p@ss' }],
  ['rtsp://admin:p@ss:word@cam/1', { url: 'rtsp://cam/1', user: 'admin', password: 'p@ss:word' }],
  ['rtsp://admin:100%@cam', { url: 'rtsp://cam', user: 'admin', password: '100%' }],
  ['testsrc2=size=640x360', { url: 'testsrc2=size=640x360', user: '', password: '' }],
])('splitAddress %s', (text, expected) => {
  expect(splitAddress(text)).toEqual(expected);
});

test.each([
  [{ url: 'rtsp://cam/1', user: 'admin', password: 'p@ss/word' }, 'rtsp://admin:p%40ss%2Fword@cam/1'],
  [{ url: 'rtsp://cam/1', user: 'a:b', password: '' }, 'rtsp://a%3Ab@cam/1'],
  [{ url: 'rtsp://cam/1', user: '', password: '' }, 'rtsp://cam/1'],
  [{ url: '/srv/clips/door.mp4', user: 'x', password: 'y' }, '/srv/clips/door.mp4'],
])('joinAddress %o', (address, expected) => {
  expect(joinAddress(address)).toBe(expected);
});

test('what is split and joined comes back, encoded', () => {
  expect(joinAddress(splitAddress('rtsp://u:p%23%3A@h:554/x'))).toBe('rtsp://u:p%23%3A@h:554/x');
});
