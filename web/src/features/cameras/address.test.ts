import { expect, test } from 'vitest';
import { hostOf, joinAddress, splitAddress } from './address';

test.each([
  ['rtsp://10.0.0.5/stream', { url: 'rtsp://10.0.0.5/stream', password: '' }],
  ['rtsp://admin@10.0.0.5/stream', { url: 'rtsp://admin@10.0.0.5/stream', password: '' }],
  ['  rtsp://admin:secret@10.0.0.5:554/a?b=c@d ', { url: 'rtsp://admin@10.0.0.5:554/a?b=c@d', password: 'secret' }],
  ['rtsp://admin:p%40ss@cam/1', { url: 'rtsp://admin@cam/1', password: 'p@ss' }],
  ['rtsp://admin:p@ss:word@cam/1', { url: 'rtsp://admin@cam/1', password: 'p@ss:word' }],
  ['rtsp://admin:100%@cam', { url: 'rtsp://admin@cam', password: '100%' }],
  ['rtsp://admin:***@cam/1', { url: 'rtsp://admin@cam/1', password: '***' }],
  ['testsrc2=size=640x360', { url: 'testsrc2=size=640x360', password: '' }],
])('splitAddress %s', (text, expected) => {
  expect(splitAddress(text)).toEqual(expected);
});

test.each([
  [{ url: 'rtsp://admin@cam/1', password: 'p@ss/word' }, 'rtsp://admin:p%40ss%2Fword@cam/1'],
  [{ url: 'rtsp://admin@cam/1', password: '***' }, 'rtsp://admin:***@cam/1'],
  [{ url: 'rtsp://admin@cam/1', password: '' }, 'rtsp://admin@cam/1'],
  [{ url: 'rtsp://cam/1', password: 'lost' }, 'rtsp://cam/1'],
])('joinAddress %o', (address, expected) => {
  expect(joinAddress(address)).toBe(expected);
});

test('what is split and joined comes back, encoded', () => {
  expect(joinAddress(splitAddress('rtsp://u:p%23%3A@h:554/x'))).toBe('rtsp://u:p%23%3A@h:554/x');
});

test('hostOf sees through user and password', () => {
  expect(hostOf('rtsp://u:p@h:554/x')).toBe('h:554');
  expect(hostOf('http://h/x')).toBe('h');
});
