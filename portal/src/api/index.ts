/** REST and the live feed: all the portal knows of the server. */
export { api, ApiError, type Detail, messageOf, onSessionLost, query } from './client.ts';
export { type FeedState, type LiveCall, LiveFeed, type LiveQuality, type LiveView, type NodesView } from './live.ts';
export type * from './rows.ts';
export { type Credentials, type Role, signIn, signOut, type User, whoAmI } from './session.ts';
