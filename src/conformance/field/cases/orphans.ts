import { endpoint } from '../../../testbed/addresses.js';
import type { ConnectReply } from '../../../testbed/peer-protocol.js';
import { seriesOf } from '../../../verify/metrics-text.js';
import type { Ground } from '../case-context.js';
import { expected } from '../expected-events.js';
import { type FieldCase, type Observation, Seen } from '../field-case.js';
import { CLIENT, client, r1, resets, syns, vip } from '../hosts.js';
import { addSecondDirector, ipvsadmSecond, moveToSecond, SHARED_VIP } from '../second-director.js';

/** Seconds: of TCP, of TCP after a FIN, of UDP. */
const KERNEL_TIMEOUTS = ['900', '120', '300'];

/** Far more than from one read of the tables to the next, on a slow machine as well. */
const TABLE_READ_MS = 40_000;

/** One line of data on an open connection, when ip_vs has forgotten its entry. */
async function speakOnceForgotten(
  ground: Ground,
  opened: ConnectReply,
  { port, own }: { readonly port: number; readonly own: number },
): Promise<Observation> {
  const gone = await ground.until(async () => (await ground.entries()).length === 0);
  const spoken = await ground.speak(own);
  const passed = await ground.passed();
  const rst = resets(passed.client, vip(port)).length;
  return {
    seen: new Seen()
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
    async play(ground) {
      const port = ground.virtualPort();
      const own = ground.freshPort();
      ground.undo('the timeouts', () =>
        ground.run('director', 'ipvsadm', '--set', ...KERNEL_TIMEOUTS),
      );
      await ground.run('director', 'ipvsadm', '--set', '2', '2', '2');
      await ground.ipvsadm(`-A -t ${vip(port)} -s rr`, `-a -t ${vip(port)} -r ${r1} -m -w 1`);
      const opened = await ground.connect({ hostPort: port, port: own, ending: 'hold' });
      return speakOnceForgotten(ground, opened, { port, own });
    },
  },
  {
    name: 'failover-no-sync',
    report: 'keepalived#1138',
    input: 'a connection by director 1, its address moves to a director without the entry, data',
    async play(ground) {
      const port = ground.virtualPort();
      const own = ground.freshPort();
      const virtual = endpoint(SHARED_VIP, port);
      await addSecondDirector(ground);
      const lines = [`-A -t ${virtual} -s rr`, `-a -t ${virtual} -r ${r1} -m -w 1`];
      await ground.ipvsadm(...lines);
      for (const line of lines) await ipvsadmSecond(ground, line);
      const asked = { host: SHARED_VIP, hostPort: port, port: own } as const;
      const opened = await ground.connect({ ...asked, ending: 'hold' });
      // The second director has had no packet: its service is known from its table, which is read
      // every few seconds.
      const labels = { local_address: SHARED_VIP, local_port: String(port) };
      await ground.until(async () => {
        const text = await ground.watcher.metrics();
        return seriesOf(text, 'ipvs_orphan_packets_total', labels).length === 2;
      }, TABLE_READ_MS);
      await moveToSecond(ground);
      const spoken = await ground.speak(own);
      const passed = await ground.passed();
      const rst = resets(passed.client, virtual).length;
      const entries = await ground.entries(port, 'rs2');
      return {
        seen: new Seen()
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
    async play(ground) {
      const port = ground.virtualPort();
      const own = ground.freshPort();
      await ground.sysctl('director', { 'net/ipv4/vs/expire_nodest_conn': 1 });
      await ground.ipvsadm(`-A -t ${vip(port)} -s rr`, `-a -t ${vip(port)} -r ${r1} -m -w 1`);
      const opened = await ground.connect({ hostPort: port, port: own, ending: 'hold' });
      await ground.ipvsadm(`-d -t ${vip(port)} -r ${r1}`);
      return speakOnceForgotten(ground, opened, { port, own });
    },
  },
  {
    name: 'close-no-orphan',
    input: 'connections that end by FIN of either side, by reset of either side: a control',
    async play(ground) {
      const port = ground.virtualPort();
      await ground.ipvsadm(`-A -t ${vip(port)} -s rr`, `-a -t ${vip(port)} -r ${r1} -m -w 1`);
      const seen = new Seen();
      for (const ending of ['fin', 'reset', 'abort'] as const) {
        seen.connect(await ground.connect({ hostPort: port, ending }), 'connected', ending);
      }
      const own = ground.freshPort();
      const held = await ground.connect({ hostPort: port, port: own, ending: 'hold' });
      seen.connect(held, 'connected', 'closed by the client');
      await ground.close(own);
      return { seen, events: [] };
    },
  },
  {
    name: 'foreign-reset',
    input: 'connects to closed ports of the director itself and of a server: a control',
    async play(ground) {
      const hostPort = ground.virtualPort();
      const seen = new Seen();
      await ground.ipvsadm(`-A -t ${vip(hostPort)} -s rr`);
      for (const host of ['10.0.1.1', '10.0.2.2']) {
        const reply = await ground.connect({ host, hostPort, address: CLIENT });
        seen.connect(reply, 'refused', host);
      }
      const passed = await ground.passed();
      const rst = resets(passed.client, endpoint('10.0.1.1', hostPort)).length;
      const syn = syns(passed.client, vip(hostPort)).length;
      seen.count(rst, 'RST from the director', 1).count(syn, 'SYN to the service', 0);
      return { seen, events: [] };
    },
  },
];
