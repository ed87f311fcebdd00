/** Finds, reads and checks the configuration. The only place that looks at the environment. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { messageOf } from '../base/index.ts';
import { check, covers } from './checks.ts';
import { type Config, configOf } from './config.ts';
import { demo } from './demo.ts';
import { type Fault, invalid, unbuilt, unreadable } from './faults.ts';
import { readYaml, type Shape } from './reader.ts';
import { type Raw, schema } from './schema.ts';

export type Surroundings = {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly folder?: string;
  /** Where the application of the built-in demo is. */
  readonly demoApp?: string;
};

const longest = 4 * 1024 * 1024;

/** The file named, else GRAINE_CONFIG, else ./graine.yaml, else the built-in demo. Throws `config-invalid` with every fault. */
export function loadConfig(named?: string, surroundings: Surroundings = {}): Config {
  const env = surroundings.env ?? process.env;
  const folder = surroundings.folder ?? process.cwd();
  const wanted = named ?? blankless(env['GRAINE_CONFIG']);
  const usual = path.resolve(folder, 'graine.yaml');
  const file = wanted === undefined ? (existsSync(usual) ? usual : undefined) : path.resolve(folder, wanted);
  const text = file === undefined ? demo(surroundings.demoApp) : readText(file);
  return parseConfig(text, { source: file, folder: file === undefined ? folder : path.dirname(file), env });
}

/** The same from text. */
export function parseConfig(
  text: string,
  { source, folder, env = {} }: { source: string | undefined; folder: string; env?: Surroundings['env'] },
): Config {
  const name = source ?? 'the built-in configuration';
  if (text.length > longest) throw invalid(name, [{ line: 0, path: '', message: `longer than ${longest} bytes` }]);
  const { value, faults, broken, lines } = readYaml(text, schema as unknown as Shape);
  const raw = value as Raw;
  const shared = blankless(env['GRAINE_LIVE_SECRET']);
  if (shared !== undefined && !covers(broken, 'live')) raw.live.secret = shared;
  const all = [...faults, ...check(raw, lines, broken)];
  if (!covers(broken, 'log')) all.push(...overlay(raw, env));
  if (all.length > 0) throw invalid(name, all);
  return configOf(raw, { source, folder, lines, secretKeys: secretKeys(env) });
}

/** Refuses, naming each, what the schema knows and this version cannot do yet. For starting; reading is fine. */
export function refuseUnbuilt(config: Config, built: { readonly transports: readonly string[] }): void {
  const faults: Fault[] = [];
  const missing = (at: string, message: string): void => {
    faults.push({ line: config.lines.get(at) ?? 0, path: at, message });
  };
  config.sip.listen.forEach(({ transport, address, port }, i) => {
    if (built.transports.includes(transport)) return;
    missing(`sip.listen[${i}]`, `${transport} listeners are not built yet (${transport}://${address}:${port})`);
  });
  if (faults.length > 0) throw unbuilt(config.source ?? 'the configuration', faults);
}

const levels = ['error', 'warn', 'info', 'debug', 'silent'] as const;

/** The environment goes over the file: GRAINE_LOG=level, GRAINE_DEBUG=area,area. */
function overlay(raw: Raw, env: Readonly<Record<string, string | undefined>>): Fault[] {
  const areas = blankless(env['GRAINE_DEBUG']);
  if (areas !== undefined)
    raw.log.debug = areas
      .split(',')
      .map((area) => area.trim())
      .filter((area) => area !== '');
  const wanted = blankless(env['GRAINE_LOG']);
  if (wanted === undefined) return [];
  const level = levels.find((each) => each === wanted);
  if (level === undefined)
    return [{ line: 0, path: 'GRAINE_LOG', message: `expected one of ${levels.join(', ')}, found '${wanted}'` }];
  raw.log.level = level;
  return [];
}

/** GRAINE_SECRET_KEY: one key, or several with commas between: the first seals the store, the others still open it. */
function secretKeys(env: Readonly<Record<string, string | undefined>>): string[] {
  const keys = blankless(env['GRAINE_SECRET_KEY'])?.split(',') ?? [];
  return keys.map((key) => key.trim()).filter((key) => key !== '');
}

function blankless(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text.trim();
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (fault) {
    throw unreadable(file, messageOf(fault));
  }
}
