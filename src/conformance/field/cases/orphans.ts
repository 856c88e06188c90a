import { endpoint } from '../../../testbed/addresses.js';
import type { ConnectReply } from '../../../testbed/peer-protocol.js';
import { seriesOf } from '../../../verify/metrics-text.js';
import type { CaseContext } from '../case-context.js';
import { expected } from '../expected-events.js';
import { type FieldCase, GroundTruth, type Observation } from '../field-case.js';
import { CLIENT, client, r1, resets, syns, vip } from '../hosts.js';
import { addSecondDirector, ipvsadmSecond, moveToSecond, SHARED_VIP } from '../second-director.js';

/** Seconds: of TCP, of TCP after a FIN, of UDP. */
const KERNEL_TIMEOUTS = ['900', '120', '300'];

/** Far more than from one read of the tables to the next, on a slow machine as well. */
const TABLE_READ_MS = 40_000;

/** One line of data on an open connection, once its entry has expired. */
async function speakOnceForgotten(
  context: CaseContext,
  opened: ConnectReply,
  { port, own }: { readonly port: number; readonly own: number },
): Promise<Observation> {
  const gone = await context.until(async () => (await context.entries()).length === 0);
  const spoken = await context.speak(own);
  const passed = await context.passed();
  const rst = resets(passed.client, vip(port)).length;
  return {
    seen: new GroundTruth()
      .connect(opened, 'connected')
      .holds(gone, 'no entry in ip_vs_conn')
      .connect(spoken, 'reset', 'data')
      .count(rst, 'RST from the virtual service', 1),
    events: [expected(rst, 'orphan rejected', { client: client(own), virtual: vip(port) })],
  };
}

export const orphanCases: readonly FieldCase[] = [
  {
    name: 'idle-expired',
    report: 'moby#31208, kubelb#539',
    input: 'ipvsadm --set 2 2 2, a connection, silence until its entry is gone, one line of data',
    async play(context) {
      const port = context.virtualPort();
      const own = context.freshPort();
      context.undo('the timeouts', () =>
        context.run('director', 'ipvsadm', '--set', ...KERNEL_TIMEOUTS),
      );
      await context.run('director', 'ipvsadm', '--set', '2', '2', '2');
      await context.ipvsadm(`-A -t ${vip(port)} -s rr`, `-a -t ${vip(port)} -r ${r1} -m -w 1`);
      const opened = await context.connect({ hostPort: port, port: own, ending: 'hold' });
      return speakOnceForgotten(context, opened, { port, own });
    },
  },
  {
    name: 'failover-no-sync',
    report: 'keepalived#1138',
    input: 'a connection by director 1, its address moves to a director without the entry, data',
    async play(context) {
      const port = context.virtualPort();
      const own = context.freshPort();
      const virtual = endpoint(SHARED_VIP, port);
      await addSecondDirector(context);
      const lines = [`-A -t ${virtual} -s rr`, `-a -t ${virtual} -r ${r1} -m -w 1`];
      await context.ipvsadm(...lines);
      for (const line of lines) await ipvsadmSecond(context, line);
      const asked = { host: SHARED_VIP, hostPort: port, port: own } as const;
      const opened = await context.connect({ ...asked, ending: 'hold' });
      // The second director has had no packet: its service is known from its table, which is read
      // every few seconds.
      const labels = { local_address: SHARED_VIP, local_port: String(port) };
      await context.until(async () => {
        const text = await context.recorder.metrics();
        return seriesOf(text, 'ipvs_orphan_packets_total', labels).length === 2;
      }, TABLE_READ_MS);
      await moveToSecond(context);
      const spoken = await context.speak(own);
      const passed = await context.passed();
      const rst = resets(passed.client, virtual).length;
      const entries = await context.entries(port, 'rs2');
      return {
        seen: new GroundTruth()
          .connect(opened, 'connected')
          .count(entries.length, 'entries at the second director', 0)
          .connect(spoken, 'reset', 'data')
          .count(rst, 'RST from the virtual service', 1),
        events: [expected(rst, 'orphan rejected', { client: client(own), virtual })],
      };
    },
  },
  {
    name: 'nodest-expired',
    input: 'expire_nodest_conn=1, a connection, its server is deleted, data',
    async play(context) {
      const port = context.virtualPort();
      const own = context.freshPort();
      await context.sysctl('director', { 'net/ipv4/vs/expire_nodest_conn': 1 });
      await context.ipvsadm(`-A -t ${vip(port)} -s rr`, `-a -t ${vip(port)} -r ${r1} -m -w 1`);
      const opened = await context.connect({ hostPort: port, port: own, ending: 'hold' });
      await context.ipvsadm(`-d -t ${vip(port)} -r ${r1}`);
      return speakOnceForgotten(context, opened, { port, own });
    },
  },
  {
    name: 'close-no-orphan',
    input: 'connections that end by FIN of either side, by reset of either side: a control',
    async play(context) {
      const port = context.virtualPort();
      await context.ipvsadm(`-A -t ${vip(port)} -s rr`, `-a -t ${vip(port)} -r ${r1} -m -w 1`);
      const seen = new GroundTruth();
      for (const ending of ['fin', 'reset', 'abort'] as const) {
        seen.connect(await context.connect({ hostPort: port, ending }), 'connected', ending);
      }
      const own = context.freshPort();
      const held = await context.connect({ hostPort: port, port: own, ending: 'hold' });
      seen.connect(held, 'connected', 'closed by the client');
      await context.close(own);
      return { seen, events: [] };
    },
  },
  {
    name: 'foreign-reset',
    input: 'connects to closed ports of the director itself and of a server: a control',
    async play(context) {
      const hostPort = context.virtualPort();
      const seen = new GroundTruth();
      await context.ipvsadm(`-A -t ${vip(hostPort)} -s rr`);
      for (const host of ['10.0.1.1', '10.0.2.2']) {
        const reply = await context.connect({ host, hostPort, address: CLIENT });
        seen.connect(reply, 'refused', host);
      }
      const passed = await context.passed();
      const rst = resets(passed.client, endpoint('10.0.1.1', hostPort)).length;
      const syn = syns(passed.client, vip(hostPort)).length;
      seen.count(rst, 'RST from the director', 1).count(syn, 'SYN to the service', 0);
      return { seen, events: [] };
    },
  },
];
