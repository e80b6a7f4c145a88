import type { TrackBox } from './boxes';

export interface DrawStyle {
  colours: Record<NonNullable<TrackBox['identity']>, string>;
  /** Text at a box; null for none. */
  label: (box: TrackBox) => string | null;
}

export const BOX_COLOURS: DrawStyle['colours'] = { known: '#5fe0c0', unsure: '#f0b45c', unknown: '#f0b45c', none: '#e9eeeb' };

const LABEL_HEIGHT = 22;
/** The tile's own badges lie over the picture down to here: no name is written under them. */
const BADGES_BOTTOM = 40;

/** Where the picture lies inside an element that shows it whole (`object-fit: contain`). */
export function containedIn(width: number, height: number, aspect: number): { x: number; y: number; width: number; height: number } {
  const fitted = Math.min(width, height * aspect);
  const picture = { width: fitted, height: fitted / aspect };
  return { ...picture, x: (width - picture.width) / 2, y: (height - picture.height) / 2 };
}

/** Draws the boxes over the picture: a coloured outline, dark beneath so that it shows on anything, and the name. */
export function drawBoxes(canvas: HTMLCanvasElement, boxes: TrackBox[], aspect: number, style: DrawStyle): void {
  const { clientWidth, clientHeight } = canvas;
  const ratio = globalThis.devicePixelRatio || 1;
  const [width, height] = [Math.round(clientWidth * ratio), Math.round(clientHeight * ratio)];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext('2d');
  if (!context) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, clientWidth, clientHeight);
  if (boxes.length === 0) return;
  const picture = containedIn(clientWidth, clientHeight, aspect);
  const family = getComputedStyle(canvas).fontFamily;
  context.font = `600 12px ${family}`;
  context.textBaseline = 'middle';
  for (const box of boxes) {
    const x = picture.x + box.x0 * picture.width;
    const y = picture.y + box.y0 * picture.height;
    const w = (box.x1 - box.x0) * picture.width;
    const h = (box.y1 - box.y0) * picture.height;
    const colour = style.colours[box.identity ?? 'none'];
    outline(context, x, y, w, h, 'rgb(0 0 0 / 45%)', 4);
    outline(context, x, y, w, h, colour, 2);
    const text = style.label(box);
    if (text === null) continue;
    const labelWidth = Math.min(context.measureText(text).width + 16, picture.width);
    const labelX = Math.min(Math.max(x - 1, picture.x), picture.x + picture.width - labelWidth);
    const above = y - LABEL_HEIGHT - 4;
    const labelY = Math.max(above < picture.y ? y + 4 : above, BADGES_BOTTOM);
    context.fillStyle = colour;
    context.beginPath();
    context.roundRect(labelX, labelY, labelWidth, LABEL_HEIGHT, 6);
    context.fill();
    context.fillStyle = '#08130f';
    context.fillText(text, labelX + 8, labelY + LABEL_HEIGHT / 2 + 0.5, labelWidth - 16);
  }
}

function outline(context: CanvasRenderingContext2D, x: number, y: number, w: number, h: number, colour: string, width: number): void {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  context.roundRect(x, y, w, h, Math.min(8, w / 4, h / 4));
  context.stroke();
}
