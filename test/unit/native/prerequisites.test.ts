import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExitCode } from '../../../src/error.js';
import { missingPrerequisite } from '../../../src/native/prerequisites.js';

const allCapabilities = '000001ffffffffff';
const good = [
  '/proc/net/ip_vs',
  '/sys/kernel/btf/vmlinux',
  '/sys/kernel/btf/ip_vs',
  '/sys/module/ip_vs/initstate',
];
const bpfAndPerfmon = ((1n << 39n) | (1n << 38n)).toString(16);

const cases = [
  { name: 'all there', without: [], capabilities: allCapabilities, code: undefined },
  {
    name: 'two capabilities, which do for ip_vs built in',
    without: ['/sys/kernel/btf/ip_vs', '/sys/module/ip_vs/initstate'],
    capabilities: bpfAndPerfmon,
    code: undefined,
  },
  {
    name: 'two capabilities, which do not for a module',
    without: [],
    capabilities: bpfAndPerfmon,
    code: 'ERR_NO_CAPABILITY',
  },
  {
    name: 'ip_vs built in: its types are in vmlinux',
    without: ['/sys/kernel/btf/ip_vs', '/sys/module/ip_vs/initstate'],
    capabilities: allCapabilities,
    code: undefined,
  },
  { name: 'no ip_vs', without: ['/proc/net/ip_vs'], capabilities: '0', code: 'ERR_NO_IP_VS' },
  { name: 'no capability', without: [], capabilities: '0', code: 'ERR_NO_CAPABILITY' },
  {
    name: 'CAP_BPF alone',
    without: [],
    capabilities: (1n << 39n).toString(16),
    code: 'ERR_NO_CAPABILITY',
  },
  {
    name: 'no BTF',
    without: ['/sys/kernel/btf/vmlinux'],
    capabilities: allCapabilities,
    code: 'ERR_NO_BTF',
  },
  {
    name: 'no module BTF',
    without: ['/sys/kernel/btf/ip_vs'],
    capabilities: allCapabilities,
    code: 'ERR_NO_MODULE_BTF',
  },
];

for (const { name, without, capabilities, code } of cases) {
  test(`prerequisites: ${name}`, () => {
    const missing = missingPrerequisite({
      exists: (path) => good.includes(path) && !without.includes(path),
      read: () => `Name:\tnode\nCapEff:\t${capabilities}\n`,
    });
    assert.equal(missing?.code, code);
    if (missing !== undefined) {
      assert.equal(missing.exitCode, ExitCode.prerequisite);
      assert.ok(missing.hint, 'says what to do');
      assert.doesNotMatch(missing.toLine(), /\n/);
    }
  });
}
