import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { AttachedObserver } from './serve-observer.js';

/**
 * The script of an engineer who counts reused source ports: opening packets for which the lookup found
 * an entry. It names neither service nor server nor verdict.
 */
const SCRIPT = `
struct ip_vs_iphdr_head { int hdr_flags; unsigned int off; unsigned int len; };
kprobe:ip_vs_conn_in_get_proto { @skb[tid] = arg2; @iph[tid] = arg3; }
kretprobe:ip_vs_conn_in_get_proto /@skb[tid]/ {
  if (retval != 0) {
    $skb = (struct sk_buff *)@skb[tid];
    $iph = (struct ip_vs_iphdr_head *)@iph[tid];
    $flags = *(uint8 *)($skb->data + $iph->len + 13);
    if (($flags & 0x12) == 0x02) { @reuse = count(); }
  }
  delete(@skb[tid]);
  delete(@iph[tid]);
}
interval:ms:100 /@ready == 0/ { @ready = 1; printf("ready\\n"); }
`;

export const findBpftrace = (): boolean => spawnSync('bpftrace', ['--version']).status === 0;

export async function startBpftrace(): Promise<AttachedObserver> {
  const child = spawn('bpftrace', ['-e', SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const closed = once(child, 'close');
  const reader = createInterface({ input: child.stdout });
  await new Promise<void>((resolve, reject) => {
    reader.on('line', (line) => {
      lines.push(line);
      if (line === 'ready') resolve();
    });
    void closed.then(() => reject(new Error('bpftrace ended before it was attached')));
  });
  return {
    async end() {
      child.kill('SIGINT');
      await closed;
      const [, count] = /^@reuse: (\d+)$/m.exec(lines.join('\n')) ?? [];
      return Number(count);
    },
  };
}
