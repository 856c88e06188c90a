import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { qemuArgs } from '../../../src/lab/qemu-args.js';

const plan = {
  accelerator: 'tcg',
  kernel: { kernel: '6.1', release: '6.1.0-1-amd64', version: '6.1.1-1', directory: '/cache/a,b' },
  initramfs: '/cache/i.cpio',
  cpus: 2,
  memoryMiB: 512,
  publish: [],
} as const;

/** The values of an option that may be given more than once. */
function values(args: readonly string[], option: string): readonly string[] {
  return args.filter((_, index) => args[index - 1] === option);
}

describe("QEMU's arguments", () => {
  it('escape the comma of a path where a comma separates', () => {
    const args = qemuArgs(plan);
    assert.deepEqual(values(args, '-kernel'), ['/cache/a,b/vmlinuz']);
    assert.match(values(args, '-virtfs')[1] ?? '', /path=\/cache\/a,,b\/modules$/);
  });

  it('share the host only for reading', () => {
    for (const share of values(qemuArgs(plan), '-virtfs')) {
      assert.match(share, /,readonly=on,/);
    }
  });

  it('have room for more processors than run, but where instructions are counted', () => {
    assert.deepEqual(values(qemuArgs(plan), '-smp'), ['2,maxcpus=8']);
    assert.deepEqual(values(qemuArgs({ ...plan, cpus: 16 }), '-smp'), ['16,maxcpus=16']);
    const counting = { ...plan, accelerator: 'instructions', cpus: 1 } as const;
    assert.deepEqual(values(qemuArgs(counting), '-smp'), ['1']);
  });

  it("add the caller's kernel arguments to the lab's own", () => {
    const [own] = values(qemuArgs(plan), '-append');
    const append = qemuArgs({ ...plan, kernelArguments: 'lockdown=confidentiality' });
    assert.deepEqual(values(append, '-append'), [`${own} lockdown=confidentiality`]);
  });

  it('inherit a socket for each channel', () => {
    assert.deepEqual(values(qemuArgs(plan), '-chardev'), [
      'socket,id=control,fd=3',
      'socket,id=stdout,fd=4',
      'socket,id=stderr,fd=5',
    ]);
  });

  const accelerators = [
    ['tcg', 'tcg,thread=multi', 'max,la57=off'],
    ['kvm', 'kvm', 'host'],
    ['instructions', 'tcg,thread=single', 'max,la57=off'],
  ] as const;
  for (const [accelerator, accel, cpu] of accelerators) {
    it(`take the processor that ${accelerator} offers`, () => {
      const args = qemuArgs({ ...plan, accelerator });
      assert.deepEqual([values(args, '-accel'), values(args, '-cpu')], [[accel], [cpu]]);
    });
  }

  it('let the clock count instructions only where that is asked for', () => {
    const counting = qemuArgs({ ...plan, accelerator: 'instructions' });
    assert.deepEqual(values(counting, '-icount'), ['shift=0,sleep=off']);
    assert.deepEqual(values(qemuArgs(plan), '-icount'), []);
  });

  it('have no network without a published port', () => {
    assert.deepEqual(values(qemuArgs(plan), '-nic'), ['none']);
  });

  it('publish ports on the loopback, and let nothing out', () => {
    const publish = [
      { hostPort: 9000, guestPort: 80 },
      { hostPort: 9001, guestPort: 81 },
    ];
    assert.deepEqual(values(qemuArgs({ ...plan, publish }), '-nic'), [
      'user,model=virtio-net-pci,net=192.168.76.0/24,restrict=on' +
        ',hostfwd=tcp:127.0.0.1:9000-192.168.76.15:80' +
        ',hostfwd=tcp:127.0.0.1:9001-192.168.76.15:81',
    ]);
  });
});
