import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { IpvsEvent } from '../../src/record/event.js';
import { type Ended, Running, run } from './command.js';

// Negative controls: nothing is dropped by ip_vs, no new connection goes to a draining server, no metric
// that alerts is above 0, and the summary proves that packets were observed.

const LISTEN = '127.0.0.1:10966';

interface Case {
  readonly name: string;
  /** Phase, and the least that every connect of it takes; all others take less than that. */
  readonly slow?: string;
  /** Kinds and verdicts that are expected here, and harmless. */
  readonly may: readonly string[];
  readonly seen: RegExp;
}

const cases: readonly Case[] = [
  { name: 'keep-alive', may: [], seen: /^\d+ draining forwarded in / },
  {
    name: 'healthy-rollout',
    may: ['reuse rescheduled'],
    seen: /^\d+ reuse rescheduled in /,
  },
  { name: 'delay-elsewhere', slow: 'lost', may: [], seen: /^nothing notable in / },
  {
    name: 'slow-server',
    slow: 'slow',
    may: ['retransmit forwarded'],
    seen: /^\d+ retransmit forwarded in /,
  },
];

before(() => run('modprobe', 'ip_vs'));

/** Plays it until its first report, reads the metrics then, and ends it. */
async function play(name: string): Promise<{ readonly ended: Ended; readonly metrics: string }> {
  const running = new Running([
    ...['reproduce', name, '--loop', '--witness', '-o', 'json'],
    ...['--web.listen-address', LISTEN],
  ]);
  await new Promise<void>((resolve) => {
    running.process.stderr?.on('data', () => {
      if (/^(not )?verified: /m.test(running.stderr)) resolve();
    });
    running.process.once('close', () => resolve());
  });
  assert.match(running.stderr, /^verified: /m, running.stderr);
  const metrics = await (await fetch(`http://${LISTEN}/metrics`)).text();
  return { ended: await running.end(), metrics };
}

/** Name and value of every series. */
const seriesOf = (metrics: string): (readonly [string, number])[] =>
  metrics
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))] as const;
    });

for (const { name, slow, may, seen } of cases) {
  test(`${name}: no alarm`, async () => {
    const { ended, metrics } = await play(name);
    assert.equal(ended.code, 0, ended.stderr);

    const series = seriesOf(metrics);
    for (const [text, value] of series) {
      if (/^ipvs_(new_connections_to_draining|dropped_packets)_total/.test(text)) {
        assert.equal(value, 0, `${text} ${value}`);
      }
      // What the clients of a slow server wait is reported, as that and as nothing else.
      if (text.startsWith('ipvs_connect_delay_seconds_count')) {
        const theirs = name === 'slow-server' && text.includes('cause="unanswered"');
        assert.equal(value > 0, theirs, `${text} ${value}`);
      }
    }
    const attached = series.filter(([text]) => text.startsWith('ipvscope_probe_attached'));
    assert.ok(attached.length > 0);
    assert.ok(
      attached.every(([, value]) => value === 1),
      metrics,
    );
    const lost = series.filter(([text]) => /^ipvscope_(records_lost|probe_missed)/.test(text));
    assert.ok(
      lost.every(([, value]) => value === 0),
      metrics,
    );

    const events = ended.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as IpvsEvent);
    for (const event of events) {
      assert.ok(may.includes(`${event.kind} ${event.verdict}`), JSON.stringify(event));
    }
    assert.match(
      ended.stderr.trimEnd().split('\n').at(-1) ?? '',
      new RegExp(
        `${seen.source}\\d+\\.\\d s, \\d+ new connections; (\\d+) of \\1 programs attached, nothing lost(?: \\(|$)`,
      ),
    );
    assertTimes(ended, slow);
  });
}

/** The connect times of the first report. */
function assertTimes({ stderr }: Ended, slow: string | undefined): void {
  const [, table = ''] = /client-observed connects\n([\s\S]*?)probe events/.exec(stderr) ?? [];
  const rows = table.trimEnd().split('\n').slice(1);
  assert.ok(rows.length > 0, stderr);
  for (const row of rows) {
    const [phase, , failed, least, , , most] = row.trim().split(/\s+/);
    assert.equal(failed, '-', row);
    if (phase === slow) assert.ok(Number(least) >= 980 && Number(most) < 1900, row);
    else assert.ok(Number(most) < 800, row);
  }
}
