import { Button } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

/** What the button needs of an infinite query. */
export interface PagedList {
  hasNextPage: boolean;
  isFetching: boolean;
  isFetchingNextPage: boolean;
  refetch(options: { cancelRefetch: boolean }): Promise<unknown>;
  fetchNextPage(): Promise<unknown>;
}

/** The button under a list that has more; nothing where it has not. */
export function LoadMore({ list }: { list: PagedList }) {
  const { t } = useTranslation();
  const [waits, setWaits] = useState(false);
  const { hasNextPage, isFetching, isFetchingNextPage } = list;
  if (!hasNextPage) return null;
  const load = async () => {
    setWaits(true);
    // Asking for the next page would cancel what is being read again just now, and what that was to bring would be missed.
    if (isFetching) await list.refetch({ cancelRefetch: false });
    await list.fetchNextPage();
    setWaits(false);
  };
  return (
    <div className="mt-6 flex justify-center">
      <Button loading={waits || isFetchingNextPage} onClick={() => void load()}>
        {t('app.loadMore')}
      </Button>
    </div>
  );
}
