import { expect, test } from 'vitest';
import { addressProblem, joinAddress, kindOf, sentAddress, shownAddress, splitAddress } from './address';

test.each([
  ['rtsp://10.0.0.5/stream', { url: 'rtsp://10.0.0.5/stream', user: '', password: '' }],
  ['rtsp://admin@10.0.0.5/stream', { url: 'rtsp://10.0.0.5/stream', user: 'admin', password: '' }],
  ['  rtsp://admin:secret@10.0.0.5:554/a?b=c@d ', { url: 'rtsp://10.0.0.5:554/a?b=c@d', user: 'admin', password: 'secret' }],
  ['rtsp://admin:p%40ss@cam/1', { url: 'rtsp://cam/1', user: 'admin', password: 'p@ss' }],
  ['rtsp://admin:p@ss:word@cam/1', { url: 'rtsp://cam/1', user: 'admin', password: 'p@ss:word' }],
  ['rtsp://admin:p/w@cam:554/1', { url: 'rtsp://cam:554/1', user: 'admin', password: 'p/w' }],
  ['http://cam:80/a@b', { url: 'http://cam:80/a@b', user: '', password: '' }],
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

const bare = { user: '', password: '' };
test.each([
  ['file', '/srv/clips/door.mp4', 'file:/srv/clips/door.mp4'],
  ['file', ' file:/srv/clips/door.mp4 ', 'file:/srv/clips/door.mp4'],
  ['lavfi', 'testsrc2=size=640x360', 'lavfi:testsrc2=size=640x360'],
  ['rtsp', 'RTSP://cam/Stream1', 'rtsp://cam/Stream1'],
  ['http', 'http://cam/v.mjpg', 'http://cam/v.mjpg'],
] as const)('a camera of kind %s at %s is sent as %s', (kind, url, sent) => {
  expect(sentAddress(kind, { url, ...bare })).toBe(sent);
});

test.each([
  ['file', 'file:/srv/clips/door.mp4'],
  ['lavfi', 'lavfi:testsrc2'],
  ['rtsp', 'rtsp://cam/1'],
] as const)('the stored address of a %s comes back as it was', (kind, url) => {
  expect(sentAddress(kind, { url: shownAddress(kind, url), ...bare })).toBe(url);
});
test('a path is shown without its scheme', () => expect(shownAddress('file', 'file:/srv/door.mp4')).toBe('/srv/door.mp4'));

test.each([
  ['rtsp', 'rtsp://192.168.1.20:554/stream1', null],
  ['rtsp', 'rtsp://admin:a/b@cam/1', null],
  ['rtsp', 'RTSP://[fd12::7]:554/x', null],
  ['http', 'http://cam', null],
  ['file', '/srv/two words.mp4', null],
  ['rtsp', '', 'url'],
  ['rtsp', '192.168.1.20/stream', 'urlKind'],
  ['rtsp', 'rtsps://cam/1', 'urlKind'],
  ['http', 'https://cam/1', 'urlKind'],
  ['rtsp', 'rtsp:///stream', 'host'],
  ['rtsp', 'rtsp://:554/x', 'host'],
  ['rtsp', 'rtsp://cam/a b', 'blank'],
  ['rtsp', 'rtsp://cam:99999/1', 'port'],
  ['rtsp', 'rtsp://cam:0/1', 'port'],
  ['rtsp', 'rtsp://cam:554x/1', 'port'],
] as const)('%s %s: %s', (kind, text, problem) => {
  expect(addressProblem(kind, text)?.problem ?? null).toBe(problem);
});

test.each([
  ['rtsp://cam/1', 'rtsp'],
  ['http://cam/v.mjpg', 'http'],
  ['file:/srv/a.mp4', 'file'],
  ['/srv/a.mp4', null],
  ['https://cam', null],
])('%s is a camera of kind %s', (text, kind) => expect(kindOf(text)).toBe(kind));
