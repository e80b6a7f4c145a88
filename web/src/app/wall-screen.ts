import { useSearchParams } from 'react-router';

/** A page alone on a wall screen (`?wall=1`): no rail, no bar. */
export function useWallScreen(): { on: boolean; set: (on: boolean) => void } {
  const [search, setSearch] = useSearchParams();
  return {
    on: search.get('wall') === '1',
    set: (on) => {
      setSearch((before) => {
        const next = new URLSearchParams(before);
        if (on) next.set('wall', '1');
        else next.delete('wall');
        return next;
      });
    },
  };
}
