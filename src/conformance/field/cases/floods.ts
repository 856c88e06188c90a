import { synsFrom } from '../../../testbed/raw-packets.js';
import type { CaseContext } from '../case-context.js';
import { expected } from '../expected-events.js';
import { type FieldCase, type Finding, GroundTruth } from '../field-case.js';
import { CLIENT, R1, VIP, vip } from '../hosts.js';
import { FLOOD_PORTS } from '../interface-captures.js';

/** The default size of net.ipv4.ip_local_port_range. */
const PORTS = 28_000;
const FIRST_PORT = 32_768;

const FLOOD_PORT_COUNT = FLOOD_PORTS.last - FLOOD_PORTS.first + 1;

interface Flood {
  readonly port: number;
  /** The dead server. */
  readonly destination: string;
  /** An opening packet from every port; `round` is in its sequence number. */
  send(round: number): Promise<void>;
  /** Of this flood, at the director and at the server. */
  counted(): Promise<{ readonly into: number; readonly onward: number }>;
}

/** A service with one dead server, and a client that uses all its ports. */
async function startFlood(context: CaseContext): Promise<Flood> {
  const used = context.testbed.nextOf('flood ports');
  const port = context.virtualPort(FLOOD_PORTS.first + (used % FLOOD_PORT_COUNT));
  const syn = `tcp dport ${port} tcp flags & (syn | ack) == syn`;
  const destination = `${R1.address}:${port}`;
  await context.blackhole('rs1');
  await context.sysctl('director', { 'net/ipv4/vs/conn_reuse_mode': 0 });
  await context.count('director', 'prerouting', { into: syn });
  await context.count('rs1', 'prerouting', { onward: syn });
  await context.ipvsadm(`-A -t ${vip(port)} -s rr`, `-a -t ${vip(port)} -r ${destination} -m -w 1`);
  return {
    port,
    destination,
    async send(round) {
      const first = { source: CLIENT, sourcePort: FIRST_PORT, target: VIP, targetPort: port };
      // Any numbers, but others in each round.
      const sequenceOf = (index: number): number =>
        (Math.imul(index + 1, 0x9e3779b1) >>> 2) + round;
      const packets = synsFrom(first, PORTS, sequenceOf);
      await context.send('client', packets, {
        host: VIP,
        length: packets.length / PORTS,
        source: CLIENT,
      });
    },
    async counted() {
      return {
        into: await context.counted('director', 'into'),
        onward: await context.counted('rs1', 'onward'),
      };
    },
  };
}

/** Every packet without an event of its own must be counted as lost. */
async function lostSince(
  context: CaseContext,
  before: number,
): Promise<Finding & { lost: number }> {
  context.recorder.flush();
  const lost = context.recorder.lost() - before;
  return { lost, text: `${lost} lost` };
}

export const floodCases: readonly FieldCase[] = [
  {
    name: 'port-wrap',
    report: 'lvs-users 2018-05',
    input: `${PORTS} ports to a dead server, which gets weight 0; the same ports with other sequence numbers`,
    async play(context) {
      const before = context.recorder.lost();
      const flood = await startFlood(context);
      const { port, destination } = flood;
      await flood.send(0);
      await context.ipvsadm(`-e -t ${vip(port)} -r ${destination} -m -w 0`);
      await flood.send(1);
      const { into, onward } = await flood.counted();
      const entries = await context.connectionsOf(destination);
      const { lost, ...finding } = await lostSince(context, before);
      return {
        seen: new GroundTruth()
          .count(into, 'SYN in', 2 * PORTS)
          .count(onward, 'on to the server', 2 * PORTS)
          .count(entries, 'entries', PORTS),
        events: [expected(PORTS, 'reuse forwarded', { destination, weight: 0 })],
        findings: [{ ...finding, ...(lost === 0 ? {} : { wrong: '0' }) }],
      };
    },
  },
  {
    name: 'retry-many',
    input: `${PORTS} entries, their server deleted, ${PORTS} opening packets, server back, the same again`,
    async play(context) {
      const before = context.recorder.lost();
      const flood = await startFlood(context);
      const { port, destination } = flood;
      await flood.send(0);
      const first = await flood.counted();
      await context.ipvsadm(`-d -t ${vip(port)} -r ${destination}`);
      await flood.send(1);
      const second = await flood.counted();
      await context.ipvsadm(`-a -t ${vip(port)} -r ${destination} -m -w 1`);
      await flood.send(1);
      const third = await flood.counted();
      const { lost, ...finding } = await lostSince(context, before);
      return {
        seen: new GroundTruth()
          .count(first.onward, 'forwarded at first', PORTS)
          .count(second.onward - first.onward, 'forwarded without the server', 0)
          .count(third.onward - second.onward, 'forwarded then', PORTS),
        events: [
          expected(PORTS, 'unavailable dropped', { destination }),
          expected({ least: PORTS - lost, most: PORTS }, 'retry forwarded', { destination }),
          // Beside its retry a packet may have an event of its own: its entry is still opening, unless
          // that was a minute ago.
          expected({ least: 0, most: PORTS }, '* forwarded', { destination }),
        ],
        findings: [finding],
      };
    },
  },
];
