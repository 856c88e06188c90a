import { addresses, endpoint, SERVER_PORT } from '../../../testbed/addresses.js';
import { tcpSegment } from '../../../testbed/raw-packets.js';
import { seriesOf } from '../../../verify/metrics-text.js';
import type { CaseContext } from '../case-context.js';
import { expected } from '../expected-events.js';
import { type FieldCase, type Finding, GroundTruth } from '../field-case.js';
import { CLIENT, icmps, R2, r2, syns } from '../hosts.js';

/** Of services of every port. */
const HOST = '10.96.0.11';
const SERVICE = `${HOST}:0`;
/** The first of the ports that nobody listens at. */
const UNUSED_PORT = 1_200;

async function addService(context: CaseContext, server: string | undefined): Promise<void> {
  context.undo('the address', () =>
    context.run('director', 'ip', 'address', 'del', `${HOST}/32`, 'dev', 'virtual'),
  );
  await context.run('director', 'ip', 'address', 'add', `${HOST}/32`, 'dev', 'virtual');
  await context.sysctl('director', { 'net/ipv4/vs/conn_reuse_mode': 0 });
  await context.ipvsadm(
    `-A -t ${SERVICE} -s rr -p 60`,
    ...(server === undefined ? [] : [`-a -t ${SERVICE} -r ${server} -m -w 1`]),
  );
}

/** Connects `reuses` times from one port, once more at weight 0, and once from a new port. */
async function useService(context: CaseContext, reuses: number): Promise<GroundTruth> {
  const server = `${R2.address}:0`;
  const hostPort = context.virtualPort(SERVER_PORT);
  await addService(context, server);
  const port = context.freshPort();
  const seen = new GroundTruth();
  const connect = async (own: number, who: string): Promise<void> => {
    const reply = await context.connect({ host: HOST, hostPort, port: own });
    seen.connect(reply, 'connected', who);
  };
  await connect(port, 'first');
  for (let i = 1; i < reuses; i++) await connect(port, 'reuse');
  await context.ipvsadm(`-e -t ${SERVICE} -r ${server} -m -w 0`);
  await connect(port, 'reuse at weight 0');
  await connect(context.freshPort(), 'new port');
  const passed = await context.passed();
  return seen.count(syns(passed.rs2, r2).length, `SYN to ${r2}`, reuses + 2);
}

/** Checks the port labels of the service's metrics. */
async function portLabels(
  context: CaseContext,
  name: string,
  wanted: readonly string[],
): Promise<Finding> {
  context.recorder.flush();
  const series = seriesOf(await context.recorder.metrics(), name, { local_address: HOST });
  const labels = [...new Set(series.map(({ labels: its }) => its.local_port ?? ''))].sort();
  const text = `${name} has local_port ${labels.join(', ') || 'of no series'}`;
  const isRight = labels.join() === wanted.join();
  return { text, ...(isRight ? {} : { wrong: `local_port ${wanted.join(', ')} alone` }) };
}

export const portCases: readonly FieldCase[] = [
  {
    name: 'port-0',
    report: 'kube-keepalived-vip#117',
    input: `-A -t ${SERVICE} -p 60; connects to :8080 from one port, reused, at weight 0, then a new port`,
    async play(context) {
      const seen = await useService(context, 2);
      const to = { destination: r2, virtual: `${HOST}:${SERVER_PORT}` };
      return {
        seen,
        events: [
          expected(1, 'reuse forwarded', { ...to, weight: 1 }),
          expected(1, 'reuse forwarded', { ...to, weight: 0 }),
          expected(1, 'stale forwarded', { ...to, weight: 0 }),
        ],
        findings: [
          await portLabels(context, 'ipvs_port_reuse_total', ['0']),
          await portLabels(context, 'ipvs_new_connections_to_draining_total', ['0']),
        ],
      };
    },
  },
  {
    name: 'port-0-filter',
    input: `the same with one reuse more, with trace --destination ${r2} and trace --virtual ${SERVICE}`,
    async play(context) {
      const filters = [
        ['--destination', r2],
        ['--virtual', SERVICE],
      ];
      const traces = await Promise.all(
        filters.map(async (args) => {
          try {
            return await context.recorder.trace(args);
          } catch (cause) {
            return cause instanceof Error ? cause : new Error(String(cause));
          }
        }),
      );
      context.undo('the traces', () =>
        Promise.all(traces.map((trace) => (trace instanceof Error ? undefined : trace.end()))),
      );
      const seen = await useService(context, 3);
      const findings = await Promise.all(
        traces.map(async (trace, index): Promise<Finding> => {
          const what = filters[index]?.join(' ') ?? '';
          if (trace instanceof Error) return { text: trace.message, wrong: 'accepted' };
          const { lines } = await trace.end();
          const text = `trace ${what}: ${lines.length} events`;
          return { text, ...(lines.length === 4 ? {} : { wrong: '4' }) };
        }),
      );
      return {
        seen,
        events: [
          expected(3, 'reuse forwarded', { destination: r2 }),
          expected(1, 'stale forwarded', { destination: r2 }),
        ],
        findings,
      };
    },
  },
  {
    name: 'port-0-series',
    input: `-A -t ${SERVICE} without a server, opening packets to 29 ports`,
    async play(context) {
      await addService(context, undefined);
      const sourcePort = context.freshPort();
      const ports = Array.from({ length: 29 }, (_, index) =>
        context.virtualPort(UNUSED_PORT + index),
      );
      const packets = ports.map((targetPort) =>
        tcpSegment({ source: CLIENT, sourcePort, target: HOST, targetPort, sequence: targetPort }),
      );
      await context.send('client', Buffer.concat(packets), { host: HOST, length: 20 });
      const passed = await context.passed();
      const syn = passed.client.filter(({ to }) => to.startsWith(`${HOST}:`)).length;
      const errors = icmps(passed.client).length;
      const facts = { reason: 'no server', servers: 0 };
      const services = (await context.run('director', 'cat', '/proc/net/ip_vs'))
        .split('\n')
        .filter((line) => line.startsWith('TCP')).length;
      return {
        seen: new GroundTruth()
          .count(syn, 'SYN', 29)
          .count(errors, 'ICMP port unreachable')
          .count(services, 'service in /proc/net/ip_vs', 1),
        events: [
          expected(errors, 'unscheduled rejected', facts),
          ...(errors < syn ? [expected(syn - errors, 'unscheduled dropped', facts)] : []),
        ],
        findings: [
          await portLabels(context, 'ipvs_dropped_packets_total', ['0']),
          await portLabels(context, 'ipvs_unscheduled_packets_total', ['0']),
        ],
      };
    },
  },
  {
    name: 'fwmark-port',
    input:
      'services of marks with servers of port 0: IPv6 to :90, IPv4 with -p to :92; reuse, weight 0, deleted, stale',
    needs: [{ file: '/proc/net/if_inet6', reason: 'this kernel has no IPv6' }],
    async play(context) {
      const marks = [context.virtualPort(90), context.virtualPort(92)] as const;
      const [mark6, mark4] = marks;
      const { virtual: vip6, servers } = addresses.ipv6;
      const { virtual: vip4 } = addresses.ipv4;
      const to6 = endpoint(servers[1].address, mark6);
      const to4 = endpoint(R2.address, mark4);
      await context.sysctl('director', { 'net/ipv4/vs/conn_reuse_mode': 0 });
      context.undo('the marks', () => context.testbed.director.setMarks([]));
      await context.testbed.director.setMarks(marks);
      for (const [address, port, name] of [
        [servers[1].address, mark6, to6],
        [R2.address, mark4, to4],
      ] as const) {
        await context.listen('rs2', { protocol: 'TCP', address, port, name });
      }
      const six = { service: `-f ${mark6} -6`, server: `[${servers[1].address}]:0` };
      const four = { service: `-f ${mark4}`, server: `${R2.address}:0` };
      await context.ipvsadm(
        `-A ${six.service} -s rr`,
        `-a ${six.service} -r ${six.server} -m -w 1`,
        `-A ${four.service} -s rr -p 60`,
        `-a ${four.service} -r ${four.server} -m -w 1`,
      );
      const port = context.freshPort();
      const seen = new GroundTruth();
      const connect6 = async (who: string, wanted: 'connected' | 'timeout'): Promise<void> => {
        const asked = { host: vip6, hostPort: mark6, port, timeoutMs: 1_500 };
        seen.connect(await context.connect(asked), wanted, `:90 ${who}`);
      };
      const connect4 = async (own: number, who: string): Promise<void> => {
        const reply = await context.connect({ host: vip4, hostPort: mark4, port: own });
        seen.connect(reply, 'connected', `:92 ${who}`);
      };
      await connect6('first', 'connected');
      await connect4(port, 'first');
      await connect6('reuse', 'connected');
      await connect4(port, 'reuse');
      await context.ipvsadm(
        `-e ${six.service} -r ${six.server} -m -w 0`,
        `-e ${four.service} -r ${four.server} -m -w 0`,
      );
      await connect6('weight 0', 'connected');
      await connect4(port, 'weight 0');
      await connect4(context.freshPort(), 'stale');
      await context.ipvsadm(`-d ${six.service} -r ${six.server}`);
      await connect6('deleted', 'timeout');
      const passed = await context.passed();
      const deleted = syns(passed.client, endpoint(vip6, mark6)).length - 3;
      return {
        seen: seen
          .count(syns(passed.rs2, to6).length, `SYN to ${to6}`, 3)
          .count(syns(passed.rs2, to4).length, `SYN to ${to4}`, 4)
          .count(deleted, 'SYN after the server was deleted'),
        events: [
          expected(2, 'reuse forwarded', { destination: to6, fwmark: mark6 }),
          expected(deleted, 'unavailable dropped', { destination: to6, fwmark: mark6 }),
          expected(2, 'reuse forwarded', { destination: to4, fwmark: mark4 }),
          expected(1, 'stale forwarded', { destination: to4, fwmark: mark4 }),
        ],
      };
    },
  },
];
