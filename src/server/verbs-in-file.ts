/** The verbs that the configuration itself has: checked as those of REST are, before a call finds out. */
import { type Config, invalid } from '../config/index.ts';
import { describeFaults, parseApplication } from '../verbs/index.ts';

/** Throws `config-invalid` with every fault and its line. */
export function refuseBadVerbs(config: Config): void {
  const faults = config.accounts.flatMap((account, a) =>
    account.applications.flatMap(({ app_json: verbs }, i) => {
      const parsed = verbs === undefined ? undefined : parseApplication(verbs);
      if (parsed === undefined || parsed.ok) return [];
      const path = `accounts[${a}].applications[${i}].app_json`;
      return [{ line: config.lines.get(path) ?? 0, path, message: describeFaults(parsed.faults) }];
    }),
  );
  if (faults.length > 0) throw invalid(config.source ?? 'the configuration', faults);
}
