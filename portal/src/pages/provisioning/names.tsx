/** Names of things that rows point at by their sid. */
import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/index.ts';
import { useAccount } from '../../shell/index.ts';
import { type Row, textOf } from '../resources/index.ts';

function useName(path: string, sidField: string, sid: unknown): string {
  const { account_sid: accountSid } = useAccount();
  const { data } = useQuery({
    queryKey: ['list', path, accountSid],
    queryFn: () => api.get<Row[]>(`/v1/Accounts/${accountSid}/${path}`),
  });
  const row = data?.find((each) => each[sidField] === sid);
  return row === undefined ? '' : textOf(row, 'name');
}

export function ApplicationName({ sid }: { readonly sid: unknown }) {
  const name = useName('Applications', 'application_sid', sid);
  return name === '' ? <span className="dim">none</span> : <>{name}</>;
}

export function CarrierName({ sid }: { readonly sid: unknown }) {
  const name = useName('VoipCarriers', 'voip_carrier_sid', sid);
  return name === '' ? <span className="dim">any</span> : <>{name}</>;
}
