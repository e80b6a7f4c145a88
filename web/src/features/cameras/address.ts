/** A camera's address taken apart: user and password have fields of their own that are never filled from the server. */
export interface Address {
  /** Without user and password: "rtsp://host/stream". */
  url: string;
  user: string;
  password: string;
}

// The authority ends at the first slash; a password may hold an @, so the last one separates it from the host.
const CREDENTIALS = /^([a-z][a-z0-9+.-]*:\/\/)([^/]*)@([^/@]*(?:\/.*)?)$/i;
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
  const match = CREDENTIALS.exec(url);
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
