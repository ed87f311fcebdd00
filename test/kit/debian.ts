/** Debian packages the tests need: installed when we are root, else named in the one line to run. */
import { execFileSync, spawnSync } from 'node:child_process';

/** Which of these packages are not installed. */
export function missingDebian(packages: readonly string[]): string[] {
  return packages.filter((name) => {
    const found = spawnSync('dpkg-query', ['-W', '-f', '${Status}', name], { encoding: 'utf8' });
    return found.status !== 0 || !found.stdout.includes('ok installed');
  });
}

/** True when all are there at the end. */
export function ensureDebian(packages: readonly string[]): boolean {
  const missing = missingDebian(packages);
  if (missing.length === 0) return true;
  const line = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0) {
    console.error(`The tests need Debian packages. Run:\n  sudo ${line}`);
    return false;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', ...missing], { stdio: 'inherit', env });
  } catch {
    // The package lists may be old or absent: fetch them and try once more.
    spawnSync('apt-get', ['update'], { stdio: 'inherit', env });
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...missing], { stdio: 'inherit', env });
  }
  const still = missingDebian(packages);
  if (still.length > 0) console.error(`Could not install ${still.join(' ')}. Run:\n  ${line}`);
  return still.length === 0;
}
