import type { ConnectReply } from '../../../testbed/peer-protocol.js';
import type { CaseContext } from '../case-context.js';
import { expected } from '../expected-events.js';
import { type FieldCase, GroundTruth } from '../field-case.js';
import { icmps, r1, r2, syns, vip } from '../hosts.js';

const MOST_ATTEMPTS = 20;

/** Connects until the scheduler chooses a server without weight: the others go to another. */
async function untilRefused(context: CaseContext, hostPort: number): Promise<ConnectReply> {
  for (let attempt = 1; ; attempt++) {
    const reply = await context.connect({ hostPort });
    if (reply.outcome === 'refused' || attempt === MOST_ATTEMPTS) return reply;
  }
}

/** A scheduler that hashes chooses a server without weight although another has some. */
function hashed(scheduler: 'sh' | 'mh', flags: string): FieldCase {
  return {
    name: `${scheduler}-weight0`,
    report: 'kubernetes#121590',
    input: `-s ${scheduler}${flags}, two servers; the chosen one gets weight 0, connects until one hashes there`,
    needs: [{ module: `ip_vs_${scheduler}`, reason: `this kernel has no scheduler ${scheduler}` }],
    async play(context) {
      const port = context.virtualPort();
      await context.ipvsadm(
        `-A -t ${vip(port)} -s ${scheduler}${flags}`,
        ...[r1, r2].map((server) => `-a -t ${vip(port)} -r ${server} -m -w 1`),
      );
      const first = await context.connect({ hostPort: port });
      const chosen = first.server ?? r1;
      await context.ipvsadm(`-e -t ${vip(port)} -r ${chosen} -m -w 0`);
      const refused = await untilRefused(context, port);
      const passed = await context.passed();
      const other = (await context.run('director', 'ipvsadm', '-Ln', '-t', vip(port)))
        .split('\n')
        .find((line) => line.includes('->') && / 1 /.test(line.replace(/\s+/g, ' ')));
      return {
        seen: new GroundTruth()
          .connect(refused, 'refused')
          .count(icmps(passed.client).length, 'ICMP port unreachable', 1)
          .holds(other !== undefined, 'the other server has weight 1'),
        events: [
          expected(1, 'unscheduled rejected', {
            virtual: vip(port),
            scheduler,
            servers: 2,
            servers_with_weight: 1,
            servers_overloaded: 0,
            reason: 'scheduler',
          }),
        ],
      };
    },
  };
}

/** A service none of whose servers can be chosen, and one connect. */
function refused(
  name: string,
  {
    input,
    report,
    servers,
    facts,
    held = false,
  }: {
    readonly input: string;
    readonly report?: string;
    readonly servers: readonly string[];
    readonly facts: Readonly<Record<string, number | string>>;
    /** A connection is held first. */
    readonly held?: boolean;
  },
): FieldCase {
  return {
    name,
    input,
    ...(report === undefined ? {} : { report }),
    async play(context) {
      const port = context.virtualPort();
      await context.ipvsadm(
        `-A -t ${vip(port)} -s rr`,
        ...servers.map((server) => `-a -t ${vip(port)} -r ${server}`),
      );
      const seen = new GroundTruth();
      const own = context.freshPort();
      if (held) {
        const first = await context.connect({ hostPort: port, port: own, ending: 'hold' });
        seen.connect(first, 'connected', 'held');
        context.undo('the held connection', () => context.close(own));
      }
      const reply = await context.connect({ hostPort: port });
      const passed = await context.passed();
      seen
        .connect(reply, 'refused')
        .count(syns(passed.client, vip(port)).length, 'SYN', held ? 2 : 1)
        .count(icmps(passed.client).length, 'ICMP port unreachable', 1);
      return {
        seen,
        events: [
          expected(1, 'unscheduled rejected', { virtual: vip(port), scheduler: 'rr', ...facts }),
        ],
      };
    },
  };
}

export const schedulingCases: readonly FieldCase[] = [
  hashed('sh', ''),
  hashed('mh', ' -b mh-port'),
  refused('no-server', {
    input: 'a service without any server, one connect',
    report: 'kubernetes#75262',
    servers: [],
    facts: { servers: 0, servers_with_weight: 0, servers_overloaded: 0, reason: 'no server' },
  }),
  refused('all-weight0', {
    input: 'two servers of weight 0, one connect',
    servers: [`${r1} -m -w 0`, `${r2} -m -w 0`],
    facts: { servers: 2, servers_with_weight: 0, servers_overloaded: 0, reason: 'all weight 0' },
  }),
  refused('u-threshold', {
    input: 'one server with -x 1, one connection held, a second connect',
    report: 'keepalived#1862',
    servers: [`${r1} -m -w 1 -x 1`],
    held: true,
    facts: { servers: 1, servers_with_weight: 1, servers_overloaded: 1, reason: 'all overloaded' },
  }),
];
