/** A camera's address taken apart: the password is kept in a field of its own that is never filled from the server. */
export interface Address {
  /** Without the password: "rtsp://user@host/stream". */
  url: string;
  /** What was pasted; '' when there was none; STORED when the server keeps one. */
  password: string;
}

/** What the server shows, and takes, for a password that it keeps. */
export const STORED = '***';

// The authority ends at the first slash; a password may hold an @, so the last one separates it from the host.
const PARTS = /^([a-z][a-z0-9+.-]*:\/\/)([^/]*)@([^/@]*(?:\/.*)?)$/i;

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function splitAddress(text: string): Address {
  const url = text.trim();
  const match = PARTS.exec(url);
  if (!match) return { url, password: '' };
  const [, scheme = '', credentials = '', rest = ''] = match;
  const colon = credentials.indexOf(':');
  if (colon < 0) return { url, password: '' };
  return { url: `${scheme}${credentials.slice(0, colon)}@${rest}`, password: decode(credentials.slice(colon + 1)) };
}

/** The address to send. Without a user the password has nowhere to go and is left out. */
export function joinAddress({ url, password }: Address): string {
  const match = PARTS.exec(url.trim());
  if (!match || password === '') return url.trim();
  const [, scheme = '', user = '', rest = ''] = match;
  return `${scheme}${user}:${password === STORED ? STORED : encodeURIComponent(password)}@${rest}`;
}

export const hasUser = (url: string): boolean => PARTS.test(url.trim());

/** The host of an address, to notice that a stored password would go elsewhere. */
export const hostOf = (url: string): string => /^[a-z][a-z0-9+.-]*:\/\/(?:[^/]*@)?([^/]*)/i.exec(url.trim())?.[1] ?? '';
