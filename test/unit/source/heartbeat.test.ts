import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { IpvscopeError } from '../../../src/error.js';
import type { Sight } from '../../../src/source/event-source.js';
import { Heartbeat } from '../../../src/source/heartbeat.js';

/** A probe that sees as the test says, and a clock that it moves. */
function probe(context: TestContext) {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const is: { seeing: boolean | IpvscopeError; off: string[]; beats: number } = {
    seeing: true,
    off: [],
    beats: 0,
  };
  let ms = 0;
  const told: Sight[] = [];
  const heartbeat = new Heartbeat({
    beat: () => {
      is.beats++;
      if (is.seeing instanceof IpvscopeError) throw is.seeing;
      return is.seeing;
    },
    switchesOff: () => is.off,
    onChange: (sight) => told.push(sight),
    now: () => ms,
  });
  /** One second after another. */
  const wait = (seconds: number): void => {
    for (let i = 0; i < seconds; i++) {
      ms += 1000;
      context.mock.timers.tick(1000);
    }
  };
  return { is, told, heartbeat, wait };
}

test('sees from the start, and one packet every four seconds proves it', (context) => {
  const { is, told, heartbeat, wait } = probe(context);
  assert.equal(heartbeat.sight().watching, 'unproven');
  heartbeat.start();
  assert.equal(heartbeat.sight().watching, 'proven');
  wait(40);
  assert.equal(is.beats, 11);
  assert.deepEqual(told, []);
  assert.deepEqual(heartbeat.sight(), {
    watching: 'proven',
    unprovenCause: '',
    blindSeconds: 0,
    blindCause: '',
    heartbeats: { seen: 11, missed: 0 },
  });
  heartbeat.stop();
  wait(40);
  assert.equal(is.beats, 11);
});

test('blind from the start is known at the start', (context) => {
  const { is, told, heartbeat, wait } = probe(context);
  is.seeing = false;
  is.off = ['a switch', 'another'];
  heartbeat.start();
  wait(3);
  assert.deepEqual(heartbeat.sight(), {
    watching: 'blind',
    unprovenCause: 'a switch, another',
    blindSeconds: 3,
    blindCause: 'a switch, another',
    heartbeats: { seen: 0, missed: 6 },
  });
  assert.deepEqual(told, [], 'not of how it is when it starts');
});

test('blind within seven seconds, seeing again within one; each told once', (context) => {
  const { is, told, heartbeat, wait } = probe(context);
  heartbeat.start();
  wait(5);
  is.seeing = false;
  wait(4);
  assert.equal(heartbeat.sight().watching, 'proven');
  wait(1);
  assert.equal(heartbeat.sight().watching, 'blind');
  wait(10);
  is.seeing = true;
  wait(1);
  assert.equal(heartbeat.sight().watching, 'proven');
  wait(20);
  assert.deepEqual(
    told.map(({ watching, unprovenCause, blindSeconds, blindCause }) => [
      watching,
      unprovenCause,
      blindSeconds,
      blindCause,
    ]),
    [
      // Since the last one that was seen, after four seconds.
      ['blind', 'no switch is off that can be read', 6, 'no switch is off that can be read'],
      ['proven', '', 17, 'no switch is off that can be read'],
    ],
  );
  is.seeing = false;
  wait(7);
  assert.equal(heartbeat.sight().watching, 'blind');
  assert.ok(heartbeat.sight().blindSeconds > 17, 'all times together');
});

test('two missed in a row are no alarm', (context) => {
  const { is, told, heartbeat, wait } = probe(context);
  heartbeat.start();
  wait(3);
  is.seeing = false;
  wait(2);
  is.seeing = true;
  wait(20);
  assert.equal(heartbeat.sight().heartbeats.missed, 2);
  assert.equal(heartbeat.sight().blindSeconds, 0);
  assert.deepEqual(told, []);
});

test('at the end it is known how it was until then', (context) => {
  const { is, heartbeat, wait } = probe(context);
  heartbeat.start();
  wait(2);
  is.seeing = false;
  heartbeat.stop();
  heartbeat.settle();
  assert.equal(heartbeat.sight().watching, 'blind');
  assert.equal(heartbeat.sight().blindSeconds, 2);
});

test('where none can be sent: a switch that is off is certain, one that is on proves nothing', (context) => {
  const { is, told, heartbeat, wait } = probe(context);
  is.seeing = new IpvscopeError('ERR_HEARTBEAT', 'cannot make a network namespace');
  heartbeat.start();
  assert.equal(heartbeat.sight().watching, 'unproven');
  assert.equal(heartbeat.sight().unprovenCause, 'cannot make a network namespace');
  is.off = ['a switch'];
  wait(4);
  assert.equal(heartbeat.sight().watching, 'blind');
  is.off = [];
  wait(1);
  assert.equal(heartbeat.sight().watching, 'unproven');
  assert.equal(heartbeat.sight().blindSeconds, 5);
  assert.deepEqual(
    told.map(({ watching }) => watching),
    ['blind', 'unproven'],
  );
});
