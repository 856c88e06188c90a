import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suites } from '../../../src/conformance/index.js';
import { ExitCode, type IpvscopeError } from '../../../src/error.js';
import { findPrograms } from '../../../src/exec/find.js';
import { scenarios as named } from '../../../src/scenario/index.js';
import { CleanUp } from '../../../src/testbed/clean-up.js';
import { testbedNamespaces } from '../../../src/testbed/namespaces.js';
import { serverStateAt } from '../../../src/testbed/played.js';
import { retransmitTimes } from '../../../src/testbed/syn-retransmits.js';
import { textTable } from '../../../src/verify/text-table.js';
import { played, RS1 } from '../verify/played-round.js';

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

test('clean-up: every step is taken, the last first, and what failed is named', async () => {
  const cleanUp = new CleanUp();
  const order: string[] = [];
  cleanUp.add('the first', () => order.push('first'));
  cleanUp.add('the second', () => {
    order.push('second');
    throw new Error('busy');
  });
  cleanUp.add('the third', async () => order.push('third'));
  await assert.rejects(cleanUp.run(), (error: IpvscopeError) => {
    assert.equal(error.code, 'ERR_SCENARIO_CLEAN_UP');
    assert.match(error.message, /could not remove the second$/);
    return true;
  });
  assert.deepEqual(order, ['third', 'second', 'first']);
  await cleanUp.run();
  assert.equal(order.length, 3);
});

test('namespaces: only those of testbeds are ours', () => {
  const list = [
    'ipvscope-12-client (id: 3)',
    'ipvscope-12-director',
    'ipvscope-7-rs1',
    'ipvscope-7-rs1-mine',
    'ipvscope-x-rs1',
    'ipvscope-7-other',
    'cni-ipvscope-7-rs2',
    '',
  ].join('\n');
  assert.deepEqual(
    [...testbedNamespaces(list)],
    [
      [12, ['ipvscope-12-client', 'ipvscope-12-director']],
      [7, ['ipvscope-7-rs1']],
    ],
  );
});

test('copies of a SYN: doubling, or a second apart to begin with', () => {
  assert.deepEqual(retransmitTimes(0).slice(0, 4), [0, 1000, 3000, 7000]);
  assert.deepEqual(retransmitTimes(4).slice(0, 7), [0, 1000, 2000, 3000, 4000, 6000, 10_000]);
});

test('a server at a moment', () => {
  assert.equal(serverStateAt(played.states, '10.9.9.9:1', 1e12), undefined);
  assert.equal(serverStateAt(played.states, RS1, 4.9e9)?.weight, 1);
  assert.equal(serverStateAt(played.states, RS1, 5e9)?.weight, 0);
  assert.equal(serverStateAt(played.states, RS1, 7e9)?.answers, false);
});

test('tables: words flush left, numbers flush right', () => {
  assert.deepEqual(
    textTable(
      ['what', 'n'],
      [
        ['a', '10'],
        ['bcdef', '9'],
      ],
    ),
    ['what    n', 'a      10', 'bcdef   9'],
  );
});

test('scenarios: names of their own, one line each', () => {
  const scenarios = [...named, ...suites];
  assert.equal(new Set(scenarios.map(({ name }) => name)).size, scenarios.length);
  for (const { summary, description } of scenarios) {
    for (const line of [summary, ...description]) assert.doesNotMatch(line, /\n/);
  }
});
