import { expect, test } from 'vitest';
import en from './en.json';
import es from './es.json';
import tr from './tr.json';
import vi from './vi.json';

type Texts = { [key: string]: string | Texts };

function flat(texts: Texts, prefix = ''): Map<string, string> {
  const result = new Map<string, string>();
  for (const [key, value] of Object.entries(texts)) {
    if (typeof value === 'string') result.set(prefix + key, value);
    else for (const [inner, text] of flat(value, `${prefix}${key}.`)) result.set(inner, text);
  }
  return result;
}

const placeholders = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]).sort();
const english = flat(en);

test.each([
  ['vi', vi],
  ['es', es],
  ['tr', tr],
])('%s has the keys of English, no empty text, the same values to fill in', (_language, texts) => {
  const translated = flat(texts);
  expect([...translated.keys()].sort()).toEqual([...english.keys()].sort());
  for (const [key, text] of translated) {
    expect(text.trim(), key).not.toBe('');
    expect(placeholders(text), key).toEqual(placeholders(english.get(key) ?? ''));
  }
});

test.each([
  ['vi', vi],
  ['es', es],
  ['tr', tr],
])('%s is translated: few texts are the English ones', (_language, texts) => {
  const same = [...flat(texts)].filter(([key, text]) => text === english.get(key) && /[a-z]{4}/i.test(text.replace(/\{\{\w+\}\}/g, '')));
  expect(same.length / english.size, same.map(([key]) => key).join()).toBeLessThan(0.05);
});
