import { between, expected, ONE_SECOND } from '../expected-events.js';
import { type FieldCase, GroundTruth } from '../field-case.js';
import { client, r1, syns, vip } from '../hosts.js';

/** How far apart two clocks read of one packet, in ms, on a busy machine. */
const SLACK_MS = 60;

/** What a client waited although no copy of its opening packet was dropped. */
export const waitCases: readonly FieldCase[] = [
  {
    name: 'old-client-second',
    input:
      'conn_reuse_mode=0, a client vanishes, its server gets weight 0, a connect from the same port',
    async play(context) {
      const port = context.virtualPort();
      const own = context.freshPort();
      await context.sysctl('director', { 'net/ipv4/vs/conn_reuse_mode': 0 });
      await context.ipvsadm(`-A -t ${vip(port)} -s rr`, `-a -t ${vip(port)} -r ${r1} -m -w 1`);
      const first = await context.connect({ hostPort: port, port: own, ending: 'hold' });
      await context.vanish(own);
      await context.ipvsadm(`-e -t ${vip(port)} -r ${r1} -m -w 0`);
      await context.passed();
      const reply = await context.connect({ hostPort: port, port: own });
      const passed = await context.passed();
      const packets = syns(passed.rs1, r1);
      const [one, two] = packets;
      const gapMs = Math.round(((two?.time ?? 0) - (one?.time ?? 0)) * 1000);
      const facts = { client: client(own), destination: r1, weight: 0 };
      return {
        seen: new GroundTruth()
          .connect(first, 'connected', 'held')
          .connect(reply, 'connected')
          .count(packets.length, 'SYN to the drained server', 2)
          .holds(one?.sequence === two?.sequence, 'the second a copy of the first')
          .count(gapMs, 'ms later'),
        events: [
          expected(1, 'reuse forwarded', {
            ...facts,
            conn_state: 'ESTABLISHED',
            delay_ms: null,
          }),
          expected(1, 'reuse forwarded', {
            ...facts,
            conn_state: 'CLOSE',
            delay_ms: between(Math.max(0, gapMs - SLACK_MS), gapMs + SLACK_MS),
            drops: null,
          }),
        ],
      };
    },
  },
  {
    name: 'unanswered-first',
    input: 'a server that does not answer the first copy of an opening packet, a connect',
    async play(context) {
      const port = context.virtualPort();
      const own = context.freshPort();
      await context.dropFirst('rs1');
      await context.ipvsadm(`-A -t ${vip(port)} -s rr`, `-a -t ${vip(port)} -r ${r1} -m -w 1`);
      const reply = await context.connect({ hostPort: port, port: own });
      const passed = await context.passed();
      return {
        seen: new GroundTruth()
          .connect(reply, 'connected')
          .count(syns(passed.rs1, r1).length, 'SYN to the server', 2),
        events: [
          expected(1, 'retransmit forwarded', {
            client: client(own),
            destination: r1,
            delay_ms: ONE_SECOND,
            cause: 'unanswered',
          }),
        ],
      };
    },
  },
];
