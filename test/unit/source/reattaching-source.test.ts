import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { IpvscopeError } from '../../../src/error.js';
import type { AttachVariant } from '../../../src/native/attachment.js';
import { isAttached, type SourceState } from '../../../src/source/event-source.js';
import { type AttachedSource, ReattachingSource } from '../../../src/source/reattaching-source.js';

const refused = new IpvscopeError('ERR_PROBE_LOAD', 'refused');

const program = { function: 'ip_vs_in_hook', variant: 'kprobe', attached: true } as const;

/** A kernel whose ip_vs comes and goes as the test says, and clocks that it moves. */
function kernel(context: TestContext) {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const said: string[] = [];
  const stops: string[] = [];
  const now: {
    instance: string | undefined;
    /** As last told; -1: never. */
    services: number;
    variant: AttachVariant;
    error?: IpvscopeError;
    state: SourceState;
  } = {
    instance: undefined,
    services: -1,
    variant: 'kprobe',
    state: {
      programs: [{ ...program, skippedRuns: 1 }],
      losses: { unpaired: 2 },
      detailDropped: 3,
      kernelOverflow: 0,
      watching: 'blind',
      unprovenCause: 'x',
      blindSeconds: 7,
      blindCause: 'x',
      heartbeats: { seen: 4, missed: 5 },
    },
  };
  let running = 0;
  let fail = (_: IpvscopeError): void => {};
  const attach = (): AttachedSource => {
    if (now.error !== undefined) throw now.error;
    running++;
    let stopped = false;
    return {
      attachment: { variant: now.variant },
      setServices: (services) => {
        now.services = services.length;
        return Math.max(0, services.length - 2);
      },
      start: (_, onError) => {
        fail = onError ?? fail;
      },
      flush: () => {},
      state: () => now.state,
      stop: ({ gone = false } = {}) => {
        if (!stopped) {
          running--;
          stops.push(gone ? 'gone' : 'ended');
        }
        stopped = true;
      },
    };
  };
  const source = new ReattachingSource({
    attach,
    instance: () => now.instance,
    onAttached: () => said.push('attached'),
    onDetached: () => said.push('detached'),
    onServicesLeftOut: (count) => said.push(`${count} left out`),
    onWaiting: (reason) => said.push(reason),
  });
  const wait = (): void => context.mock.timers.tick(1000);
  return { now, said, stops, source, wait, running: () => running, fail: () => fail(refused) };
}

test('without --wait, what keeps it from attaching is thrown', (context) => {
  const { now, source, running } = kernel(context);
  now.error = refused;
  assert.throws(() => source.start(() => {}), refused);
  assert.equal(running(), 0);
});

test('waits, says so once, and attaches when ip_vs is there', (context) => {
  const { now, said, source, wait, running } = kernel(context);
  source.start(() => {}, { wait: true });
  wait();
  wait();
  assert.deepEqual(said, ['ip_vs is not loaded']);
  assert.equal(isAttached(source.state()), false);
  now.instance = '1';
  wait();
  assert.deepEqual(said, ['ip_vs is not loaded', 'attached']);
  assert.equal(isAttached(source.state()), true);
  source.stop();
  source.stop();
  assert.equal(running(), 0);
});

test('unloaded and reloaded: re-attached, and counts are kept', (context) => {
  const { now, said, source, wait, running } = kernel(context);
  now.instance = '1';
  source.start(() => {});
  now.instance = undefined;
  wait();
  assert.equal(running(), 0);
  assert.deepEqual(source.state(), {
    programs: [{ ...program, attached: false, skippedRuns: 1 }],
    losses: { unpaired: 2 },
    detailDropped: 3,
    kernelOverflow: 0,
    watching: 'unproven',
    unprovenCause: 'the probe is not attached',
    blindSeconds: 7,
    blindCause: 'x',
    heartbeats: { seen: 4, missed: 5 },
  });
  now.instance = '2';
  now.state = {
    ...now.state,
    watching: 'proven',
    unprovenCause: '',
    blindSeconds: 0,
    blindCause: '',
    heartbeats: { seen: 1, missed: 0 },
  };
  wait();
  assert.deepEqual(said, ['attached', 'detached', 'ip_vs is not loaded', 'attached']);
  assert.deepEqual(source.state(), {
    programs: [{ ...program, skippedRuns: 2 }],
    losses: { unpaired: 4 },
    detailDropped: 6,
    kernelOverflow: 0,
    watching: 'proven',
    unprovenCause: '',
    blindSeconds: 7,
    blindCause: 'x',
    heartbeats: { seen: 5, missed: 5 },
  });
  source.stop();
  assert.equal(source.state().detailDropped, 6);
});

test('fentry and fexit pin the module: polling stops', (context) => {
  const { now, said, source, wait, running } = kernel(context);
  now.variant = 'fexit';
  source.start(() => {}, { wait: true });
  now.instance = '1';
  wait();
  now.instance = '2';
  wait();
  wait();
  assert.deepEqual(said, ['ip_vs is not loaded', 'attached']);
  assert.equal(running(), 1);
  source.stop();
  assert.equal(running(), 0);
});

test('reloaded between two polls: re-attached', (context) => {
  const { now, said, stops, source, wait, running } = kernel(context);
  now.instance = '1';
  source.start(() => {});
  now.instance = '2';
  wait();
  assert.deepEqual(said, ['attached', 'detached', 'attached']);
  assert.equal(running(), 1);
  source.stop();
  assert.deepEqual(stops, ['gone', 'ended']);
});

test('what keeps it from attaching again is said once, and it is tried again', (context) => {
  const { now, said, source, wait } = kernel(context);
  source.start(() => {}, { wait: true });
  now.instance = '1';
  now.error = refused;
  wait();
  wait();
  delete now.error;
  wait();
  assert.deepEqual(said, ['ip_vs is not loaded', 'ERR_PROBE_LOAD: refused', 'attached']);
  source.stop();
});

test('every attachment is told the virtual services, and what finds no room is said', (context) => {
  const { now, said, source, wait } = kernel(context);
  const service = {
    netns: 1,
    family: 2,
    protocol: 6,
    addressBytes: Uint8Array.of(10, 96, 0, 10),
    port: 80,
    fwmark: 0,
  } as const;
  source.setServices([service]);
  assert.equal(now.services, -1);
  now.instance = '1';
  source.start(() => undefined, { wait: true });
  assert.equal(now.services, 1);
  source.setServices([service, service, service]);
  assert.deepEqual(said, ['attached', '1 left out']);
  now.services = -1;
  now.instance = '2';
  wait();
  assert.equal(now.services, 3);
  source.stop();
});

test('a read that the kernel refuses: detached, and attached again, later each time', (context) => {
  const { now, said, source, wait, running, fail } = kernel(context);
  now.instance = '1';
  now.variant = 'fexit';
  now.state = { ...now.state, kernelMemory: 4096 };
  source.start(() => {});
  assert.equal(source.state().kernelMemory, 4096);
  for (const pause of [2, 4, 8]) {
    now.state = { ...now.state, failures: ['ERR_PROBE_LOAD: refused'] };
    fail();
    assert.equal(running(), 0);
    assert.equal(isAttached(source.state()), false);
    for (let second = 1; second < pause; second++) wait();
    assert.equal(running(), 0);
    wait();
    assert.equal(running(), 1);
    assert.equal(isAttached(source.state()), true);
  }
  source.stop();
  assert.deepEqual(said, [
    'attached',
    ...['detached', 'ERR_PROBE_LOAD: refused', 'attached'],
    ...['detached', 'ERR_PROBE_LOAD: refused', 'attached'],
    ...['detached', 'ERR_PROBE_LOAD: refused', 'attached'],
    'detached',
  ]);
  assert.deepEqual(source.state().failures, ['ERR_PROBE_LOAD: refused']);
  assert.equal(source.state().detailDropped, 4 * 3, 'what was counted stays counted');
  fail();
  assert.equal(running(), 0, 'an error of a source that was stopped is ignored');
});
