/** A drawn doorway: two people crossing a line. Decoration, no picture of anybody. */
export function DoorScene() {
  return (
    <div aria-hidden className="relative hidden overflow-hidden bg-[#102b26] lg:block">
      <svg viewBox="0 0 900 900" preserveAspectRatio="xMidYMax slice" className="absolute inset-0 size-full">
        <defs>
          <linearGradient id="wall" x1="0" y1="0" x2="0" y2="1">
            <stop offset="0" stopColor="#12332d" />
            <stop offset="1" stopColor="#0d2520" />
          </linearGradient>
          <linearGradient id="light" x1="0" y1="0" x2="0" y2="1">
            <stop offset="0" stopColor="#f6d9a4" />
            <stop offset="1" stopColor="#efb662" />
          </linearGradient>
          <linearGradient id="spill" x1="0" y1="0" x2="0" y2="1">
            <stop offset="0" stopColor="#efb662" stopOpacity=".4" />
            <stop offset="1" stopColor="#efb662" stopOpacity="0" />
          </linearGradient>
        </defs>
        <rect width="900" height="900" fill="url(#wall)" />
        <rect y="640" width="900" height="260" fill="#0b1f1b" />
        <path d="M330 640h240l150 260H180Z" fill="url(#spill)" />
        <path d="M330 640V330a120 120 0 0 1 240 0v310Z" fill="url(#light)" />
        <path d="M450 640V211" stroke="#d99a41" strokeOpacity=".35" strokeWidth="3" />
        <g className="fill-[#0a1a17]">
          <circle cx="408" cy="438" r="31" />
          <path d="M358 720c-4-120-6-190 10-228 10-24 70-24 80 0 16 38 14 108 10 228l-28 2-20-118-22 118Z" />
        </g>
        <g fill="#173f37">
          <circle cx="640" cy="394" r="37" />
          <path d="M578 742c-5-146-8-222 12-266 12-29 88-29 100 0 20 44 17 120 12 266l-36 3-25-142-26 142Z" />
        </g>
        <g fill="none" strokeWidth="3" strokeLinejoin="round">
          <path d="M345 400v-24a10 10 0 0 1 10-10h24M437 366h24a10 10 0 0 1 10 10v24M345 700v24a10 10 0 0 0 10 10h24M471 700v24a10 10 0 0 1-10 10h-24" stroke="#55c7ab" />
          <path d="M562 348v-24a10 10 0 0 1 10-10h24M684 314h24a10 10 0 0 1 10 10v24M562 724v24a10 10 0 0 0 10 10h24M718 724v24a10 10 0 0 1-10 10h-24" stroke="#f0b45c" />
        </g>
        <path d="M215 790h470" stroke="#f0b45c" strokeWidth="3" strokeDasharray="2 12" strokeLinecap="round" />
        <path d="m450 776 16 28h-32Z" fill="#f0b45c" transform="rotate(180 450 790)" />
      </svg>
    </div>
  );
}
