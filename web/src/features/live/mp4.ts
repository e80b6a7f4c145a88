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

/** Decode time of the first frame of a fragment, in ticks; null when it cannot be told. */
export function baseTime(fragment: Uint8Array): number | null {
  const tfdt = find(fragment, ['moof', 'traf', 'tfdt']);
  if (!tfdt || tfdt.byteLength < 8) return null;
  if (tfdt.getUint8(0) !== 1) return tfdt.getUint32(4);
  return tfdt.byteLength < 12 ? null : Number(tfdt.getBigUint64(4));
}
