import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { moduleOrder } from '../../../src/lab/module-order.js';

const index = {
  dependencies: [
    'kernel/fs/9p/9p.ko.xz: kernel/net/9p/9pnet.ko.xz kernel/fs/netfs/netfs.ko.xz',
    'kernel/net/9p/9pnet.ko.xz:',
    'kernel/fs/netfs/netfs.ko.xz:',
    'kernel/net/9p/9pnet_virtio.ko.xz: kernel/net/9p/9pnet.ko.xz kernel/drivers/virtio/virtio-ring.ko.xz',
    'kernel/drivers/virtio/virtio-ring.ko.xz: kernel/drivers/virtio/virtio.ko.xz',
    'kernel/drivers/virtio/virtio.ko.xz:',
    'kernel/odd/a.ko: kernel/odd/b.ko',
    'kernel/odd/b.ko: kernel/odd/a.ko',
    '',
  ].join('\n'),
  builtin: 'kernel/fs/overlayfs/overlay.ko\n',
};

describe('the order in which modules are loaded', () => {
  it('rejects a module that the kernel does not have', () => {
    assert.throws(() => moduleOrder(index, ['9p', 'nope']), {
      name: 'IpvscopeError',
      code: 'ERR_LAB_MODULE_MISSING',
      message: 'the kernel has no module nope',
    });
  });

  const cases: readonly [string, readonly string[], readonly string[]][] = [
    ['nothing for no names', [], []],
    ['nothing for what is built in', ['overlay'], []],
    [
      'what a module needs before it',
      ['9p'],
      ['kernel/net/9p/9pnet.ko.xz', 'kernel/fs/netfs/netfs.ko.xz', 'kernel/fs/9p/9p.ko.xz'],
    ],
    [
      'each module once, and needs of needs',
      ['9pnet_virtio', '9pnet', 'virtio_ring'],
      [
        'kernel/net/9p/9pnet.ko.xz',
        'kernel/drivers/virtio/virtio.ko.xz',
        'kernel/drivers/virtio/virtio-ring.ko.xz',
        'kernel/net/9p/9pnet_virtio.ko.xz',
      ],
    ],
    ['an end for modules that need each other', ['a'], ['kernel/odd/b.ko', 'kernel/odd/a.ko']],
  ];
  for (const [title, names, expected] of cases) {
    it(`gives ${title}`, () => {
      assert.deepEqual(moduleOrder(index, names), expected);
    });
  }
});
