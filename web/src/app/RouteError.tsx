import { Button } from 'antd';
import { Compass } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useRouteError } from 'react-router';
import { api, ApiError } from '../api/client';
import { Empty, Failure } from '../ui/states';

/** How often a server that is away is asked whether it is back. */
const ASK_AGAIN_MS = 3000;

const serverAnswers = (): Promise<boolean> =>
  api.GET('/healthz').then(
    ({ response }) => response.ok,
    () => false,
  );

/**
 * A page that broke, or whose file could not be loaded: after an update, or because the server is away. A reload would
 * only show the browser's own error page then, so it waits until the server answers, and goes on by itself.
 */
export function RouteError() {
  const error = useRouteError();
  const [away, setAway] = useState(false);
  useEffect(() => {
    let current = true;
    const ask = async () => {
      const answers = await serverAnswers();
      if (current) setAway(!answers);
    };
    void ask();
    const timer = setInterval(() => void ask(), ASK_AGAIN_MS);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, []);
  const wasAway = useRef(false);
  useEffect(() => {
    if (wasAway.current && !away) location.reload();
    wasAway.current = away;
  }, [away]);
  return (
    <div className="px-4 py-16">
      <Failure error={away ? new ApiError(0, 'network') : error} retry={() => void serverAnswers().then((answers) => (answers ? location.reload() : setAway(true)))} />
    </div>
  );
}

export function NotFound() {
  const { t } = useTranslation();
  return (
    <div className="px-4 py-16">
      <Empty icon={Compass} title={t('app.error.notFound')}>
        <Link to="/live">
          <Button type="primary">{t('app.error.home')}</Button>
        </Link>
      </Empty>
    </div>
  );
}
