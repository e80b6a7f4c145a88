import { useRef, type KeyboardEvent, type PointerEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Camera, Line } from '../../api/client';
import { inward, moved, type Point } from './line-geometry';
import { ARROW, LineShape, Still } from './Still';

interface LineEditorProps {
  camera: Camera;
  fresh: number;
  lines: Line[];
  chosen: number;
  choose: (index: number) => void;
  change: (index: number, line: Line) => void;
  onMissing: () => void;
}

const STEP = 0.005;
const LABEL_PX = 16;

/** Lines over a still; their ends can be dragged, or moved with the arrow keys. */
export function LineEditor({ camera, fresh, lines, chosen, choose, change, onMissing }: LineEditorProps) {
  const frame = useRef<HTMLDivElement>(null);
  const width = camera.video?.width ?? 1280;
  const height = camera.video?.height ?? 720;
  return (
    <div ref={frame} className="card relative w-full touch-none select-none overflow-hidden bg-stage" style={{ aspectRatio: `${width} / ${height}` }}>
      <Still camera={camera} fresh={fresh} onMissing={onMissing} className="absolute inset-0 size-full" />
      <svg viewBox={`0 0 ${width} ${height}`} className="pointer-events-none absolute inset-0 size-full" aria-hidden>
        {lines.map((line, index) => (
          <LineShape key={line.id ?? index} line={line} width={width} height={height} active={index === chosen} />
        ))}
      </svg>
      {lines.map((line, index) => (
        <Handles
          key={line.id ?? index}
          line={line}
          aspect={{ x: width, y: height }}
          active={index === chosen}
          frame={() => frame.current?.getBoundingClientRect()}
          choose={() => choose(index)}
          change={(next) => change(index, next)}
        />
      ))}
    </div>
  );
}

interface HandlesProps {
  line: Line;
  aspect: Point;
  active: boolean;
  frame: () => DOMRect | undefined;
  choose: () => void;
  change: (line: Line) => void;
}

function Handles({ line, aspect, active, frame, choose, change }: HandlesProps) {
  const { t } = useTranslation();
  const direction = inward(line, aspect.x, aspect.y);
  const centre = { x: (line.x1 + line.x2) / 2, y: (line.y1 + line.y2) / 2 };
  // Beyond the tip of the arrow that LineShape draws, whose length is a share of the longer side.
  const length = ARROW * Math.max(aspect.x, aspect.y);
  const tip = { x: centre.x + (direction.x * length) / aspect.x, y: centre.y + (direction.y * length) / aspect.y };
  return (
    <>
      <span
        className="pointer-events-none absolute -translate-x-1/2 -translate-y-1/2 rounded-full bg-[#f0b45c] px-2 text-2xs font-bold leading-[18px] text-[#102b26]"
        style={{
          left: `calc(${tip.x * 100}% + ${direction.x * LABEL_PX}px)`,
          top: `calc(${tip.y * 100}% + ${direction.y * LABEL_PX}px)`,
          opacity: active ? 1 : 0.55,
        }}
      >
        {t('lines.in')}
      </span>
      {([1, 2] as const).map((end) => {
        const at = end === 1 ? { x: line.x1, y: line.y1 } : { x: line.x2, y: line.y2 };
        const drag = (event: PointerEvent<HTMLButtonElement>) => {
          const rect = frame();
          if (!rect || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
          change(moved(line, end, { x: (event.clientX - rect.left) / rect.width, y: (event.clientY - rect.top) / rect.height }));
        };
        const press = (event: KeyboardEvent) => {
          const size = event.shiftKey ? STEP * 6 : STEP;
          const by = { ArrowLeft: [-size, 0], ArrowRight: [size, 0], ArrowUp: [0, -size], ArrowDown: [0, size] }[event.key];
          if (!by) return;
          event.preventDefault();
          change(moved(line, end, { x: at.x + (by[0] ?? 0), y: at.y + (by[1] ?? 0) }));
        };
        return (
          <button
            key={end}
            type="button"
            aria-label={`${line.name}: ${t(end === 1 ? 'lines.a' : 'lines.b')}, ${Math.round(at.x * 100)} % / ${Math.round(at.y * 100)} %`}
            className={`absolute grid size-11 -translate-x-1/2 -translate-y-1/2 cursor-grab place-items-center rounded-full active:cursor-grabbing ${active ? '' : 'opacity-60'}`}
            style={{ left: `${at.x * 100}%`, top: `${at.y * 100}%` }}
            onFocus={choose}
            onKeyDown={press}
            onPointerDown={(event) => {
              choose();
              event.currentTarget.setPointerCapture(event.pointerId);
            }}
            onPointerMove={drag}
          >
            <span className="size-[18px] rounded-full border-[3px] border-[#f0b45c] bg-[#102b26] shadow-[0_1px_6px_rgb(0_0_0/50%)]" />
          </button>
        );
      })}
    </>
  );
}
