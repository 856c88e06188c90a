import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { Running, run } from './command.js';

// Commands that attach, as far as they go without a packet.

// Before anything is asked about it.
run('modprobe', 'ip_vs');

/** What this kernel can be attached with; without BTF of ip_vs, kprobes alone. */
const variants = existsSync('/sys/kernel/btf/ip_vs')
  ? (['fexit', 'kprobe'] as const)
  : (['kprobe'] as const);

const means = { fexit: 'fentry|fexit|tp_btf', kprobe: 'kprobe|kretprobe|raw_tp' };

/** The netfilter hook is one function since Linux 5.16, which is also the first with fexit here. */
const hooks = existsSync('/sys/kernel/btf/ip_vs')
  ? ['ip_vs_in_hook']
  : ['local_request4', 'local_request6', 'remote_request4', 'remote_request6'].map(
      (name) => `ip_vs_${name}`,
    );

const functions = [
  '__icmp_send',
  'icmp6_send',
  'ip_vs_conn_expire_now',
  'ip_vs_conn_in_get_proto',
  'ip_vs_schedule',
  'ip_vs_service_find',
  'kfree_skb',
  ...hooks,
];

test('an address in use ends serve with exit code 2 and takes the probe along', async () => {
  const first = await Running.attached(['serve', '--web.listen-address', '127.0.0.1:10962']);
  const { code, stderr } = await new Running(['serve', '--web.listen-address', '127.0.0.1:10962'])
    .ended;
  assert.match(stderr, /^ipvscope: ERR_LISTEN: .*10962.*--web\.listen-address/m);
  assert.equal(code, 2);
  assert.equal((await first.end()).code, 0);
});

test('a ready file that cannot be written ends with exit code 2', async () => {
  const { code, stderr } = await new Running(['trace', '--ready-file', '/nowhere/ready']).ended;
  assert.match(stderr, /^ipvscope: ERR_READY_FILE: /m);
  assert.equal(code, 2);
});

for (const variant of variants) {
  test(`serve answers, and says which functions it is attached to: ${variant}`, async () => {
    const serve = await Running.attached([
      ...['serve', '--attach', variant, '--web.listen-address', '127.0.0.1:10963'],
    ]);
    const text = async (path: string): Promise<string> =>
      (await fetch(`http://127.0.0.1:10963${path}`)).text();
    assert.equal(await text('/healthz'), 'ok\n');
    assert.equal(await text('/readyz'), 'ok\n');
    const metrics = await text('/metrics');
    for (const name of functions) {
      const line = `^ipvscope_probe_attached\\{function="${name}",variant="(${means[variant]})"\\} 1$`;
      assert.match(metrics, new RegExp(line, 'm'));
    }
    assert.doesNotMatch(metrics, /^ipvscope_probe_attached.* 0$/m);
    assert.doesNotMatch(metrics, /^ipvs_.* [1-9]/m, 'nothing seen, nothing said');
    const { code, stdout } = await serve.end('SIGTERM');
    assert.equal(code, 0);
    assert.equal(stdout, '');
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`trace ends on ${signal} with the summary line and exit code 0: ${variant}`, async () => {
      const trace = await Running.attached(['trace', '--attach', variant]);
      const { code, stdout, stderr } = await trace.end(signal);
      assert.equal(code, 0);
      assert.equal(stdout, '');
      const lines = stderr.trimEnd().split('\n');
      assert.match(
        lines[0] ?? '',
        /^ipvscope \d+\.\d+\.\d+ attached on \S+( with BTF from \S+)?: /,
      );
      assert.match(
        lines.at(-1) ?? '',
        /^nothing notable in \d+\.\d s, \d+ new connections; (\d+) of \1 programs attached, nothing lost/,
      );
    });
  }
}

test('trace --timeout ends by itself', async () => {
  const { code } = await new Running(['trace', '--timeout', '0.2']).ended;
  assert.equal(code, 0);
});

test('after every end the module can be unloaded: nothing is left attached', () => {
  run('modprobe', '-r', 'ip_vs');
  run('modprobe', 'ip_vs');
});
