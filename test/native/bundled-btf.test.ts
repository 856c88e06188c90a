import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../../src/exec/find.js';

// BTF files that come with ipvscope were reduced to what the probe read when they were built.

const root = fileURLToPath(new URL('../../..', import.meta.url));

interface BtfType {
  readonly kind: string;
  readonly name: string;
  readonly id: number;
  readonly members?: readonly { readonly name: string; readonly type_id: number }[];
}

function structs(file: string): ReadonlyMap<string, readonly string[]> {
  const { stdout, stderr, status } = spawnSync(
    findProgram('bpftool'),
    ['-j', 'btf', 'dump', 'file', file],
    { encoding: 'utf8', maxBuffer: 64 << 20 },
  );
  assert.equal(status, 0, stderr);
  const { types } = JSON.parse(stdout) as { types: readonly BtfType[] };
  const byId = new Map(types.map((type) => [type.id, type]));
  // Members of a struct or union without a name are members of what is around it.
  const membersOf = ({ members = [] }: BtfType): readonly string[] =>
    members.flatMap(({ name, type_id: id }) => {
      const type = byId.get(id);
      return name === '(anon)' && type !== undefined ? membersOf(type) : [name];
    });
  return new Map(
    types
      .filter(({ kind }) => kind === 'STRUCT' || kind === 'UNION')
      .map((type) => [type.name, membersOf(type)]),
  );
}

/** Not those with a flavour (___), which name what only some kernels have. */
const kernelTypes =
  /^(?!.*___)(sk_buff|net|ns_common|timer_list|task_struct|nf_\w+|ip_ct_\w+|ip_vs_\w+|netns_ipvs)$/;

const directory = join(root, 'native/btf');
for (const file of readdirSync(directory).filter((name) => name.endsWith('.btf'))) {
  test(`${file} has every member that the probe reads`, () => {
    const bundled = structs(join(directory, file));
    const read = [...structs(join(root, 'build/obj/ipvscope_kprobe.bpf.o'))].filter(([name]) =>
      kernelTypes.test(name),
    );
    assert.ok(read.length > 8, 'the object names the kernel types it reads');
    const missing = read.flatMap(([name, members]) =>
      members
        .filter((member) => !bundled.get(name)?.includes(member))
        .map((member) => `${name}.${member}`),
    );
    assert.deepEqual(missing, [], 'regenerate it: npm run bundle-btf');
  });
}
