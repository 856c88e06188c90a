import assert from 'node:assert/strict';
import { test } from 'node:test';
import { btfDirectories, findBtfFile } from '../../../src/native/btf-file.js';
import { ipvsInstance } from '../../../src/native/ipvs-module.js';

const proc = '/proc/net/ip_vs';
const initstate = '/sys/module/ip_vs/initstate';

const cases = [
  { name: 'not loaded', paths: [], state: '', expect: undefined },
  {
    name: 'a module that still initialises',
    paths: [proc, initstate],
    state: 'coming',
    expect: undefined,
  },
  {
    name: 'a module that is being unloaded',
    paths: [proc, initstate],
    state: 'going',
    expect: undefined,
  },
  { name: 'a module', paths: [proc, initstate], state: 'live', expect: '77' },
  { name: 'built in', paths: [proc], state: '', expect: 'built in' },
];

for (const { name, paths, state, expect } of cases) {
  test(`which loading of ip_vs this is: ${name}`, () => {
    const files = {
      exists: (path: string) => paths.includes(path),
      read: () => `${state}\n`,
      release: '',
    };
    assert.equal(
      ipvsInstance(files, () => 77),
      expect,
    );
  });
}

test('a module that is unloaded between two reads', () => {
  const files = {
    exists: () => true,
    read: (): string => {
      throw Object.assign(new Error('gone'), { code: 'ENOENT' });
    },
    release: '',
  };
  assert.equal(ipvsInstance(files), undefined);
});

test('out of descriptors: whether it is there is not known', () => {
  const files = {
    exists: () => true,
    read: (): string => {
      throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    },
    release: '',
  };
  assert.throws(() => ipvsInstance(files), { code: 'EMFILE' });
});

test('types are found by the exact release, the operator before what comes along', () => {
  const present = ['/b/5.10.0-46-amd64.btf', '/c/5.10.0-46-amd64.btf', '/a/5.10.0-4-amd64.btf'];
  const files = (release: string) => ({
    exists: (path: string) => present.includes(path),
    read: () => '',
    release,
  });
  const directories = ['/a', '/b', '/c'];
  assert.equal(findBtfFile(files('5.10.0-46-amd64'), directories), '/b/5.10.0-46-amd64.btf');
  assert.equal(findBtfFile(files('5.10.0-47-amd64'), directories), undefined);
  assert.deepEqual(btfDirectories('/x:/y').slice(0, 2), ['/x', '/y']);
  assert.deepEqual(btfDirectories('').length, 1);
});
