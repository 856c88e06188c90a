import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExitCode, IpvscopeError } from '../../../src/error.js';
import {
  type Attachment,
  type AttachRequest,
  planAttachments,
} from '../../../src/native/attachment.js';

const all = '000001ffffffffff';
const bpfAndPerfmon = ((1n << 39n) | (1n << 38n)).toString(16);
const sysAdmin = (1n << 21n).toString(16);
const bpf = (1n << 39n).toString(16);

const ipvs = '/proc/net/ip_vs';
const vmlinux = '/sys/kernel/btf/vmlinux';
const moduleTypes = '/sys/kernel/btf/ip_vs';
const module = '/sys/module/ip_vs/initstate';
const good = [ipvs, vmlinux, moduleTypes, module];
const fexit: Attachment = { variant: 'fexit' };
const kprobe: Attachment = { variant: 'kprobe' };
const given: Attachment = { variant: 'kprobe', btf: '/given.btf' };
const found: Attachment = { variant: 'kprobe', btf: '/found.btf' };

interface Case {
  readonly name: string;
  readonly request?: AttachRequest;
  readonly without?: readonly string[];
  readonly capabilities?: string;
  /** Whether a BTF file of this release is in the search path. */
  readonly file?: boolean;
  readonly expect: string | readonly Attachment[];
}

const cases: readonly Case[] = [
  { name: 'no ip_vs', without: [ipvs], capabilities: '0', expect: 'ERR_NO_IP_VS' },
  { name: 'no capability', capabilities: '0', expect: 'ERR_NO_CAPABILITY' },
  { name: 'CAP_BPF alone', capabilities: bpf, expect: 'ERR_NO_CAPABILITY' },
  {
    name: 'two capabilities, which do not for fexit on a module',
    capabilities: bpfAndPerfmon,
    expect: [{ ...kprobe, withoutFexit: 'fexit on the module ip_vs requires CAP_SYS_ADMIN' }],
  },
  {
    name: 'two capabilities, fexit on a module asked for',
    request: { variant: 'fexit' },
    capabilities: bpfAndPerfmon,
    expect: 'ERR_NO_CAPABILITY',
  },
  {
    name: 'two capabilities, kprobe asked for',
    request: { variant: 'kprobe' },
    capabilities: bpfAndPerfmon,
    expect: [kprobe],
  },
  { name: 'CAP_SYS_ADMIN alone', capabilities: sysAdmin, expect: [fexit, kprobe] },
  { name: 'no BTF', without: [vmlinux], expect: 'ERR_NO_BTF' },
  { name: 'no BTF of modules', without: [moduleTypes], expect: 'ERR_NO_MODULE_BTF' },
  {
    name: 'no BTF of modules, a file found, fexit asked for',
    request: { variant: 'fexit' },
    without: [moduleTypes],
    file: true,
    expect: 'ERR_NO_MODULE_BTF',
  },
  { name: 'a file that there is not', request: { btf: '/none.btf' }, expect: 'ERR_BTF_FILE' },
  {
    name: 'a file, and fexit',
    request: { btf: '/given.btf', variant: 'fexit' },
    expect: 'ERR_BTF_FILE',
  },
  { name: 'all there', expect: [fexit, kprobe] },
  { name: 'all there, a file too: not needed', file: true, expect: [fexit, kprobe] },
  { name: 'fexit asked for', request: { variant: 'fexit' }, expect: [fexit] },
  { name: 'kprobe asked for', request: { variant: 'kprobe' }, expect: [kprobe] },
  { name: 'a file given', request: { btf: '/given.btf' }, file: true, expect: [given] },
  { name: 'a file found', without: [moduleTypes], file: true, expect: [found] },
  {
    name: 'a file found, two capabilities, which do for a file',
    without: [moduleTypes],
    capabilities: bpfAndPerfmon,
    file: true,
    expect: [found],
  },
  {
    name: 'no BTF at all, a file found',
    without: [vmlinux, moduleTypes],
    file: true,
    expect: [found],
  },
  {
    name: 'ip_vs built in: its types are in vmlinux',
    without: [moduleTypes, module],
    expect: [fexit, kprobe],
  },
  {
    name: 'two capabilities, which do for ip_vs built in',
    without: [moduleTypes, module],
    capabilities: bpfAndPerfmon,
    expect: [fexit, kprobe],
  },
];

for (const { name, request, without = [], capabilities = all, file, expect } of cases) {
  test(`ways to attach: ${name}`, () => {
    const plan = (): readonly Attachment[] =>
      planAttachments(
        request,
        {
          exists: (path) =>
            (good.includes(path) && !without.includes(path)) || path === '/given.btf',
          read: () => `Name:\tnode\nCapEff:\t${capabilities}\n`,
          release: '6.1.0-1-amd64',
        },
        () => (file === true ? '/found.btf' : undefined),
      );
    if (typeof expect !== 'string') {
      assert.deepEqual(plan(), expect);
      return;
    }
    assert.throws(plan, (error: unknown) => {
      assert.ok(error instanceof IpvscopeError);
      assert.equal(error.code, expect);
      const usage = expect === 'ERR_BTF_FILE';
      assert.equal(error.exitCode, usage ? ExitCode.usage : ExitCode.prerequisite);
      assert.ok(error.hint, 'says what to do');
      assert.doesNotMatch(error.toLine(), /\n/);
      return true;
    });
  });
}
