import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExitCode, type IpvscopeError } from '../../../src/error.js';
import { findPrograms } from '../../../src/exec/find.js';

test('programs: one error names all that are missing, and their packages', () => {
  assert.throws(
    () => findPrograms(['ip', 'ipvsadm', 'nft'], ['/nowhere']),
    (error: IpvscopeError) => {
      assert.equal(error.exitCode, ExitCode.prerequisite);
      assert.equal(
        error.toLine(),
        'ERR_PROGRAM_MISSING: not installed here: ip, ipvsadm, nft (hint: apt-get install iproute2 ipvsadm nftables)',
      );
      return true;
    },
  );
});
