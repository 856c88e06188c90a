import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openGenerator } from './generator.js';

// What a session takes of the kernel's memory.

/** What the kernel says of each map and program that this process holds. */
function descriptors(): string[] {
  return readdirSync('/proc/self/fdinfo').flatMap((name) => {
    try {
      const info = readFileSync(`/proc/self/fdinfo/${name}`, 'utf8');
      return /^(map|prog)_id:/m.test(info) ? [info] : [];
    } catch {
      return []; // the listing's own
    }
  });
}

const charged = (info: string): number => Number(/^memlock:\s*(\d+)$/m.exec(info)?.[1]);
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

test('a session says how many bytes of kernel memory it takes: what the kernel charges', () => {
  const before = sum(descriptors().map(charged));
  const { session } = openGenerator();
  const held = descriptors();
  assert.ok(held.length > 10);
  assert.equal(session.kernelMemory(), sum(held.map(charged)) - before);
});

test('what only kprobes need is not there without them', () => {
  openGenerator();
  // native/bpf/track/frames.bpf.h: two words a key, five a value.
  const frames = descriptors().filter((info) => /^key_size:\t16\nvalue_size:\t40$/m.test(info));
  assert.deepEqual(frames, []);
});

test('a CPU beyond those that are offline has counters and a ring of its own', () => {
  const session = new URL('../../src/native/session.js', import.meta.url);
  const script = `
    import { readdirSync, readFileSync } from 'node:fs';
    const { Session } = await import('${session}');
    const session = new Session({ generator: true });
    session.open();
    // BPF_MAP_TYPE_ARRAY_OF_MAPS
    for (const name of readdirSync('/proc/self/fdinfo')) {
      let info = '';
      try { info = readFileSync('/proc/self/fdinfo/' + name, 'utf8'); } catch {}
      if (/^map_type:\\t12$/m.test(info)) console.log(/^max_entries:\\t(.*)$/m.exec(info)[1]);
    }
    session.close();`;
  const online = '/sys/devices/system/cpu/online';
  const list = `f=$(mktemp); echo 0,2,5-6 >$f; mount --bind $f ${online}; rm $f; exec "$@"`;
  const { stdout, stderr } = spawnSync(
    'unshare',
    ['--mount', 'sh', '-ec', list, 'sh', process.execPath, '--input-type=module', '-e', script],
    { encoding: 'utf8' },
  );
  assert.equal(stdout, '7\n', stderr);
});
