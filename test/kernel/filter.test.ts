import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playMatrix, testCases } from '../../src/conformance/matrix/matrix.js';
import { addresses } from '../../src/testbed/addresses.js';
import { withTestbed } from '../../src/testbed/testbed.js';
import { Running, run } from './command.js';

run('modprobe', 'ip_vs');

interface Told {
  readonly kind: string;
  readonly verdict: string;
  readonly client: string;
  readonly virtual: string;
  readonly destination?: string;
  readonly new_destination?: string;
}

const parse = (stdout: string): Told[] =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Told);

/** What two tracers have to agree on; each reads the clock for itself. */
const essence = (told: readonly Told[]): string[] =>
  told
    .map(({ kind, verdict, client, virtual, destination, new_destination }) =>
      [kind, verdict, client, virtual, destination, new_destination].join(' '),
    )
    .sort();

const { ipv4, ipv6 } = addresses;
const [server] = ipv4.servers;

const filters: readonly {
  readonly args: readonly string[];
  readonly fits: (told: Told) => boolean;
  readonly none?: true;
}[] = [
  {
    args: ['--client', `${ipv6.client.replace(/::.*/, '::')}/64`],
    fits: ({ client }) => client.startsWith(`[${ipv6.client}]:`),
  },
  {
    args: ['--virtual', `${ipv4.virtual}:20001`],
    fits: ({ virtual }) => virtual === `${ipv4.virtual}:20001`,
  },
  {
    args: ['--virtual', `[${ipv6.virtual}]:20002`],
    fits: ({ virtual }) => virtual === `[${ipv6.virtual}]:20002`,
  },
  {
    args: ['--destination', server.address],
    fits: ({ destination, new_destination }) =>
      [destination, new_destination].some((name) => name?.startsWith(`${server.address}:`)),
  },
  {
    args: ['--client', ipv4.client, '--virtual', ipv6.virtual],
    fits: () => false,
    none: true,
  },
];

// Filters work in the kernel: what they let through has to be what fits of all that there was.
test('trace with a filter tells what fits, and counts nothing else', async () => {
  // Ports used again, forwarded and rescheduled, by clients of both families.
  const wanted = testCases.filter(
    ({ settings, title, late }) =>
      settings.expireNodestConn === 0 &&
      settings.connReuseMode < 2 &&
      !settings.conntrack &&
      settings.others === undefined &&
      late === undefined &&
      /^(TIME_WAIT|ESTABLISHED), weight [01]$/.test(title),
  );
  const command = ['trace', '-o', 'json', '-k', 'all'];
  const all = await Running.attached(command);
  const filtered: Running[] = [];
  for (const { args } of filters) filtered.push(await Running.attached([...command, ...args]));
  await withTestbed({}, (testbed) => playMatrix(testbed, wanted, { events: () => [] }));
  const everything = parse((await all.end()).stdout);
  assert.ok(everything.length >= wanted.length, `${everything.length} events`);
  for (const [index, { args, fits, none }] of filters.entries()) {
    const { code, stdout, stderr } = (await filtered[index]?.end()) ?? assert.fail();
    assert.equal(code, 0);
    const fitting = everything.filter(fits);
    assert.equal(fitting.length === 0, none === true, args.join(' '));
    assert.deepEqual(essence(parse(stdout)), essence(fitting), args.join(' '));
    const summary = stderr.trimEnd().split('\n').at(-1) ?? '';
    assert.match(summary, none === true ? /^nothing notable of client / : /^\d+ .* of \w+ /);
    assert.match(summary, /nothing lost/);
  }
});
