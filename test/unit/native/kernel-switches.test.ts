import assert from 'node:assert/strict';
import { test } from 'node:test';
import { switchesOff } from '../../../src/native/kernel-switches.js';

const ftrace = '/proc/sys/kernel/ftrace_enabled';
const kprobes = '/sys/kernel/debug/kprobes/enabled';

function files(contents: Readonly<Record<string, string>>) {
  return {
    release: '6.12',
    exists: (path: string) => path in contents,
    read: (path: string) => {
      const content = contents[path];
      if (content === undefined) throw new Error('EACCES');
      return content;
    },
  };
}

const off = { [ftrace]: '0\n', [kprobes]: '0\n' };

test('each switch that is off is named, as far as it stops what is attached', () => {
  assert.deepEqual(switchesOff('kprobe', files(off)), [
    'kernel.ftrace_enabled=0',
    '/sys/kernel/debug/kprobes/enabled=0',
  ]);
  assert.deepEqual(switchesOff('fexit', files(off)), ['kernel.ftrace_enabled=0']);
});

test('what is on, and what cannot be read, is not named', () => {
  assert.deepEqual(switchesOff('kprobe', files({ [ftrace]: '1\n', [kprobes]: '1\n' })), []);
  assert.deepEqual(switchesOff('kprobe', files({})), []);
});
