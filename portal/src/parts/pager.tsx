/** Page by page through a long list. */
import { Pagination } from '@mantine/core';

export function Pager(props: {
  readonly page: number;
  readonly total: number;
  readonly count: number;
  readonly onPage: (page: number) => void;
}) {
  const { page, total, count, onPage } = props;
  const pages = Math.max(1, Math.ceil(total / count));
  const first = total === 0 ? 0 : (page - 1) * count + 1;
  return (
    <div className="row" style={{ justifyContent: 'space-between', padding: '10px 12px' }}>
      <span className="dim number">
        {first}–{Math.min(total, page * count)} of {total}
      </span>
      {pages === 1 ? null : (
        <Pagination
          size="sm"
          value={page}
          total={pages}
          siblings={1}
          onChange={onPage}
          getControlProps={(control) => ({ 'aria-label': `${control} page` })}
          getItemProps={(n) => ({ 'aria-label': `page ${n}` })}
        />
      )}
    </div>
  );
}
