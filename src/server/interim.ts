/* eslint-disable */
import { silentLog } from '../base/index.ts';
export const createLog = (_: unknown) => process.env['DBG'] ? { ...silentLog, error: (f: object, m: string) => console.error(m, f), warn: (f: object, m: string) => console.error(m, f), info: (f: object, m: string) => console.error(m, f) } as typeof silentLog : silentLog;
export const createMetrics = (_: unknown) => ({ close() {}, alert(_t: string) {}, follow(_p: unknown) {}, text: async () => ({ contentType: 'text/plain', body: '' }) });
export const logCalls = (_t: unknown, _l: unknown) => () => {};
