import type { ReactNode } from 'react';
import { useTitle } from './hooks';

interface PageProps {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  /** Text columns stay readable; galleries use the room there is. */
  narrow?: boolean;
  children: ReactNode;
}

/** The frame of a page: one heading, what can be done, the content. */
export function Page({ title, lead, actions, narrow = false, children }: PageProps) {
  useTitle(title);
  return (
    <div className={`mx-auto w-full px-4 pb-28 pt-5 sm:px-6 md:pb-14 md:pt-7 rail:px-9 ${narrow ? 'max-w-[860px]' : 'max-w-[1560px]'}`}>
      <header className="mb-5 flex flex-wrap items-end justify-between gap-x-6 gap-y-3 md:mb-6">
        <div className="min-w-0">
          <h1 className="text-2xl font-semibold leading-tight">{title}</h1>
          {lead && <p className="mt-1.5 max-w-[62ch] text-ink-soft">{lead}</p>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
