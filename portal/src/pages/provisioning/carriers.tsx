/** Carriers; one of them with its gateways. */
import { useQuery } from '@tanstack/react-query';
import { ArrowLeft, Cable, Server } from 'lucide-react';
import { Link, Route, Switch, useParams } from 'wouter';
import { api } from '../../api/index.ts';
import { ErrorNote, Mark, Page } from '../../parts/index.ts';
import { useAccount } from '../../shell/index.ts';
import { type Definition, ResourceList, ResourcePage, type Row, textOf } from '../resources/index.ts';
import { ApplicationName } from './names.tsx';

const registers = (values: Row) => values['requires_register'] === true;
const overTls = (values: Row) => values['protocol'] === 'tls' || values['require_certificate'] === true;
const certified = (values: Row) => values['require_certificate'] === true;
const encrypted = (values: Row) => values['srtp'] === 'offer' || values['srtp'] === 'require';

const carriers: Definition = {
  title: 'Carriers',
  noun: 'carrier',
  about: 'Who brings calls in and takes calls out.',
  icon: Cable,
  path: 'VoipCarriers',
  sid: 'voip_carrier_sid',
  nameOf: (row) => textOf(row, 'name'),
  columns: [
    {
      head: 'Name',
      cell: (row) => <Link href={`/carriers/${textOf(row, 'voip_carrier_sid')}`}>{textOf(row, 'name')}</Link>,
    },
    {
      head: 'State',
      cell: (row) => (row['is_active'] === false ? <Mark tone="">inactive</Mark> : <Mark tone="ok">active</Mark>),
    },
    { head: 'Kind', cell: (row) => ({ reg: 'registers', auth: 'digest' })[textOf(row, 'trunk_type')] ?? 'by address' },
    { head: 'Inbound to', cell: (row) => <ApplicationName sid={row['application_sid']} /> },
    { head: 'Priority', cell: (row) => textOf(row, 'priority'), end: true },
    { head: 'At most', cell: (row) => limits(row), end: true },
  ],
  fields: [
    { is: 'text', name: 'name', label: 'Name', required: true, help: 'The trunk that a dial target names' },
    {
      is: 'pointer',
      name: 'application_sid',
      label: 'Application',
      path: 'Applications',
      sid: 'application_sid',
      title: 'name',
      help: 'For numbers without one of their own',
    },
    { is: 'area', name: 'description', label: 'Description' },
    { is: 'switch', name: 'is_active', label: 'Active', standard: true, help: 'Else it takes and gets no calls' },
    { is: 'switch', name: 'e164_leading_plus', label: 'Leading +', help: 'Send numbers with a +' },
    { is: 'text', name: 'tech_prefix', label: 'Prefix', help: 'Put before every number' },
    { is: 'text', name: 'outbound_sip_proxy', label: 'Outbound proxy', help: 'Next hop for every call, host[:port]' },
    {
      is: 'choice',
      name: 'dtmf_type',
      label: 'Keys go as',
      standard: 'rfc2833',
      options: [
        ['rfc2833', 'telephone events (RFC 4733)'],
        ['tones', 'tones'],
        ['info', 'SIP INFO'],
      ],
    },
    { is: 'text', name: 'diversion', label: 'Diversion', help: 'Number for the Diversion header' },
    { is: 'number', name: 'max_calls', label: 'Most calls at once', min: 1, help: 'More wait' },
    { is: 'number', name: 'max_cps', label: 'Most new calls a second', decimals: true, help: 'More wait' },
    { is: 'number', name: 'priority', label: 'Priority', min: 0, help: 'Lower first' },
    { is: 'number', name: 'weight', label: 'Weight', min: 0, help: 'Share among equals' },
    { is: 'switch', name: 'trusted', label: 'Trusted', help: 'Gets identities their owner marked private' },
    { is: 'switch', name: 'own_numbers_only', label: 'Own numbers only', help: 'Caller ids must be ours' },
    { is: 'switch', name: 'requires_register', label: 'Register with it', wide: true },
    { is: 'text', name: 'register_sip_realm', label: 'Realm', when: registers },
    { is: 'text', name: 'register_username', label: 'User', help: 'For registration and digest' },
    { is: 'secret', name: 'register_password', label: 'Password' },
    { is: 'text', name: 'register_from_user', label: 'From user', when: registers },
    { is: 'text', name: 'register_from_domain', label: 'From domain', when: registers },
    {
      is: 'switch',
      name: 'register_public_ip_in_contact',
      label: 'Public address in Contact',
      help: 'It sends calls to sip.advertise',
      when: registers,
      wide: true,
    },
  ],
  empty: 'Add the carrier your calls come from or go to, then its gateways: the addresses it uses.',
};

function limits(row: Row): string {
  const [calls, cps] = [textOf(row, 'max_calls'), textOf(row, 'max_cps')];
  return [calls && `${calls} calls`, cps && `${cps} a second`].filter(Boolean).join(', ') || '–';
}

function gatewaysOf(carrierSid: string): Definition {
  return {
    title: 'Gateways',
    noun: 'gateway',
    about: '',
    icon: Server,
    path: 'SipGateways',
    sid: 'sip_gateway_sid',
    fixed: { voip_carrier_sid: carrierSid },
    nameOf: (row) => textOf(row, 'ipv4'),
    columns: [
      {
        head: 'Address',
        cell: (row) => (
          <span className="mono">
            {textOf(row, 'ipv4')}
            {row['port'] === null ? '' : `:${textOf(row, 'port')}`}
            {row['netmask'] === 32 ? '' : `/${textOf(row, 'netmask')}`}
          </span>
        ),
      },
      { head: 'Transport', cell: (row) => textOf(row, 'protocol') },
      { head: 'Calls', cell: (row) => ways(row) },
      { head: 'SRTP', cell: (row) => textOf(row, 'srtp') },
      { head: 'Certificate', cell: (row) => certificateOf(row) },
      {
        head: 'State',
        cell: (row) => (row['is_active'] === false ? <Mark tone="">inactive</Mark> : <Mark tone="ok">active</Mark>),
      },
      { head: 'Priority', cell: (row) => `${textOf(row, 'priority')} / ${textOf(row, 'weight')}`, end: true },
    ],
    fields: [
      { is: 'text', name: 'ipv4', label: 'Address', required: true, help: 'IP address or host name' },
      { is: 'number', name: 'port', label: 'Port', min: 1, max: 65535, help: 'Empty: by DNS, else 5060' },
      { is: 'number', name: 'netmask', label: 'Netmask', min: 0, max: 128, help: 'To recognise inbound calls' },
      {
        is: 'choice',
        name: 'protocol',
        label: 'Transport',
        standard: 'udp',
        options: [
          ['udp', 'UDP'],
          ['tcp', 'TCP'],
          ['tls', 'TLS'],
        ],
      },
      {
        is: 'choice',
        name: 'srtp',
        label: 'Encrypted audio',
        standard: 'none',
        options: [
          ['none', 'no'],
          ['offer', 'offered'],
          ['require', 'required'],
        ],
      },
      { is: 'switch', name: 'inbound', label: 'Inbound', standard: true, help: 'Calls from here are the carrier’s' },
      { is: 'switch', name: 'outbound', label: 'Outbound', standard: true, help: 'Calls may be sent here' },
      { is: 'switch', name: 'is_active', label: 'Active', standard: true },
      { is: 'switch', name: 'send_options_ping', label: 'Watch by OPTIONS' },
      { is: 'number', name: 'priority', label: 'Priority', min: 0 },
      { is: 'number', name: 'weight', label: 'Weight', min: 0 },
      { is: 'switch', name: 'ice', label: 'ICE', help: 'Calls to it are offered with ICE', when: encrypted },
      {
        is: 'switch',
        name: 'require_certificate',
        label: 'Ask for its certificate',
        help: 'Its calls must come over TLS, with a certificate whose authority sip.tls.client_ca names',
        when: overTls,
        wide: true,
      },
      {
        is: 'text',
        name: 'certificate_subject',
        label: 'Name in the certificate',
        help: 'Empty: its address, where that is a name',
        when: certified,
      },
      {
        is: 'text',
        name: 'certificate_fingerprint',
        label: 'Or its fingerprint',
        help: 'SHA-256 in hex: this very certificate, whoever signed it',
        when: certified,
      },
    ],
    empty: 'A carrier without gateways takes no calls. Add the addresses it gave you.',
  };
}

function certificateOf(row: Row): string {
  if (row['require_certificate'] !== true) return '–';
  if (textOf(row, 'certificate_fingerprint') !== '') return 'this very one';
  return `of ${textOf(row, 'certificate_subject') || textOf(row, 'ipv4')}`;
}

function ways(row: Row): string {
  const words = [row['inbound'] === true && 'in', row['outbound'] === true && 'out'].filter(Boolean);
  return words.join(' and ') || 'none';
}

function OneCarrier() {
  const { sid = '' } = useParams();
  const { account_sid: accountSid } = useAccount();
  const { data, error } = useQuery({
    queryKey: ['carrier', accountSid, sid],
    queryFn: () => api.get<Row>(`/v1/Accounts/${accountSid}/VoipCarriers/${sid}`),
  });
  return (
    <Page
      title={data === undefined ? 'Carrier' : textOf(data, 'name')}
      about="Gateways: where calls of this carrier come from and go to, by priority and weight."
      actions={
        <Link href="/carriers" className="row">
          <ArrowLeft size={15} aria-hidden /> All carriers
        </Link>
      }
    >
      <ErrorNote fault={error} />
      <ResourceList definition={gatewaysOf(sid)} />
    </Page>
  );
}

export default function Carriers() {
  return (
    <Switch>
      <Route path="/carriers/:sid" component={OneCarrier} />
      <Route>
        <ResourcePage definition={carriers} />
      </Route>
    </Switch>
  );
}
