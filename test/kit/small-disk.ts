/** A disk of its own that is soon full: a small tmpfs. Needs root. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export class SmallDisk {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'graine-disk-'));

  /** undefined where mounting is not permitted. */
  static open(megabytes: number): SmallDisk | undefined {
    const disk = new SmallDisk();
    const size = `size=${megabytes}m,mode=700`;
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', size, 'graine-test', disk.folder]).status === 0) return disk;
    rmSync(disk.folder, { recursive: true });
    return undefined;
  }

  fill(): void {
    const { bsize, bavail } = statfsSync(this.folder);
    writeFileSync(path.join(this.folder, 'ballast'), Buffer.alloc(bsize * bavail));
  }

  empty(): void {
    rmSync(path.join(this.folder, 'ballast'), { force: true });
  }

  close(): void {
    execFileSync('umount', ['-l', this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
