import type { Schemas } from '../../api/client';

type Kind = Schemas['CameraKind'];

/** What an address of each kind begins with. A file and a test pattern are shown without it. */
const SCHEMES: Record<Kind, string> = { rtsp: 'rtsp://', http: 'http://', file: 'file:', lavfi: 'lavfi:', webcam: '' };
const isBare = (kind: Kind): boolean => kind === 'file' || kind === 'lavfi';

/** A camera's address taken apart: user and password have fields of their own that are never filled from the server. */
export interface Address {
  /** Without user and password: "rtsp://host/stream". */
  url: string;
  user: string;
  password: string;
}

// The authority ends at the first slash; a password may hold an @, so the last one separates it from the host.
const CREDENTIALS = /^([a-z][a-z0-9+.-]*:\/\/)([^/]*)@([^/@]*(?:\/.*)?)$/i;
// Where what precedes the first slash is no host with a port, the slash is one of the password's.
const LOOSE_CREDENTIALS = /^([a-z][a-z0-9+.-]*:\/\/)([^/@]*:(?!\d+\/)[^/@]*\/.*)@([^/@]+(?:\/.*)?)$/i;
const AUTHORITY = /^[a-z][a-z0-9+.-]*:\/\/(\[[^\]/?#]+\]|[^:/?#[\]]*)(:[^/?#]*)?/i;
const SCHEME = /^([a-z][a-z0-9+.-]*:\/\/)(.*)$/i;

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function splitAddress(text: string): Address {
  const url = text.trim();
  const match = CREDENTIALS.exec(url) ?? LOOSE_CREDENTIALS.exec(url);
  if (!match) return { url, user: '', password: '' };
  const [, scheme = '', credentials = '', rest = ''] = match;
  const colon = credentials.indexOf(':');
  const user = colon < 0 ? credentials : credentials.slice(0, colon);
  return { url: scheme + rest, user: decode(user), password: colon < 0 ? '' : decode(credentials.slice(colon + 1)) };
}

/** The address to send. Without user and password it is the address as shown: the server keeps what it has stored. */
export function joinAddress({ url, user, password }: Address): string {
  const match = SCHEME.exec(url.trim());
  if (!match || (user === '' && password === '')) return url.trim();
  const [, scheme = '', rest = ''] = match;
  const secret = password === '' ? '' : `:${encodeURIComponent(password)}`;
  return `${scheme}${encodeURIComponent(user)}${secret}@${rest}`;
}

/** The stored address as the field of its kind shows it. */
export function shownAddress(kind: Kind, url: string): string {
  return isBare(kind) && url.startsWith(SCHEMES[kind]) ? url.slice(SCHEMES[kind].length) : url;
}

/** What the server is sent for what the fields say. */
export function sentAddress(kind: Kind, fields: Address): string {
  const url = fields.url.trim();
  if (isBare(kind)) return url.startsWith(SCHEMES[kind]) ? url : SCHEMES[kind] + url;
  const scheme = SCHEMES[kind];
  const typed = url.slice(0, scheme.length).toLowerCase() === scheme ? scheme + url.slice(scheme.length) : url;
  return joinAddress({ ...fields, url: typed });
}

export type AddressProblem = 'url' | 'urlKind' | 'host' | 'port' | 'blank';

/** What is wrong with an address before anybody tries it, or null. */
export function addressProblem(kind: Kind, text: string): { problem: AddressProblem; scheme: string } | null {
  const scheme = SCHEMES[kind];
  const { url } = splitAddress(text);
  const wrong = (problem: AddressProblem) => ({ problem, scheme });
  if (url === '') return wrong('url');
  if (isBare(kind) || kind === 'webcam') return null;
  if (!url.toLowerCase().startsWith(scheme)) return wrong('urlKind');
  if (/\s/.test(url)) return wrong('blank');
  const [, host = '', port] = AUTHORITY.exec(url) ?? [];
  if (host === '') return wrong('host');
  if (port !== undefined && !(/^:\d{1,5}$/.test(port) && Number(port.slice(1)) >= 1 && Number(port.slice(1)) <= 65_535)) return wrong('port');
  return null;
}

/** The kind that an address with its scheme belongs to, or null: who pastes one does not choose it as well. */
export function kindOf(text: string): Kind | null {
  const url = text.trim().toLowerCase();
  return (Object.keys(SCHEMES) as Kind[]).find((kind) => SCHEMES[kind] !== '' && url.startsWith(SCHEMES[kind])) ?? null;
}
