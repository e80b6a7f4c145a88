import { CameraOff, LoaderCircle } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { stillUrl, type Camera, type Line } from '../../api/client';
import { useScope } from '../../app/scope';
import { inward } from './line-geometry';

interface StillProps {
  camera: Camera;
  /** Changes when a new picture is wanted. */
  fresh: number;
  onMissing?: () => void;
  /** Drawn over the picture once it is there. */
  children?: ReactNode;
  className?: string;
}

/** A fresh picture of the camera, or a quiet stand-in. Never an old one. */
export function Still({ camera, fresh, onMissing, className = '', children }: StillProps) {
  const { tenant } = useScope();
  const [missing, setMissing] = useState<number | null>(null);
  const [loaded, setLoaded] = useState(false);
  if (missing === fresh || camera.state === 'off') {
    return (
      <div className={`grid place-items-center bg-stage text-white/50 ${className}`}>
        <CameraOff size={26} strokeWidth={1.5} aria-hidden />
      </div>
    );
  }
  return (
    <div className={`grid place-items-center bg-stage text-white/60 ${className}`}>
      {!loaded && <LoaderCircle size={24} strokeWidth={1.5} className="col-start-1 row-start-1 animate-spin" aria-hidden />}
      <img
        src={stillUrl(tenant.id, camera.id, fresh)}
        alt={camera.name}
        className={`col-start-1 row-start-1 size-full object-cover ${loaded ? '' : 'opacity-0'}`}
        onLoad={() => setLoaded(true)}
        onError={() => {
          setMissing(fresh);
          onMissing?.();
        }}
      />
      {loaded && children}
    </div>
  );
}

/** The door lines over a picture: amber, with the arrow that says IN. */
export function LinesOverlay({ lines, width, height }: { lines: Line[]; width: number; height: number }) {
  return (
    <svg viewBox={`0 0 ${width} ${height}`} className="pointer-events-none absolute inset-0 size-full" aria-hidden>
      {lines.map((line, index) => (
        <LineShape key={line.id ?? index} line={line} width={width} height={height} />
      ))}
    </svg>
  );
}

/** Length of the arrow, as a share of the longer side. */
export const ARROW = 0.08;

export function LineShape({ line, width, height, active = true }: { line: Line; width: number; height: number; active?: boolean }) {
  const [x1, y1, x2, y2] = [line.x1 * width, line.y1 * height, line.x2 * width, line.y2 * height];
  const [cx, cy] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const direction = inward(line, width, height);
  const unit = Math.max(width, height) / 100;
  const tip = { x: cx + direction.x * unit * 100 * ARROW, y: cy + direction.y * unit * 100 * ARROW };
  const left = { x: tip.x - direction.x * unit * 2.6 - direction.y * unit * 1.6, y: tip.y - direction.y * unit * 2.6 + direction.x * unit * 1.6 };
  const right = { x: tip.x - direction.x * unit * 2.6 + direction.y * unit * 1.6, y: tip.y - direction.y * unit * 2.6 - direction.x * unit * 1.6 };
  return (
    <g strokeLinecap="round" opacity={active ? 1 : 0.55}>
      <path d={`M${x1} ${y1}L${x2} ${y2}M${cx} ${cy}L${tip.x} ${tip.y}`} stroke="#000" strokeOpacity=".5" strokeWidth={unit * 1.1} fill="none" />
      <path d={`M${x1} ${y1}L${x2} ${y2}M${cx} ${cy}L${tip.x} ${tip.y}`} stroke="#f0b45c" strokeWidth={unit * 0.55} fill="none" />
      <path d={`M${tip.x} ${tip.y}L${left.x} ${left.y}L${right.x} ${right.y}Z`} fill="#f0b45c" stroke="#f0b45c" strokeLinejoin="round" strokeWidth={unit * 0.5} />
    </g>
  );
}
