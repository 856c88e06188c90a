import { fragmentationNeeded } from '../../../testbed/raw-packets.js';
import { parseMetrics } from '../../../verify/metrics-text.js';
import type { CaseContext } from '../case-context.js';
import { expected, ONE_SECOND } from '../expected-events.js';
import { type FieldCase, type Finding, GroundTruth } from '../field-case.js';
import { CLIENT, client, icmps, R1, r1, syns, VIP, vip } from '../hosts.js';

const CLIENTS = 14;
/** Of net.ipv4.icmp_ratelimit, milliseconds from one error to the next: as kernels have it. */
const KERNEL_LIMIT = 1_000;
const NO_ERRORS = 100_000;
/** The number of a routing table of the case's own. */
const TABLE = '105';

/** A service by mark without a server, and connects to what lies behind the director. */
function marked(name: string, cacheBypass: 0 | 1): FieldCase {
  return {
    name,
    input: `a service by mark without a server, cache_bypass=${cacheBypass}, ${cacheBypass === 1 ? 'two connects from one port' : 'a connect'} to a host behind`,
    async play(context) {
      const mark = context.virtualPort();
      const original = `${R1.address}:${mark}`;
      const port = context.freshPort();
      await context.listen('rs1', {
        protocol: 'TCP',
        address: R1.address,
        port: mark,
        name: original,
      });
      await context.sysctl('director', { 'net/ipv4/vs/cache_bypass': cacheBypass });
      await claim(context, mark);
      await context.ipvsadm(`-A -f ${mark} -s rr`);
      const seen = new GroundTruth();
      const attempts = cacheBypass === 1 ? 2 : 1;
      for (let i = 0; i < attempts; i++) {
        const reply = await context.connect({ host: R1.address, hostPort: mark, port });
        seen.connect(reply, cacheBypass === 1 ? 'connected' : 'timeout');
      }
      const passed = await context.passed();
      const syn = syns(passed.client, original).length;
      const onward = syns(passed.rs1, original).length;
      seen
        .count(syn, 'SYN')
        .count(onward, `SYN to ${original}`, cacheBypass === 1 ? 2 : 0)
        .count(icmps(passed.client).length, 'ICMP', 0);
      const facts = { client: client(port), fwmark: mark, virtual: original };
      return {
        seen,
        events: [
          cacheBypass === 1
            ? expected(2, 'unscheduled forwarded', { ...facts, forwarding: 'bypass' })
            : expected(syn, 'unscheduled dropped', { ...facts, reason: 'no server' }),
        ],
      };
    },
  };
}

/** The director accepts packets to other hosts' port as its own, so that ip_vs sees them. */
async function claim(context: CaseContext, mark: number): Promise<void> {
  context.undo('the marks', () => context.testbed.director.setMarks([]));
  await context.testbed.director.setMarks([mark]);
  context.undo('the rule', async () => {
    await context.run('director', 'ip', 'rule', 'del', 'fwmark', String(mark), 'lookup', TABLE);
    await context.run('director', 'ip', 'route', 'flush', 'table', TABLE);
  });
  await context.run('director', 'ip', 'rule', 'add', 'fwmark', String(mark), 'lookup', TABLE);
  const local = ['local', 'default', 'dev', 'lo', 'table', TABLE];
  await context.run('director', 'ip', 'route', 'add', ...local);
}

export const refusedCases: readonly FieldCase[] = [
  marked('cache-bypass', 1),
  marked('no-icmp', 0),
  {
    name: 'many-refused',
    report: 'kubernetes#75262',
    input: `a service without a server, ${CLIENTS} clients at once, 4.5 s (icmp_ratelimit=${KERNEL_LIMIT})`,
    async play(context) {
      const hostPort = context.virtualPort();
      await context.sysctl('director', { 'net/ipv4/icmp_ratelimit': KERNEL_LIMIT });
      await context.ipvsadm(`-A -t ${vip(hostPort)} -s rr`);
      const replies = await Promise.all(
        Array.from({ length: CLIENTS }, () => context.connect({ hostPort, timeoutMs: 4_500 })),
      );
      const passed = await context.passed();
      const syn = syns(passed.client, vip(hostPort)).length;
      const errors = icmps(passed.client).length;
      const refused = replies.filter(({ outcome }) => outcome === 'refused');
      const atOnce = refused.filter(({ startNs, endNs }) => endNs - startNs < 900e6);
      const facts = { virtual: vip(hostPort), reason: 'no server' };
      return {
        seen: new GroundTruth()
          .count(atOnce.length, 'refused at once')
          .count(refused.length - atOnce.length, 'refused later')
          .count(replies.length - refused.length, 'timed out')
          .count(syn, 'SYN')
          .count(errors, 'ICMP port unreachable')
          .holds(errors > 0 && errors < syn, 'the limit was met'),
        events: [
          expected(errors, 'unscheduled rejected', facts),
          expected(syn - errors, 'unscheduled dropped', facts),
        ],
      };
    },
  },
  {
    name: 'refused-late',
    report: 'kubernetes#75262',
    input: 'a service without a server, no ICMP left, a connect, the server is added after 0.6 s',
    async play(context) {
      const hostPort = context.virtualPort();
      const port = context.freshPort();
      await context.sysctl('director', { 'net/ipv4/icmp_ratelimit': NO_ERRORS });
      await context.ipvsadm(`-A -t ${vip(hostPort)} -s rr`);
      const connecting = context.connect({ hostPort, port });
      await context.pass(600);
      await context.ipvsadm(`-a -t ${vip(hostPort)} -r ${r1} -m -w 1`);
      const reply = await connecting;
      const passed = await context.passed();
      const waitedMs = (reply.endNs - reply.startNs) / 1e6;
      const facts = { client: client(port), virtual: vip(hostPort) };
      return {
        seen: new GroundTruth()
          .connect(reply, 'connected')
          .holds(waitedMs > ONE_SECOND.least && waitedMs < 2_500, 'after its second SYN')
          .count(syns(passed.client, vip(hostPort)).length, 'SYN', 2)
          .count(icmps(passed.client).length, 'ICMP', 0),
        events: [
          expected(1, 'unscheduled dropped', { ...facts, reason: 'no server' }),
          expected(1, 'retry forwarded', { ...facts, delay_ms: ONE_SECOND, drops: 1 }),
        ],
      };
    },
  },
  {
    name: 'icmp-reply',
    report: 'kube-router#685',
    input:
      'schedule_icmp=1, a service without a server, "need to frag" that quotes a reply of it to :4444',
    async play(context) {
      const port = context.virtualPort();
      // An event with its sides exchanged is of this case, too.
      context.virtualPort(4444);
      await context.sysctl('director', { 'net/ipv4/vs/schedule_icmp': 1 });
      await context.ipvsadm(`-A -t ${vip(port)} -s rr`);
      const quoted = {
        source: VIP,
        sourcePort: port,
        target: CLIENT,
        targetPort: 4444,
        sequence: 1,
      };
      await context.send('client', fragmentationNeeded(quoted, 1400), { host: VIP, protocol: 1 });
      const passed = await context.passed();
      context.recorder.flush();
      const labelled = parseMetrics(await context.recorder.metrics()).filter(({ labels }) =>
        Object.values(labels).includes(CLIENT),
      );
      const labels: Finding = {
        text: `${labelled.length} series labelled with the client's address`,
        ...(labelled.length === 0 ? {} : { wrong: 'none' }),
      };
      return {
        seen: new GroundTruth().count(
          icmps(passed.client, 'need to frag').length,
          'ICMP need to frag to the service',
          1,
        ),
        events: [expected(1, 'unscheduled dropped', { client: client(4444), virtual: vip(port) })],
        findings: [labels],
      };
    },
  },
];
