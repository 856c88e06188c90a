import { TCP_ECE_CWR, TCP_SYN, tcpSegment } from '../../../testbed/raw-packets.js';
import { expected } from '../expected-events.js';
import { type FieldCase, GroundTruth } from '../field-case.js';
import { CLIENT, client, r1, r2, sent, syns, VIP, vip } from '../hosts.js';

const HEALTHY_MS = 60_000;

/** A port is reused after the servers changed; the old server gets it. */
function reused(
  name: string,
  input: string,
  {
    lines,
    weight,
  }: { readonly lines: (service: string) => readonly string[]; readonly weight: number },
): FieldCase {
  return {
    name,
    input: `conn_reuse_mode=0, a connection, ${input}, its port reused`,
    async play(context) {
      const port = context.virtualPort();
      const own = context.freshPort();
      await context.sysctl('director', { 'net/ipv4/vs/conn_reuse_mode': 0 });
      await context.ipvsadm(`-A -t ${vip(port)} -s rr`, `-a -t ${vip(port)} -r ${r1} -m -w 1`);
      const seen = new GroundTruth();
      seen.connect(await context.connect({ hostPort: port, port: own }), 'connected', 'first');
      await context.ipvsadm(...lines(vip(port)));
      seen.connect(await context.connect({ hostPort: port, port: own }), 'connected', 'reuse');
      const passed = await context.passed();
      const facts = { client: client(own), destination: r1, weight, available: true };
      return {
        seen: seen.count(syns(passed.rs1, r1).length, 'SYN to the server', 2),
        events: [expected(1, 'reuse forwarded', { ...facts, conn_state: 'TIME_WAIT' })],
      };
    },
  };
}

const DATAGRAMS = 4;

/** Datagrams from one port, one after another. */
function datagrams(name: string, what: string, flags: string, wanted?: 'connected'): FieldCase {
  return {
    name,
    input: what,
    async play(context) {
      const port = context.virtualPort();
      const own = context.freshPort();
      await context.ipvsadm(
        `-A -u ${vip(port)} -s rr${flags}`,
        ...[r1, r2].map((server) => `-a -u ${vip(port)} -r ${server} -m -w 1`),
      );
      const seen = new GroundTruth();
      for (let i = 1; i <= DATAGRAMS; i++) {
        const asked = { protocol: 'UDP', hostPort: port, port: own, timeoutMs: 500 } as const;
        const reply = await context.connect(asked);
        if (wanted !== undefined) seen.connect(reply, wanted, `datagram ${i}`);
      }
      const passed = await context.passed();
      const [one, other] = [sent(passed.rs1, r1), sent(passed.rs2, r2)];
      seen
        .count(one + other, 'datagrams to the servers', DATAGRAMS)
        .count(Math.min(one, other), 'of them to the second', wanted === undefined ? 2 : 0);
      return { seen, events: [] };
    },
  };
}

/** Regressions of what is right already, and negative controls. */
export const stayCases: readonly FieldCase[] = [
  datagrams('udp', 'four datagrams from one port', '', 'connected'),
  // Without an entry nothing translates the answers: the client cannot know them.
  datagrams('udp-one-packet', 'the same with one-packet scheduling (-o), masquerade', ' -o'),
  {
    name: 'syn-variants',
    input: 'SYN with data, with ECE and CWR, with an IP option, each from a port of its own, twice',
    async play(context) {
      const targetPort = context.virtualPort();
      await context.blackhole('rs1');
      await context.sysctl('director', { 'net/ipv4/vs/conn_reuse_mode': 0 });
      const service = vip(targetPort);
      await context.ipvsadm(`-A -t ${service} -s rr`, `-a -t ${service} -r ${r1} -m -w 1`);
      // The router alert of RFC 2113.
      const option = 'ipoptions=x94040000';
      const variants = [{ data: 'hello' }, { flags: TCP_SYN | TCP_ECE_CWR }, { option }].map(
        (variant) => ({ ...variant, sourcePort: context.freshPort() }),
      );
      for (const sequence of [1_000, 9_000]) {
        for (const { option: options, ...variant } of variants as readonly {
          option?: string;
          sourcePort: number;
        }[]) {
          const target = { source: CLIENT, target: VIP, targetPort, sequence };
          await context.send('client', tcpSegment({ ...target, ...variant }), {
            host: VIP,
            ...(options === undefined ? {} : { options }),
          });
        }
      }
      const passed = await context.passed();
      return {
        seen: new GroundTruth().count(syns(passed.rs1, r1).length, 'SYN to the server', 6),
        events: variants.map(({ sourcePort }) =>
          expected(1, 'reuse forwarded', {
            client: client(sourcePort),
            destination: r1,
            conn_state: 'SYN_RECV',
          }),
        ),
      };
    },
  },
  reused('weight-1-0-1', 'weight 0, weight 1 again', {
    weight: 1,
    lines: (service) => [0, 1].map((weight) => `-e -t ${service} -r ${r1} -m -w ${weight}`),
  }),
  reused('server-again', 'its server deleted and added again with weight 5', {
    weight: 5,
    lines: (service) => [`-d -t ${service} -r ${r1}`, `-a -t ${service} -r ${r1} -m -w 5`],
  }),
  reused('service-anew', 'its service deleted and made anew with weight 3', {
    weight: 3,
    lines: (service) => [
      `-D -t ${service}`,
      `-A -t ${service} -s rr`,
      `-a -t ${service} -r ${r1} -m -w 3`,
    ],
  }),
  {
    name: 'healthy',
    input: 'TCP, UDP and SCTP from fresh ports, and a connection in use, for a minute',
    needs: [{ module: 'sctp', reason: 'this kernel has no SCTP' }],
    async play(context) {
      const port = context.virtualPort();
      const servers = [
        { role: 'rs1', address: r1.split(':')[0] ?? '' },
        { role: 'rs2', address: r2.split(':')[0] ?? '' },
      ] as const;
      await Promise.all(
        servers.map(({ role, address }) => {
          const name = `${address}:${port}`;
          return context.listen(role, { protocol: 'SCTP', address, port, name });
        }),
      );
      await context.ipvsadm(
        ...['-t', '-u'].flatMap((flag) => [
          `-A ${flag} ${vip(port)} -s rr`,
          ...[r1, r2].map((server) => `-a ${flag} ${vip(port)} -r ${server} -m -w 1`),
        ]),
        `-A --sctp-service ${vip(port)} -s rr`,
        ...servers.map(
          ({ address }) => `-a --sctp-service ${vip(port)} -r ${address}:${port} -m -w 1`,
        ),
      );
      const own = context.freshPort();
      const held = await context.connect({ hostPort: port, port: own, ending: 'hold' });
      const counts = { TCP: 0, UDP: 0, SCTP: 0, lines: 0 };
      const failed: string[] = [];
      const until = performance.now() + HEALTHY_MS;
      while (performance.now() < until) {
        for (const protocol of ['TCP', 'UDP', 'SCTP'] as const) {
          const address = protocol === 'SCTP' ? { address: CLIENT } : {};
          const asked = { protocol, hostPort: port, timeoutMs: 5_000, ...address };
          const { outcome } = await context.connect(asked);
          if (outcome === 'connected') counts[protocol]++;
          else failed.push(`${protocol} ${outcome}`);
        }
        const { outcome } = await context.speak(own);
        if (outcome === 'connected') counts.lines++;
        else failed.push(`data ${outcome}`);
      }
      await context.close(own);
      const seen = new GroundTruth().connect(held, 'connected', 'held');
      for (const [what, count] of Object.entries(counts)) seen.count(count, what);
      return { seen: seen.count(failed.length, 'that failed', 0), events: [] };
    },
  },
];
