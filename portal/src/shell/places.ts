/** Where one can go. The navigation is drawn from this; `admin` places are for the administrator. */
import {
  Activity,
  AppWindow,
  AudioLines,
  BellRing,
  Building2,
  Cable,
  Hash,
  History,
  KeyRound,
  type LucideIcon,
  MonitorSmartphone,
  PhoneCall,
  ScrollText,
  UserRound,
  UsersRound,
  Waypoints,
} from 'lucide-react';

export type Place = {
  readonly path: string;
  readonly title: string;
  readonly icon: LucideIcon;
  readonly admin?: boolean;
  /** Not for people who only read. */
  readonly writers?: boolean;
};

export type Group = { readonly title: string; readonly places: readonly Place[] };

export const groups: readonly Group[] = [
  {
    title: 'Calls',
    places: [
      { path: '/live', title: 'Live calls', icon: Activity },
      { path: '/recent', title: 'Recent calls', icon: History },
      { path: '/dial', title: 'Dial builder', icon: PhoneCall },
    ],
  },
  {
    title: 'Routing',
    places: [
      { path: '/numbers', title: 'Numbers', icon: Hash },
      { path: '/applications', title: 'Applications', icon: AppWindow },
      { path: '/carriers', title: 'Carriers', icon: Cable },
      { path: '/clients', title: 'SIP users', icon: UserRound },
      { path: '/teams', title: 'Teams tenants', icon: Waypoints },
      { path: '/speech', title: 'Speech', icon: AudioLines },
    ],
  },
  {
    title: 'Watch',
    places: [
      { path: '/devices', title: 'Devices', icon: MonitorSmartphone },
      { path: '/alerts', title: 'Alerts', icon: BellRing },
      { path: '/audit', title: 'Audit log', icon: ScrollText },
    ],
  },
  {
    title: 'Access',
    places: [
      { path: '/people', title: 'People', icon: UsersRound },
      { path: '/keys', title: 'API keys', icon: KeyRound, writers: true },
      { path: '/accounts', title: 'Accounts', icon: Building2, admin: true },
    ],
  },
];
