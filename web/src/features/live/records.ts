/**
 * The live stream: what GET /api/live?cameras=a,b,c sends, and the one definition of it.
 *
 * The body is a sequence of records without padding, in any split over network chunks. Every record is a 16-byte
 * header, little-endian, followed by `length` bytes of payload:
 *
 *   offset  size  field
 *   0       1     kind        1 init · 2 fragment · 3 gap · 4 state
 *   1       1     flags       bit 0: the fragment starts with a key frame; other bits are 0 and ignored
 *   2       2     tile        index of the camera in the `cameras` parameter, from 0
 *   4       4     length      bytes of payload, at most 4 MiB
 *   8       8     capture_us  UTC microseconds of capture: of the first frame for a fragment, of the last good frame
 *                             for a gap, of the change for a state, 0 for an init
 *
 *   init      u16 length of the codec string · codec string (RFC 6381, e.g. "avc1.64001f") · fMP4 init segment
 *             (ftyp + moov). A new init for a tile ends what came before it; its time line may start again.
 *             Without a segment: the name of a codec that no browser plays ("mjpeg"); no fragments follow.
 *   fragment  one moof + mdat (one frame, or a few), decodable after the last init of this tile
 *   gap       empty: fragments were dropped (slow viewer, camera lost packets); the next one is a key frame
 *   state     JSON: {"state": "<camera state>", "reason": "<text or null>"}; sent once at the start for every tile
 *             and on every change, so that a tile without a picture can say why
 *
 * A tile without a fragment for 3 s shows its state, never the last picture.
 */
export const HEADER_BYTES = 16;
export const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;
export const FLAG_KEY = 1;

export type LiveRecord = { tile: number; captureUs: number } & (
  | { kind: 'init'; codec: string; segment: Uint8Array<ArrayBuffer> }
  | { kind: 'fragment'; key: boolean; segment: Uint8Array<ArrayBuffer> }
  | { kind: 'gap' }
  | { kind: 'state'; state: string; reason: string | null }
);

/** Thrown when the bytes break the definition above; the stream is of no more use then. */
export class LiveFormatError extends Error {}

/** Cuts a stream of chunks into records. One object per connection. */
export class RecordReader {
  private pending: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /** Appends a chunk and returns the records that are complete now. Payloads are copies: they can be transferred. */
  push(chunk: Uint8Array): LiveRecord[] {
    const bytes = new Uint8Array(this.pending.length + chunk.length);
    bytes.set(this.pending);
    bytes.set(chunk, this.pending.length);
    const view = new DataView(bytes.buffer);
    const records: LiveRecord[] = [];
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const length = view.getUint32(at + 4, true);
      if (length > MAX_PAYLOAD_BYTES) throw new LiveFormatError(`payload of ${length} bytes`);
      const end = at + HEADER_BYTES + length;
      if (bytes.length < end) break;
      const record = parseRecord(view, at, bytes.slice(at + HEADER_BYTES, end));
      if (record) records.push(record);
      at = end;
    }
    this.pending = bytes.slice(at);
    return records;
  }
}

/** Kinds this version does not know are skipped (null): a newer server may send more. */
function parseRecord(view: DataView, at: number, payload: Uint8Array<ArrayBuffer>): LiveRecord | null {
  const head = { tile: view.getUint16(at + 2, true), captureUs: Number(view.getBigUint64(at + 8, true)) };
  switch (view.getUint8(at)) {
    case 1: {
      if (payload.length < 2) throw new LiveFormatError('init without a codec');
      const codecLength = new DataView(payload.buffer).getUint16(0, true);
      if (2 + codecLength > payload.length) throw new LiveFormatError('codec longer than its record');
      const codec = new TextDecoder().decode(payload.subarray(2, 2 + codecLength));
      return { ...head, kind: 'init', codec, segment: payload.slice(2 + codecLength) };
    }
    case 2:
      return { ...head, kind: 'fragment', key: (view.getUint8(at + 1) & FLAG_KEY) !== 0, segment: payload };
    case 3:
      return { ...head, kind: 'gap' };
    case 4:
      return { ...head, kind: 'state', ...parseState(payload) };
    default:
      return null;
  }
}

function parseState(payload: Uint8Array): { state: string; reason: string | null } {
  try {
    const body: unknown = JSON.parse(new TextDecoder().decode(payload));
    if (typeof body === 'object' && body !== null && 'state' in body && typeof body.state === 'string') {
      const reason = 'reason' in body && typeof body.reason === 'string' && body.reason !== '' ? body.reason : null;
      return { state: body.state, reason };
    }
  } catch {
    // Falls through: the same answer for text that is not JSON and JSON that is not a state.
  }
  throw new LiveFormatError('state is not {"state", "reason"}');
}

/** Writes one record; the inverse of the reader, for tests and the development server. */
export function writeRecord(
  kind: number,
  flags: number,
  tile: number,
  captureUs: number,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, kind);
  view.setUint8(1, flags);
  view.setUint16(2, tile, true);
  view.setUint32(4, payload.length, true);
  view.setBigUint64(8, BigInt(captureUs), true);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

export function writeInit(tile: number, codec: string, segment: Uint8Array): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(codec);
  const payload = new Uint8Array(2 + text.length + segment.length);
  new DataView(payload.buffer).setUint16(0, text.length, true);
  payload.set(text, 2);
  payload.set(segment, 2 + text.length);
  return writeRecord(1, 0, tile, 0, payload);
}
