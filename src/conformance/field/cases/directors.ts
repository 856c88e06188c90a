import { endpoint } from '../../../testbed/addresses.js';
import { tcpSegment } from '../../../testbed/raw-packets.js';
import { seriesOf } from '../../../verify/metrics-text.js';
import type { CaseContext } from '../case-context.js';
import { expected } from '../expected-events.js';
import { type FieldCase, GroundTruth } from '../field-case.js';
import { CLIENT, client, r1, r2, syns } from '../hosts.js';
import { addSecondDirector, ipvsadmSecond, moveToSecond, SHARED_VIP } from '../second-director.js';

/** One opening packet to the shared address. */
const knock = (
  context: CaseContext,
  sourcePort: number,
  targetPort: number,
  sequence: number,
): Promise<void> =>
  context.send(
    'client',
    tcpSegment({ source: CLIENT, sourcePort, target: SHARED_VIP, targetPort, sequence }),
    { host: SHARED_VIP, source: CLIENT },
  );

/** Two namespaces that have the same services; and what one director hands to another. */
export const directorCases: readonly FieldCase[] = [
  {
    name: 'two-namespaces',
    report: 'moby#35082',
    input: 'the same service in two namespaces, a port reused in each, weight 0 in the second only',
    async play(context) {
      const port = context.virtualPort();
      const own = context.freshPort();
      const virtual = endpoint(SHARED_VIP, port);
      await addSecondDirector(context);
      await context.blackhole('rs1');
      await context.sysctl('director', { 'net/ipv4/vs/conn_reuse_mode': 0 });
      const lines = [`-A -t ${virtual} -s rr`, `-a -t ${virtual} -r ${r1} -m -w 1`];
      await context.ipvsadm(...lines);
      for (const line of lines) await ipvsadmSecond(context, line);
      for (const sequence of [1_000, 2_000]) await knock(context, own, port, sequence);
      await moveToSecond(context);
      await knock(context, own, port, 3_000);
      await ipvsadmSecond(context, `-e -t ${virtual} -r ${r1} -m -w 0`);
      await knock(context, own, port, 4_000);
      const passed = await context.passed();
      const viaFirst = syns(passed.rs1, r1).length;
      const viaSecond = syns(passed.rs2, r1).length;
      context.recorder.flush();
      const text = await context.recorder.metrics();
      const labels = { local_address: SHARED_VIP, local_port: String(port) };
      // Those at 0 were there before the packets.
      const reuses = seriesOf(text, 'ipvs_port_reuse_total', labels).filter(
        ({ value }) => value > 0,
      );
      const netns = new Set(reuses.map((series) => series.labels.netns));
      const alerts = seriesOf(text, 'ipvs_new_connections_to_draining_total', labels);
      const drained = alerts.filter(({ value }) => value > 0);
      const isApart =
        reuses.length === 2 && netns.size === 2 && reuses.every(({ value }) => value === 1);
      return {
        seen: new GroundTruth()
          .count(viaFirst, 'SYN to the server, both directors', 4)
          .count(viaSecond, 'by the second', 2),
        events: [
          expected(1, 'reuse forwarded', { virtual, destination: r1, weight: 1 }),
          expected(1, 'reuse forwarded', { virtual, destination: r1, weight: 0 }),
        ],
        findings: [
          {
            text: `ipvs_port_reuse_total: ${reuses.map((series) => `${series.value} with netns ${series.labels.netns}`).join(', ')}`,
            ...(isApart ? {} : { wrong: 'two series of 1, distinguished by netns' }),
          },
          {
            text: `ipvs_new_connections_to_draining_total: ${drained.map(({ value }) => value).join(', ')}`,
            ...(drained.length === 1 && drained[0]?.value === 1
              ? {}
              : { wrong: 'one series of 1' }),
          },
        ],
      };
    },
  },
  {
    name: 'backup-no-server',
    report: 'keepalived#1138',
    input:
      'a backup director with the service but without this server, a synchronised entry, its port reused',
    async play(context) {
      const port = context.virtualPort();
      const own = context.freshPort();
      const virtual = endpoint(SHARED_VIP, port);
      await addSecondDirector(context);
      await context.ipvsadm(`-A -t ${virtual} -s rr`, `-a -t ${virtual} -r ${r1} -m -w 1`);
      await ipvsadmSecond(context, `-A -t ${virtual} -s rr`);
      context.undo('the daemons', async () => {
        await context.run('director', 'ipvsadm', '--stop-daemon', 'master');
        await context.run('rs2', 'ipvsadm', '--stop-daemon', 'backup');
      });
      const daemon = ['--syncid', '1', '--mcast-interface'];
      await context.run('rs2', 'ipvsadm', '--start-daemon', 'backup', ...daemon, 'eth0');
      await context.run('director', 'ipvsadm', '--start-daemon', 'master', ...daemon, 'to-rs2');
      const asked = { host: SHARED_VIP, hostPort: port, port: own } as const;
      const opened = await context.connect(asked);
      const synchronised = await context.until(
        async () => (await context.entries(port, 'rs2')).length > 0,
      );
      await context.blackhole('rs1');
      await moveToSecond(context);
      await knock(context, own, port, 1_000);
      const passed = await context.passed();
      return {
        seen: new GroundTruth()
          .connect(opened, 'connected')
          .holds(synchronised, 'the entry is at the backup')
          .count(syns(passed.rs2, r1).length, `SYN to ${r1} by the backup`, 1),
        events: [
          expected(1, 'reuse forwarded', {
            client: client(own),
            virtual,
            destination: r1,
            weight: null,
          }),
        ],
      };
    },
  },
  {
    name: 'hairpin',
    input: 'a real server is the client of its own service; its port is reused',
    async play(context) {
      const targetPort = context.virtualPort();
      const sourcePort = context.freshPort();
      const target = context.virtual(targetPort).split(':')[0] ?? '';
      const [source = ''] = r2.split(':');
      const virtual = context.virtual(targetPort);
      await context.sysctl('director', { 'net/ipv4/vs/conn_reuse_mode': 0 });
      await context.ipvsadm(`-A -t ${virtual} -s rr`, `-a -t ${virtual} -r ${r2} -m -w 1`);
      for (const sequence of [1_000, 2_000]) {
        const packet = tcpSegment({ source, sourcePort, target, targetPort, sequence });
        await context.send('rs2', packet, { host: target, source });
      }
      const passed = await context.passed();
      return {
        seen: new GroundTruth()
          .count(syns(passed.rs2, virtual).length, 'SYN from the server', 2)
          .count(syns(passed.rs2, r2).length, 'back to it', 2),
        events: [
          expected(1, 'reuse forwarded', {
            client: endpoint(source, sourcePort),
            destination: r2,
            hairpin: true,
          }),
        ],
      };
    },
  },
];
