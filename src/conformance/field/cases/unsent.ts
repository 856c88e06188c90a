import { release } from 'node:os';
import { endpoint } from '../../../testbed/addresses.js';
import type { CaseContext } from '../case-context.js';
import { type ExpectedEvent, expected } from '../expected-events.js';
import { type FieldCase, GroundTruth } from '../field-case.js';
import { client, icmps, R1, r1, sent, syns, vip } from '../hosts.js';

const DATAGRAM_MS = 300;

/** A route that leads nowhere, until the case is over. */
async function closeRoute(
  context: CaseContext,
  type: 'unreachable' | 'blackhole',
): Promise<() => Promise<void>> {
  let open = true;
  const reopen = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await context.run('director', 'ip', 'route', 'del', type, R1.address);
  };
  await context.run('director', 'ip', 'route', 'add', type, R1.address);
  context.undo('the route', reopen);
  return reopen;
}

/** Fresh connects and datagrams to a server to which there is no way. */
function noRoute(type: 'unreachable' | 'blackhole'): FieldCase {
  return {
    name: type === 'unreachable' ? 'no-route' : 'blackhole',
    report: 'kube-router#425',
    input: `ip route add ${type} of the only server; two connects, two datagrams`,
    async play(context) {
      const port = context.virtualPort();
      const local = [context.freshPort(), context.freshPort()];
      await context.ipvsadm(
        ...['-t', '-u'].flatMap((flag) => [
          `-A ${flag} ${vip(port)} -s rr`,
          `-a ${flag} ${vip(port)} -r ${r1} -m -w 1`,
        ]),
      );
      const reopen = await closeRoute(context, type);
      const seen = new GroundTruth();
      for (const own of local) {
        const reply = await context.connect({ hostPort: port, port: own });
        seen.connect(reply, type === 'unreachable' ? 'unreachable' : reply.outcome);
      }
      for (const own of local) {
        await context.connect({
          protocol: 'UDP',
          hostPort: port,
          port: own,
          timeoutMs: DATAGRAM_MS,
        });
      }
      await reopen();
      const passed = await context.passed();
      const syn = syns(passed.client, vip(port)).length;
      const datagrams = passed.client.filter(
        ({ to, protocol }) => to === vip(port) && protocol === 'UDP',
      ).length;
      const errors = icmps(passed.client).length;
      const onward = sent(passed.rs1, r1);
      seen
        .count(syn, 'SYN')
        .count(datagrams, 'datagrams', 2)
        .count(errors, 'ICMP host unreachable')
        .count(onward, 'to the server', 0);
      return { seen, events: unsent(syn + datagrams, errors, port) };
    },
  };
}

/** Linux 5.18 and newer: whoever frees a packet says why (include/net/dropreason.h). */
function saysWhy(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return major > 5 || (major === 5 && minor >= 18);
}

/** So many packets that could not be sent, of which so many had an ICMP error. */
function unsent(packets: number, errors: number, port: number): readonly ExpectedEvent[] {
  const facts = { cause: 'transmit', virtual: vip(port), destination: r1 };
  return [
    expected(errors, 'unsent rejected', facts),
    expected(packets - errors, 'unsent dropped', facts),
  ].filter(({ times }) => times !== 0);
}

export const unsentCases: readonly FieldCase[] = [
  noRoute('unreachable'),
  noRoute('blackhole'),
  {
    name: 'no-route-established',
    input: 'a connection is open, its server becomes unreachable, data (sent twice)',
    async play(context) {
      const port = context.virtualPort();
      const own = context.freshPort();
      await context.ipvsadm(`-A -t ${vip(port)} -s rr`, `-a -t ${vip(port)} -r ${r1} -m -w 1`);
      const opened = await context.connect({ hostPort: port, port: own, ending: 'hold' });
      const way = `ip daddr ${vip(port).split(':')[0]} tcp dport ${port}`;
      await context.count('director', 'prerouting', { data: way });
      const reopen = await closeRoute(context, 'unreachable');
      const spoken = await context.speak(own, { timeoutMs: 1_500 });
      await context.vanish(own);
      const data = await context.counted('director', 'data');
      await reopen();
      const passed = await context.passed();
      const errors = icmps(passed.client).length;
      return {
        seen: new GroundTruth()
          .connect(opened, 'connected')
          .connect(spoken, 'timeout', 'data')
          .count(data, 'packets of data at the director')
          .count(errors, 'ICMP host unreachable', data),
        events: [
          expected(errors, 'unsent rejected', {
            cause: 'transmit',
            opening: false,
            client: client(own),
            // Where an entry sends its packets is known of the packet that it was made for, and of
            // those that are notable before.
            virtual: vip(port),
          }),
        ],
      };
    },
  },
  {
    name: 'loopback-client',
    report: 'kube-router#237',
    input: "a service on 127.0.0.1, the director's own connect to it, 3.5 s",
    async play(context) {
      const hostPort = context.virtualPort();
      const virtual = endpoint('127.0.0.1', hostPort);
      await context.ipvsadm(`-A -t ${virtual} -s rr`, `-a -t ${virtual} -r ${r1} -m -w 1`);
      await context.count('director', 'output', {
        syn: `ip daddr 127.0.0.1 tcp dport ${hostPort} tcp flags & (syn | ack) == syn`,
      });
      const peer = await context.localClient();
      const reply = await context.connect({ host: '127.0.0.1', hostPort, timeoutMs: 3_500 }, peer);
      const passed = await context.passed();
      const syn = await context.counted('director', 'syn');
      return {
        seen: new GroundTruth()
          .connect(reply, 'timeout')
          .count(syn, 'SYN by nft', 3)
          .count(sent(passed.rs1, r1), 'packets to the server', 0),
        events: [expected(3, 'unsent dropped', { cause: 'transmit', virtual, destination: r1 })],
        byDefault: true,
      };
    },
  },
  {
    name: 'tunnel-mtu',
    report: 'kube-router#630',
    input: 'a tunnel service, a segment of 1,460 bytes with DF; once more at weight 0',
    needs: [{ module: 'ipip', reason: 'this kernel has no IP tunnels (ipip)' }],
    async play(context) {
      const host = '10.96.0.20';
      const port = context.virtualPort();
      const virtual = endpoint(host, port);
      const server = endpoint(R1.address, port);
      await context.testbed.openTunnels();
      // The segment is to be full without options.
      await context.sysctl('client', { 'net/ipv4/tcp_timestamps': 0 });
      await context.listen('rs1', {
        protocol: 'TCP',
        address: host,
        port,
        name: server,
      });
      await context.ipvsadm(`-A -t ${virtual} -s rr`, `-a -t ${virtual} -r ${server} -i -w 1`);
      const own = [context.freshPort(), context.freshPort()] as const;
      const seen = new GroundTruth();
      for (const one of own) {
        const opened = await context.connect({ host, hostPort: port, port: one, ending: 'hold' });
        seen.connect(opened, 'connected');
      }
      const say = async (one: number, when: string): Promise<void> => {
        const flush = (): Promise<string> => context.run('client', 'ip', 'route', 'flush', 'cache');
        context.undo('what the client learned of the way', flush);
        seen.connect(await context.speak(one, { bytes: 1_460 }), 'connected', when);
        await flush();
      };
      await say(own[0], 'data at weight 1');
      await context.ipvsadm(`-e -t ${virtual} -r ${server} -i -w 0`);
      await say(own[1], 'data at weight 0');
      for (const one of own) await context.close(one);
      const passed = await context.passed();
      seen.count(icmps(passed.client, 'need to frag').length, 'ICMP need to frag', 2);
      const facts = { cause: 'transmit', opening: false, virtual };
      return { seen, events: [expected(2, 'unsent rejected', facts)] };
    },
  },
  {
    name: 'dropped-after',
    input: "the director's firewall drops in postrouting what ip_vs has sent on; two connects",
    async play(context) {
      const port = context.virtualPort();
      await context.ipvsadm(`-A -t ${vip(port)} -s rr`, `-a -t ${vip(port)} -r ${r1} -m -w 1`);
      await context.firewall(
        'director',
        `counter after {}
        chain after { type filter hook postrouting priority 200; ip daddr ${R1.address} tcp dport ${R1.port} counter name after drop; }`,
      );
      const seen = new GroundTruth();
      for (let i = 0; i < 2; i++) {
        const reply = await context.connect({ hostPort: port, timeoutMs: 500 });
        seen.connect(reply, 'timeout');
      }
      const passed = await context.passed();
      const text = await context.run(
        'director',
        ...['nft', 'list', 'counter', 'inet', 'ipvscope_field', 'after'],
      );
      const dropped = Number(/packets (\d+)/.exec(text)?.[1]);
      seen
        .count(syns(passed.client, vip(port)).length, 'SYN')
        .count(dropped, 'dropped by nft', 2)
        .count(sent(passed.rs1, r1), 'to the server', 0);
      return {
        seen,
        events: [
          expected(2, 'unsent dropped', {
            cause: 'node',
            client: 'any',
            ...(saysWhy() ? { reason: 'NETFILTER_DROP' } : {}),
          }),
        ],
      };
    },
  },
];
