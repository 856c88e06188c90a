import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ExitCode, errorCodes, IpvscopeError, isErrorCode } from '../../src/error.js';

test('a line has the code, what failed, and what to do', () => {
  const bare = new IpvscopeError('ERR_LISTEN', 'cannot listen on :1: permission denied');
  assert.equal(bare.toLine(), 'ERR_LISTEN: cannot listen on :1: permission denied');
  const hint = 'choose another with --web.listen-address';
  assert.equal(
    new IpvscopeError('ERR_LISTEN', 'cannot listen', { hint }).toLine(),
    `ERR_LISTEN: cannot listen (hint: ${hint})`,
  );
});

test('the exit code is that of the code, unless the caller knows better', () => {
  assert.equal(new IpvscopeError('ERR_LISTEN', '').exitCode, ExitCode.usage);
  assert.equal(new IpvscopeError('ERR_NO_IP_VS', '').exitCode, ExitCode.prerequisite);
  const { prerequisite } = ExitCode;
  assert.equal(new IpvscopeError('ERR_LAB_ACTS', '', { exitCode: prerequisite }).exitCode, 3);
});

test('whatever was thrown becomes an IpvscopeError', () => {
  const own = new IpvscopeError('ERR_LISTEN', 'x');
  assert.equal(IpvscopeError.from(own), own);
  const native = Object.assign(new Error('refused'), {
    ...{ code: 'ERR_PROBE_LOAD', step: 'load', errno: 1, log: 'verifier' },
  });
  const { code, step, errno, log, exitCode, cause } = IpvscopeError.from(native);
  assert.deepEqual(
    { code, step, errno, log, exitCode },
    { code: 'ERR_PROBE_LOAD', step: 'load', errno: 1, log: 'verifier', exitCode: 3 },
  );
  assert.equal(cause, native);
  const defect = new RangeError('beyond');
  assert.equal(IpvscopeError.from(defect).code, 'ERR_INTERNAL');
  assert.equal(IpvscopeError.from(defect).stack, defect.stack);
  assert.equal(IpvscopeError.from('text').toLine(), 'ERR_INTERNAL: text');
});

test('a refused system call is ERR_SYSTEM, with a positive errno', () => {
  try {
    readFileSync('/nowhere');
    assert.fail();
  } catch (cause) {
    const { code, errno, exitCode } = IpvscopeError.from(cause);
    assert.deepEqual({ code, errno, exitCode }, { code: 'ERR_SYSTEM', errno: 2, exitCode: 1 });
  }
  for (const code of ['EMFILE', 'ENFILE']) {
    const cause = Object.assign(new Error('too many'), { code, syscall: 'open', errno: -24 });
    assert.match(
      IpvscopeError.from(cause).toLine(),
      /^ERR_DESCRIPTORS: too many open files \(hint: raise the limit: /,
    );
  }
});

test('codes are known by name alone', () => {
  assert.equal(isErrorCode('ERR_LISTEN'), true);
  for (const other of ['ERR_NOTHING', 'toString', undefined, 3]) {
    assert.equal(isErrorCode(other), false);
  }
  for (const [code, { meaning }] of Object.entries(errorCodes)) {
    assert.match(code, /^ERR_[A-Z_]+$/);
    assert.doesNotMatch(meaning, /\.$|\n/);
  }
});
