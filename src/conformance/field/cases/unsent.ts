import { release } from 'node:os';
import { endpoint } from '../../../testbed/addresses.js';
import { openTunnels } from '../../../testbed/topology.js';
import type { Ground } from '../case-context.js';
import { type ExpectedEvent, expected } from '../expected-events.js';
import { type FieldCase, Seen } from '../field-case.js';
import { client, icmps, R1, r1, sent, syns, vip } from '../hosts.js';

const DATAGRAM_MS = 300;

/** A route that leads nowhere, until the case is over. */
async function closeRoute(
  ground: Ground,
  type: 'unreachable' | 'blackhole',
): Promise<() => Promise<void>> {
  let open = true;
  const reopen = async (): Promise<void> => {
    if (!open) return;
    open = false;
    await ground.run('director', 'ip', 'route', 'del', type, R1.address);
  };
  await ground.run('director', 'ip', 'route', 'add', type, R1.address);
  ground.undo('the route', reopen);
  return reopen;
}

/** Fresh connects and datagrams to a server to which there is no way. */
function noRoute(type: 'unreachable' | 'blackhole'): FieldCase {
  return {
    name: type === 'unreachable' ? 'no-route' : 'blackhole',
    report: 'kube-router#425',
    input: `ip route add ${type} of the only server; two connects, two datagrams`,
    async play(ground) {
      const port = ground.virtualPort();
      const local = [ground.freshPort(), ground.freshPort()];
      await ground.ipvsadm(
        ...['-t', '-u'].flatMap((flag) => [
          `-A ${flag} ${vip(port)} -s rr`,
          `-a ${flag} ${vip(port)} -r ${r1} -m -w 1`,
        ]),
      );
      const reopen = await closeRoute(ground, type);
      const seen = new Seen();
      for (const own of local) {
        const reply = await ground.connect({ hostPort: port, port: own });
        seen.connect(reply, type === 'unreachable' ? 'unreachable' : reply.outcome);
      }
      for (const own of local) {
        await ground.connect({
          protocol: 'UDP',
          hostPort: port,
          port: own,
          timeoutMs: DATAGRAM_MS,
        });
      }
      await reopen();
      const passed = await ground.passed();
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
    async play(ground) {
      const port = ground.virtualPort();
      const own = ground.freshPort();
      await ground.ipvsadm(`-A -t ${vip(port)} -s rr`, `-a -t ${vip(port)} -r ${r1} -m -w 1`);
      const opened = await ground.connect({ hostPort: port, port: own, ending: 'hold' });
      const way = `ip daddr ${vip(port).split(':')[0]} tcp dport ${port}`;
      await ground.count('director', 'prerouting', { data: way });
      const reopen = await closeRoute(ground, 'unreachable');
      const spoken = await ground.speak(own, { timeoutMs: 1_500 });
      await ground.vanish(own);
      const data = await ground.counted('director', 'data');
      await reopen();
      const passed = await ground.passed();
      const errors = icmps(passed.client).length;
      return {
        seen: new Seen()
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
    async play(ground) {
      const hostPort = ground.virtualPort();
      const virtual = endpoint('127.0.0.1', hostPort);
      await ground.ipvsadm(`-A -t ${virtual} -s rr`, `-a -t ${virtual} -r ${r1} -m -w 1`);
      await ground.count('director', 'output', {
        syn: `ip daddr 127.0.0.1 tcp dport ${hostPort} tcp flags & (syn | ack) == syn`,
      });
      const peer = await ground.localClient();
      const reply = await ground.connect({ host: '127.0.0.1', hostPort, timeoutMs: 3_500 }, peer);
      const passed = await ground.passed();
      const syn = await ground.counted('director', 'syn');
      return {
        seen: new Seen()
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
    async play(ground) {
      const host = '10.96.0.20';
      const port = ground.virtualPort();
      const virtual = endpoint(host, port);
      const server = endpoint(R1.address, port);
      await openTunnels();
      // The segment is to be full without options.
      await ground.sysctl('client', { 'net/ipv4/tcp_timestamps': 0 });
      await ground.stage.server('rs1').request({
        op: 'listen',
        protocol: 'TCP',
        address: host,
        port,
        name: server,
      });
      await ground.ipvsadm(`-A -t ${virtual} -s rr`, `-a -t ${virtual} -r ${server} -i -w 1`);
      const own = [ground.freshPort(), ground.freshPort()] as const;
      const seen = new Seen();
      for (const one of own) {
        const opened = await ground.connect({ host, hostPort: port, port: one, ending: 'hold' });
        seen.connect(opened, 'connected');
      }
      const say = async (one: number, when: string): Promise<void> => {
        const flush = (): Promise<string> => ground.run('client', 'ip', 'route', 'flush', 'cache');
        ground.undo('what the client learned of the way', flush);
        seen.connect(await ground.speak(one, { bytes: 1_460 }), 'connected', when);
        await flush();
      };
      await say(own[0], 'data at weight 1');
      await ground.ipvsadm(`-e -t ${virtual} -r ${server} -i -w 0`);
      await say(own[1], 'data at weight 0');
      for (const one of own) await ground.close(one);
      const passed = await ground.passed();
      seen.count(icmps(passed.client, 'need to frag').length, 'ICMP need to frag', 2);
      const facts = { cause: 'transmit', opening: false, virtual };
      return { seen, events: [expected(2, 'unsent rejected', facts)] };
    },
  },
  {
    name: 'dropped-after',
    input: "the director's firewall drops in postrouting what ip_vs has sent on; two connects",
    async play(ground) {
      const port = ground.virtualPort();
      await ground.ipvsadm(`-A -t ${vip(port)} -s rr`, `-a -t ${vip(port)} -r ${r1} -m -w 1`);
      await ground.firewall(
        'director',
        `counter after {}
        chain after { type filter hook postrouting priority 200; ip daddr ${R1.address} tcp dport ${R1.port} counter name after drop; }`,
      );
      const seen = new Seen();
      for (let i = 0; i < 2; i++) {
        const reply = await ground.connect({ hostPort: port, timeoutMs: 500 });
        seen.connect(reply, 'timeout');
      }
      const passed = await ground.passed();
      const text = await ground.run(
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
