import { App, Button } from 'antd';
import { useCallback, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

const UNDO_SECONDS = 30;

/** Says what was done and offers to undo it for 30 s. */
export function useUndo(): (text: string, undo: () => void) => void {
  const { notification } = App.useApp();
  return useCallback(
    (text, undo) => {
      const key = `undo-${Date.now()}`;
      notification.open({
        key,
        title: null,
        description: (
          <UndoLine
            text={text}
            onUndo={() => {
              notification.destroy(key);
              undo();
            }}
          />
        ),
        duration: UNDO_SECONDS,
        placement: 'bottom',
        closable: { closeIcon: false },
        role: 'status',
        className: 'undo-snackbar',
      });
    },
    [notification],
  );
}

function UndoLine({ text, onUndo }: { text: string; onUndo: () => void }) {
  const { t } = useTranslation();
  const [left, setLeft] = useState(UNDO_SECONDS);
  useEffect(() => {
    const timer = setInterval(() => setLeft((seconds) => Math.max(0, seconds - 1)), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className="flex items-center justify-between gap-4">
      <span className="min-w-0 text-ink">{text}</span>
      <Button size="small" type="primary" onClick={onUndo} className="tabular-nums">
        {t('people.undoIn', { seconds: left })}
      </Button>
    </div>
  );
}
