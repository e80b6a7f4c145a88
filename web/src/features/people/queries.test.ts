import { expect, test } from 'vitest';
import { searched } from './queries';

test.each([
  ['Visitor 12', 'Visitor {{number}}', '12'],
  [' visitor 12 ', 'Visitor {{number}}', '12'],
  ['Khách số 7', 'Khách số {{number}}', '7'],
  ['7', 'Khách số {{number}}', '7'],
  ['12 numaralı', '{{number}} numaralı', '12'],
  ['Visitor', 'Visitor {{number}}', 'Visitor'],
  ['Visitor 12b', 'Visitor {{number}}', 'Visitor 12b'],
  ['Anna 12', 'Visitor {{number}}', 'Anna 12'],
  ['', 'Visitor {{number}}', ''],
])('"%s" where labels are "%s" asks for "%s"', (typed, label, asked) => {
  expect(searched(typed, label)).toBe(asked);
});
