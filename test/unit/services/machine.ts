import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory with as much of /proc and /run as is read of network namespaces. */
export class Machine {
  readonly root = mkdtempSync(join(tmpdir(), 'ipvscope-machine-'));

  constructor() {
    this.process('self', 1000);
  }

  /** A process in the namespace; `table`: its /proc/net/ip_vs. */
  process(pid: number | 'self', netns: number, table?: string): this {
    const directory = join(this.root, 'proc', `${pid}`);
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(join(directory, 'ns'), { recursive: true });
    mkdirSync(join(directory, 'net'), { recursive: true });
    symlinkSync(`net:[${netns}]`, join(directory, 'ns/net'));
    if (table !== undefined) writeFileSync(join(directory, 'net/ip_vs'), table);
    return this;
  }

  end(pid: number): this {
    rmSync(join(this.root, 'proc', `${pid}`), { recursive: true });
    return this;
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }
}
