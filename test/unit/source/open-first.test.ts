import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, ExitCode, IpvscopeError } from '../../../src/error.js';
import type { Attachment } from '../../../src/native/attachment.js';
import { openFirst } from '../../../src/source/open-first.js';

const attachments: readonly Attachment[] = [{ variant: 'fexit' }, { variant: 'kprobe' }];

const missing = (code: ErrorCode): IpvscopeError =>
  new IpvscopeError(code, 'refused', { exitCode: ExitCode.prerequisite });

/** Opens with what is not refused; returns what was tried and reported as well. */
function tryAll(refusals: Readonly<Record<string, Error>>) {
  const tried: string[] = [];
  const reported: string[] = [];
  const result = () =>
    openFirst(
      attachments,
      ({ variant }) => {
        tried.push(variant);
        const refusal = refusals[variant];
        if (refusal !== undefined) throw refusal;
        return `opened with ${variant}`;
      },
      ({ variant }, { code }) => reported.push(`${variant} ${code}`),
    );
  return { tried, reported, result };
}

test('the first attachment that is taken ends the search', () => {
  const { tried, reported, result } = tryAll({});
  assert.deepEqual(result(), { opened: 'opened with fexit', attachment: { variant: 'fexit' } });
  assert.deepEqual([tried, reported], [['fexit'], []]);
});

test('a refused attachment is reported, and the next one tried', () => {
  const { tried, reported, result } = tryAll({ fexit: missing('ERR_PROBE_LOAD') });
  assert.equal(result().opened, 'opened with kprobe');
  assert.deepEqual([tried, reported], [['fexit', 'kprobe'], ['fexit ERR_PROBE_LOAD']]);
});

test('the last refusal is thrown, not reported', () => {
  const { reported, result } = tryAll({
    fexit: missing('ERR_PROBE_LOAD'),
    kprobe: missing('ERR_PROBE_ATTACH'),
  });
  assert.throws(result, { code: 'ERR_PROBE_ATTACH' });
  assert.deepEqual(reported, ['fexit ERR_PROBE_LOAD']);
});

for (const [name, refusal] of [
  ['lockdown', missing('ERR_KERNEL_LOCKDOWN')],
  ['an addon that cannot be loaded', missing('ERR_ADDON_LOAD')],
  ['an error that another variant does not avoid', new IpvscopeError('ERR_ARGUMENT', 'wrong')],
  ['a defect', new TypeError('defect')],
] as const) {
  test(`no other variant is tried after ${name}`, () => {
    const { tried, reported, result } = tryAll({ fexit: refusal });
    assert.throws(result, refusal);
    assert.deepEqual([tried, reported], [['fexit'], []]);
  });
}
