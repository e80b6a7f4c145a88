/** The little of MP4 that aligning boxes with pictures takes: where a fragment begins on the media time line. */

/** Payload of the first box named `path[0]`, then of the first `path[1]` inside it, and so on. */
function find(bytes: Uint8Array, path: string[]): DataView | null {
  let view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const name of path) {
    let found: DataView | null = null;
    for (let at = 0; at + 8 <= view.byteLength; ) {
      const size = view.getUint32(at);
      if (size < 8 || at + size > view.byteLength) break;
      const type = String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5), view.getUint8(at + 6), view.getUint8(at + 7));
      if (type === name) {
        found = new DataView(view.buffer, view.byteOffset + at + 8, size - 8);
        break;
      }
      at += size;
    }
    if (!found) return null;
    view = found;
  }
  return view;
}

/** Ticks per second of the first track of an init segment; null when it cannot be told. */
export function timescale(init: Uint8Array): number | null {
  const mdhd = find(init, ['moov', 'trak', 'mdia', 'mdhd']);
  if (!mdhd || mdhd.byteLength < 24) return null;
  const ticks = mdhd.getUint8(0) === 1 ? mdhd.getUint32(20) : mdhd.getUint32(12);
  return ticks > 0 ? ticks : null;
}

const TRUN_DATA_OFFSET = 0x1;
const TRUN_FIRST_FLAGS = 0x4;
const TRUN_SAMPLE_FIELDS_BEFORE_OFFSET = [0x100, 0x200, 0x400]; // duration, size, flags
const TRUN_COMPOSITION_OFFSET = 0x800;

/** By how much the first sample of a run is shown later than it is decoded, in ticks. */
function compositionOffset(trun: DataView): number {
  const flags = trun.getUint32(0) & 0xffffff;
  if (!(flags & TRUN_COMPOSITION_OFFSET)) return 0;
  let at = 8;
  for (const field of [TRUN_DATA_OFFSET, TRUN_FIRST_FLAGS, ...TRUN_SAMPLE_FIELDS_BEFORE_OFFSET]) if (flags & field) at += 4;
  if (at + 4 > trun.byteLength) return 0;
  return trun.getUint8(0) === 0 ? trun.getUint32(at) : trun.getInt32(at);
}

/**
 * Time at which the first frame of a fragment is shown, in ticks; null when it cannot be told. Where pictures are sent
 * in another order than they are shown in, that is not the time at which it is decoded.
 */
export function showTime(fragment: Uint8Array): number | null {
  const tfdt = find(fragment, ['moof', 'traf', 'tfdt']);
  if (!tfdt || tfdt.byteLength < 8) return null;
  const wide = tfdt.getUint8(0) === 1;
  if (wide && tfdt.byteLength < 12) return null;
  const decoded = wide ? Number(tfdt.getBigUint64(4)) : tfdt.getUint32(4);
  const trun = find(fragment, ['moof', 'traf', 'trun']);
  return trun && trun.byteLength >= 8 ? decoded + compositionOffset(trun) : decoded;
}
