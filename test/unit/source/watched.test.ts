import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { IpvscopeError } from '../../../src/error.js';
import type { AttachVariant } from '../../../src/native/attachment.js';
import { isAttached, type SourceState } from '../../../src/source/event-source.js';
import { type AttachedSource, WatchedSource } from '../../../src/source/watched.js';

const program = { function: 'ip_vs_in_hook', variant: 'kprobe', attached: true } as const;

/** A kernel whose ip_vs comes and goes as the test says, and clocks that it moves. */
function kernel(context: TestContext) {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const said: string[] = [];
  const stops: string[] = [];
  const now: {
    instance: string | undefined;
    variant: AttachVariant;
    error?: IpvscopeError;
    state: SourceState;
  } = {
    instance: undefined,
    variant: 'kprobe',
    state: {
      programs: [{ ...program, misses: 1 }],
      losses: { unpaired: 2 },
      shed: 3,
      folded: 0,
      watching: 'blind',
      unprovenCause: 'x',
      blindSeconds: 7,
      blindCause: 'x',
      heartbeats: { seen: 4, missed: 5 },
    },
  };
  let running = 0;
  const attach = (): AttachedSource => {
    if (now.error !== undefined) throw now.error;
    running++;
    let stopped = false;
    return {
      attachment: { variant: now.variant },
      start: () => {},
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
  const source = new WatchedSource({
    attach,
    instance: () => now.instance,
    onAttached: () => said.push('attached'),
    onWaiting: (reason) => said.push(reason),
  });
  const wait = (): void => context.mock.timers.tick(1000);
  return { now, said, stops, source, wait, running: () => running };
}

const refused = new IpvscopeError('ERR_X', 'refused');

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

test('gone and back: attached anew, and what was counted stays counted', (context) => {
  const { now, said, source, wait, running } = kernel(context);
  now.instance = '1';
  source.start(() => {});
  now.instance = undefined;
  wait();
  assert.equal(running(), 0);
  assert.deepEqual(source.state(), {
    programs: [{ ...program, attached: false, misses: 1 }],
    losses: { unpaired: 2 },
    shed: 3,
    folded: 0,
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
  assert.deepEqual(said, ['attached', 'ip_vs is not loaded', 'attached']);
  assert.deepEqual(source.state(), {
    programs: [{ ...program, misses: 2 }],
    losses: { unpaired: 4 },
    shed: 6,
    folded: 0,
    watching: 'proven',
    unprovenCause: '',
    blindSeconds: 7,
    blindCause: 'x',
    heartbeats: { seen: 5, missed: 5 },
  });
  source.stop();
  assert.equal(source.state().shed, 6);
});

test('fentry and fexit keep the module: nobody looks for it any more', (context) => {
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

test('unloaded and loaded between two looks: attached anew', (context) => {
  const { now, said, stops, source, wait, running } = kernel(context);
  now.instance = '1';
  source.start(() => {});
  now.instance = '2';
  wait();
  assert.deepEqual(said, ['attached', 'attached']);
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
  assert.deepEqual(said, ['ip_vs is not loaded', 'ERR_X: refused', 'attached']);
  source.stop();
});
